#pragma once
// Any of the objects that the inventory keeps, decoded by its kind. Pure.

#include <string>
#include <string_view>
#include <variant>

#include "remint/detect/inventory.hpp"

namespace remint::detect {

/// "v1" and "Pod" for kPod, and so on.
struct ApiKind {
  std::string_view api_version, kind;
};
[[nodiscard]] ApiKind api_kind(ObjectKind kind);
/// The other way round; nullopt: not a kind that the inventory keeps.
[[nodiscard]] std::optional<ObjectKind> object_kind(std::string_view kind);

struct ClusterObject {
  ObjectKind kind = ObjectKind::kPod;
  std::variant<PodRecord, WorkloadRecord, NodeRecord, NamespaceRecord, ServiceAccountRecord, TokenSecretRecord> record;

  /// What Inventory::remove wants: the UID, or a node's or namespace's name.
  [[nodiscard]] const std::string& id() const;
  void apply_to(Inventory& inventory, Time now) const;
};

/// Items of a typed list do not say what they are, so `kind` does. Errors name the field.
[[nodiscard]] Result<ClusterObject> decode_object(ObjectKind kind, std::string_view json);

}  // namespace remint::detect

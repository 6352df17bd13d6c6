#pragma once
// Identities of Kubernetes objects that the pure layers and the API client share.

#include <compare>
#include <functional>
#include <string>

namespace remint {

/// Namespace and name; the namespace is empty for cluster-scoped objects.
struct ObjectKey {
  std::string ns;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  [[nodiscard]] std::string to_string() const { return ns.empty() ? name : ns + "/" + name; }
};

/// A workload, or any other object that an Event or a decision speaks of.
struct ObjectRef {
  std::string api_version;  ///< "apps/v1", "v1"
  std::string kind;
  std::string ns;
  std::string name;
  std::string uid;
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
  [[nodiscard]] ObjectKey key() const { return {ns, name}; }
  /// "Deployment shop/cart"
  [[nodiscard]] std::string to_string() const { return kind + " " + (ns.empty() ? name : ns + "/" + name); }
};

}  // namespace remint

template <>
struct std::hash<remint::ObjectKey> {
  std::size_t operator()(const remint::ObjectKey& key) const noexcept {
    return std::hash<std::string>()(key.ns) * 31U + std::hash<std::string>()(key.name);
  }
};

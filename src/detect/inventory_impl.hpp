#pragma once
// What the inventory keeps. inventory_trust.cpp has what tokens hang on, inventory.cpp all else.

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "address_book.hpp"
#include "named_objects.hpp"
#include "owners.hpp"
#include "pod_store.hpp"
#include "remint/detect/inventory.hpp"

namespace remint::detect {

struct Inventory::Impl {
  static constexpr std::size_t kKinds = static_cast<std::size_t>(ObjectKind::kTokenSecret) + 1;

  struct Removed {
    Time at;
    PodStore::Slot slot;
  };
  struct Node {
    NodeRecord record;
    std::uint32_t relist = 0;
  };
  struct Namespace {
    NamespaceRecord record;
    std::uint32_t relist = 0;
  };

  InventorySettings settings;
  PodStore pods;
  AddressBook addresses;
  Owners owners;
  TextMap<Node> nodes;
  std::unordered_map<IpAddress, std::string> node_names;
  TextMap<Namespace> namespaces;
  NamedObjects<ServiceAccountRecord> accounts;
  NamedObjects<TokenSecretRecord> secrets;
  std::vector<TrustChange> trust_changes;
  bool tokens_repeat = false;
  std::deque<Removed> removed;                  // in the order of removal
  std::array<std::uint32_t, kKinds> relists{};  // the number of the newest relist, per kind

  void take_addresses(PodStore::Slot slot, const PodRecord& record, bool is_new, Time now);
  void drop_addresses(PodStore::Slot slot, Time now);
  void remove_pod(PodStore::Slot slot, Time now);
  void remove_node(std::string_view name);
  [[nodiscard]] ObjectRef workload_of(const PackedPod& pod) const;
  [[nodiscard]] const TokenSecretRecord* secret_made_anew(std::string_view ns, std::string_view names,
                                                          Time pod_created) const;
};

}  // namespace remint::detect

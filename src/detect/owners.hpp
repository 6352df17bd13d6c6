#pragma once
// Controllers by UID, and the walk from a pod up to the workload.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "remint/detect/inventory.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// Not thread-safe.
class Owners {
 public:
  void put(ObjectKind kind, WorkloadRecord workload, std::uint32_t relist);
  void remove(std::string_view uid);
  void remove_not_seen_in(ObjectKind kind, std::uint32_t relist);

  [[nodiscard]] const WorkloadRecord* find(std::string_view uid) const;
  /// Controllers that the one with this UID controls.
  [[nodiscard]] std::vector<std::string> owned_by(std::string_view uid) const;

  /// Calls `see` with each controller that belongs to no other one known here.
  template <class See>
  void each_topmost(const See& see) const {
    for (const auto& [uid, entry] : by_uid_) {
      if (!by_uid_.contains(entry.record.owner.uid)) see(entry.record);
    }
  }

  /// From an object and its controller reference to the topmost one known.
  [[nodiscard]] ObjectRef top(ObjectRef object, OwnerRef owner) const;

 private:
  struct Entry {
    WorkloadRecord record;
    ObjectKind kind = ObjectKind::kDeployment;
    std::uint32_t relist = 0;
  };
  TextMap<Entry> by_uid_;
  std::unordered_multimap<std::string, std::string> children_;  // owner's UID -> UID
};

}  // namespace remint::detect

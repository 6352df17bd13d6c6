#pragma once
// ServiceAccounts, and Secrets with tokens, by name and by UID: tokens die when one is made anew under its name.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "owners.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {

/// Not thread-safe.
template <class Record>
class NamedObjects {
 public:
  void put(Record record, std::uint32_t relist) {
    const std::string uid = record.uid;
    remove(uid);
    by_name_[name_of(record.ns, record.name)] = uid;
    by_uid_.insert_or_assign(uid, Entry{std::move(record), relist});
  }
  void remove(std::string_view uid) {
    const auto found = by_uid_.find(uid);
    if (found == by_uid_.end()) {
      return;
    }
    // The name may be another's by now: the watch can tell of the new one before it tells that the old one is gone.
    const auto named = by_name_.find(name_of(found->second.record.ns, found->second.record.name));
    if (named != by_name_.end() && named->second == uid) {
      by_name_.erase(named);
    }
    by_uid_.erase(found);
  }
  void remove_not_seen_in(std::uint32_t relist) {
    std::erase_if(by_uid_, [relist](const auto& entry) { return entry.second.relist != relist; });
    std::erase_if(by_name_, [this](const auto& entry) { return !by_uid_.contains(entry.second); });
  }
  [[nodiscard]] const Record* find(std::string_view uid) const {
    const auto found = by_uid_.find(uid);
    return found == by_uid_.end() ? nullptr : &found->second.record;
  }
  [[nodiscard]] const Record* find(std::string_view ns, std::string_view name) const {
    const auto found = by_name_.find(name_of(ns, name));
    return found == by_name_.end() ? nullptr : find(found->second);
  }

 private:
  struct Entry {
    Record record;
    std::uint32_t relist = 0;
  };
  static std::string name_of(std::string_view ns, std::string_view name) {
    return std::string(ns).append("/").append(name);
  }
  TextMap<Entry> by_uid_;
  TextMap<std::string> by_name_;
};

}  // namespace remint::detect

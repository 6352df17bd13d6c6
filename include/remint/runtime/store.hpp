#pragma once
// A cache with one writer (a reflector) and many readers. A relist goes to a side table and is swapped in whole, so
// nobody sees a half-filled cache. Values are shared and immutable.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "remint/base/object.hpp"
#include "remint/runtime/reflector.hpp"

namespace remint::runtime {

/// A resourceVersion as a number, for comparing two versions of objects of one resource; 0 when it is not one.
[[nodiscard]] inline std::uint64_t version_number(std::string_view resource_version) {
  std::uint64_t number = 0;
  const char* const begin = resource_version.data();
  const char* const end = begin + resource_version.size();
  const auto parsed = std::from_chars(begin, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

/// T is decoded from an object by `Decode`, which returns the key too. Thread-safe.
template <class T>
class Store final : public ReflectorSink {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Decode = std::function<Result<std::pair<ObjectKey, T>>(std::string_view object)>;
  /// Called after each change, without the lock, on the thread that made it (the reflector's, or put()'s caller):
  /// nullptr for `now` means removed. On a swap it is called for every key that is in the new or was in the old table.
  /// Two threads' calls may come in another order than their changes: take it as a hint to look, and look with get().
  using OnChange = std::function<void(const ObjectKey&, const Ptr& now)>;
  /// version_number() of an object's resourceVersion, 0 when unknown. Without it, the last to write wins.
  using Version = std::function<std::uint64_t(const T&)>;

  explicit Store(Decode decode, OnChange on_change = {}, Version version = {})
      : decode_(std::move(decode)), on_change_(std::move(on_change)), version_(std::move(version)) {}

  [[nodiscard]] Ptr get(const ObjectKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto it = items_.find(key);
    return it == items_.end() ? nullptr : it->second;
  }
  [[nodiscard]] std::vector<Ptr> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Ptr> result;
    result.reserve(items_.size());
    for (const auto& [key, value] : items_) result.push_back(value);
    return result;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  /// Puts in what a write of our own returned, so that the next decision knows of it before the watch says so. With a
  /// Version: it never replaces something newer, never brings back what the watch has already reported deleted, and an
  /// older event that is still on its way does not undo it.
  void put(const ObjectKey& key, T value) {
    const auto version = version_of(value);
    auto ptr = std::make_shared<const T>(std::move(value));
    {
      const std::lock_guard lock(mutex_);
      // The watch has been past this version, so what it said since is at least as new.
      if (version != 0 && version <= seen_) return;
      if (!newer_or_unknown(version, key)) return;
      items_[key] = ptr;
      if (listing_) put_while_listing_.insert(key);
    }
    if (on_change_) on_change_(key, ptr);
  }

  void begin_list() override {
    const std::lock_guard lock(mutex_);
    listing_.emplace();
    put_while_listing_.clear();
  }
  Result<void> apply(std::string_view object, bool initial) override {
    auto decoded = decode_(object);
    if (!decoded) return std::unexpected(decoded.error());
    const auto& key = decoded->first;
    const auto version = version_of(decoded->second);
    auto value = std::make_shared<const T>(std::move(decoded->second));
    {
      const std::lock_guard lock(mutex_);
      if (initial) {
        if (listing_) (*listing_)[key] = std::move(value);
        return {};
      }
      seen_ = std::max(seen_, version);
      if (!newer_or_unknown(version, key)) return {};
      items_[key] = value;
    }
    if (on_change_) on_change_(key, value);
    return {};
  }
  Result<void> remove(std::string_view object) override {
    auto decoded = decode_(object);
    if (!decoded) return std::unexpected(decoded.error());
    const auto& key = decoded->first;
    const auto version = version_of(decoded->second);
    {
      const std::lock_guard lock(mutex_);
      seen_ = std::max(seen_, version);
      // Deleted, made anew and put() before the deletion was heard of: what is here is the new one.
      if (!newer_or_unknown(version, key)) return {};
      items_.erase(key);
    }
    if (on_change_) on_change_(key, nullptr);
    return {};
  }
  void end_list() override {
    std::set<ObjectKey> keys;
    {
      const std::lock_guard lock(mutex_);
      if (!listing_) return;
      seen_ = 0;  // versions may start lower than before: etcd restored from a backup
      for (auto& [key, value] : *listing_) {
        const auto version = version_of(*value);
        seen_ = std::max(seen_, version);
        // Newer than the list: the watch that follows begins before it and will confirm it.
        const auto it = items_.find(key);
        const bool ours = put_while_listing_.contains(key) && it != items_.end();
        if (ours && version != 0 && version_of(*it->second) > version) value = it->second;
      }
      for (const auto& [key, value] : items_) keys.insert(key);
      items_.swap(*listing_);
      listing_.reset();
      for (const auto& [key, value] : items_) keys.insert(key);
    }
    if (!on_change_) return;
    for (const auto& key : keys) on_change_(key, get(key));
  }

 private:
  [[nodiscard]] std::uint64_t version_of(const T& value) const { return version_ ? version_(value) : 0; }
  /// Whether something of this version may replace what is there. Call with the lock.
  [[nodiscard]] bool newer_or_unknown(std::uint64_t version, const ObjectKey& key) const {
    if (version == 0) return true;
    const auto it = items_.find(key);
    return it == items_.end() || version_of(*it->second) <= version;
  }

  Decode decode_;
  OnChange on_change_;
  Version version_;
  mutable std::mutex mutex_;
  std::map<ObjectKey, Ptr> items_;
  std::optional<std::map<ObjectKey, Ptr>> listing_;
  std::set<ObjectKey> put_while_listing_;
  std::uint64_t seen_ = 0;  ///< the newest version that the watch or a list has shown
};

}  // namespace remint::runtime

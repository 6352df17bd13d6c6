#include "support/api_storage.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/make_pods.hpp"

namespace remint::testing {
namespace {

constexpr std::size_t kMaxHistory = 200'000;

}  // namespace

std::string StoredObject::json_text() const { return generated == 0 ? text : pod_text(generated - 1, version); }

Json StoredObject::json() const { return Json::parse(json_text()); }

std::uint64_t ApiStorage::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

StoredPtr ApiStorage::get(const ResourceKey& resource, const ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto table = objects_.find(resource);
  if (table == objects_.end()) return nullptr;
  const auto it = table->second.find(key);
  return it == table->second.end() ? nullptr : it->second;
}

StoredList ApiStorage::list(const ResourceKey& resource, const std::string& ns) const {
  const std::lock_guard lock(mutex_);
  StoredList result{version_, {}};
  const auto table = objects_.find(resource);
  if (table == objects_.end()) return result;
  auto it = ns.empty() ? table->second.begin() : table->second.lower_bound({ns, ""});
  for (; it != table->second.end() && (ns.empty() || it->first.ns == ns); ++it) result.items.emplace_back(*it);
  return result;
}

ApiStorage::Written ApiStorage::put(const ResourceKey& resource, const ObjectKey& key, Json object,
                                    std::optional<std::uint64_t> expected) {
  const std::lock_guard lock(mutex_);
  StoredPtr& slot = objects_[resource][key];
  const std::uint64_t stored = slot ? slot->version : 0;
  if (expected && *expected != stored) {
    const StoredPtr now = slot;
    if (!now) objects_[resource].erase(key);
    return {Outcome::kConflict, now};
  }
  object.erase("kind");
  object.erase("apiVersion");
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  auto now = std::make_shared<StoredObject>(StoredObject{version_, object.dump(), 0});
  append({StoredChange::Kind::kPut, version_, resource, key, now, slot, {}, false});
  slot = now;
  return {Outcome::kStored, std::move(now)};
}

ApiStorage::Written ApiStorage::erase(const ResourceKey& resource, const ObjectKey& key,
                                      std::optional<std::uint64_t> expected) {
  const std::lock_guard lock(mutex_);
  auto& table = objects_[resource];
  const auto it = table.find(key);
  if (it == table.end() || (expected && *expected != it->second->version)) {
    return {Outcome::kConflict, it == table.end() ? nullptr : it->second};
  }
  const StoredPtr before = it->second;
  table.erase(it);
  Json last = before->json();
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  auto now = std::make_shared<StoredObject>(StoredObject{version_, last.dump(), 0});
  append({StoredChange::Kind::kDeleted, version_, resource, key, now, before, {}, false});
  return {Outcome::kStored, std::move(now)};
}

void ApiStorage::erase_namespace(const std::string& ns) {
  std::vector<std::pair<ResourceKey, ObjectKey>> doomed;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [resource, table] : objects_) {
      for (const auto& [key, object] : table) {
        if (key.ns == ns) doomed.emplace_back(resource, key);
      }
    }
  }
  for (const auto& [resource, key] : doomed) erase(resource, key, std::nullopt);
}

void ApiStorage::put_generated_pods(std::uint32_t count) {
  const std::lock_guard lock(mutex_);
  auto& pods = objects_["pods"];
  for (std::uint32_t i = 0; i < count; ++i) {
    pods[pod_key(i)] = std::make_shared<StoredObject>(StoredObject{++version_, {}, i + 1});
  }
  // No watch can have seen these come: who watches from before must list again.
  first_position_ += history_.size();
  history_.clear();
  compacted_ = version_ - 1;
  changed_.notify_all();
}

std::optional<std::uint64_t> ApiStorage::position_after(std::uint64_t version) const {
  const std::lock_guard lock(mutex_);
  if (version <= compacted_) return std::nullopt;
  const auto it = std::upper_bound(history_.begin(), history_.end(), version,
                                   [](std::uint64_t v, const StoredChange& change) { return v < change.version; });
  return first_position_ + static_cast<std::uint64_t>(it - history_.begin());
}

ApiStorage::Changes ApiStorage::wait(std::uint64_t& position, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  if (position == first_position_ + history_.size()) changed_.wait_until(lock, deadline);
  if (position < first_position_) return {{}, true};
  Changes result;
  // In portions, so that a slow reader does not hold a copy of everything.
  const std::uint64_t end = std::min(first_position_ + history_.size(), position + 256);
  for (; position < end; ++position) {
    result.changes.push_back(history_[static_cast<std::size_t>(position - first_position_)]);
  }
  return result;
}

void ApiStorage::send_line(const ResourceKey& resource, std::string line, bool ends_watch) {
  const std::lock_guard lock(mutex_);
  append({StoredChange::Kind::kRawLine, version_, resource, {}, nullptr, nullptr, std::move(line), ends_watch});
}

std::uint64_t ApiStorage::compact() {
  const std::lock_guard lock(mutex_);
  // The watches that have read everything go on; a watch from the present version can still begin.
  first_position_ += history_.size();
  history_.clear();
  compacted_ = version_ - 1;
  changed_.notify_all();
  return compacted_;
}

std::uint64_t ApiStorage::compacted() const {
  const std::lock_guard lock(mutex_);
  return compacted_;
}

void ApiStorage::wake() const { changed_.notify_all(); }

void ApiStorage::append(StoredChange change) {
  history_.push_back(std::move(change));
  if (history_.size() > kMaxHistory) {
    compacted_ = std::max(compacted_, history_.front().version);
    history_.pop_front();
    ++first_position_;
  }
  changed_.notify_all();
}

}  // namespace remint::testing

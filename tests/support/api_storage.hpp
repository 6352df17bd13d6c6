#pragma once
// What etcd and the watch cache are to a real API server: versioned objects, a history of changes, compaction.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/base/object.hpp"

namespace remint::testing {

/// One version of one object. The text is JSON without kind and apiVersion; a generated pod has none until it is asked
/// for, so that a hundred thousand of them cost little.
struct StoredObject {
  std::uint64_t version = 0;
  std::string text;
  std::uint32_t generated = 0;  ///< 1 and more: pod number generated - 1 of make_pods()
  [[nodiscard]] std::string json_text() const;
  [[nodiscard]] Json json() const;
};
using StoredPtr = std::shared_ptr<const StoredObject>;

/// "pods", "deployments.apps"
using ResourceKey = std::string;

struct StoredChange {
  enum class Kind : std::uint8_t { kPut, kDeleted, kRawLine };
  Kind kind = Kind::kPut;
  std::uint64_t version = 0;
  ResourceKey resource;
  ObjectKey key;
  StoredPtr now;     ///< of a deletion: the last state, with the version of the deletion
  StoredPtr before;  ///< null: it was created
  std::string line;  ///< kRawLine: sent as it is to the watches of the resource
  bool ends_watch = false;
};

/// Items in the order of their keys, at one version.
struct StoredList {
  std::uint64_t version = 0;
  std::vector<std::pair<ObjectKey, StoredPtr>> items;
};

/// Thread-safe.
class ApiStorage {
 public:
  [[nodiscard]] std::uint64_t version() const;
  [[nodiscard]] StoredPtr get(const ResourceKey& resource, const ObjectKey& key) const;
  /// `ns` empty: all.
  [[nodiscard]] StoredList list(const ResourceKey& resource, const std::string& ns) const;

  enum class Outcome : std::uint8_t { kStored, kConflict };
  struct Written {
    Outcome outcome = Outcome::kStored;
    StoredPtr now;
  };
  /// Stores `object` (kind and apiVersion are dropped, the new resourceVersion is set) when the stored version still is
  /// `expected` (0: it must not exist; nothing: whatever is there).
  Written put(const ResourceKey& resource, const ObjectKey& key, Json object, std::optional<std::uint64_t> expected);
  Written erase(const ResourceKey& resource, const ObjectKey& key, std::optional<std::uint64_t> expected);
  /// Erases everything in a namespace.
  void erase_namespace(const std::string& ns);
  void put_generated_pods(std::uint32_t count);

  // The history.
  /// Where a watch that begins after `version` starts to read; nothing: too old.
  [[nodiscard]] std::optional<std::uint64_t> position_after(std::uint64_t version) const;
  struct Changes {
    std::vector<StoredChange> changes;
    bool too_old = false;  ///< compacted away while the watch was not looking
  };
  /// The changes from `position` on, which is moved on; waits until there is one, `wake()` or the deadline.
  [[nodiscard]] Changes wait(std::uint64_t& position, std::chrono::steady_clock::time_point deadline) const;
  /// To the watches of one resource, as it is; then they end when `ends_watch`.
  void send_line(const ResourceKey& resource, std::string line, bool ends_watch);
  /// The history is forgotten: watches from before get 410. Returns the version up to which it was.
  std::uint64_t compact();
  [[nodiscard]] std::uint64_t compacted() const;
  void wake() const;

 private:
  void append(StoredChange change);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t version_ = 1000;  ///< never 0, which means "any" in requests
  std::map<ResourceKey, std::map<ObjectKey, StoredPtr>> objects_;
  std::deque<StoredChange> history_;
  std::uint64_t first_position_ = 0;  ///< of history_.front()
  std::uint64_t compacted_ = 999;     ///< watches from this version or earlier are too old
};

}  // namespace remint::testing

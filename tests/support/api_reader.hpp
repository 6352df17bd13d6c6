#pragma once
// Listing in pages, watching, pod logs.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "support/api_path.hpp"
#include "support/api_selector.hpp"
#include "support/api_storage.hpp"
#include "support/http_listener.hpp"

namespace remint::testing {

struct ReaderSettings {
  /// Bookmarks come this often, and 2 s before a watch's own end, as from a real server.
  std::chrono::milliseconds bookmark_every{60'000};
};

/// Thread-safe.
class ApiReader {
 public:
  ApiReader(const ApiStorage& storage, ReaderSettings settings) : storage_(storage), settings_(settings) {}

  void list(const ApiResource& resource, const ApiPath& path, const HttpRequest& request, HttpConnection& connection);
  void watch(const ApiResource& resource, const ApiPath& path, const HttpRequest& request, HttpConnection& connection);
  /// All watches that allow bookmarks get one now.
  void send_bookmarks();
  /// All watches end, as if their time were over.
  void end_watches();
  /// Continue tokens handed out so far answer 410.
  void expire_continue_tokens();
  [[nodiscard]] std::size_t open_watches() const;

  void set_log(const ObjectKey& pod, const std::string& container, std::string text);
  void append_log(const ObjectKey& pod, const std::string& container, const std::string& text);
  void end_logs();
  [[nodiscard]] std::size_t open_logs() const;
  void log(const ApiResource& pods, const ApiPath& path, const HttpRequest& request, HttpConnection& connection);

 private:
  struct Snapshot {
    std::uint64_t id = 0;
    std::shared_ptr<const StoredList> list;
  };
  /// The list that a continue token continues, and where; null: expired.
  std::pair<std::shared_ptr<const StoredList>, std::size_t> continued(const std::string& token) const;
  std::string keep(const std::shared_ptr<const StoredList>& list, std::uint64_t id, std::size_t next);

  const ApiStorage& storage_;
  ReaderSettings settings_;
  mutable std::mutex mutex_;
  std::deque<Snapshot> snapshots_;  ///< the newest 64
  std::uint64_t next_snapshot_ = 1, bookmark_round_ = 0, end_round_ = 0;
  std::size_t watches_ = 0;
  using LogKey = std::pair<ObjectKey, std::string>;
  void follow_log(const LogKey& key, const HttpRequest& request, HttpConnection& connection);

  std::map<LogKey, std::string> logs_;
  std::condition_variable log_news_;
  std::size_t open_logs_ = 0;
  std::uint64_t log_end_round_ = 0;
};

}  // namespace remint::testing

#pragma once
// Typed access to the Kubernetes API: what to ask, how to retry, what the answers mean. Objects stay raw JSON text
// here; decoding belongs to those who know which fields they keep.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "remint/base/backoff.hpp"
#include "remint/base/clock.hpp"
#include "remint/base/object.hpp"
#include "remint/base/result.hpp"
#include "remint/kube/transport.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::kube {

/// A REST resource. Static tables in resources.hpp.
struct Resource {
  std::string_view group;    ///< "" for core
  std::string_view version;  ///< "v1"
  std::string_view plural;   ///< "pods"
  std::string_view kind;     ///< "Pod"
  bool namespaced = true;
  bool metadata_only = false;  ///< lists and watches ask for the objects' metadata, and get nothing else
  [[nodiscard]] std::string api_version() const;
  /// "/apis/apps/v1/namespaces/shop/deployments/cart"; ns and name may be empty; segments are percent-encoded.
  [[nodiscard]] std::string path(std::string_view ns, std::string_view name = {},
                                 std::string_view subresource = {}) const;
};

struct ListOptions {
  std::string ns;  ///< empty: all namespaces
  std::string label_selector;
  std::string field_selector;
  unsigned page_size = 500;
};

/// What simdjson may read behind the end of its input; it does so only within readable memory.
inline constexpr std::size_t kItemPadding = 64;

/// Called with one item's raw JSON; the view dies on return. At least kItemPadding readable bytes follow it, so that
/// simdjson can parse it in place.
using ItemSink = std::function<Result<void>(std::string_view)>;

struct WatchOptions {
  std::string ns;
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  std::chrono::seconds server_timeout{290};
  std::chrono::seconds idle_margin{5};  ///< silence longer than server_timeout + this means a dead connection
};

enum class WatchEventType : std::uint8_t { kAdded, kModified, kDeleted, kBookmark };
/// Raw JSON of the object; dies on return; padded like an ItemSink's.
using WatchSink = std::function<Result<void>(WatchEventType, std::string_view object)>;

enum class PatchType : std::uint8_t { kMerge, kStrategicMerge, kJson, kApply };

struct WriteOptions {
  std::string subresource;  ///< "status", "scale"
  std::string field_manager = "remint";
  bool dry_run = false;
  bool force = false;  ///< server-side apply only
};

struct DeleteOptions {
  std::string uid;               ///< precondition; empty: none
  std::string resource_version;  ///< precondition; empty: none
  std::optional<int> grace_period_seconds;
  std::string propagation;  ///< "Orphan", "Background", "Foreground"; empty: the server's default
};

struct LogOptions {
  std::string container;
  std::optional<unsigned> tail_lines;
  std::optional<unsigned> since_seconds;
  std::optional<Time> since_time{};  ///< at second resolution, and only without since_seconds
  bool timestamps = true;
  std::size_t limit_bytes = 1U << 20U;
};

struct FollowOptions {
  std::string container;
  std::optional<Time> since_time{};  ///< of the lines that are there already: only from this second on
  std::optional<unsigned> tail_lines{};
  bool timestamps = true;
  /// The longest wait for the next bytes, the first ones included: the kubelet answers with its first line, not before.
  std::chrono::milliseconds silence = std::chrono::minutes(5);
};

/// Asked before every attempt of a write; an error stops the write. The leader guard lives behind it. Must be
/// thread-safe.
using WriteGuard = std::function<Result<void>()>;

/// How long each kind of call may take in all, and one attempt of it; what waits between attempts.
struct ClientSettings {
  std::chrono::milliseconds read_budget{30'000}, read_attempt{15'000};
  std::chrono::milliseconds page_budget{120'000}, page_attempt{60'000};
  std::chrono::milliseconds write_budget{30'000}, write_attempt{30'000};
  std::chrono::milliseconds watch_headers{30'000};
  BackoffSettings backoff{.initial = std::chrono::milliseconds(200), .max = std::chrono::milliseconds(10'000)};
  std::size_t max_object = 16U << 20U;  ///< bytes of one object
  std::size_t max_page = 256U << 20U;   ///< bytes of one page of a list
  /// For tests. False: stopped. Empty: remint::sleep_for and remint::random_unit.
  std::function<bool(Duration, const std::stop_token&)> sleep;
  std::function<double()> random;
};

/// Thread-safe. Metrics: remint_kube_requests_total{verb,resource,code} (code: the HTTP status, or an ErrorCode's
/// name), remint_kube_request_duration_seconds{verb}, remint_kube_retries_total{verb}. Reads are retried on
/// kUnavailable, 429 and 5xx with backoff within their deadline. A write is sent again only when the server certainly
/// did not take it (429, or refused before the body was sent): a lost answer comes back as kUnavailable and the caller
/// looks before it acts again. Retry-After is obeyed.
class Client {
 public:
  /// `metrics` and `clock` must outlive it.
  Client(std::shared_ptr<Transport> transport, metrics::Registry& metrics, const Clock& clock, WriteGuard guard = {},
         ClientSettings settings = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] Result<std::string> get(const Resource& resource, const ObjectKey& key, const std::stop_token& stop,
                                        std::string_view subresource = {});
  /// All pages; returns the resourceVersion. Items come, each once, while their page arrives; after an error (kGone: a
  /// continue token expired; kInvalid: not a List) those that came are no list: begin again. Each page has a deadline.
  [[nodiscard]] Result<std::string> list(const Resource& resource, const ListOptions& options, const ItemSink& sink,
                                         const std::stop_token& stop);
  /// Until the server ends it (an empty Result), or an error: kGone for 410, kTimeout for a dead connection. Bookmarks
  /// are on.
  [[nodiscard]] Result<void> watch(const Resource& resource, const WatchOptions& options, const WatchSink& sink,
                                   const std::stop_token& stop);
  /// These return the object as the server stored it.
  [[nodiscard]] Result<std::string> create(const Resource& resource, std::string_view ns, const std::string& body,
                                           const std::stop_token& stop, const WriteOptions& options = {});
  [[nodiscard]] Result<std::string> patch(const Resource& resource, const ObjectKey& key, PatchType type,
                                          const std::string& body, const std::stop_token& stop,
                                          const WriteOptions& options = {});
  [[nodiscard]] Result<std::string> replace(const Resource& resource, const ObjectKey& key, const std::string& body,
                                            const std::stop_token& stop, const WriteOptions& options = {});
  [[nodiscard]] Result<void> remove(const Resource& resource, const ObjectKey& key, const DeleteOptions& options,
                                    const std::stop_token& stop);
  /// kTooMany: a PodDisruptionBudget does not allow it now.
  [[nodiscard]] Result<void> evict(const ObjectKey& pod, const DeleteOptions& options, const std::stop_token& stop);
  [[nodiscard]] Result<std::string> logs(const ObjectKey& pod, const LogOptions& options, const std::stop_token& stop);
  /// What the container writes, piece by piece, until it stops (an empty Result). One attempt. kTimeout: nothing came
  /// for `silence`; at the log's rotation a kubelet's stream may fall silent for ever, so the caller opens it anew.
  /// kInvalid: the container has not started yet.
  [[nodiscard]] Result<void> follow_logs(const ObjectKey& pod, const FollowOptions& options, const ChunkSink& sink,
                                         const std::stop_token& stop);
  /// GET of any path, such as "/version" or "/readyz".
  [[nodiscard]] Result<std::string> get_path(const std::string& path, const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An HTTP error status and its Status body as an Error: code from status and reason, message from the body.
[[nodiscard]] Error to_error(const Response& response, std::string_view what);

}  // namespace remint::kube

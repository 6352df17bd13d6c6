#pragma once
// A queue of keys, not of events. A key occupies one slot however often it is added; added while it is being worked on,
// it is handed out again after done(). Delayed adds: the earliest time wins. Failures are rate-limited per key.

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "remint/base/backoff.hpp"
#include "remint/base/clock.hpp"
#include "remint/base/object.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::runtime {

/// Thread-safe. Time comes from the clock passed in, so tests move it (and call wake()).
///
/// Metrics, per queue: remint_workqueue_depth (keys ready, waiting for a worker), remint_workqueue_adds_total,
/// remint_workqueue_retries_total, remint_workqueue_latency_seconds (from ready to handed out).
class WorkQueue {
 public:
  /// Keys whose failures are remembered. Beyond it all are forgotten at once: their delays begin small again.
  static constexpr std::size_t kMaxFailing = 65'536;
  /// A longer delay is cut to this.
  static constexpr std::chrono::hours kLongestDelay{24 * 366};

  WorkQueue(const Clock& clock, metrics::Registry& metrics, const std::string& name, BackoffSettings backoff = {});
  /// Nobody may be in get() any more: shut down and join the workers first.
  ~WorkQueue();
  void add(const ObjectKey& key);
  void add_after(const ObjectKey& key, std::chrono::milliseconds delay);
  /// After a failure: add_after() with the key's own growing delay.
  void add_rate_limited(const ObjectKey& key);
  /// After success: the key's failures are forgotten.
  void forget(const ObjectKey& key);
  /// Blocks until a key is ready; nothing after shut_down() or when stop is requested. First ready, first out. A key
  /// that was handed out is not handed out again, to anybody, before done().
  [[nodiscard]] std::optional<ObjectKey> get(const std::stop_token& stop);
  void done(const ObjectKey& key);
  /// What waits is thrown away, and later adds are ignored.
  void shut_down();
  /// Looks at the clock again.
  void wake();
  /// Keys that are not handed out yet: ready, delayed, or added again while being worked on (those count once more).
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::runtime

#pragma once
// One container's log, followed for as long as somebody wants it: opened anew when it ends, breaks or falls silent, and
// each line taken once.

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "log_cursor.hpp"
#include "remint/base/backoff.hpp"
#include "remint/base/clock.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

struct FollowedLogOptions {
  ObjectKey pod;
  std::string container;
  Time since{};  ///< of what is there already, only this
  std::chrono::milliseconds silence = std::chrono::minutes(5);
  std::size_t bytes_per_second = 1U << 20U;  ///< read at most; the kubelet then waits
  BackoffSettings backoff{.initial = std::chrono::milliseconds(1'000), .max = std::chrono::milliseconds(60'000)};
};

/// Shared by all followed logs of one kind. metrics: remint_..._streams and ..._opens_total{result} with result ended,
/// silent, cut, gone, not_started, forbidden or failed.
struct FollowCounters {
  FollowCounters(metrics::Registry& metrics, const std::string& prefix, const std::string& whose);
  metrics::Counter& of(const Result<void>& ended);

  metrics::Gauge& streams;
  metrics::Gauge& lag;
  metrics::Counter &ended, &silent, &cut, &gone, &not_started, &forbidden, &failed;
};

/// One thread, which mostly waits.
class FollowedLog {
 public:
  /// Called on the log's thread: a stream begins, and what was an unfinished line comes again; then bytes of new lines,
  /// cut anywhere.
  struct Hooks {
    std::function<void()> begin;
    std::function<void(std::string_view)> bytes;
  };
  FollowedLog(FollowedLogOptions options, LogCursor cursor, Hooks hooks, kube::Client& client, FollowCounters& counters,
              const Clock& clock);
  /// Asks it to stop, and returns at once.
  void request_stop() { thread_.request_stop(); }
  /// Waits for its end. How far it came.
  [[nodiscard]] LogCursor join();
  [[nodiscard]] bool finished() const { return finished_.load(); }

 private:
  void run(const std::stop_token& stop);
  Result<void> follow(const std::stop_token& stop);

  const FollowedLogOptions options_;
  LogCursor cursor_;
  const Hooks hooks_;
  kube::Client& client_;
  FollowCounters& counters_;
  const Clock& clock_;
  std::atomic<bool> finished_{false};
  std::jthread thread_;
};

}  // namespace remint::sources

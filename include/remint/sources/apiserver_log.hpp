#pragma once
// The log file of one API server, followed: on a control-plane node, or wherever a log is copied to.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/apiserver_log.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

struct ApiServerLogOptions {
  std::string path{};
  Duration utc_offset{};  ///< see detect::LogClock
  /// How much of what is there already is read: reasons of events that are on their way while Remint starts.
  std::uint64_t initial_bytes = 256U << 10U;
  Duration poll = std::chrono::milliseconds(200);  ///< how often is looked for more
  std::size_t batch_lines = 1024;                  ///< handed over at once, at most
};

/// One file, one thread. start() and stop() belong to one thread.
///
/// Metrics, all there from the constructor on: remint_apiserver_log_lines_total{result} with result reason, request,
/// ignored, too_long or invalid, and remint_apiserver_log_skipped_bytes_total, of all files together; per file, named
/// as it was configured, remint_apiserver_log_open (1 while there is a file to follow) and
/// remint_apiserver_log_lag_seconds, the age of the newest line that matters when it was read. A lag of whole hours
/// means a wrong UTC offset.
class ApiServerLogFollower {
 public:
  /// Takes lines in the file's order, on the follower's thread. May wait: reading then waits, too. Does not throw.
  using Deliver = std::function<void(std::vector<detect::ApiServerLine>&&)>;

  /// `clock` and `metrics` outlive the follower.
  ApiServerLogFollower(ApiServerLogOptions options, Deliver deliver, metrics::Registry& metrics, const Clock& clock);
  ~ApiServerLogFollower();
  ApiServerLogFollower(const ApiServerLogFollower&) = delete;
  ApiServerLogFollower& operator=(const ApiServerLogFollower&) = delete;

  void start();
  /// At once, but for a delivery that waits. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources

#pragma once
// Pods' logs, read over the API: some are followed, the tails of all others are read in turn. What their clients say of
// refused tokens goes on as clues. Facts: kubernetes.md section 10.1.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/object.hpp"
#include "remint/detect/clue.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

/// One container whose log is to be read.
struct PodLogTarget {
  std::string uid;  ///< of the pod
  ObjectKey pod;
  std::string container;       ///< "": not known yet, and so not read
  Time started = Time::min();  ///< its present life
  /// A policy's own patterns; equal ones should be one object.
  std::shared_ptr<const std::vector<std::string>> patterns;
};

struct PodLogSettings {
  static constexpr std::size_t kMostStreams = 500;
  /// Followed at once. Each is a thread, a connection and 140 KB (half an MB at worst), and on its node an inotify
  /// instance of the kubelet.
  std::size_t streams = 50;
  std::chrono::milliseconds silence = std::chrono::minutes(5);  ///< after which a stream is opened anew
  std::size_t stream_bytes_per_second = 16U << 20U;             ///< of all streams together
  double tails_per_second = 10;                                 ///< requests
  std::size_t tail_bytes_per_second = 1U << 20U;                ///< of all tails together
  std::size_t tail_workers = 4;                                 ///< so that a node that does not answer holds up few
  std::chrono::milliseconds tail_again = std::chrono::seconds(10);  ///< the same one not sooner
  std::chrono::milliseconds refresh = std::chrono::seconds(2);  ///< how often it is asked whose; five times that beyond
                                                                ///< a thousand
  std::chrono::milliseconds look_back = std::chrono::minutes(10);  ///< older lines are not read at all
};

struct PodLogHooks {
  /// Logs are read only while this says true.
  std::function<bool()> may_act;
  /// Asks for set_targets() and look_into() to be called soon. Must not wait.
  std::function<void()> ask;
  /// Takes clues; false when there is no room for them now. Must not wait.
  std::function<bool(std::vector<detect::Clue>&&)> deliver;
  /// May be empty. A look that was asked for came to nothing: of which pod. Must not wait.
  std::function<void(const std::string& uid)> look_failed{};
};

/// Metrics: remint_pod_log_targets, remint_pod_log_streams, remint_pod_log_opens_total{result},
/// remint_pod_log_tails_total{result}, remint_pod_log_round_seconds (for how long the tail that has waited longest was
/// not read; a read that failed is none), remint_pod_log_left_out (pods beyond those that can be read),
/// remint_pod_log_lines_total{result} with result matched, earlier, untimed, oversize or other,
/// remint_pod_log_dropped_total (clues for which there was no room), remint_pod_log_lag_seconds.
class PodLogFollower {
 public:
  /// `client`, `metrics` and `clock` outlive it.
  PodLogFollower(PodLogSettings settings, PodLogHooks hooks, kube::Client& client, metrics::Registry& metrics,
                 const Clock& clock);
  ~PodLogFollower();

  void start();
  /// Within a second. Idempotent.
  void stop();
  /// All that are to be read; the first ones are followed. `left_out`: pods for which there was no room among them.
  /// Thread-safe, at once.
  void set_targets(std::vector<PodLogTarget> targets, std::size_t left_out = 0);
  /// To be read once, soon: the last 500 lines of ten minutes, 256 KiB at most. Thread-safe, at once.
  void look_into(std::vector<PodLogTarget> targets);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources

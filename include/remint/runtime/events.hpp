#pragma once
// events.k8s.io/v1 with series: the same thing said again within six minutes becomes one Event with a count. Never
// blocks its caller: bounded queue, a worker thread, drops are counted.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "remint/base/clock.hpp"
#include "remint/base/object.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::runtime {

struct EventNote {
  ObjectRef regarding;
  std::string related_name;  ///< optional: the WorkloadRestart, same namespace
  bool warning = false;
  std::string reason;  ///< CamelCase, at most 128 characters
  std::string action;  ///< CamelCase: what was being done, "Detect", "Decide", "Restart", "Verify"
  std::string note;    ///< for people, at most 1 kB; sanitized here. Not part of what makes two Events the same.
};

/// Thread-safe, but start() and stop() belong to one thread. Only the first note of a series is kept, as the API server
/// allows no other.
///
/// Metrics: remint_events_total{result} (created, updated), remint_events_dropped_total{reason}: queue_full, refused
/// (by the API server or by the client's write guard), failed (after kTries), stopped.
class EventRecorder {
 public:
  static constexpr std::size_t kQueueSize = 1000;
  static constexpr unsigned kTries = 3;  ///< when the API server cannot be reached or is busy

  /// `instance` names this process (the pod), at most 128 characters.
  EventRecorder(kube::Client& client, std::string instance, const Clock& clock, metrics::Registry& metrics);
  ~EventRecorder();
  void start();
  /// Sends what is queued until the deadline, then stops. Idempotent.
  void stop(std::chrono::milliseconds deadline);
  /// Returns at once. Before start() notes are queued.
  void record(EventNote note);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::runtime

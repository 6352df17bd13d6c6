#pragma once
// What Prometheus' client libraries tell of the process they are in, by the names that dashboards know:
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics

#include <mutex>

#include "remint/metrics/registry.hpp"

namespace remint::metrics {

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
/// process_max_fds, process_threads, process_start_time_seconds. Without /proc they stay 0.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Registry& registry);
  /// Reads them anew: to be called before Registry::expose(). Thread-safe.
  void refresh();

 private:
  Gauge &resident_, &virtual_, &open_files_, &most_files_, &threads_, &started_;
  Counter& cpu_;
  std::mutex mutex_;
};

}  // namespace remint::metrics

#pragma once
// From the watch of Kubernetes Events to the detection thread.

#include "remint/controllers/detection_controller.hpp"
#include "remint/runtime/reflector.hpp"

namespace remint::controllers {

/// Thread-safe: several reflectors may share it. Events of before the watch are told, too: each is judged by its own
/// time. One that finds no room is dropped and counted; while it goes on the kubelet writes it again.
///
/// Metrics: remint_kubernetes_events_total{result} (taken, dropped, invalid); remint_kubernetes_event_lag_seconds, the
/// age of the newest one when it came.
class EventFeed final : public runtime::ReflectorSink {
 public:
  EventFeed(DetectionController& detection, const Clock& clock, metrics::Registry& metrics);

  void begin_list() override {}
  Result<void> apply(std::string_view object, bool initial) override;
  Result<void> remove(std::string_view) override { return {}; }
  void end_list() override {}

 private:
  DetectionController& detection_;
  const Clock& clock_;
  metrics::Counter &taken_, &dropped_, &invalid_;
  metrics::Gauge& lag_;
};

}  // namespace remint::controllers

#include "remint/controllers/event_feed.hpp"

#include <chrono>

#include "remint/detect/kubernetes_event.hpp"

namespace remint::controllers {
namespace {

metrics::Counter& counter(metrics::Registry& metrics, const char* result) {
  return metrics.counter("remint_kubernetes_events_total", "Events of type Warning that the watch told of.",
                         {{"result", result}});
}

}  // namespace

EventFeed::EventFeed(DetectionController& detection, const Clock& clock, metrics::Registry& metrics)
    : detection_(detection),
      clock_(clock),
      taken_(counter(metrics, "taken")),
      dropped_(counter(metrics, "dropped")),
      invalid_(counter(metrics, "invalid")),
      lag_(metrics.gauge("remint_kubernetes_event_lag_seconds", "Age of the newest Event when it came.")) {}

Result<void> EventFeed::apply(std::string_view object, bool initial) {
  auto event = detect::decode_kubernetes_event(object);
  if (!event) {
    invalid_.add();
    return std::unexpected(event.error());
  }
  if (!initial) lag_.set(std::chrono::duration<double>(clock_.now() - event->time).count());
  Mailbox::Message message = [event = std::move(*event)](DetectionEngine& engine, Time now) {
    engine.observe(event, now);
  };
  // The first list can have thousands, and nobody waits for what follows it.
  const bool taken = initial ? detection_.post(std::move(message)) : detection_.try_post(std::move(message));
  (taken ? taken_ : dropped_).add();
  return {};
}

}  // namespace remint::controllers

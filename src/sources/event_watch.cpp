#include "remint/sources/event_watch.hpp"

#include <chrono>

#include "remint/kube/resources.hpp"

namespace remint::sources {
namespace {

constexpr const char* kHelp = "Events of type Warning that the watch told of.";

}  // namespace

EventWatch::EventWatch(kube::Client& client, EventWatchSettings settings, const Clock& clock,
                       metrics::Registry& metrics, EventWatchHooks hooks)
    : client_(client),
      settings_(std::move(settings)),
      clock_(clock),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      taken_(metrics.counter("remint_kubernetes_events_total", kHelp, {{"result", "taken"}})),
      dropped_(metrics.counter("remint_kubernetes_events_total", kHelp, {{"result", "dropped"}})),
      invalid_(metrics.counter("remint_kubernetes_events_total", kHelp, {{"result", "invalid"}})),
      lag_(metrics.gauge("remint_kubernetes_event_lag_seconds", "Age of the newest Event when it came.", {})) {}

EventWatch::~EventWatch() { stop(); }

void EventWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    do {
      const bool wanted = hooks_.wanted();
      if (wanted && reflectors_.empty()) begin_watching();
      if (!wanted && !reflectors_.empty()) end_watching();
    } while (sleep_for(settings_.look_every, stop));
    end_watching();
  });
}

void EventWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void EventWatch::begin_watching() {
  const std::vector<std::string> everywhere{""};
  for (const auto& ns : settings_.namespaces.empty() ? everywhere : settings_.namespaces) {
    runtime::ReflectorSettings settings{.resource = kube::kEvents, .ns = ns, .field_selector = "type=Warning"};
    reflectors_.push_back(std::make_unique<runtime::Reflector>(client_, std::move(settings), *this, metrics_));
    reflectors_.back()->start();
  }
}

void EventWatch::end_watching() {
  for (const auto& reflector : reflectors_) reflector->stop();
  reflectors_.clear();
}

Result<void> EventWatch::apply(std::string_view object, bool initial) {
  auto event = detect::decode_kubernetes_event(object);
  if (!event) {
    invalid_.add();
    return std::unexpected(event.error());
  }
  if (!initial) lag_.set(std::chrono::duration<double>(clock_.now() - event->time).count());
  (hooks_.deliver(std::move(*event), initial) ? taken_ : dropped_).add();
  return {};
}

}  // namespace remint::sources

#pragma once
// Watches the cluster's Events of type Warning, while somebody wants them: there can be very many.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "remint/detect/kubernetes_event.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/runtime/reflector.hpp"

namespace remint::sources {

struct EventWatchSettings {
  std::vector<std::string> namespaces;  ///< empty: all
  Duration look_every = std::chrono::seconds(1);
};

struct EventWatchHooks {
  std::function<bool()> wanted;  ///< leads, the caches are whole, and a policy has kubernetesEvent.enabled
  /// On the watch's thread. False when there was no room: counted, and not told again. `initial`: of the first list,
  /// which may wait for room; others must not.
  std::function<bool(detect::KubernetesEvent, bool initial)> deliver;
};

/// One thread, and one for each namespace while they are wanted; start() and stop() belong to one thread. An Event of
/// before the watch began is told, too: it is judged by its own time.
///
/// Metrics: remint_kubernetes_events_total{result} (taken, dropped, invalid); remint_kubernetes_event_lag_seconds, the
/// newest one's age when it came; and the Reflector's, for "events".
class EventWatch final : private runtime::ReflectorSink {
 public:
  /// `client`, `clock` and `metrics` outlive it.
  EventWatch(kube::Client& client, EventWatchSettings settings, const Clock& clock, metrics::Registry& metrics,
             EventWatchHooks hooks);
  ~EventWatch() override;
  void start();
  void stop();

 private:
  void begin_list() override {}
  Result<void> apply(std::string_view object, bool initial) override;
  Result<void> remove(std::string_view) override { return {}; }
  void end_list() override {}
  void begin_watching();
  void end_watching();

  kube::Client& client_;
  const EventWatchSettings settings_;
  const Clock& clock_;
  metrics::Registry& metrics_;
  const EventWatchHooks hooks_;
  metrics::Counter &taken_, &dropped_, &invalid_;
  metrics::Gauge& lag_;
  std::vector<std::unique_ptr<runtime::Reflector>> reflectors_;  ///< of the thread
  std::jthread thread_;
};

}  // namespace remint::sources

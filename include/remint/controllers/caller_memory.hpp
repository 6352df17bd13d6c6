#pragma once
// Keeps what detection has learnt of callers at shared addresses in a ConfigMap, for whoever leads next. Losing the
// lease ends the process, and a new signing key ends it everywhere: without this the next leader could name no pod on
// the host network.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "remint/base/clock.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::controllers {

struct CallerMemoryHooks {
  /// Leads, and the caches are whole.
  std::function<bool()> may_act;
  std::function<Result<std::uint64_t>()> ways;                       ///< Detector::callers_learnt()
  std::function<Result<std::string>(std::size_t max_bytes)> learnt;  ///< Detector::save_callers()
  /// Detector::restore_callers(): how many pods.
  std::function<Result<std::size_t>(std::string text)> restore;
};

struct CallerMemorySettings {
  Duration look_every = std::chrono::seconds(5);
  Duration save_new_after = std::chrono::seconds(30);  ///< at the earliest after the last time, when there is news
  Duration save_every = std::chrono::minutes(10);      ///< how often a pod was heard, and when last
  std::size_t max_bytes = 768U << 10U;                 ///< a ConfigMap holds 1 MiB
};

/// One thread; start() and stop() belong to one thread. The ConfigMap is not created: it comes with the installation,
/// so that it goes with it, too; where there is none nothing is kept, and that is logged once. Not for secrets: it says
/// which pod calls from which address how often, with names hashed.
///
/// Metrics: remint_caller_memory_saves_total{result}, remint_caller_memory_bytes.
class CallerMemory {
 public:
  /// All references outlive it.
  CallerMemory(kube::Client& client, ObjectKey config_map, const Clock& clock, metrics::Registry& metrics,
               CallerMemoryHooks hooks, CallerMemorySettings settings = {});
  ~CallerMemory();
  void start();
  /// Saves once more when there is something new.
  void stop();
  /// One look; public for tests. `last`: save what is new, however soon.
  void look(const std::stop_token& stop, bool last = false);

 private:
  bool restore(const std::stop_token& stop);
  bool save(const std::string& text, const std::stop_token& stop);

  kube::Client& client_;
  const ObjectKey config_map_;
  const Clock& clock_;
  const CallerMemoryHooks hooks_;
  const CallerMemorySettings settings_;
  metrics::Counter &saved_, &failed_;
  metrics::Gauge& bytes_;
  bool restored_ = false;
  bool absent_ = false;  ///< there is no such ConfigMap
  std::uint64_t ways_ = 0;
  std::optional<Time> saved_at_;
  std::jthread thread_;
};

}  // namespace remint::controllers

#pragma once
// Carries WorkloadRestarts out: looks, asks the machine, writes the journal, and only then acts.

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/detector.hpp"
#include "remint/kube/client.hpp"
#include "remint/restart/machine.hpp"
#include "remint/runtime/events.hpp"
#include "remint/runtime/store.hpp"
#include "remint/runtime/work_queue.hpp"

namespace remint::controllers {

struct RestartHooks {
  /// Nothing is done while this says false.
  std::function<bool()> leads;
  /// Health of the pods of a workload that were created at or after a time (DetectionController::health).
  std::function<Result<std::vector<detect::PodHealth>>(const std::string& workload_uid, Time since)> health;
  /// Named places between two writes, for crash tests: "after-journal", "after-patch".
  std::function<void(std::string_view place)> passed;
  /// Is it to stand still, as the cluster says at this moment? Who says so, or "". Asked anew before each write to a
  /// workload, so that a kill switch takes effect before the next one. Absent: nobody.
  std::function<Result<std::string>(const restart::Journal&, const std::stop_token&)> suspended{};
  /// How many workloads that share a PodDisruptionBudget may be restarted at once, for this restart's policy.
  /// Absent: 1.
  std::function<std::uint32_t(const restart::Journal&)> max_per_budget{};
};

struct RestartSettings {
  restart::MachineSettings machine;
  /// With them, only journals whose status bears our seal are carried on: see restart/seal.hpp. The first one seals,
  /// all are accepted. Empty: no seal is asked for.
  std::vector<std::string> journal_keys;
};

/// Thread-safe. Metrics: remint_restarts_total{outcome}, remint_restarts_blocked.
class RestartController {
 public:
  using Journals = runtime::Store<restart::Journal>;

  RestartController(kube::Client& client, Journals& journals, runtime::EventRecorder& events, const Clock& clock,
                    metrics::Registry& metrics, RestartSettings settings, RestartHooks hooks);
  ~RestartController();
  void start(unsigned workers = 2);
  void stop();
  /// A journal appeared, changed or went.
  void enqueue(const ObjectKey& key) { queue_.add(key); }
  /// Writes a status, sealed, with the journal's resourceVersion as precondition, and puts what the API server stored
  /// into the cache.
  [[nodiscard]] Result<restart::Journal> save(const restart::Journal& journal, restart::JournalStatus status,
                                              const std::stop_token& stop);

 private:
  void work(const std::stop_token& stop);
  /// When to look again; nothing when the restart is over.
  [[nodiscard]] Result<std::optional<Duration>> reconcile(const ObjectKey& key, const std::stop_token& stop);
  /// Writes the step's status when it is new, then carries its effects out; Events are about `about`. The answer to the
  /// effect that wanted one.
  [[nodiscard]] Result<std::optional<restart::Answer>> take(restart::Journal& journal, const restart::Step& step,
                                                            const ObjectRef& about, const std::stop_token& stop);
  /// True while it is to stand still; says so in its status when that is new.
  [[nodiscard]] Result<bool> stands_still(restart::Journal& journal, const std::stop_token& stop);
  /// True while another workload under the same PodDisruptionBudget is being restarted. Fills status.budgets.
  [[nodiscard]] Result<bool> waits_for_budget(restart::Journal& journal, const restart::Observation& observation,
                                              const std::stop_token& stop);
  [[nodiscard]] Result<void> set_finalizer(restart::Journal& journal, bool held, const std::stop_token& stop);
  [[nodiscard]] Result<void> carry_out(restart::Journal& journal, const restart::Act& act, const std::stop_token& stop);
  void count(const restart::Journal& journal);
  void note_blocked(const ObjectKey& key, bool blocked);

  kube::Client& client_;
  Journals& journals_;
  runtime::EventRecorder& events_;
  const Clock& clock_;
  RestartSettings settings_;
  RestartHooks hooks_;
  std::map<Outcome, metrics::Counter*> outcomes_;
  metrics::Counter& cancelled_;
  metrics::Gauge& blocked_;
  std::mutex mutex_;
  std::set<ObjectKey> blocked_keys_;
  std::mutex beginning_;  ///< held from the look at other restarts until this one is seen to have begun
  runtime::WorkQueue queue_;
  std::vector<std::jthread> workers_;
};

/// What verification asks: how many of the new pods authenticate, fail, were heard at all. `cause`: pods of this
/// revision are old ones, whenever they were made; empty where a restart does not change the revision.
[[nodiscard]] restart::VerificationInput summarize(const std::vector<detect::PodHealth>& pods, const std::string& cause,
                                                   unsigned failing_threshold);

}  // namespace remint::controllers

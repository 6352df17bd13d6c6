#pragma once
// Carries WorkloadRestarts out: looks, asks the machine, writes the journal, and only then acts.

#include <functional>
#include <map>
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
  /// Named places between two writes, for crash tests: "after-journal", "after-patch", "after-status".
  std::function<void(std::string_view place)> passed;
};

class RestartController {
 public:
  using Journals = runtime::Store<restart::Journal>;

  RestartController(kube::Client& client, Journals& journals, runtime::EventRecorder& events, const Clock& clock,
                    metrics::Registry& metrics, restart::MachineSettings settings, RestartHooks hooks);
  ~RestartController();
  void start(unsigned workers = 2);
  void stop();
  /// A journal appeared or changed. Thread-safe.
  void enqueue(const ObjectKey& key) { queue_.add(key); }

 private:
  void work(const std::stop_token& stop);
  /// When to look again; nothing when the restart is over.
  [[nodiscard]] Result<std::optional<Duration>> reconcile(const ObjectKey& key, const std::stop_token& stop);
  [[nodiscard]] Result<restart::Observation> observe(const restart::Journal& journal, const std::stop_token& stop);
  [[nodiscard]] Result<restart::Journal> save(const restart::Journal& journal, const restart::JournalStatus& status,
                                              const std::stop_token& stop);
  [[nodiscard]] Result<void> carry_out(const restart::Journal& journal, const restart::Effect& effect,
                                       const std::stop_token& stop);
  void count(const restart::Journal& journal);

  kube::Client& client_;
  Journals& journals_;
  runtime::EventRecorder& events_;
  const Clock& clock_;
  restart::MachineSettings settings_;
  RestartHooks hooks_;
  std::map<Outcome, metrics::Counter*> outcomes_;
  metrics::Counter& cancelled_;
  runtime::WorkQueue queue_;
  std::vector<std::jthread> workers_;
};

/// What verification asks: how many of the new pods authenticate, fail, were heard at all. Pods of the revision that is
/// the restart's cause are old ones, whenever they were made.
[[nodiscard]] restart::VerificationInput summarize(const std::vector<detect::PodHealth>& pods, const std::string& cause,
                                                   unsigned failing_threshold);

}  // namespace remint::controllers

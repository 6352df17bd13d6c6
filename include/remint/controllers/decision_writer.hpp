#pragma once
// Makes decisions known (log line, metric, Event) and their WorkloadRestarts: creates those that begin or have to wait,
// lets waiting ones go, withdraws those that are not to begin. One worker thread, so that the detection thread never
// waits for the API server.

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "remint/base/clock.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/kube/client.hpp"
#include "remint/restart/journal.hpp"
#include "remint/runtime/events.hpp"
#include "remint/runtime/work_queue.hpp"

namespace remint::controllers {

struct DecisionWriterHooks {
  /// The object as the API server stored it.
  std::function<void(restart::Journal)> on_created;
  /// It could not be created, and trying the same again is pointless: the engine shall forget that it counted on it.
  std::function<void(const std::string& ns, const std::string& name)> on_given_up;
  /// Writes a status (RestartController::save).
  std::function<Result<restart::Journal>(const restart::Journal&, restart::JournalStatus, const std::stop_token&)> save;
};

class DecisionWriter {
 public:
  DecisionWriter(kube::Client& client, runtime::EventRecorder& events, const Clock& clock, metrics::Registry& metrics,
                 DecisionWriterHooks hooks);
  ~DecisionWriter();
  void start();
  void stop();
  /// Never blocks. A newer decision on the same workload replaces one that still waits, except that a Restart is never
  /// replaced.
  void submit(WorkloadDecision decision);
  /// Never blocks.
  void withdraw(Withdrawal withdrawal);

 private:
  void work(const std::stop_token& stop);
  void announce(const WorkloadDecision& decision);
  [[nodiscard]] Result<restart::Journal> create(const WorkloadDecision& decision, const std::stop_token& stop);
  void carry_out(const ObjectKey& key, const WorkloadDecision& decision, const std::stop_token& stop);
  /// The restart in the phase that the decision asks for.
  [[nodiscard]] Result<restart::Journal> put(const ObjectKey& key, const WorkloadDecision& decision,
                                             const std::stop_token& stop);
  void carry_out(const ObjectKey& key, const Withdrawal& withdrawal, const std::stop_token& stop);

  kube::Client& client_;
  runtime::EventRecorder& events_;
  const Clock& clock_;
  DecisionWriterHooks hooks_;
  std::map<DecisionKind, metrics::Counter*> decisions_;
  runtime::WorkQueue queue_;
  std::mutex mutex_;
  std::map<ObjectKey, WorkloadDecision>
      pending_;  ///< restarts to write, by their key; at most one for each workload with a case
  std::map<ObjectKey, Withdrawal> withdrawals_;  ///< a decision about the same restart goes first
  std::jthread thread_;
};

/// The WorkloadRestart that a Restart decision asks for.
[[nodiscard]] restart::Journal make_journal(const WorkloadDecision& decision);

}  // namespace remint::controllers

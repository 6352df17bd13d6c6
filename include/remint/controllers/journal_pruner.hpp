#pragma once
// Deletes finished WorkloadRestarts that nobody needs any more, now and then.

#include <functional>
#include <thread>

#include "remint/base/clock.hpp"
#include "remint/controllers/restart_controller.hpp"
#include "remint/restart/prune.hpp"

namespace remint::controllers {

struct PrunerHooks {
  std::function<bool()> leads;
  /// What the policies in force need now.
  std::function<restart::PruneRules()> rules;
};

class JournalPruner {
 public:
  JournalPruner(kube::Client& client, RestartController::Journals& journals, const Clock& clock,
                metrics::Registry& metrics, PrunerHooks hooks, Duration interval = std::chrono::minutes(10));
  ~JournalPruner();
  void start();
  void stop();
  /// One round; public for tests. How many were deleted.
  std::size_t prune(const std::stop_token& stop);

 private:
  kube::Client& client_;
  RestartController::Journals& journals_;
  const Clock& clock_;
  PrunerHooks hooks_;
  Duration interval_;
  metrics::Counter& pruned_;
  std::jthread thread_;
};

}  // namespace remint::controllers

#include "remint/controllers/journal_pruner.hpp"

#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::controllers {

JournalPruner::JournalPruner(kube::Client& client, RestartController::Journals& journals, const Clock& clock,
                             metrics::Registry& metrics, PrunerHooks hooks, Duration interval)
    : client_(client),
      journals_(journals),
      clock_(clock),
      hooks_(std::move(hooks)),
      interval_(interval),
      pruned_(metrics.counter("remint_restarts_pruned_total", "Finished WorkloadRestarts that were deleted.")) {}

JournalPruner::~JournalPruner() { stop(); }

void JournalPruner::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (sleep_for(interval_, stop)) prune(stop);
  });
}

void JournalPruner::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::size_t JournalPruner::prune(const std::stop_token& stop) {
  if (!hooks_.leads()) return 0;
  std::size_t deleted = 0;
  for (const auto& journal : restart::to_prune(journals_.all(), hooks_.rules(), clock_.now())) {
    // Exactly what was looked at: a journal of the same name that was made meanwhile stays.
    kube::DeleteOptions options;
    options.uid = journal->uid;
    options.resource_version = journal->resource_version;
    const auto removed = client_.remove(kube::kWorkloadRestarts, journal->key, options, stop);
    if (removed) {
      ++deleted;
    } else if (removed.error().code != ErrorCode::kNotFound && removed.error().code != ErrorCode::kConflict) {
      // The next round tries again; going on through a server that refuses would only add to its trouble.
      log::warn("Finished restart not deleted", {{"restart", journal->key.to_string()}, {"error", removed.error()}});
      break;
    }
  }
  pruned_.add(static_cast<double>(deleted));
  if (deleted > 0) log::info("Finished restarts deleted", {{"count", deleted}});
  return deleted;
}

}  // namespace remint::controllers

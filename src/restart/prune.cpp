#include "remint/restart/prune.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace remint::restart {
namespace {

Time ended(const Journal& journal) { return journal.status.finished.value_or(journal.created); }

}  // namespace

std::vector<std::shared_ptr<const Journal>> to_prune(std::span<const std::shared_ptr<const Journal>> journals,
                                                     const PruneRules& rules, Time now) {
  std::vector<std::shared_ptr<const Journal>> finished;
  std::ranges::copy_if(journals, std::back_inserter(finished),
                       [](const auto& journal) { return !unfinished(*journal) && !journal->deleting; });
  std::ranges::sort(finished, std::greater<>(), [](const auto& journal) { return ended(*journal); });

  // By name, not by UID: a pod or controller that was made anew is still the same workload to the limits.
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> newer;
  std::vector<std::shared_ptr<const Journal>> prune;
  for (const auto& journal : finished) {
    const ObjectRef& target = journal->spec.target;
    const std::size_t rank = newer[{journal->key.ns, target.kind, target.name}]++;
    const Duration age = now - ended(*journal);
    if (age > rules.keep_for && (rank >= rules.keep_per_workload || age > rules.forget_after)) {
      prune.push_back(journal);
    }
  }
  std::ranges::reverse(prune);
  return prune;
}

}  // namespace remint::restart

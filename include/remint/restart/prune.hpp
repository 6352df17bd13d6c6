#pragma once
// Which finished WorkloadRestarts are no longer needed: neither by the limits, nor by people who look back.

#include <memory>
#include <span>
#include <vector>

#include "remint/restart/journal.hpp"

namespace remint::restart {

struct PruneRules {
  /// Kept in any case: the newest of each workload. Escalation, cooldown and the breaker look at these.
  std::size_t keep_per_workload = 10;
  /// Kept in any case: what ended within this time. Longer than any cooldown or open breaker of the policies in force.
  Duration keep_for = std::chrono::hours(24);
  /// Beyond this age also the newest of a workload go: nobody fails and is restarted that seldom for one reason.
  Duration forget_after = std::chrono::hours(24 * 90);
};

/// Unfinished ones, and those that hold a finalizer, are never among them. Oldest first.
[[nodiscard]] std::vector<std::shared_ptr<const Journal>> to_prune(
    std::span<const std::shared_ptr<const Journal>> journals, const PruneRules& rules, Time now);

}  // namespace remint::restart

#pragma once
// Every strategy as a pure state machine: step(journal, observation, now) -> (status to write, effects to carry out).
// The status is written to the API server first; the effects are carried out only after that write succeeded. Any
// replica can go on from any status: repeating a step is harmless.

#include <optional>
#include <string>
#include <vector>

#include "remint/restart/effects.hpp"
#include "remint/restart/journal.hpp"
#include "remint/restart/observation.hpp"

namespace remint::restart {

struct Step {
  JournalStatus status;  ///< equal to the journal's when nothing changed: then nothing is written
  std::vector<Effect> effects;
  std::optional<Duration> look_again;  ///< absent when there is nothing left to do
};

struct MachineSettings {
  Duration poll = std::chrono::seconds(2);
  /// How long pods may take to be replaced and become available; beyond the Deployment's own progress deadline.
  Duration rollout_deadline = std::chrono::minutes(15);
  unsigned failing_threshold = 3;
  Duration quiet = std::chrono::seconds(
      30);  ///< all new pods authenticated and none failing for this long (or until observe is over): Cured
};

/// Never throws, reads no clock.
[[nodiscard]] Step step(const Journal& journal, const Observation& observation, const MachineSettings& settings,
                        Time now);
[[nodiscard]] Needs needs(const Journal& journal);

/// From when on pods count as new. The moment before the first write, not when it was noticed, which after a crash may
/// be much later; in whole seconds, as creationTimestamps are.
[[nodiscard]] Time new_pods_since(const Journal& journal);
/// Whose pods verification asks for: the target's UID, or that of what took its place.
[[nodiscard]] std::string verification_uid(const Journal& journal);

}  // namespace remint::restart

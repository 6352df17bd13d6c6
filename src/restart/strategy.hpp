#pragma once
// What the strategies share: how they are plugged in, and how the next status is built.

#include <optional>
#include <string>
#include <string_view>

#include "remint/restart/machine.hpp"

namespace remint::restart {

struct View {
  const Journal& journal;
  const Observation& observation;
  const MachineSettings& settings;
  Time now;
};

/// One strategy. `begin` answers in phase Pending: Cancelled with a reason when it cannot work on this target, else
/// Running with everything saved that finishing or undoing will need. `run` answers in phase Running, for each of its
/// own step names, and ends with verify() or finish(). When the journal is being deleted (journal.deleting), a strategy
/// that `owes` must bring the workload back to a whole state and then finish(); the others are ended for it.
struct Strategies {
  Needs (*needs)(const Journal&);  ///< in Pending and Running; target is always looked at where `reads_target`
  Step (*begin)(const View&);
  Step (*run)(const View&);
  /// In Running: would the workload be left half done if nobody went on?
  bool owes = false;
  /// Kinds it works on; empty: any.
  bool (*fits)(const ObjectRef& target);
  /// Was this status written by this strategy? The status is input like any other.
  bool (*valid)(const JournalStatus& status);
};
[[nodiscard]] const Strategies* strategies_of(Strategy strategy);
// One table each, in rollout_restart.cpp, evict_pods.cpp, scale_to_zero.cpp, rolling_replace.cpp, recreate.cpp.
extern const Strategies kRolloutRestartStrategy, kEvictPodsStrategy, kScaleToZeroStrategy, kRollingReplaceStrategy,
    kRecreateStrategy;

/// A reason in CamelCase and a sentence for people.
struct Finding {
  std::string reason;
  std::string message;
};

/// nullptr: it was never set.
[[nodiscard]] const Condition* find_condition(const JournalStatus& status, std::string_view type);
/// `since` moves only when its status changes.
void set_condition(JournalStatus& status, Condition condition);
/// Nothing to write; look again after `settings.poll`.
[[nodiscard]] Step stay(const View& view);
/// The same after a while of the strategy's choice.
[[nodiscard]] Step stay(const View& view, Duration look_again);
/// The journal's status in a new phase or step, saying so in message and condition Progressing; ends condition Blocked.
[[nodiscard]] JournalStatus advance(const View& view, Phase phase, const char* step, const Finding& finding);
/// The first step: Running, with all that was saved, and the Event RestartStarted. The caller adds its effects.
[[nodiscard]] Step start(const View& view, const char* step, SavedState saved, const Finding& finding);
/// advance() in phase Running, as a Step that looks again after `settings.poll`: the caller adds its effects.
[[nodiscard]] Step go_to(const View& view, const char* step, const Finding& finding);
/// The step goes on, but something is in its way: condition Blocked with a Warning Event when that is new. Nothing
/// changes, and nothing is written, when it is already said so. `look_again`: how long to wait before trying again.
[[nodiscard]] Step blocked(const View& view, const Finding& finding, Duration look_again);
/// What condition Progressing says, or "": unlike status.message it stays while something is in the way.
[[nodiscard]] std::string_view progress_message(const JournalStatus& status);
/// Since when something has been in its way, if it is.
[[nodiscard]] std::optional<Time> blocked_since(const JournalStatus& status);
/// Pods are replaced; watch whether it helped.
[[nodiscard]] Step verify(const View& view, const std::string& message);
/// The end, with the Event that tells of it.
[[nodiscard]] Step finish(const View& view, Phase phase, Outcome outcome, const Finding& finding);
/// finish() as Cancelled: nothing was done.
[[nodiscard]] Step cancel(const View& view, const Finding& finding);
/// cancel() because this strategy cannot work on this target, though another one may: the next in the policy's list is
/// tried without counting this as a failure. See Journal's condition Progressing, reason kStrategyUnfit.
[[nodiscard]] Step unfit(const View& view, const std::string& message);

[[nodiscard]] Effect quietly(Act act);   ///< wants no answer
[[nodiscard]] Effect and_tell(Act act);  ///< wants one

/// "Deployment shop/cart"
[[nodiscard]] std::string target_name(const View& view);
/// Why the target is not the one that was meant, or is not there any more.
[[nodiscard]] std::optional<Finding> target_lost(const View& view);
/// How long the present step has been going on.
[[nodiscard]] Duration in_step(const View& view);
/// Twice as long with each try, told by the time already spent: between settings.poll and `max`.
[[nodiscard]] Duration backoff(const View& view, Duration max);

// verify.cpp
[[nodiscard]] Step step_verify(const View& view);

}  // namespace remint::restart

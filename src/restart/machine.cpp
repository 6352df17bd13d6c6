// What all strategies have in common: where they begin, verify and end, and the finalizer that guards what they owe.

#include "remint/restart/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "strategy.hpp"

namespace remint::restart {
namespace {

/// In phases Pending and Running.
Step step_of_strategy(const View& view, const Strategies& strategy) {
  const JournalStatus& status = view.journal.status;
  if (status.phase == Phase::kPending) {
    const ObjectRef& meant = view.journal.spec.target;
    if (view.journal.deleting) {
      return cancel(view, {"JournalDeleting", "it was deleted before anything was done"});
    }
    if (meant.ns != view.journal.key.ns) {
      return cancel(view, {"OtherNamespace",
                           fmt::format("{} is not in the namespace of this WorkloadRestart", target_name(view))});
    }
    if (!strategy.fits(meant)) {
      return unfit(view, fmt::format("{} cannot restart a {} of {}", to_string(view.journal.spec.strategy), meant.kind,
                                     meant.api_version));
    }
    return strategy.begin(view);
  }
  if (status.phase != Phase::kRunning || !status.started || !status.step_since || !strategy.valid(status)) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"JournalInvalid", "its status is not one that Remint wrote: nothing more is done"});
  }
  if (view.journal.deleting && !strategy.owes) {
    return cancel(view, {"JournalDeleting", "it was deleted while it ran: nothing more is done"});
  }
  return strategy.run(view);
}

/// The finalizer is on before the first effect that leaves something owed, and off when nothing is owed any more.
void guard(const View& view, const Strategies& strategy, Step& step) {
  if (step.status.phase == Phase::kRunning && strategy.owes && !view.journal.held && !step.effects.empty()) {
    step.effects.insert(step.effects.begin(), quietly(HoldJournal{}));
  }
  const bool over = is_final(step.status.phase) || step.status.phase == Phase::kVerifying;
  if (over && view.journal.held) {
    step.effects.push_back(quietly(ReleaseJournal{}));
  }
}

}  // namespace

const Strategies* strategies_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::kRolloutRestart:
      return &kRolloutRestartStrategy;
    case Strategy::kEvictPods:
      return &kEvictPodsStrategy;
    case Strategy::kScaleToZero:
      return &kScaleToZeroStrategy;
    case Strategy::kRollingReplace:
      return &kRollingReplaceStrategy;
    case Strategy::kRecreate:
      return &kRecreateStrategy;
    case Strategy::kNone:
      break;
  }
  return nullptr;
}

Step step(const Journal& journal, const Observation& observation, const MachineSettings& settings, Time now) {
  const View view{journal, observation, settings, now};
  const JournalStatus& status = journal.status;
  const Strategies* strategy = strategies_of(journal.spec.strategy);
  if (strategy == nullptr) {
    return is_final(status.phase) ? Step{status, {}, std::nullopt}
                                  : cancel(view, {"NoStrategy", "it names no strategy that this Remint knows"});
  }
  Step step;
  if (!journal.invalid.empty() && !is_final(status.phase)) {
    // Its journal cannot be believed, so whatever was begun cannot be finished by it either.
    const Finding finding{"Invalid", join(journal.invalid)};
    step =
        status.phase == Phase::kPending ? cancel(view, finding) : finish(view, Phase::kFailed, Outcome::kNone, finding);
  } else if (is_final(status.phase) || status.phase == Phase::kAwaitingApproval || status.phase == Phase::kScheduled) {
    step = {status, {}, std::nullopt};  // over, or not for the machine to begin
  } else if (needs(journal).target && !observation.target && !observation.target_gone) {
    step = stay(view);
  } else if (status.phase == Phase::kVerifying) {
    step = journal.deleting ? finish(view, Phase::kSucceeded, Outcome::kUnverified,
                                     {"JournalDeleting", "it was deleted before it was known whether it helped"})
                            : step_verify(view);
  } else {
    step = step_of_strategy(view, *strategy);
  }
  guard(view, *strategy, step);
  return step;
}

Needs needs(const Journal& journal) {
  const Strategies* strategy = strategies_of(journal.spec.strategy);
  if (strategy == nullptr || !journal.invalid.empty()) {
    return {};
  }
  switch (journal.status.phase) {
    case Phase::kPending:
      if (!strategy->fits(journal.spec.target)) {
        return {};
      }
      return strategy->needs(journal);
    case Phase::kRunning:
      return strategy->needs(journal);
    case Phase::kVerifying: {
      Needs needs;
      needs.verification = true;
      return needs;
    }
    default:
      return {};
  }
}

Time new_pods_since(const Journal& journal) {
  return std::chrono::floor<std::chrono::seconds>(journal.status.started.value_or(journal.created));
}

std::string verification_uid(const Journal& journal) {
  if (!journal.status.successor_uid.empty()) {
    return journal.status.successor_uid;
  }
  return journal.spec.target.uid.empty() ? journal.status.saved.uid : journal.spec.target.uid;
}

}  // namespace remint::restart

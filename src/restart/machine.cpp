#include "remint/restart/machine.hpp"

#include <fmt/format.h>

#include "remint/base/text.hpp"
#include "steps.hpp"

namespace remint::restart {
namespace {

constexpr std::size_t kMaxMessage = 1000;

std::string event_reason(Phase phase, Outcome outcome) {
  switch (phase) {
    case Phase::kCancelled:
      return "RestartCancelled";
    case Phase::kSucceeded:
      return outcome == Outcome::kCured ? "RestartCured" : "RestartUnverified";
    default:
      return outcome == Outcome::kNotCured ? "RestartNotCured" : "RestartFailed";
  }
}

}  // namespace

Step stay(const View& view) { return {view.journal.status, {}, view.settings.poll}; }

JournalStatus advance(const View& view, Phase phase, const char* step, const Finding& finding) {
  JournalStatus status = view.journal.status;
  status.phase = phase;
  status.step = step;
  status.message = sanitize(finding.message, kMaxMessage);
  status.observed_generation = view.journal.generation;
  const bool progressing = !is_final(phase);
  Time since = view.now;
  for (const Condition& condition : status.conditions) {
    if (condition.type == "Progressing" && condition.status == progressing) {
      since = condition.since;
    }
  }
  std::erase_if(status.conditions, [](const Condition& condition) { return condition.type == "Progressing"; });
  status.conditions.push_back({"Progressing", progressing, finding.reason, status.message, since});
  return status;
}

Step finish(const View& view, Phase phase, Outcome outcome, const Finding& finding) {
  Step step;
  step.status = advance(view, phase, "", finding);
  step.status.finished = view.now;
  step.status.outcome = outcome;
  const bool warning = phase == Phase::kFailed || phase == Phase::kCancelled;
  step.effects.emplace_back(Notify{warning, event_reason(phase, outcome), step.status.message});
  return step;
}

std::string target_name(const View& view) { return view.journal.spec.target.to_string(); }

std::optional<Finding> target_lost(const View& view) {
  if (view.observation.target_gone) {
    return Finding{"TargetGone", fmt::format("{} does not exist (any more)", target_name(view))};
  }
  const TargetState& target = *view.observation.target;
  const std::string& named = view.journal.spec.target.uid;
  const std::string& wanted = named.empty() ? view.journal.status.saved.uid : named;
  if (!wanted.empty() && target.uid != wanted) {
    return Finding{"TargetReplaced",
                   fmt::format("{} is another one now: its UID is {}, not {}", target_name(view), target.uid, wanted)};
  }
  if (target.deleting) {
    return Finding{"TargetDeleting", fmt::format("{} is being deleted", target_name(view))};
  }
  return std::nullopt;
}

Step step(const Journal& journal, const Observation& observation, const MachineSettings& settings, Time now) {
  const View view{journal, observation, settings, now};
  const JournalStatus& status = journal.status;
  if (is_final(status.phase)) {
    return {status, {}, std::nullopt};
  }
  if (needs(journal).target && !observation.target && !observation.target_gone) {
    return stay(view);
  }
  if (status.phase == Phase::kPending) {
    return step_pending(view);
  }
  if (status.phase == Phase::kVerifying) {
    return step_verify(view);
  }
  // The status is input like any other: whoever may write it could have.
  if (status.phase != Phase::kRunning || !parse_rfc3339(status.saved.restarted_at) ||
      status.saved.restarted_at == status.saved.previous_restarted_at) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"JournalInvalid", "its status is not one that Remint wrote: nothing more is done"});
  }
  return status.step == step_name::kWaitRollout ? step_wait(view) : step_patch(view);
}

Time new_pods_since(const Journal& journal) {
  return std::chrono::floor<std::chrono::seconds>(journal.status.started.value_or(journal.created));
}

Needs needs(const Journal& journal) {
  switch (journal.status.phase) {
    case Phase::kPending:
    case Phase::kRunning:
      return {.target = true, .verification = false};
    case Phase::kVerifying:
      return {.target = false, .verification = true};
    default:
      return {};
  }
}

}  // namespace remint::restart

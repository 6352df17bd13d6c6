// Building the next status: small and the same for every strategy.

#include "strategy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "remint/base/text.hpp"

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

const Condition* find_condition(const JournalStatus& status, std::string_view type) {
  const auto found = std::ranges::find(status.conditions, type, &Condition::type);
  return found == status.conditions.end() ? nullptr : &*found;
}

void set_condition(JournalStatus& status, Condition condition) {
  if (const Condition* old = find_condition(status, condition.type);
      old != nullptr && old->status == condition.status) {
    condition.since = old->since;
  }
  std::erase_if(status.conditions, [&](const Condition& old) { return old.type == condition.type; });
  status.conditions.push_back(std::move(condition));
}

Step stay(const View& view) { return stay(view, view.settings.poll); }

Step stay(const View& view, Duration look_again) { return {view.journal.status, {}, look_again}; }

JournalStatus advance(const View& view, Phase phase, const char* step, const Finding& finding) {
  JournalStatus status = view.journal.status;
  if (status.step != step || !status.step_since) {
    status.step_since = view.now;
  }
  status.phase = phase;
  status.step = step;
  status.message = sanitize(finding.message, kMaxMessage);
  status.observed_generation = view.journal.generation;
  set_condition(status, {"Progressing", !is_final(phase), finding.reason, status.message, view.now});
  if (find_condition(status, "Blocked") != nullptr) {
    set_condition(status, {"Blocked", false, finding.reason, "nothing is in its way any more", view.now});
  }
  return status;
}

Step start(const View& view, const char* step, SavedState saved, const Finding& finding) {
  Step first = go_to(view, step, finding);
  first.status.saved = std::move(saved);
  first.status.started = view.now;
  first.effects.push_back(quietly(
      Notify{false, "RestartStarted", fmt::format("restarting {}: {}", target_name(view), view.journal.spec.reason)}));
  return first;
}

Step go_to(const View& view, const char* step, const Finding& finding) {
  return {advance(view, Phase::kRunning, step, finding), {}, view.settings.poll};
}

Step blocked(const View& view, const Finding& finding, Duration look_again) {
  Step step = stay(view, look_again);
  const std::string message = sanitize(finding.message, kMaxMessage);
  const Condition* old = find_condition(step.status, "Blocked");
  if (old != nullptr && old->status && old->reason == finding.reason && old->message == message) {
    return step;
  }
  step.status.message = message;
  set_condition(step.status, {"Blocked", true, finding.reason, message, view.now});
  step.effects.push_back(quietly(Notify{true, finding.reason, message}));
  return step;
}

std::string_view progress_message(const JournalStatus& status) {
  const Condition* condition = find_condition(status, "Progressing");
  return condition == nullptr ? std::string_view() : std::string_view(condition->message);
}

std::optional<Time> blocked_since(const JournalStatus& status) {
  const Condition* condition = find_condition(status, "Blocked");
  return condition != nullptr && condition->status ? std::optional(condition->since) : std::nullopt;
}

Step verify(const View& view, const std::string& message) {
  Step step;
  step.status = advance(view, Phase::kVerifying, "Verify",
                        {"Verifying", fmt::format("{}; watching whether they authenticate, for {} at most", message,
                                                  format_duration(view.journal.spec.observe))});
  step.status.rolled_out = view.now;
  step.effects.push_back(quietly(Notify{false, "RestartRolledOut", step.status.message}));
  step.look_again = view.settings.poll;
  return step;
}

Step finish(const View& view, Phase phase, Outcome outcome, const Finding& finding) {
  Step step;
  step.status = advance(view, phase, "", finding);
  step.status.finished = view.now;
  step.status.outcome = outcome;
  const bool warning = phase == Phase::kFailed || phase == Phase::kCancelled;
  step.effects.push_back(quietly(Notify{warning, event_reason(phase, outcome), step.status.message}));
  return step;
}

Step cancel(const View& view, const Finding& finding) {
  return finish(view, Phase::kCancelled, Outcome::kNone, finding);
}

Step unfit(const View& view, const std::string& message) {
  return cancel(view, {std::string(kStrategyUnfit), message});
}

Effect quietly(Act act) { return {std::move(act), false}; }
Effect and_tell(Act act) { return {std::move(act), true}; }

std::string target_name(const View& view) { return view.journal.spec.target.to_string(); }

std::optional<Finding> target_lost(const View& view) {
  if (view.observation.target_gone || !view.observation.target) {
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

Duration in_step(const View& view) {
  return std::max(view.now - view.journal.status.step_since.value_or(view.journal.created), Duration(0));
}

Duration backoff(const View& view, Duration max) {
  return std::clamp(in_step(view), view.settings.poll, std::max(max, view.settings.poll));
}

}  // namespace remint::restart

// Pending, PatchTemplate, WaitRollout.

#include "steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace remint::restart {
namespace {

/// The ordinal of a StatefulSet's pod: cart-12 -> 12.
std::optional<std::int64_t> ordinal(const std::string& pod) {
  const std::size_t dash = pod.rfind('-');
  std::int64_t number = 0;
  if (dash == std::string::npos) {
    return std::nullopt;
  }
  const char* end = pod.data() + pod.size();
  const auto parsed = std::from_chars(pod.data() + dash + 1, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

bool held_back_by_partition(const JournalSpec& spec, const TargetState& target) {
  if (spec.target.kind != "StatefulSet" || target.partition == 0) {
    return false;
  }
  return target.partition >= target.replicas ||
         (!spec.pods.empty() && std::ranges::all_of(spec.pods, [&](const std::string& pod) {
           const auto number = ordinal(pod);
           return number && *number < target.partition;
         }));
}

/// Why a rollout must not be begun on the target as it is now.
std::optional<Finding> not_now(const View& view) {
  const TargetState& target = *view.observation.target;
  const std::string& kind = view.journal.spec.target.kind;
  const std::string name = target_name(view);
  if (target.paused) {
    return Finding{"RolloutPaused", fmt::format("{} is paused (spec.paused): run kubectl rollout resume first", name)};
  }
  if (target.on_delete) {
    return Finding{
        "OnDelete",
        fmt::format("the updateStrategy of {} is OnDelete: a rollout would replace no pod; delete the pods by hand",
                    name)};
  }
  // A DaemonSet's size is its controller's finding; before that there is none.
  if (target.replicas == 0 && (kind != "DaemonSet" || target.observed_generation >= target.generation)) {
    return Finding{"ScaledToZero", fmt::format("{} has 0 replicas: there is nothing to restart", name)};
  }
  if (target.progress_deadline_exceeded) {
    return Finding{
        "RolloutStuck",
        fmt::format(
            "the present rollout of {} is stuck (ProgressDeadlineExceeded): another one would not get through either",
            name)};
  }
  if (held_back_by_partition(view.journal.spec, target)) {
    return Finding{
        "PartitionHoldsBack",
        fmt::format(
            "updateStrategy.rollingUpdate.partition of {} is {}: a rollout would not reach the pods in question", name,
            target.partition)};
  }
  return std::nullopt;
}

/// Fixed once, before the patch: whoever carries it out sets the same value, so a second time changes nothing.
std::string choose_restarted_at(const std::string& previous, Time now) {
  std::string value = format_rfc3339(now);
  // Two restarts in one second would make an empty patch, and no rollout.
  return value == previous ? format_rfc3339(now + std::chrono::seconds(1)) : value;
}

PatchTemplate patch(const TargetState& target, const std::string& restarted_at) {
  return {restarted_at, target.resource_version, target.uid};
}

Step cancel(const View& view, const Finding& finding) {
  return finish(view, Phase::kCancelled, Outcome::kNone, finding);
}

bool overdue(const View& view, const std::optional<Time>& since) {
  return view.now - since.value_or(view.journal.created) > view.settings.rollout_deadline;
}

}  // namespace

Step step_pending(const View& view) {
  const ObjectRef& meant = view.journal.spec.target;
  if (view.journal.spec.strategy != Strategy::kRolloutRestart ||
      policy::strategy_for(meant) != Strategy::kRolloutRestart) {
    return cancel(view,
                  {"NoStrategy", fmt::format("{} cannot restart a {} of {}", to_string(view.journal.spec.strategy),
                                             meant.kind, meant.api_version)});
  }
  if (meant.ns != view.journal.key.ns) {
    return cancel(
        view, {"OtherNamespace", fmt::format("{} is not in the namespace of this WorkloadRestart", target_name(view))});
  }
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  if (const auto reason = not_now(view)) {
    return cancel(view, *reason);
  }
  const TargetState& target = *view.observation.target;
  Step step;
  const std::string value = choose_restarted_at(target.restarted_at, view.now);
  step.status = advance(view, Phase::kRunning, step_name::kPatchTemplate,
                        {"Patching", "setting the pod template's annotation restartedAt to " + value});
  step.status.saved = {target.uid, value, remember(target.restarted_at), target.generation};
  step.status.started = view.now;
  step.effects.emplace_back(patch(target, value));
  step.effects.emplace_back(
      Notify{false, "RestartStarted", fmt::format("restarting {}: {}", target_name(view), view.journal.spec.reason)});
  step.look_again = view.settings.poll;
  return step;
}

Step step_patch(const View& view) {
  const SavedState& saved = view.journal.status.saved;
  // Whether our patch was taken before the target went, nobody can tell; there is nothing left to finish either way.
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  const TargetState& target = *view.observation.target;
  const std::string found = remember(target.restarted_at);
  if (found == saved.previous_restarted_at) {
    if (const auto reason = not_now(view)) {
      return cancel(view, *reason);
    }
    if (overdue(view, view.journal.status.started)) {
      return finish(view, Phase::kFailed, Outcome::kNone,
                    {"PatchRefused", fmt::format("the pod template of {} could not be changed within {}: see Remint's "
                                                 "log for what the API server answered",
                                                 target_name(view), format_duration(view.settings.rollout_deadline))});
    }
    Step step = stay(view);
    step.effects.emplace_back(patch(target, saved.restarted_at));
    return step;
  }
  Step step;
  Finding finding{"RollingOut", "the pod template is changed; waiting for the rollout"};
  if (found != saved.restarted_at) {
    // One restart is enough, whoever made it.
    finding = {"RestartedByOthers",
               "somebody else restarted it meanwhile; waiting for that rollout instead of making another"};
    step.effects.emplace_back(Notify{false, "RestartedByOthers", finding.message});
  }
  step.status = advance(view, Phase::kRunning, step_name::kWaitRollout, finding);
  step.status.patched = view.now;
  step.look_again = view.settings.poll;
  return step;
}

Step step_wait(const View& view) {
  const JournalStatus& status = view.journal.status;
  if (const auto lost = target_lost(view)) {
    return finish(view, Phase::kFailed, Outcome::kNone, {lost->reason, lost->message + "; its rollout did not finish"});
  }
  const TargetState& target = *view.observation.target;
  const std::string& kind = view.journal.spec.target.kind;
  const RolloutProgress progress = rollout_progress(kind, target);
  if (remember(target.restarted_at) == status.saved.previous_restarted_at) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"Reverted",
                   "somebody took the annotation restartedAt back (is the workload managed by GitOps?): its pods may "
                   "be the old ones again"});
  }
  const bool observed = target.observed_generation >= target.generation;
  if (target.replicas == 0 && (observed || kind != "DaemonSet")) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"ScaledToZero", "it was scaled to 0 meanwhile: no pod is left to be watched"});
  }
  if (progress.done) {
    Step step;
    step.status = advance(view, Phase::kVerifying, step_name::kVerify,
                          {"Verifying", fmt::format("{}; watching whether they authenticate, for {} at most",
                                                    progress.text, format_duration(view.journal.spec.observe))});
    step.status.rolled_out = view.now;
    step.effects.emplace_back(Notify{false, "RestartRolledOut", step.status.message});
    step.look_again = view.settings.poll;
    return step;
  }
  // A condition from before the patch speaks of another rollout.
  if (target.progress_deadline_exceeded && observed) {
    return finish(
        view, Phase::kFailed, Outcome::kNone,
        {"RolloutStuck", fmt::format("the rollout did not finish: ProgressDeadlineExceeded ({})", progress.text)});
  }
  if (overdue(view, status.patched)) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"RolloutDeadline", fmt::format("the rollout did not finish within {} ({})",
                                                  format_duration(view.settings.rollout_deadline), progress.text)});
  }
  return stay(view);  // progress is not worth a write: `kubectl rollout status` shows it
}

}  // namespace remint::restart

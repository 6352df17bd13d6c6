// RolloutRestart: the annotation that `kubectl rollout restart` sets, then the workload's own rollout.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pods.hpp"

namespace remint::restart {
namespace {

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

constexpr const char* kPatchTemplate = "PatchTemplate";
constexpr const char* kWaitRollout = "WaitRollout";

Effect patch(const View& view, const std::string& restarted_at) {
  const TargetState& target = *view.observation.target;
  Json body;
  body["metadata"] = {{"resourceVersion", target.resource_version}, {"uid", target.uid}};
  body["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = restarted_at;
  const ObjectRef& ref = view.journal.spec.target;
  // Told: a tool that takes the annotation back may be faster than our next look, and is not to be fought for that.
  return and_tell(Patch{ref.kind, ref.key(), Patch::Type::kStrategicMerge, dump_json(body), ""});
}

bool overdue(const View& view, const std::optional<Time>& since) {
  return view.now - since.value_or(view.journal.created) > view.settings.rollout_deadline;
}

Step begin(const View& view) {
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  if (const auto reason = not_now(view)) {
    return cancel(view, *reason);
  }
  const TargetState& target = *view.observation.target;
  const std::string value = choose_restarted_at(target.restarted_at, view.now);
  SavedState saved;
  saved.uid = target.uid;
  saved.restarted_at = value;
  saved.previous_restarted_at = remember(target.restarted_at);
  saved.generation_before = target.generation;
  Step step = start(view, kPatchTemplate, std::move(saved),
                    {"Patching", "setting the pod template's annotation restartedAt to " + value});
  step.effects.push_back(patch(view, value));
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
  const std::optional<Answer>& answer = view.observation.answer;
  if (found == saved.restarted_at || (answer && answer->taken && found == saved.previous_restarted_at)) {
    return go_to(view, kWaitRollout, {"RollingOut", "the pod template is changed; waiting for the rollout"});
  }
  if (found == saved.previous_restarted_at) {
    if (const auto reason = not_now(view)) {
      return cancel(view, *reason);
    }
    if (overdue(view, view.journal.status.step_since)) {
      return finish(view, Phase::kFailed, Outcome::kNone,
                    {"PatchRefused", fmt::format("the pod template of {} could not be changed within {}",
                                                 target_name(view), format_duration(view.settings.rollout_deadline))});
    }
    // A conflict only means that somebody else wrote; we have looked again since.
    if (answer && answer->code != ErrorCode::kConflict) {
      return blocked(view,
                     {"PatchRefused", fmt::format("the pod template of {} could not be changed: {}", target_name(view),
                                                  answer->message)},
                     backoff(view, std::chrono::minutes(1)));
    }
    Step step = stay(view);
    step.effects.push_back(patch(view, saved.restarted_at));
    return step;
  }
  // One restart is enough, whoever made it.
  const Finding finding{"RestartedByOthers",
                        "somebody else restarted it meanwhile; waiting for that rollout instead of making another"};
  Step step = go_to(view, kWaitRollout, finding);
  step.effects.push_back(quietly(Notify{false, finding.reason, finding.message}));
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
                  {std::string(kReverted),
                   "somebody took the annotation restartedAt back (is the workload managed by GitOps?): its pods may "
                   "be the old ones again"});
  }
  const bool observed = target.observed_generation >= target.generation;
  if (target.replicas == 0 && (observed || kind != "DaemonSet")) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"ScaledToZero", "it was scaled to 0 meanwhile: no pod is left to be watched"});
  }
  if (progress.done) {
    return verify(view, progress.text);
  }
  // A condition from before the patch speaks of another rollout.
  if (target.progress_deadline_exceeded && observed) {
    return finish(
        view, Phase::kFailed, Outcome::kNone,
        {"RolloutStuck", fmt::format("the rollout did not finish: ProgressDeadlineExceeded ({})", progress.text)});
  }
  if (overdue(view, status.step_since)) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"RolloutDeadline", fmt::format("the rollout did not finish within {} ({})",
                                                  format_duration(view.settings.rollout_deadline), progress.text)});
  }
  return stay(view);  // progress is not worth a write: `kubectl rollout status` shows it
}

Step run(const View& view) { return view.journal.status.step == kWaitRollout ? step_wait(view) : step_patch(view); }

Needs needs_target(const Journal& /*journal*/) {
  Needs needs;
  needs.target = true;
  return needs;
}

/// Kinds of other groups bear these names too, and their controllers need not know the annotation.
bool fits_rollout(const ObjectRef& target) {
  return target.api_version.starts_with("apps/") &&
         (target.kind == "Deployment" || target.kind == "StatefulSet" || target.kind == "DaemonSet");
}

bool valid(const JournalStatus& status) {
  return (status.step == kPatchTemplate || status.step == kWaitRollout) && parse_rfc3339(status.saved.restarted_at) &&
         status.saved.restarted_at != status.saved.previous_restarted_at;
}

}  // namespace

const Strategies kRolloutRestartStrategy{needs_target, begin, run, false, fits_rollout, valid};

}  // namespace remint::restart

// ScaleToZero: down to 0, until the pods are gone, and back to the size that the journal keeps.
//
// From the first patch on the workload is owed its size: nothing but the target's own end, or somebody else's choice of
// another size, releases us from bringing it back.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "scale_steps.hpp"

namespace remint::restart {
namespace scale {

std::int64_t saved_size(const View& view) { return view.journal.status.saved.replicas.value_or(0); }

Step failed(const View& view, const Finding& why) { return finish(view, Phase::kFailed, Outcome::kNone, why); }

/// The scale subresource knows no UID as precondition; the resourceVersion, which no two objects share, is one.
Effect set_size(const View& view, std::int64_t size) {
  const TargetState& target = *view.observation.target;
  const Json body{{"metadata", {{"resourceVersion", target.resource_version}, {"uid", target.uid}}},
                  {"spec", {{"replicas", size}}}};
  const ObjectRef& ref = view.journal.spec.target;
  return and_tell(Patch{ref.kind, ref.key(), Patch::Type::kMerge, dump_json(body), "scale"});
}

bool overdue(const View& view) { return in_step(view) > view.settings.rollout_deadline; }

}  // namespace scale

namespace {

using namespace scale;

// --- Pending ---

/// With such a StatefulSet the volumes go with the pods.
bool loses_volumes(const TargetState& target) {
  const auto object = parse_json(target.object);
  if (!object) {
    return false;
  }
  FieldErrors ignored;  // what the API server sent has the form it should have; else there is no such policy
  const JsonReader policy = JsonReader(*object, ignored).at("spec").at("persistentVolumeClaimRetentionPolicy");
  return policy.at("whenScaled").string() == "Delete";
}

/// Why it must not be scaled to 0 as it is now.
std::optional<Finding> not_now(const View& view) {
  const TargetState& target = *view.observation.target;
  const std::string name = target_name(view);
  if (target.replicas == 0) {
    return Finding{"ScaledToZero", fmt::format("{} has 0 replicas: there is nothing to restart", name)};
  }
  if (target.paused) {
    // From 0, a Deployment comes back with the newest template only, which is what the pause holds back.
    return Finding{"RolloutPaused",
                   fmt::format("{} is paused (spec.paused): scaled to 0 and back, all its pods would be of the newest "
                               "template; run kubectl rollout resume first",
                               name)};
  }
  return rollout_stuck(view);
}

/// Why never.
std::optional<std::string> unsuitable(const View& view) {
  const TargetState& target = *view.observation.target;
  if (!target.controller.empty()) {
    return fmt::format("{} is controlled by {}, which would set its size back at once: restart that one",
                       target_name(view), target.controller);
  }
  if (loses_volumes(target)) {
    return fmt::format(
        "{} deletes the volumes of pods that are scaled away "
        "(persistentVolumeClaimRetentionPolicy.whenScaled: Delete): its data would be lost",
        target_name(view));
  }
  return std::nullopt;
}

Step begin(const View& view) {
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  if (const auto why = unsuitable(view)) {
    return unfit(view, *why);
  }
  if (const auto reason = not_now(view)) {
    return cancel(view, *reason);
  }
  // From 0 all pods come back with the newest template: a rollout that is half done would be forced to its end.
  if (const auto under_way = rollout_under_way(view)) {
    return wait_for_rollout(view, *under_way);
  }
  const TargetState& target = *view.observation.target;
  SavedState saved;
  saved.uid = target.uid;
  // spec.replicas is the size that somebody wants. status.replicas, which the scripts of old read, is what is there at
  // this moment: a controller that has not made all its pods yet (quota, just created, just scaled) would come back at
  // a passing size for good, and one whose first pod could not be made would stay at 0.
  saved.replicas = target.replicas;
  saved.generation_before = target.generation;
  const std::string text = fmt::format("scaling it from {} to 0", target.replicas);
  const std::string& autoscaler = view.observation.autoscaler;
  const std::string hpa = fmt::format(
      "HorizontalPodAutoscaler {} is switched off by Kubernetes while the size is 0, and goes on from {} "
      "replicas afterwards",
      autoscaler, target.replicas);
  Step step = start(view, kScaleDown, std::move(saved),
                    {"ScalingDown", autoscaler.empty() ? text : fmt::format("{}; {}", text, hpa)});
  if (!autoscaler.empty()) {
    step.effects.push_back(quietly(Notify{false, "AutoscalerOff", hpa}));
  }
  step.effects.push_back(set_size(view, 0));
  return step;
}

// --- Running ---

Step step_down(const View& view) {
  const TargetState& target = *view.observation.target;
  if (target.replicas == 0) {
    // Ours, even if its answer got lost. Somebody who scaled it to 0 in this very moment cannot be told apart.
    return view.journal.deleting
               ? scale_up(view, {"ScalingUp", fmt::format("deleted; scaling back to {}", saved_size(view))})
               : go_to(view, kWaitGone, {"WaitingForPods", "scaled to 0; waiting until its pods are gone"});
  }
  if (view.journal.deleting) {
    return cancel(view, {"JournalDeleting", "it was deleted before anything was done"});
  }
  if (target.replicas != saved_size(view)) {
    return cancel(view,
                  {"SizeChanged", fmt::format("somebody else scaled {} from {} to {} just now: nothing was touched",
                                              target_name(view), saved_size(view), target.replicas)});
  }
  if (target.generation >= view.journal.status.saved.generation_before + 2) {
    return theirs(view);  // two changes that cancel each other out: our 0, whose answer got lost, and their way back
  }
  if (const auto reason = not_now(view)) {
    return cancel(view, *reason);
  }
  if (overdue(view)) {
    return failed(view,
                  {"ScaleRefused",
                   fmt::format("{} could not be scaled to 0 within {}; it keeps its {} replicas: "
                               "see Remint's log for what the API server answered, and kubectl rollout status",
                               target_name(view), format_duration(view.settings.rollout_deadline), target.replicas)});
  }
  if (rollout_under_way(view)) {
    return stay(view);
  }
  Step step = stay(view);
  step.effects.push_back(set_size(view, 0));
  return step;
}

Step down_answered(const View& view, const Answer& answer) {
  const Finding refused{"ScaleRefused", fmt::format("{} cannot be scaled to 0: {}; it keeps its {} replicas",
                                                    target_name(view), answer.message, saved_size(view))};
  if (answer.code == ErrorCode::kForbidden || answer.code == ErrorCode::kInvalid) {
    return failed(view, refused);
  }
  return blocked(view, refused, backoff(view, std::chrono::minutes(1)));
}

Step run(const View& view) {
  const std::string& step = view.journal.status.step;
  if (const auto lost = target_lost(view)) {
    // What does not exist is owed nothing; what is made anew under its name has a size of its own.
    return step == kScaleDown ? cancel(view, *lost) : failed(view, *lost);
  }
  if (view.journal.deleting && view.observation.namespace_deleting) {
    return cancel(view, {"NamespaceDeleting", "its namespace is being deleted: nothing is left to bring back"});
  }
  if (const auto& answer = view.observation.answer) {
    // Taken, changed meanwhile or gone: the next look tells.
    const bool look_again =
        answer->taken || answer->code == ErrorCode::kConflict || answer->code == ErrorCode::kNotFound;
    if (look_again || (step != kScaleDown && step != kScaleUp)) {
      return stay(view);
    }
    return step == kScaleDown ? down_answered(view, *answer) : up_refused(view, *answer);
  }
  if (step == kScaleDown) {
    return step_down(view);
  }
  if (step == kWaitGone) {
    return step_gone(view);
  }
  return step == kScaleUp ? step_up(view) : step_ready(view);
}

// --- the table ---

Needs needs_look(const Journal& journal) {
  const std::string& step = journal.status.step;
  Needs needs;
  needs.target = true;
  needs.pods = step == kWaitGone || step == kWaitReady;
  needs.autoscaler = journal.status.phase == Phase::kPending;
  return needs;
}

/// What has a scale subresource and makes its pods anew by itself.
bool fits_scale(const ObjectRef& target) { return is_readable(target) && target.kind != "DaemonSet"; }

bool valid(const JournalStatus& status) {
  const std::string& step = status.step;
  return (step == kScaleDown || step == kWaitGone || step == kScaleUp || step == kWaitReady) &&
         !status.saved.uid.empty() && status.saved.replicas.value_or(0) > 0;
}

}  // namespace

const Strategies kScaleToZeroStrategy{needs_look, begin, run, true, fits_scale, valid};

}  // namespace remint::restart

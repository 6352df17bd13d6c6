// ScaleToZero, the way back up: until the old pods are gone, back to the saved size, until the new ones are Ready.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "scale_steps.hpp"

namespace remint::restart::scale {
namespace {

constexpr const char* kPodsNotGone = "PodsNotGone";

/// "kubectl scale replicationcontroller/cart -n shop --replicas=3"
std::string by_hand(const View& view) {
  const ObjectRef& target = view.journal.spec.target;
  std::string kind = target.kind;
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fmt::format("kubectl scale {}/{} -n {} --replicas={}", kind, target.name, target.ns, saved_size(view));
}

/// The WorkloadRestart is being deleted, and the workload has a size again.
Step let_go(const View& view) {
  return cancel(view, {"JournalDeleting", fmt::format("the WorkloadRestart was deleted while it ran; {} has its {} "
                                                      "replicas again",
                                                      target_name(view), view.observation.target->replicas)});
}

/// Finished pods are no replicas: nobody takes them away.
std::vector<std::string> names_of(const std::vector<PodState>& pods) {
  std::vector<std::string> names;
  for (const PodState& pod : pods) {
    if (!pod.finished || pod.terminating) {
      names.push_back(pod.name);
    }
  }
  return names;
}

Finding not_back(const View& view, std::string_view why) {
  return {"ScaleUpRefused",
          fmt::format("{} is at 0 and cannot be scaled back to {}: {}. Remint keeps trying. By hand: {}",
                      target_name(view), saved_size(view), why, by_hand(view))};
}

}  // namespace

Step theirs(const View& view) {
  const Finding finding{"ScaledByOthers",
                        fmt::format("somebody else scaled it to {} while it was being restarted (it had {}): left at "
                                    "that; waiting until its pods are Ready",
                                    view.observation.target->replicas, saved_size(view))};
  Step step = go_to(view, kWaitReady, finding);
  step.effects.push_back(quietly(Notify{false, finding.reason, finding.message}));
  return step;
}

Step scale_up(const View& view, const Finding& why) {
  Step step = go_to(view, kScaleUp, why);
  step.effects.push_back(set_size(view, saved_size(view)));
  return step;
}

Step step_gone(const View& view) {
  if (view.observation.target->replicas != 0) {
    return view.journal.deleting ? let_go(view) : theirs(view);
  }
  if (view.journal.deleting) {
    return scale_up(view, {"ScalingUp", fmt::format("deleted; scaling back to {}", saved_size(view))});
  }
  if (!view.observation.pods) {
    return stay(view);
  }
  const std::vector<std::string> left = names_of(*view.observation.pods);
  if (left.empty() && view.observation.target->current == 0) {
    return scale_up(view, {"ScalingUp", fmt::format("all pods are gone; scaling back to {}", saved_size(view))});
  }
  if (overdue(view)) {
    // Down for longer than this would be worse than the dead token. If they are still there when the new pods are
    // Ready, WaitReady says so.
    return scale_up(view, {kPodsNotGone, fmt::format("after {} still not gone: {}; scaling back to {} all the same",
                                                     format_duration(view.settings.rollout_deadline),
                                                     left.empty() ? "(status.replicas says so)" : name_list(left),
                                                     saved_size(view))});
  }
  return stay(view);
}

Step step_up(const View& view) {
  const TargetState& target = *view.observation.target;
  if (target.replicas != 0) {
    if (view.journal.deleting) {
      return let_go(view);
    }
    if (target.replicas != saved_size(view)) {
      return theirs(view);
    }
    // The same size set back by somebody is no different from ours. That old pods did not go is said at the end.
    const bool late = progress_reason(view.journal.status) == kPodsNotGone;
    return go_to(view, kWaitReady,
                 {late ? kPodsNotGone : "WaitingForPods",
                  fmt::format("scaled back to {}; waiting until its pods are Ready", target.replicas)});
  }
  const Duration pause = backoff(view, std::chrono::minutes(5));
  const bool silent = in_step(view) > std::chrono::minutes(1) && !blocked_since(view.journal.status);
  Step step = silent ? blocked(view, not_back(view, "the API server has not taken it"), pause) : stay(view, pause);
  step.effects.push_back(set_size(view, saved_size(view)));
  return step;
}

Step up_refused(const View& view, const Answer& answer) {
  return blocked(view, not_back(view, answer.message), backoff(view, std::chrono::minutes(5)));
}

Step step_ready(const View& view) {
  const TargetState& target = *view.observation.target;
  if (target.replicas == 0) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"ScaledToZero", "somebody else scaled it to 0 meanwhile: no pod is left to be watched"});
  }
  if (view.journal.deleting) {
    return let_go(view);
  }
  if (!view.observation.pods) {
    return stay(view);
  }
  const std::vector<PodState>& pods = *view.observation.pods;
  std::vector<std::string> going, old;
  for (const PodState& pod : pods) {
    if (!pod.finished && pod.created < new_pods_since(view.journal)) {
      (pod.terminating ? going : old).push_back(pod.name);
    }
  }
  const std::int64_t ready = count_ready(pods);
  const bool is_back = ready >= target.replicas;
  if (is_back && going.empty() && old.empty()) {
    return verify(view, fmt::format("all {} pods are new and Ready", ready));
  }
  if (is_back && !old.empty() && progress_reason(view.journal.status) != kPodsNotGone) {
    return failed(view, {std::string(kReverted),
                         fmt::format("somebody set its size back to {} before all pods were gone (is the workload "
                                     "managed by GitOps?): these were not replaced: {}",
                                     target.replicas, name_list(old))});
  }
  if (!overdue(view)) {
    return stay(view);
  }
  going.insert(going.end(), old.begin(), old.end());
  if (is_back) {
    return failed(view,
                  {kPodsNotGone, fmt::format("{} has its {} replicas again, but these old pods did not go: {}. Are "
                                             "their nodes, and the controller manager, alive?",
                                             target_name(view), target.replicas, name_list(going))});
  }
  return failed(view,
                {"PodsNotReady",
                 fmt::format("{} has its size of {} again, but only {} pods became Ready within {} (see kubectl "
                             "describe pod){}{}",
                             target_name(view), target.replicas, ready, format_duration(view.settings.rollout_deadline),
                             going.empty() ? "" : "; old pods that did not go: ", name_list(going))});
}

}  // namespace remint::restart::scale

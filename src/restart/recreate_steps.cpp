// Recreate, once the old pod is gone: a new one is owed.

#include <fmt/format.h>

#include "pod_manifest.hpp"
#include "recreate.hpp"

namespace remint::restart::recreate {
namespace {

constexpr Duration kMaxWait = std::chrono::minutes(5);  ///< between two tries of what is refused

/// With a warning of its own, for what the workload's owner should know though nothing failed.
Step end_and_warn(const View& view, const Finding& finding) {
  Step step = finish(view, Phase::kSucceeded, Outcome::kUnverified, finding);
  step.effects.push_back(quietly(Notify{true, finding.reason, step.status.message}));
  return step;
}

}  // namespace

Effect create(const View& view) {
  return and_tell(Create{"Pod", view.journal.key.ns, view.journal.status.saved.manifest, false});
}

Step found_another(const View& view) {
  const TargetState& target = *view.observation.target;
  if (made_by(target.object, view.journal)) {
    Step step = go_to(view, kWaitReady, {"WaitingReady", "the pod is created again; waiting for it to become Ready"});
    step.status.successor_uid = target.uid;
    return step;
  }
  return end_and_warn(view, {"ReplacedByOthers",
                             fmt::format("somebody else created a pod of that name meanwhile (UID {}): it stays as it "
                                         "is. Ours was not created; its manifest is in status.saved.manifest of "
                                         "WorkloadRestart {}",
                                         target.uid, view.journal.key.to_string())});
}

Step step_create(const View& view) {
  if (!view.observation.target_gone) {
    // The old one again: the API server was set back to a backup.
    return view.observation.target->uid == view.journal.status.saved.uid
               ? go_to(view, kDeletePod, {"Deleting", "the old pod is there again; evicting it"})
               : found_another(view);
  }
  const std::optional<Answer>& answer = view.observation.answer;
  if (answer && (answer->taken || answer->code == ErrorCode::kAlreadyExists)) {
    return stay(view);  // the next look tells whose it is
  }
  const bool patient = in_step(view) < kPatience;
  if (answer && !(may_pass(*answer) && patient)) {
    return blocked(
        view,
        {"CreateRefused", fmt::format("{} is deleted and cannot be created again, which is tried for as long "
                                      "as it takes: {}",
                                      target_name(view), answer->message)},
        backoff(view, kMaxWait));
  }
  Step step = stay(view, backoff(view, kMaxWait));
  if (!answer) {
    if (!patient && !is_blocked(view)) {
      step =
          blocked(view,
                  {"CreateRefused", fmt::format("{} is deleted and could not be created again so far, which is tried "
                                                "for as long as it takes: see Remint's log",
                                                target_name(view))},
                  step.look_again.value_or(kPatience));
    }
    step.effects.push_back(create(view));
  }
  return step;
}

Step step_wait_ready(const View& view) {
  const Observation& seen = view.observation;
  if (seen.target_gone || (seen.target->uid == view.journal.status.successor_uid && seen.target->deleting)) {
    return end_and_warn(view, {"PodDeleted", "the new pod was deleted before it was Ready: it is not created again"});
  }
  const TargetState& target = *seen.target;
  if (target.uid != view.journal.status.successor_uid) {
    return end_and_warn(view, {"ReplacedByOthers",
                               fmt::format("the new pod was deleted before it was Ready, and somebody else created one "
                                           "of that name (UID {}): it stays as it is",
                                           target.uid)});
  }
  if (target.finished) {
    const bool failed = pod_phase(target.object) == "Failed";
    return finish(view, failed ? Phase::kFailed : Phase::kSucceeded, failed ? Outcome::kNone : Outcome::kUnverified,
                  {"PodFinished", fmt::format("the new pod has finished ({})", pod_trouble(target.object))});
  }
  if (view.journal.deleting) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"JournalDeleting", "it was deleted; the pod is created again, whether it helped is not watched"});
  }
  if (target.ready > 0) {
    return verify(view, "the pod is created again and Ready");
  }
  if (overdue(view)) {
    return finish(
        view, Phase::kFailed, Outcome::kNone,
        {"NotReady", fmt::format("the new pod did not become Ready within {} ({}); it is left as it is",
                                 format_duration(view.settings.rollout_deadline), pod_trouble(target.object))});
  }
  return stay(view);
}

}  // namespace remint::restart::recreate

// Recreate, from the deletion on: the pod is owed.

#include <fmt/format.h>

#include <algorithm>

#include "pod_manifest.hpp"
#include "recreate.hpp"

namespace remint::restart::recreate {
namespace {

constexpr Duration kMaxWait = std::chrono::minutes(5);  ///< between two tries of what is refused

Effect create(const View& view) {
  return and_tell(Create{"Pod", view.journal.key.ns, view.journal.status.saved.manifest, false});
}

bool is_blocked(const View& view, std::string_view reason = "") {
  return std::ranges::any_of(view.journal.status.conditions, [&](const Condition& condition) {
    return condition.type == "Blocked" && condition.status && (reason.empty() || condition.reason == reason);
  });
}

/// With a warning of its own, for what the workload's owner should know though nothing failed.
Step end_and_warn(const View& view, const Finding& finding) {
  Step step = finish(view, Phase::kSucceeded, Outcome::kUnverified, finding);
  step.effects.push_back(quietly(Notify{true, finding.reason, step.status.message}));
  return step;
}

/// A pod of that name which is not the old one.
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

Step wait_for_termination(const View& view) {
  const Duration grace = grace_period(view.observation.target->object);
  if (in_step(view) <= view.settings.rollout_deadline + grace) {
    return stay(view);
  }
  return blocked(
      view,
      {"PodStuckTerminating",
       fmt::format("the old pod is still terminating, {} after its grace period of {}: is its node gone, or a "
                   "finalizer left? It is never removed by force, and created again when it is gone",
                   format_duration(view.settings.rollout_deadline), format_duration(grace))},
      backoff(view, kPatience / 2));
}

/// The old pod runs as if nobody had asked for its deletion: lost, refused, or not sent before a crash. How long ago
/// the dry run was, nobody knows; so each deletion follows on one of its own.
Step delete_again(const View& view) {
  const std::optional<Answer>& answer = view.observation.answer;
  if (!answer) {
    if (view.journal.deleting && overdue(view)) {
      return cancel(view, {"JournalDeleting", "it was deleted; the old pod could not be deleted and still runs"});
    }
    Step step = stay(view, backoff(view, kPatience));
    if (overdue(view) && !is_blocked(view)) {
      step = blocked(view, {"PodNotDeleted", "the old pod could not be deleted so far: see Remint's log"}, kPatience);
    }
    step.effects.push_back(dry_run(view, view.journal.status.saved.manifest));
    return step;
  }
  if (answer->taken) {
    Step step = is_blocked(view, "RecreateRefused")
                    ? go_to(view, kDeletePod, {"Deleting", "deleting the pod, with its own grace period"})
                    : stay(view, backoff(view, kPatience));
    step.effects.push_back(deletion(view));
    return step;
  }
  if (may_pass(*answer)) {
    return stay(view, backoff(view, kPatience));
  }
  if (view.journal.deleting) {
    return cancel(view, {"RecreateRefused", refused(*answer) + ". The old pod still runs"});
  }
  return blocked(view, {"RecreateRefused", refused(*answer) + ". The old pod is left alone until then"},
                 backoff(view, kMaxWait));
}

}  // namespace

Step step_delete(const View& view) {
  if (view.observation.target_gone) {
    Step step = go_to(view, kCreatePod, {"Creating", "the old pod is gone; creating it again"});
    step.effects.push_back(create(view));
    return step;
  }
  const TargetState& target = *view.observation.target;
  if (target.uid != view.journal.status.saved.uid) {
    return found_another(view);
  }
  if (target.deleting) {
    return wait_for_termination(view);
  }
  if (const auto reason = not_this(view)) {
    return cancel(view, *reason);
  }
  // Also when the journal is being deleted: our request may be on its way, and cannot be called back.
  return delete_again(view);
}

Step step_create(const View& view) {
  if (!view.observation.target_gone) {
    // The old one again: the API server was set back to a backup.
    return view.observation.target->uid == view.journal.status.saved.uid
               ? go_to(view, kDeletePod, {"Deleting", "the old pod is there again; deleting it"})
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

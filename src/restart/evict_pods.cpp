// EvictPods: only the pods in question, one at a time, through the Eviction API, which asks PodDisruptionBudgets.
//
// The journal names the pods by UID; which of them are gone, the pods themselves tell. So repeating a step never takes
// a second pod: the same UID cannot be evicted twice, and the next one only goes when the last one's replacement is
// there.

#include "disruption_budget.hpp"
#include "evict_progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace remint::restart {
namespace {

constexpr const char* kEvict = "Evict";

std::string so_far(const View& view, const Eviction& progress) {
  return fmt::format("{} of {} pods are evicted", progress.gone, view.journal.status.saved.pods.size());
}

std::string announcement(const std::vector<SavedPod>& pods, const SavedPod& pod) {
  return fmt::format("evicting pod {} ({} of {})", pod.name, &pod - pods.data() + 1, pods.size());
}

/// Does the journal say already that this pod is the one? Its deadline runs since then.
bool announced(const View& view, const SavedPod& pod) {
  return progress_message(view.journal.status) == announcement(view.journal.status.saved.pods, pod);
}

Effect evict_one(const View& view, const SavedPod& pod) {
  return and_tell(Evict{{view.journal.spec.target.ns, pod.name}, pod.uid});
}

Step ended(const View& view, const Eviction& progress, const Finding& why, Outcome outcome = Outcome::kNone) {
  return finish(view, Phase::kFailed, outcome, {why.reason, why.message + "; " + so_far(view, progress)});
}

// --- Pending ---

/// Why it must not be begun on the target as it is now. A paused Deployment is no reason: its ReplicaSets make pods
/// anew from the templates that they have. Neither is OnDelete: this is how such a workload's pods are replaced.
std::optional<Finding> not_now(const View& view) {
  const ObjectRef& meant = view.journal.spec.target;
  if (!is_readable(meant)) {
    return meant.uid.empty()
               ? std::optional(Finding{"UidMissing", fmt::format("only its UID tells which pods are those "
                                                                 "of {}: set spec.target.uid",
                                                                 target_name(view))})
               : std::nullopt;
  }
  if (const auto lost = target_lost(view)) {
    return lost;
  }
  return rollout_stuck(view);
}

Step begin(const View& view) {
  if (const auto reason = not_now(view)) {
    return cancel(view, *reason);
  }
  if (!view.observation.pods) {
    return stay(view);
  }
  const JournalSpec& spec = view.journal.spec;
  const std::vector<const PodState*> pods = affected(view);
  if (pods.empty()) {
    return cancel(
        view, {"NothingToEvict",
               spec.pods.empty() ? fmt::format("{} has no running pods: there is nothing to restart", target_name(view))
                                 : fmt::format("none of the pods in question runs any more ({}): there is "
                                               "nothing left to restart",
                                               name_list(spec.pods))});
  }
  if (is_readable(spec.target)) {
    if (const auto under_way = rollout_under_way(view)) {
      return wait_for_rollout(view, *under_way);
    }
  }
  SavedState saved;
  saved.uid = is_readable(spec.target) ? view.observation.target->uid : spec.target.uid;
  saved.replicas = count_ready(*view.observation.pods);
  for (std::size_t i = 0; i < std::min(pods.size(), kMaxSavedPods); ++i) {
    saved.pods.push_back({pods[i]->name, pods[i]->uid});
  }
  const SavedPod first = saved.pods.front();
  const std::string text = announcement(saved.pods, saved.pods.front());
  Step step = start(view, kEvict, std::move(saved), {"Evicting", text});
  if (pods.size() > kMaxSavedPods) {
    step.effects.push_back(quietly(Notify{true, "TooManyPods",
                                          fmt::format("only the first {} of {} pods are evicted: no more fit into one "
                                                      "WorkloadRestart; create another one for the others",
                                                      kMaxSavedPods, pods.size())}));
  }
  step.effects.push_back(evict_one(view, first));
  return step;
}

// --- Running ---

/// The pod that was in the way is gone: the clock for its replacement starts now.
Step resume(const View& view, const Eviction& progress) {
  Step step = go_to(view, kEvict, {"WaitingForReplacement", so_far(view, progress) + "; waiting for the replacement"});
  step.status.step_since = view.now;
  return step;
}

Step wait(const View& view, const Eviction& progress, const Wait& what) {
  const Time began = view.journal.status.step_since.value_or(view.journal.created);
  const bool over = view.now - std::max(began, progress.grace_over.value_or(began)) > view.settings.rollout_deadline;
  if (over && !progress.terminating.empty()) {
    return blocked(
        view,
        {"StuckTerminating",
         fmt::format("still Terminating {} after the end of the grace period: {}. Is the node gone? "
                     "Remint forces no pod away, since it may still run there: it goes on when the pod is gone",
                     format_duration(view.settings.rollout_deadline), name_list(progress.terminating))},
        std::chrono::minutes(1));
  }
  const bool still_refused = !progress.left.empty() && announced(view, *progress.left.front());
  if (blocked_since(view.journal.status) && !still_refused) {
    return resume(view, progress);
  }
  return over ? ended(view, progress, what.finding, what.outcome) : stay(view);
}

Step evict(const View& view, const Eviction& progress) {
  const SavedPod& pod = *progress.left.front();
  Step step = stay(view);
  if (!announced(view, pod)) {
    step = go_to(view, kEvict, {"Evicting", announcement(view.journal.status.saved.pods, pod)});
    step.status.step_since = view.now;
  } else if (in_step(view) > 2 * view.settings.rollout_deadline) {
    // Not a word from the API server about it in all that time.
    return ended(
        view, progress,
        {"EvictionRefused", fmt::format("pod {} could not be evicted: see Remint's log for what the API server "
                                        "answered",
                                        pod.name)});
  }
  step.effects.push_back(evict_one(view, pod));
  return step;
}

Step answered(const View& view, const Eviction& progress, const Answer& answer) {
  // Not found, or another pod under that name: it is gone. A conflict may also be one about the budget's own counters.
  if (answer.taken || answer.code == ErrorCode::kNotFound || answer.code == ErrorCode::kConflict ||
      progress.left.empty()) {
    return stay(view);
  }
  const std::string& pod = progress.left.front()->name;
  const Finding refused{"EvictionRefused", fmt::format("pod {} cannot be evicted: {}", pod, answer.message)};
  if (answer.code == ErrorCode::kForbidden || answer.code == ErrorCode::kInvalid) {
    return ended(view, progress, refused);
  }
  const Finding held =
      answer.code == ErrorCode::kTooMany ? eviction_held_back(view.journal.spec.target.ns, answer.message) : refused;
  if (in_step(view) > view.settings.rollout_deadline) {
    return ended(view, progress,
                 {held.reason, fmt::format("pod {} could not be evicted within {}: {}", pod,
                                           format_duration(view.settings.rollout_deadline), held.message)});
  }
  return blocked(view, held, backoff(view, std::chrono::minutes(1)));
}

Step step_evict(const View& view) {
  const bool readable = is_readable(view.journal.spec.target);
  if (!view.observation.pods) {
    return stay(view);
  }
  const Eviction progress = look_at_eviction(view);
  if (readable) {
    if (const auto lost = target_lost(view)) {
      return progress.gone == 0 ? cancel(view, *lost) : ended(view, progress, *lost);
    }
    const TargetState& target = *view.observation.target;
    // A DaemonSet's size is its controller's finding.
    if (target.replicas == 0 && target.observed_generation >= target.generation) {
      return finish(view, progress.gone == 0 ? Phase::kCancelled : Phase::kSucceeded,
                    progress.gone == 0 ? Outcome::kNone : Outcome::kUnverified,
                    {"ScaledToZero", "it was scaled to 0 meanwhile: no pod is left to be watched"});
    }
  }
  if (view.observation.answer) {
    return answered(view, progress, *view.observation.answer);
  }
  if (const auto& seen = view.observation.verification; seen && seen->failing > 0) {
    return ended(view, progress,
                 {"NotCured", fmt::format("{} of {} new pods fail again with 401: a new token is not the cure, so no "
                                          "further pod is evicted",
                                          seen->failing, seen->pods)},
                 Outcome::kNotCured);
  }
  if (const auto what = not_replaced(view, progress)) {
    return wait(view, progress, *what);
  }
  if (progress.left.empty()) {
    return verify(view, so_far(view, progress) + " and replaced");
  }
  if (const auto what = not_heard(view, progress)) {
    return wait(view, progress, *what);
  }
  return evict(view, progress);
}

// --- the table ---

Needs needs_pods(const Journal& journal) {
  Needs needs;
  needs.target = is_readable(journal.spec.target);
  needs.pods = true;
  needs.verification = journal.status.phase == Phase::kRunning;
  return needs;
}

/// Not a bare pod, which nobody would make again; not a Node's pods: those are mirrors of static pods, which the
/// kubelet runs on; not a Job's, which takes an evicted pod for a failed one and may give up.
bool fits_pods(const ObjectRef& target) {
  return target.kind != "Pod" && target.kind != "Node" &&
         !(target.kind == "Job" && target.api_version.starts_with("batch/"));
}

bool valid(const JournalStatus& status) {
  const SavedState& saved = status.saved;
  return status.step == kEvict && !saved.uid.empty() && saved.replicas && !saved.pods.empty() &&
         std::ranges::none_of(saved.pods, [](const SavedPod& pod) { return pod.name.empty() || pod.uid.empty(); });
}

}  // namespace

const Strategies kEvictPodsStrategy{needs_pods, begin, step_evict, false, fits_pods, valid};

}  // namespace remint::restart

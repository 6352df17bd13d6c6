// RollingReplace, forward until all pods are new: surge 1, unavailable 0, one change of size at a time.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart::rolling {
namespace {

/// The second controller is there.
Step begin_to_move(const View& view, const Pair& pair) {
  const SavedState& saved = view.journal.status.saved;
  Step step = go_to(view, kMove,
                    {"MovingPods", fmt::format("moving the {} pods of {} to {}: one new pod, and once it is available "
                                               "one old pod less",
                                               *saved.replicas, target_name(view), saved.successor)});
  step.status.successor_uid = pair.next->state->uid;
  return step;
}

Duration since(const View& view, const std::optional<Time>& time) { return time ? view.now - *time : Duration::max(); }

/// Has the newest pod been there for long enough? Counted from when it became ready: who sends it requests must have
/// heard of it before an old pod goes.
bool paced(const View& view, const Pair& pair) {
  const Duration period = view.journal.spec.options.update_period;
  return since(view, pair.next->moved()) >= period && since(view, pair.next_pods.last_ready) >= period;
}

Step too_late(const View& view, const Pair& pair) {
  const std::string refused = pods_refused(pair);
  return roll_back(
      view, {"RolloutDeadline", fmt::format("{} of {} new pods of {} are available, and nothing has moved for {}{}",
                                            pair.available, pair.next->state->replicas, target_name(view),
                                            format_duration(deadline(view)), refused.empty() ? "" : ": " + refused)});
}

bool says_pods_refused(const JournalStatus& status) {
  return std::ranges::any_of(status.conditions, [](const Condition& condition) {
    return condition.type == "Blocked" && condition.status && condition.reason == "PodsRefused";
  });
}

/// Waiting for pods, or for the time to pass; says so when they cannot even be created.
Step wait(const View& view, const Pair& pair) {
  const std::string refused = pods_refused(pair);
  const bool said = says_pods_refused(view.journal.status);
  if (refused.empty() && said) {
    return begin_to_move(view, pair);
  }
  // The words change with each try (they name the pod); one write is enough.
  if (refused.empty() || said) {
    return stay(view);
  }
  return blocked(
      view,
      {"PodsRefused", fmt::format("no new pod of {} can be created ({}). Nothing is taken away; it is rolled "
                                  "back if that lasts longer than {}",
                                  target_name(view), refused, format_duration(deadline(view)))},
      view.settings.poll);
}

}  // namespace

Step step_create_next(const View& view) {
  const Pair pair = look(view);
  const std::string name = target_name(view);
  if (pair.old && !pair.next && claimed_by_others(*pair.old, view.journal)) {
    return cancel(view, {"AnotherRestart", fmt::format("{} is being replaced by another restart", name)});
  }
  if (view.journal.deleting) {
    return roll_back(view, {"JournalDeleting", "this WorkloadRestart was deleted"});
  }
  if (!pair.old) {
    return roll_back(view, *target_lost(view));
  }
  const SavedState& saved = view.journal.status.saved;
  if (pair.name_taken) {
    return roll_back(view, {std::string(kStrategyUnfit),
                            fmt::format("somebody created a ReplicationController {} meanwhile: that name was meant "
                                        "for the second controller of {}",
                                        saved.successor, name)});
  }
  if (pair.old->state->replicas != *saved.replicas || !unedited(*pair.old, saved)) {
    return roll_back(view, {"EditedByOthers", fmt::format("somebody edited or scaled {} just now", name)});
  }
  if (since(view, view.journal.status.step_since) > deadline(view)) {
    return roll_back(view, {"CreateRefused", fmt::format("{} could not be created within {}", saved.successor,
                                                         format_duration(deadline(view)))});
  }
  if (pair.old->annotation(kClaim) != claim_of(view.journal)) {
    return trying(view, claim(view, *pair.old, claim_of(view.journal), *saved.replicas));
  }
  if (!pair.next) {
    return trying(view, create(view, next_object(view.journal, *checked_manifest(view.journal)), false));
  }
  return begin_to_move(view, pair);
}

Step step_move(const View& view) {
  const Pair pair = look(view);
  const std::string name = target_name(view);
  const std::int64_t wanted = *view.journal.status.saved.replicas;
  if (view.journal.deleting) {
    return roll_back(view, {"JournalDeleting", "this WorkloadRestart was deleted"});
  }
  if (const auto why = disturbed(view, pair)) {
    return roll_back(view, *why);
  }
  if (const auto& seen = view.observation.verification; seen && seen->failing > 0) {
    return roll_back(view, {"NotCured", fmt::format("{} of {} new pods of {} fail again with 401: a new token is not "
                                                    "the cure",
                                                    seen->failing, seen->pods, name)});
  }
  const TargetState& old = *pair.old->state;
  const TargetState& next = *pair.next->state;
  const bool next_up = pair.available >= next.replicas;
  const bool old_settled = pair.old_pods.live <= old.replicas;
  if (next_up && old_settled && old.replicas == 0 && next.replicas >= wanted) {
    return go_to(view, kDeleteOld,
                 {"DeletingOld", fmt::format("all {} pods of {} are new; deleting the old controller", wanted, name)});
  }
  if (view.now - last_move(view, pair) > deadline(view)) {
    return too_late(view, pair);
  }
  if (!next_up || !old_settled) {
    return wait(view, pair);
  }
  if (old.replicas + next.replicas <= wanted) {
    return trying(view, resize(view, *pair.next, view.journal.status.saved.successor, next.replicas + 1));
  }
  // The old controller takes away pods that are not ready before those that are: so this leaves no less than there
  // were, however many old pods are broken.
  return paced(view, pair) ? trying(view, resize(view, *pair.old, view.journal.spec.target.name, old.replicas - 1))
                           : wait(view, pair);
}

}  // namespace remint::restart::rolling

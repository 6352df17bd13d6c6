// RollingReplace, the way home: the old controller goes, the second one leaves its pods, the original takes them over.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart::rolling {
namespace {

constexpr auto kPatience = std::chrono::minutes(1);

/// It bears a deletionTimestamp: the garbage collector lets go of its pods, then it is gone.
Step wait_deleted(const View& view, const Seen& seen, const std::string& name) {
  if (in_step(view) < kPatience) {
    return stay(view);
  }
  return blocked(
      view,
      {"DeletionHangs", fmt::format("ReplicationController {} is being deleted, but does not go: it waits for "
                                    "{}. Remint waits, too",
                                    name, seen.finalizers().empty() ? "nothing known" : seen.finalizers())},
      backoff(view, std::chrono::seconds(30)));
}

/// Whatever bears the old name now and is not the controller that we deleted.
std::optional<Seen> newcomer(const View& view) {
  auto seen = see(view.observation.target);
  return seen && seen->state->uid != view.journal.status.saved.uid ? std::move(seen) : std::nullopt;
}

}  // namespace

Step let_go(const View& view) {
  return go_to(view, kOrphanNext,
               {"OrphaningPods", fmt::format("the old controller is deleted; the second one, {}, is to leave its "
                                             "pods",
                                             view.journal.status.saved.successor)});
}

namespace {

Step old_is_gone(const View& view, const Pair& pair) {
  // Its deletion was ours only if the second one had been made independent of it before.
  if (pair.next && pair.next->owned_by(view.journal.status.saved.uid)) {
    Step step = roll_back(view, *target_lost(view));
    step.status.successor_uid.clear();
    return step;
  }
  if (view.journal.spec.options.keep_new_name && pair.next) {
    return verify(view, fmt::format("all {} pods are replaced; the controller's name is {} now",
                                    *view.journal.status.saved.replicas, view.journal.status.saved.successor));
  }
  // Also when both are gone: whether a person wanted that cannot be told any more, and what was there must not be lost.
  return let_go(view);
}

/// Without the owner reference to the old one, which would have the garbage collector delete it, too.
Effect make_independent(const View& view, const Seen& next) {
  Json rest = Json::array();
  for (const Json& owner : member(next.object(), {"metadata", "ownerReferences"})) {
    if (text(owner, {"uid"}) != view.journal.status.saved.uid) {
      rest.push_back(owner);
    }
  }
  Json metadata;
  metadata["ownerReferences"] = rest.empty() ? Json() : rest;
  return change(view, next, view.journal.status.saved.successor, std::move(metadata), Json());
}

Step created(const View& view, const Seen& seen) {
  const std::string name = target_name(view);
  const bool ours = seen.annotation(kRestartedBy) == view.journal.uid;
  const Json manifest = *checked_manifest(view.journal);
  std::string message = fmt::format("{} is there again; waiting until it has its pods", name);
  if (!ours) {
    message = fmt::format("somebody else created {} meanwhile: theirs stays{}", name,
                          takes_pods_of(seen.object(), next_object(view.journal, manifest))
                              ? ", and takes the pods over"
                              : fmt::format(". It does not select the pods that were made (label {}={}): delete them "
                                            "once its own are ready",
                                            kRestartLabel, hash_of(view.journal)));
  }
  Step step = go_to(view, kWaitReady, {ours ? "WaitingForPods" : "CreatedByOthers", message});
  step.status.successor_uid = seen.state->uid;
  if (!ours) {
    step.effects.push_back(quietly(Notify{true, "CreatedByOthers", message}));
  }
  return step;
}

}  // namespace

Step step_delete_old(const View& view) {
  const Pair pair = look(view);
  const auto found = see(view.observation.target);
  if (!found || found->state->uid != view.journal.status.saved.uid) {
    return old_is_gone(view, pair);
  }
  if (found->state->deleting) {
    return wait_deleted(view, *found, view.journal.spec.target.name);
  }
  // As long as it is there, turning round costs nothing.
  if (const auto why = disturbed(view, pair)) {
    return roll_back(view, *why);
  }
  const TargetState& next = *pair.next->state;
  const bool whole = pair.available >= *view.journal.status.saved.replicas && pair.old_pods.live == 0 &&
                     found->state->replicas == 0 && next.replicas == *view.journal.status.saved.replicas;
  if (!whole || in_step(view) > deadline(view)) {
    return in_step(view) <= deadline(view)
               ? stay(view)
               : roll_back(view, {"RolloutDeadline", fmt::format("the old controller of {} could not be deleted within "
                                                                 "{}, or its new pods were not available",
                                                                 target_name(view), format_duration(deadline(view)))});
  }
  if (!takes_pods_of(*checked_manifest(view.journal), pair.next->object())) {
    return roll_back(view, {"EditedByOthers", fmt::format("somebody edited {}: {} would not take its pods over",
                                                          view.journal.status.saved.successor, target_name(view))});
  }
  if (pair.next->owned_by(view.journal.status.saved.uid)) {
    return trying(view, make_independent(view, *pair.next));
  }
  // Should somebody have scaled it up this very moment: its pods stay, and the original takes them over.
  const char* propagation = view.journal.spec.options.keep_new_name ? "Background" : "Orphan";
  return trying(view, remove(view, *pair.old, view.journal.spec.target.name, propagation));
}

Step step_orphan_next(const View& view) {
  const Pair pair = look(view);
  const std::string& successor = view.journal.status.saved.successor;
  if (!pair.next) {
    return go_to(view, kCreateFinal, {"CreatingAgain", fmt::format("creating {} again", target_name(view))});
  }
  if (pair.next->state->deleting) {
    return wait_deleted(view, *pair.next, successor);
  }
  if (const auto theirs = newcomer(view); theirs && !theirs->state->deleting) {
    if (takes_pods_of(theirs->object(), pair.next->object())) {
      return trying(view, remove(view, *pair.next, successor, "Orphan"));
    }
    // It makes pods of its own; ours serve until these are there.
    const std::int64_t ready = count_pods(view.observation.pods.value_or(std::vector<PodState>{}), theirs->state->uid,
                                          new_pods_since(view.journal))
                                   .ready;
    return ready >= theirs->state->replicas ? trying(view, remove(view, *pair.next, successor, "Background"))
                                            : stay(view);
  }
  if (view.observation.target) {
    return stay(view);  // the old one, still: the garbage collector is not done
  }
  if (progress_reason(view.journal.status) == kCreationChecked) {
    return trying(view, remove(view, *pair.next, successor, "Orphan"));
  }
  // If quota, admission or RBAC do not let it be created again, better to know while its pods still have a controller.
  return trying(view, create(view, final_object(view.journal, *checked_manifest(view.journal)), true));
}

Step creation_checked(const View& view) {
  return go_to(view, kOrphanNext,
               {kCreationChecked, fmt::format("{} could be created again (dry run); taking the second controller, {}, "
                                              "away from its pods",
                                              target_name(view), view.journal.status.saved.successor)});
}

Step step_create_final(const View& view) {
  const auto found = newcomer(view);
  if (found && !found->state->deleting) {
    return created(view, *found);
  }
  if (view.observation.target) {
    return stay(view);
  }
  return trying(view, create(view, final_object(view.journal, *checked_manifest(view.journal)), false));
}

Step step_wait_ready(const View& view) {
  const std::string name = target_name(view);
  const auto found = newcomer(view);
  if (view.journal.deleting) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"JournalDeleting", "its pods are replaced; it was deleted before it was known whether it helped"});
  }
  if (!found || found->state->deleting || found->state->uid != view.journal.status.successor_uid) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"TargetReplaced", fmt::format("somebody deleted {} after its pods had been replaced", name)});
  }
  const TargetState& target = *found->state;
  if (target.replicas == 0) {
    return finish(view, Phase::kSucceeded, Outcome::kUnverified,
                  {"ScaledToZero", "it was scaled to 0 meanwhile: no pod is left to be watched"});
  }
  const Counts pods =
      count_pods(view.observation.pods.value_or(std::vector<PodState>{}), target.uid, new_pods_since(view.journal));
  if (pods.live == target.replicas && pods.ready == target.replicas) {
    return verify(view, fmt::format("all {} pods are replaced", target.replicas));
  }
  if (in_step(view) > deadline(view)) {
    return finish(view, Phase::kFailed, Outcome::kNone,
                  {"RolloutDeadline", fmt::format("{} of {} pods of {} are ready after {}; its size and name are as "
                                                  "before",
                                                  pods.ready, target.replicas, name, format_duration(deadline(view)))});
  }
  return stay(view);
}

}  // namespace remint::restart::rolling

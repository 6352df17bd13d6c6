// RollingReplace, back to how it was: the old controller gets its size first, then the second one goes.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart::rolling {
namespace {

/// Why it turned round: kept in condition Progressing, which nothing else changes on the way back.
Finding why(const View& view) {
  for (const Condition& condition : view.journal.status.conditions) {
    if (condition.type == "Progressing") {
      return {condition.reason, condition.message};
    }
  }
  return {"RolledBack", "rolled back"};
}

Step finish_back(const View& view) {
  const Finding finding = why(view);
  if (finding.reason == kStrategyUnfit) {
    return unfit(view, finding.message);
  }
  if (finding.reason == "JournalDeleting") {
    return cancel(view, finding);
  }
  return finish(view, Phase::kFailed, finding.reason == "NotCured" ? Outcome::kNotCured : Outcome::kNone, finding);
}

/// The size that the old controller gets back. A person's own number stands; ours does not.
std::int64_t size_to_restore(const View& view, const Pair& pair) {
  const std::int64_t saved = *view.journal.status.saved.replicas;
  const std::int64_t now = pair.old->state->replicas;
  if (const auto expected = pair.old->expected(); expected && pair.old->annotation(kClaim) == claim_of(view.journal)) {
    return now == expected ? saved : now;
  }
  // Without our note nobody can tell whose number it is. Where a pod may have been moved, rather too many than too few.
  return pair.next ? std::max(now, saved) : now;
}

/// The old controller was deleted by somebody else: what was made for it goes the way they chose.
Step follow_the_old_one(const View& view, const Pair& pair) {
  if (view.observation.target && view.observation.target->deleting &&
      view.observation.target->uid == view.journal.status.saved.uid) {
    return stay(view);  // the garbage collector shows what becomes of its pods
  }
  const bool cascade = pair.next && pair.next->owned_by(view.journal.status.saved.uid);
  if (!view.journal.status.successor_uid.empty() && !cascade) {
    return let_go(view);  // it was our deletion that came late: only forward is nothing lost
  }
  if (!pair.next) {
    return finish_back(view);
  }
  if (pair.next->state->deleting) {
    return stay(view);
  }
  // Orphaned with the old one's pods (kubectl delete --cascade=orphan), or deleted with them.
  return trying(view, remove(view, *pair.next, view.journal.status.saved.successor, cascade ? "Background" : "Orphan"));
}

/// May the second controller's pods go? Only when the old one has ready ones for them.
bool replaced(const View& view, const Pair& pair) {
  const bool all = pair.old_pods.ready >= pair.old->state->replicas;
  // Old pods whose dead token keeps them from being ready never become so: then one new pod of the old controller for
  // each of the second one's is all there can be.
  const bool as_many = pair.old_pods.fresh_ready >= pair.next_pods.ready;
  return all || (in_step(view) > deadline(view) && as_many);
}

/// All is as before, but for our marks.
Effect unmark(const View& view, const Seen& old) {
  Json metadata;
  metadata["annotations"] = {{kClaim, nullptr}, {kExpected, nullptr}, {kMovedAt, nullptr}};
  return change(view, old, view.journal.spec.target.name, std::move(metadata), Json());
}

Step take_next_away(const View& view, const Pair& pair) {
  const std::string& successor = view.journal.status.saved.successor;
  if (pair.next->state->deleting) {
    return stay(view);
  }
  if (pair.next->state->replicas > 0) {
    if (replaced(view, pair)) {
      return trying(view, resize(view, *pair.next, successor, 0));
    }
    if (in_step(view) <= deadline(view)) {
      return stay(view);
    }
    return blocked(view,
                   {"OldPodsNotReady",
                    fmt::format("{} of {} old pods of {} are ready: the {} ready ones of {} are kept until more are",
                                pair.old_pods.ready, pair.old->state->replicas, target_name(view), pair.next_pods.ready,
                                successor)},
                   backoff(view, std::chrono::seconds(30)));
  }
  return pair.next_pods.live > 0 ? stay(view) : trying(view, remove(view, *pair.next, successor, "Background"));
}

}  // namespace

Step roll_back(const View& view, const Finding& why) {
  const std::string message = fmt::format("{}; rolled back to the pods of the old controller", why.message);
  Step step = go_to(view, kRollBack, {why.reason, message});
  if (view.journal.status.step != kDeleteOld) {
    step.status.successor_uid.clear();  // set, it says that a deletion of the old controller may be on its way
  }
  step.effects.push_back(quietly(Notify{true, "RollingBack", message}));
  return step;
}

Step step_roll_back(const View& view) {
  const Pair pair = look(view);
  if (!pair.old) {
    return follow_the_old_one(view, pair);
  }
  const std::string mark = pair.old->annotation(kClaim);
  if (view.journal.status.rolled_out) {
    return mark.empty() || claimed_by_others(*pair.old, view.journal) ? finish_back(view)
                                                                      : trying(view, unmark(view, *pair.old));
  }
  if (!pair.next && claimed_by_others(*pair.old, view.journal)) {
    return finish_back(view);
  }
  if (mark != claim_going_back(view.journal)) {
    return trying(view, claim(view, *pair.old, claim_going_back(view.journal), size_to_restore(view, pair)));
  }
  if (pair.next) {
    return take_next_away(view, pair);
  }
  // Noted before the marks go: without them it would look as if the way back had not begun.
  Step step = go_to(view, kRollBack, why(view));
  step.status.rolled_out = view.now;
  return step;
}

Step journal_invalid(const View& view, const std::string& what) {
  return finish(view, Phase::kFailed, Outcome::kNone, {"JournalInvalid", what + ": nothing more is done"});
}

}  // namespace remint::restart::rolling

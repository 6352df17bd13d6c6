// Recreate, once the deletion is in the journal: until the old pod is gone, or certainly stays.

#include <fmt/format.h>

#include "disruption_budget.hpp"
#include "pod_manifest.hpp"
#include "recreate.hpp"

namespace remint::restart::recreate {
namespace {

constexpr Duration kMaxWait = std::chrono::minutes(5);  ///< between two tries of what is refused
/// Longer than any request lives: the API server gives up after 60 s (--request-timeout) unless told otherwise, the
/// client sooner, and who lost the lease sends none.
constexpr Duration kStillUnderWay = std::chrono::minutes(2);

constexpr const char* kStuck = "PodStuckTerminating";
constexpr const char* kNotDeleted = "PodNotDeleted";

Step wait_for_termination(const View& view) {
  if (is_blocked(view) && !is_blocked(view, kStuck)) {
    // What kept it from being evicted is over: the clock for its end starts now.
    Step step = go_to(view, kDeletePod, {"Deleting", "the old pod is terminating"});
    step.status.step_since = view.now;
    return step;
  }
  const Duration grace = grace_period(view.observation.target->object);
  if (in_step(view) <= view.settings.rollout_deadline + grace) {
    return stay(view);
  }
  return blocked(
      view,
      {kStuck, fmt::format("the old pod is still terminating, {} after its grace period of {}: is its node gone, or a "
                           "finalizer left? It is never removed by force, and created again when it is gone",
                           format_duration(view.settings.rollout_deadline), format_duration(grace))},
      backoff(view, kPatience / 2));
}

/// From now on nothing is sent, and what was sent has its time to come to an end.
Step give_up(const View& view, const Finding& why) { return go_to(view, kGiveUp, why); }

bool blocked_too_long(const View& view) {
  const std::optional<Time> since = blocked_since(view.journal.status);
  return since && view.now - *since > view.settings.rollout_deadline;
}

/// What the API server said to the eviction.
Step evicted(const View& view, const Answer& answer) {
  // Not found, or another pod under that name: it is gone. A conflict may also be one about the budget's own counters.
  if (answer.taken || answer.code == ErrorCode::kNotFound || answer.code == ErrorCode::kConflict) {
    return stay(view);
  }
  const Finding held = answer.code == ErrorCode::kTooMany
                           ? eviction_held_back(view.journal.spec.target.ns, answer.message)
                           : Finding{"EvictionRefused", "the pod cannot be evicted: " + answer.message};
  if (blocked_too_long(view)) {
    return give_up(view, {held.reason, fmt::format("the pod could not be evicted within {}: {}",
                                                   format_duration(view.settings.rollout_deadline), held.message)});
  }
  return blocked(view, held, backoff(view, kPatience));
}

/// The old pod runs as if nobody had asked for its deletion: lost, refused, or not sent before a crash. How long ago
/// the dry run was, nobody knows; so each eviction follows on one of its own.
Step ask_again(const View& view) {
  if (view.journal.deleting && overdue(view)) {
    return give_up(view, {"JournalDeleting", "it was deleted; the old pod could not be evicted"});
  }
  if (is_blocked(view, kNotDeleted) && blocked_too_long(view)) {
    return give_up(view, {kNotDeleted, "the old pod could not be evicted: see Remint's log"});
  }
  Step step = stay(view, backoff(view, kPatience));
  if (overdue(view) && !is_blocked(view)) {
    step = blocked(view, {kNotDeleted, "the old pod could not be evicted so far: see Remint's log"}, kPatience);
  }
  step.effects.push_back(dry_run(view, view.journal.status.saved.manifest));
  return step;
}

/// What the API server said to the dry run.
Step tried(const View& view, const Answer& answer) {
  if (answer.taken) {
    Step step = is_blocked(view, "RecreateRefused")
                    ? go_to(view, kDeletePod, {"Deleting", "evicting the pod, with its own grace period"})
                    : stay(view, backoff(view, kPatience));
    step.effects.push_back(eviction(view));
    return step;
  }
  if (may_pass(answer)) {
    return stay(view, backoff(view, kPatience));
  }
  if (view.journal.deleting) {
    return give_up(view, {"RecreateRefused", refused(answer)});
  }
  return blocked(view, {"RecreateRefused", refused(answer) + ". The old pod is left alone until then"},
                 backoff(view, kMaxWait));
}

/// Where the pod is no more what it was when its deletion was decided.
std::optional<Step> gone(const View& view) {
  if (view.observation.target_gone) {
    Step step = go_to(view, kCreatePod, {"Creating", "the old pod is gone; creating it again"});
    step.effects.push_back(create(view));
    return step;
  }
  if (view.observation.target->uid != view.journal.status.saved.uid) {
    return found_another(view);
  }
  return std::nullopt;
}

}  // namespace

Step step_delete(const View& view) {
  if (auto step = gone(view)) {
    return *std::move(step);
  }
  if (view.observation.target->deleting) {
    return wait_for_termination(view);
  }
  if (const auto reason = not_this(view)) {
    return cancel(view, *reason);
  }
  const std::optional<Answer>& answer = view.observation.answer;
  if (!answer) {
    // Also when the journal is being deleted: our request may be on its way, and cannot be called back.
    return ask_again(view);
  }
  return answer->to_eviction ? evicted(view, *answer) : tried(view, *answer);
}

Step step_give_up(const View& view) {
  if (auto step = gone(view)) {
    return *std::move(step);
  }
  if (view.observation.target->deleting) {
    return go_to(view, kDeletePod, {"Deleting", "the old pod is terminating"});
  }
  if (in_step(view) <= kStillUnderWay) {
    return stay(view, backoff(view, kPatience / 2));
  }
  return finish(view, view.journal.deleting ? Phase::kCancelled : Phase::kFailed, Outcome::kNone,
                {std::string(progress_reason(view.journal.status)),
                 fmt::format("{}. The old pod still runs", progress_message(view.journal.status))});
}

}  // namespace remint::restart::recreate

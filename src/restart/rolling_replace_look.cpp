// What RollingReplace sees, and whether somebody else has a hand in it.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart::rolling {

Counts count_pods(const std::vector<PodState>& pods, const std::string& uid, Time since) {
  Counts counts;
  for (const PodState& pod : pods) {
    if (pod.controller_uid != uid || pod.terminating || pod.finished) {
      continue;
    }
    ++counts.live;
    counts.ready += pod.ready ? 1 : 0;
    counts.fresh_ready += pod.ready && pod.created >= since ? 1 : 0;
    if (pod.ready && pod.ready_since && (!counts.last_ready || *pod.ready_since > *counts.last_ready)) {
      counts.last_ready = pod.ready_since;
    }
  }
  return counts;
}

Pair look(const View& view) {
  const Observation& observation = view.observation;
  const Time since = new_pods_since(view.journal);
  Pair pair;
  if (!target_lost(view)) {
    pair.old = see(observation.target);
    pair.old_pods = count_pods(observation.pods.value_or(std::vector<PodState>{}), pair.old->state->uid, since);
  }
  if (auto next = see(observation.successor)) {
    if (!is_ours(*next, view.journal)) {
      pair.name_taken = true;
    } else {
      pair.next_pods = count_pods(observation.successor_pods, next->state->uid, since);
      // The status knows minReadySeconds but may be late; the pods are of now.
      pair.available = std::min(next->state->available, pair.next_pods.ready);
      pair.next = std::move(next);
    }
  }
  return pair;
}

std::optional<Finding> disturbed(const View& view, const Pair& pair) {
  const SavedState& saved = view.journal.status.saved;
  if (auto lost = target_lost(view)) {
    return lost;
  }
  const std::string name = target_name(view);
  if (!pair.next || pair.next->state->deleting) {
    return Finding{"SuccessorDeleted", fmt::format("somebody deleted {}, the second controller of {}, and its pods",
                                                   saved.successor, name)};
  }
  const TargetState& old = *pair.old->state;
  if (pair.old->annotation(kClaim) != claim_of(view.journal) || !unedited(*pair.old, saved)) {
    return Finding{"EditedByOthers",
                   fmt::format("somebody edited {} meanwhile: replacing it would lose the edit", name)};
  }
  if (old.replicas != pair.old->expected()) {
    // Nobody needs to be asked for a size that is there already: GitOps tools and appliers write what they have.
    return old.replicas == saved.replicas
               ? Finding{std::string(kReverted),
                         fmt::format("something set the size of {} back to {} (is it managed by "
                                     "GitOps, or by an autoscaler?)",
                                     name, old.replicas)}
               : Finding{"ScaledByOthers",
                         fmt::format("somebody scaled {} to {} meanwhile: that size is kept", name, old.replicas)};
  }
  if (pair.next->state->replicas != pair.next->expected()) {
    return Finding{"ScaledByOthers", fmt::format("somebody scaled {}, the second controller of {}, to {}",
                                                 saved.successor, name, pair.next->state->replicas)};
  }
  return std::nullopt;
}

std::string pods_refused(const Pair& pair) {
  if (!pair.next) {
    return "";
  }
  for (const Json& condition : member(pair.next->object(), {"status", "conditions"})) {
    if (text(condition, {"type"}) == "ReplicaFailure" && text(condition, {"status"}) == "True") {
      const std::string message = text(condition, {"message"});
      return message.empty() ? "(its status gives no reason)" : message;
    }
  }
  return "";
}

Duration deadline(const View& view) {
  const Json manifest = parse_json(view.journal.status.saved.manifest).value_or(Json());
  const Json& ready_for = member(manifest, {"spec", "minReadySeconds"});
  const std::int64_t seconds =
      ready_for.is_number_integer() ? std::clamp<std::int64_t>(ready_for.get<std::int64_t>(), 0, 86400) : 0;
  return view.settings.rollout_deadline + std::chrono::seconds(seconds) + view.journal.spec.options.update_period;
}

Time last_move(const View& view, const Pair& pair) {
  Time last = view.journal.status.step_since.value_or(view.journal.created);
  for (const auto& seen : {pair.old, pair.next}) {
    const auto moved = seen ? seen->moved() : std::nullopt;
    // A time to come was written by a clock that is wrong, or by a joker: it must not stop the clock here.
    if (moved && *moved <= view.now + std::chrono::minutes(1)) {
      last = std::max(last, *moved);
    }
  }
  return last;
}

}  // namespace remint::restart::rolling

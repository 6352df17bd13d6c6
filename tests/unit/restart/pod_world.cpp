#include "pod_world.hpp"

#include <algorithm>

namespace remint::restart {
namespace {

const char* const kBudget =
    "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget cart needs 3 healthy pods "
    "and has 3 currently";

bool live(const PodState& pod) { return !pod.terminating && !pod.finished; }

}  // namespace

PodWorld::PodWorld(const std::string& kind, Strategy strategy, int size) : journal_(pending_journal(kind)) {
  journal_.resource_version = "1";
  journal_.spec.strategy = strategy;
  if (kind == "ReplicationController") {
    journal_.spec.target.api_version = "v1";
  }
  target_ = settled_target();
  target_.replicas = target_.updated = target_.ready = target_.available = target_.current = size;
  const Time long_ago = now - hours(100);
  for (int i = 0; i < size; ++i) {
    const std::string name = "cart-" + std::to_string(i);
    pods_.push_back({name, "uid-old-" + std::to_string(i), "uid-cart", long_ago, true, long_ago, false, {}, false});
    first_pods.insert(pods_.back().uid);
  }
}

Observation PodWorld::look(const Needs& needs) const {
  Observation observation;
  if (needs.target) {
    observation.target_gone = target_gone;
    if (!target_gone) {
      observation.target = target_;
    }
  }
  if (needs.pods) {
    observation.pods = pods_;
  }
  if (needs.verification) {
    VerificationInput seen;
    for (const PodState& pod : pods_) {
      if (live(pod) && pod.created >= new_pods_since(journal_)) {
        ++seen.pods;
        const bool speaks = pod.ready && !silent;
        seen.heard += speaks ? 1 : 0;
        seen.authenticated += speaks && !new_pods_fail ? 1 : 0;
        seen.failing += speaks && new_pods_fail ? 1 : 0;
      }
    }
    observation.verification = seen;
  }
  return observation;
}

std::int64_t PodWorld::ready() const {
  return std::ranges::count_if(pods_, [](const PodState& pod) { return live(pod) && pod.ready; });
}

bool PodWorld::write_status(const Journal& based_on, const JournalStatus& status) {
  if (journal_gone || based_on.resource_version != journal_.resource_version) {
    return false;
  }
  REQUIRE((journal_.status.saved == SavedState{} || status.saved == journal_.status.saved));
  REQUIRE(!is_final(journal_.status.phase));
  const bool known = std::ranges::find(step_names(), status.step) != step_names().end();
  REQUIRE(known);
  Json object = to_object(journal_);
  object["status"] = status_patch(status)["status"];
  const auto stored = parse_journal(object);
  REQUIRE(stored);
  journal_.status = stored->status;
  bump(journal_.resource_version);
  ++status_writes;
  return true;
}

Answer PodWorld::apply(const Act& act) {
  if (const auto* patch = std::get_if<Patch>(&act)) {
    return apply_scale(*patch);
  }
  if (const auto* evict = std::get_if<Evict>(&act)) {
    return apply_evict(*evict);
  }
  if (std::holds_alternative<HoldJournal>(act) || std::holds_alternative<ReleaseJournal>(act)) {
    journal_.held = std::holds_alternative<HoldJournal>(act);
    bump(journal_.resource_version);
    journal_gone = journal_.deleting && !journal_.held;
  }
  return {true, {}, ""};
}

Answer PodWorld::apply_scale(const Patch& patch) {
  REQUIRE(patch.subresource == "scale");
  const Json body = Json::parse(patch.body);
  if (target_gone) {
    return {false, ErrorCode::kNotFound, "not found"};
  }
  if (body["metadata"]["resourceVersion"] != target_.resource_version || body["metadata"]["uid"] != target_.uid) {
    return {false, ErrorCode::kConflict, "the object has been modified"};
  }
  if (scale_answer) {
    return *scale_answer;
  }
  // Nothing may be owed before the journal says so and cannot be deleted any more.
  REQUIRE(journal_.held);
  sizes.push_back(body["spec"]["replicas"].get<std::int64_t>());
  scale_by_hand(sizes.back());
  return {true, {}, ""};
}

Answer PodWorld::apply_evict(const Evict& evict) {
  const auto pod = std::ranges::find(pods_, evict.pod.name, &PodState::name);
  if (pod == pods_.end()) {
    return {false, ErrorCode::kNotFound, "not found"};
  }
  if (pod->uid != evict.uid) {
    return {false, ErrorCode::kConflict, "the UID in the precondition does not match"};
  }
  if (pod->terminating) {
    return {true, {}, ""};
  }
  if (pod->ready && ready() <= min_available) {
    return {false, ErrorCode::kTooMany, kBudget};
  }
  pod->terminating = true;
  pod->grace_over = now + seconds(30);
  evicted.push_back(pod->name);
  bump(target_.resource_version);
  return {true, {}, ""};
}

void PodWorld::scale_by_hand(std::int64_t size) {
  if (size != target_.replicas) {
    target_.replicas = size;
    ++target_.generation;
    bump(target_.resource_version);
  }
}

void PodWorld::delete_pod(const std::string& name) {
  const auto pod = std::ranges::find(pods_, name, &PodState::name);
  if (pod != pods_.end()) {
    pod->terminating = true;
    pod->grace_over = now + seconds(30);
  }
}

void PodWorld::delete_journal() {
  journal_.deleting = journal_.held;
  journal_gone = !journal_.held;
  bump(journal_.resource_version);
}

bool PodWorld::make_pod() {
  const bool ordinals = journal_.spec.target.kind == "StatefulSet";
  for (int i = 0; i < 100; ++i) {
    const std::string name = "cart-" + std::to_string(ordinals ? i : 1000 + made_);
    const bool taken = std::ranges::find(pods_, name, &PodState::name) != pods_.end();
    if (ordinals && i >= target_.replicas) {
      return false;  // a name is free only when its pod is gone
    }
    if (!taken) {
      pods_.push_back({name,
                       "uid-new-" + std::to_string(made_++),
                       "uid-cart",
                       std::chrono::floor<std::chrono::seconds>(now),
                       false,
                       std::nullopt,
                       false,
                       {},
                       false});
      return true;
    }
  }
  return false;
}

void PodWorld::controller_works() {
  if (target_gone) {
    if (!pods_.empty()) {
      pods_.pop_back();
    }
    return;
  }
  const bool idle_touch = ++worked_ % 7 == 0;  // its status is written now and then for no reason
  bool changed = target_.observed_generation < target_.generation || idle_touch;
  target_.observed_generation = target_.generation;
  const std::int64_t living = std::ranges::count_if(pods_, live);
  const auto ending = std::ranges::find_if(pods_, [](const PodState& pod) { return pod.terminating; });
  const auto starting = std::ranges::find_if(pods_, [](const PodState& pod) { return live(pod) && !pod.ready; });
  if (living > target_.replicas) {
    const auto last = std::find_if(pods_.rbegin(), pods_.rend(), live);
    last->terminating = true;
    last->grace_over = now + seconds(30);
  } else if (living < target_.replicas && make_pod()) {
  } else if (ending != pods_.end() && !grace) {
    pods_.erase(ending);
  } else if (starting != pods_.end() && !broken) {
    starting->ready = true;
    starting->ready_since = now;
  }
  const std::int64_t current = std::ranges::count_if(pods_, live);
  changed = changed || current != target_.current || ready() != target_.ready;
  if (changed) {
    bump(target_.resource_version);
  }
  target_.current = current;
  target_.updated = target_.current;
  target_.ready = target_.available = ready();
}

}  // namespace remint::restart

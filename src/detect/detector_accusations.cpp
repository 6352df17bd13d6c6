// Who is accused: the index by workload, and the pods behind it as they come, move and go.
#include <algorithm>
#include <map>

#include "detector_impl.hpp"

namespace remint::detect {
namespace {

// Events can be ahead of the watch that tells of their pod; nothing bounds how many pods they could name.
constexpr std::size_t kUnknownPods = 1000;
// The kubelet tells of what goes on every few seconds at first, and then every five minutes.
constexpr Duration kEventMemory = std::chrono::minutes(10);

}  // namespace

/// Nothing when too many pods are known that no watch has told of.
PodState* Detector::Impl::state_of(std::string_view uid) {
  if (const auto found = pods.find(uid); found != pods.end()) {
    return &found->second;
  }
  if (!inventory.has_pod(uid) && pods.size() >= inventory.pod_count() + kUnknownPods) {
    return nullptr;
  }
  return &pods.try_emplace(std::string(uid)).first->second;
}

void Detector::Impl::assign(const std::string& uid, PodState& state, const std::string& workload_uid) {
  state.accusation->workload_uid = workload_uid;
  accused[workload_uid].insert(uid);
}

void Detector::Impl::release(const std::string& uid, PodState& state) {
  const auto found = accused.find(state.accusation->workload_uid);
  found->second.erase(uid);
  if (found->second.empty()) {
    accused.erase(found);
  }
}

Accusation& Detector::Impl::accuse(const std::string& uid, PodState& state) {
  if (!state.accusation) {
    state.accusation = std::make_unique<Accusation>();
    const auto view = inventory.pod(uid);
    assign(uid, state, view ? view->workload.uid : uid);
  }
  return *state.accusation;
}

void Detector::Impl::follow(const std::string& uid, PodState& state, const std::string& workload_uid) {
  if (state.accusation && state.accusation->workload_uid != workload_uid) {
    changed.insert(state.accusation->workload_uid);
    release(uid, state);
    assign(uid, state, workload_uid);
    changed.insert(workload_uid);
  }
}

/// After something happened to an accused pod: keeps the count, announces its workload, lets it go when nothing is
/// left.
void Detector::Impl::reconsider(const std::string& uid, PodState& state, bool was_failing) {
  failing_pods += state.failing() ? 1U : 0U;
  failing_pods -= was_failing ? 1U : 0U;
  changed.insert(state.accusation->workload_uid);
  if (!state.failing() && !state.stale() && state.kept_credential() == nullptr && state.distrust() == nullptr &&
      !state.clued()) {
    release(uid, state);
    state.accusation.reset();
  }
}

std::vector<Suspect> Detector::Impl::suspects_of(std::string_view workload_uid) const {
  std::map<std::string, Suspect> suspects;  // by UID
  const auto suspect = [&](const std::string& uid) -> Suspect* {
    if (const auto known = suspects.find(uid); known != suspects.end()) {
      return &known->second;
    }
    auto view = inventory.pod(uid);
    if (!view || view->pod.deleting || view->pod.finished || view->workload.uid != workload_uid) {
      return nullptr;
    }
    const auto state = pods.find(uid);
    return &suspects.emplace(uid, suspect_of(std::move(*view), state == pods.end() ? nullptr : &state->second))
                .first->second;
  };
  if (const auto found = accused.find(workload_uid); found != accused.end()) {
    std::ranges::for_each(found->second, suspect);
  }
  for (const SharedAccusation& accusation : callers.accusations_of(workload_uid)) {
    if (Suspect* const accused_pod = suspect(accusation.pod_uid)) {
      add_accusation(*accused_pod, accusation);
    }
  }
  std::vector<Suspect> all;
  all.reserve(suspects.size());
  for (auto& [uid, one] : suspects) {
    all.push_back(std::move(one));
  }
  return all;
}

void Detector::Impl::weigh_distrust() {
  for (auto& [uid, state] : pods) {
    if (state.distrust() == nullptr && !went_quiet(state, listening)) {
      continue;  // the healthy many
    }
    const auto change = inventory.change_since_start(uid);
    const auto view = change ? inventory.pod(uid) : std::nullopt;
    auto found = view ? distrust(*view, state, *change, listening) : std::nullopt;
    if (!found && state.distrust() == nullptr) {
      continue;
    }
    accuse(uid, state).distrust = std::move(found);
    reconsider(uid, state, state.failing());
  }
}

void Detector::Impl::sweep(Time now) {
  const Time quiet_before = now - settings.forget_pod_after;
  callers.forget(quiet_before, changed);
  for (auto it = pods.begin(); it != pods.end();) {
    auto& [uid, state] = *it;
    const bool quiet = state.last_heard() < quiet_before;
    state.habits.forget_before(now - settings.forget_habit_after);
    if (state.accusation) {
      if (const auto view = inventory.pod(uid)) {
        follow(uid, state, view->workload.uid);
      }
    }
    if (state.clued() && !state.accusation->event_clues.empty() &&
        state.accusation->event_clues.last() < now - kEventMemory) {
      state.accusation->event_clues = {};
      reconsider(uid, state, state.failing());
    }
    if (quiet && (state.failing() || state.clued())) {
      const bool was_failing = state.failing();
      Accusation& accusation = *state.accusation;
      accusation.runs.clear();
      accusation.joined.clear();
      accusation.log_clues = accusation.event_clues = {};
      reconsider(uid, state, was_failing);
    }
    if (quiet && !inventory.has_pod(uid)) {
      if (state.accusation) {
        release(uid, state);
      }
      callers.residents().leave(state.shared_addresses, &*it);
      it = pods.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace remint::detect

#include "suspect.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "diagnose.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

// Exactly one pod had the address, but a program on its node can send from it, too.
constexpr double kByAddress = 0.97;
// Nobody else knows a request's id; but whoever reads the pod's log does, and may send a request of that id.
constexpr double kByOwnLog = 0.99;

void add_run(Suspect& suspect, const FailingRun& run) {
  std::ranges::copy(run.times(), std::back_inserter(suspect.rejections));
  suspect.count += run.count();
  suspect.since = std::min(suspect.since, run.since());
  std::ranges::copy(run.notes(), std::back_inserter(suspect.notes));
  std::ranges::copy(run.windows(), std::back_inserter(suspect.windows));
  if (!run.empty()) suspect.agent.add(run.agent().at, run.agent().text);
}

}  // namespace

Suspect suspect_of(PodView view, const PodState* state) {
  static const PodState kNeverHeard;
  Suspect suspect;
  suspect.view = std::move(view);
  suspect.state = state == nullptr ? &kNeverHeard : state;
  if (suspect.state->failing()) {
    const Accusation& accusation = *suspect.state->accusation;
    for (const FailingRuns* const runs : {&accusation.runs, &accusation.joined}) {
      for (const auto& [agent, run] : runs->all()) {
        add_run(suspect, run);
      }
    }
    std::ranges::sort(suspect.rejections);
    suspect.confidence = accusation.joined.empty() ? kByAddress : kByOwnLog;
  }
  return suspect;
}

void add_accusation(Suspect& suspect, const SharedAccusation& accusation) {
  const bool better = !suspect.failing() || accusation.confidence > suspect.confidence;
  if (better) {
    suspect.confidence = accusation.confidence;
    suspect.others = accusation.others;
    suspect.reasons = accusation.reasons;
    suspect.suspects = accusation.suspects;
  }
  double& there = suspect.by_address[accusation.address];
  there = std::max(there, accusation.confidence);
  std::vector<Time> merged;
  std::ranges::merge(suspect.rejections, accusation.rejections, std::back_inserter(merged));
  suspect.rejections = std::move(merged);
  suspect.count += accusation.rejections.size();
  suspect.since = suspect.rejections.front();
  suspect.agent.add(accusation.rejections.back(), accusation.agent);
  std::ranges::copy(accusation.notes, std::back_inserter(suspect.notes));
  std::ranges::copy(accusation.windows, std::back_inserter(suspect.windows));
}

PodHealth health_of(const Suspect& suspect, const DetectorSettings& settings) {
  const PodRecord& pod = suspect.view.pod;
  const PodState* const state = suspect.state;
  PodHealth health;
  health.uid = pod.uid;
  health.name = pod.name;
  health.created = pod.created;
  health.revision = pod.revision;
  health.terminating = pod.deleting.has_value();
  health.ready = pod.ready;
  if (suspect.failing()) {
    health.rejections = suspect.rejections;
    health.rejection_count = suspect.count;
    health.failing_since = suspect.since;
    health.last_rejection = suspect.rejections.back();
    health.user_agent = sanitize(suspect.agent.text, PodHealth::kMaxUserAgent);
  }
  if (const Distrust* const distrust = state->distrust()) {
    health.distrusted_since = distrust->since;
  }
  if (state->last_success != PodState::kNever) {
    health.last_success = state->last_success;
  }
  if (state->stale()) {
    health.stale_since = state->stale_since();
    health.last_stale = state->last_stale;
    health.breaks_at = breaks_at(*state, settings);
  } else if (const Credential* const kept = state->kept_credential()) {
    health.stale_since = kept->first + renewed_within(state->token_lifetime);
    health.last_stale = kept->last;
    health.breaks_at = breaks_at(*state, settings);
  }
  if (health.breaks_at && !health.user_agent && state->accusation &&
      state->accusation->ageing_agent.at != Time::min()) {
    health.user_agent = sanitize(state->accusation->ageing_agent.text, PodHealth::kMaxUserAgent);
  }
  if (state->accusation) {
    health.log_clues = state->accusation->log_clues.times();
    health.event_clues = state->accusation->event_clues.times();
  }
  return health;
}

}  // namespace remint::detect

// From an event to what is known of its pod, or of the caller at a shared address.
#include <algorithm>

#include "detector_impl.hpp"
#include "evidence.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kUnsettled = 65'536;
// Nobody's token is renewed sooner.
constexpr Duration kYoungCredential = std::chrono::minutes(8);
// A stale token's age grows with the clock: its threshold stays where it is, but for the cut-off second.
constexpr Duration kSameThreshold = std::chrono::seconds(2);

}  // namespace

void Detector::Impl::rejected_from_shared(const AuditBatch& batch, const AuditRecord& record) {
  if (claimed(batch, record)) {
    return;
  }
  switch (callers.rejected(batch, record)) {
    case Callers::Taken::kAttributed:
      return;
    case Callers::Taken::kFull:
      ++counts.overflow;
      [[fallthrough]];
    case Callers::Taken::kUnattributed:
      ++counts.unattributed;
  }
}

void Detector::Impl::rejected(const AuditBatch& batch, const AuditRecord& record) {
  ++counts.rejected;
  if (log_read && unsettled.size() < kUnsettled) {
    unsettled.push_back({heard_at, {record.received, record.staged, std::string(batch.text(record.audit_id))}});
  }
  if (!record.source) {
    ++counts.unattributed;
    return;
  }
  const AddressAnswer answer = inventory.who_had(*record.source, record.received);
  switch (answer.owner) {
    case AddressOwner::kNode:
      return rejected_from_shared(batch, record);
    case AddressOwner::kAmbiguous:
      ++counts.unattributed;
      return;
    case AddressOwner::kExternal:
      // Unless pods have been accepted from there: a gateway, or a load balancer before the API server.
      if (callers.residents().any(*record.source)) {
        return rejected_from_shared(batch, record);
      }
      ++counts.external;
      return;
    case AddressOwner::kOtherTime:
      ++counts.ignored;
      return;
    case AddressOwner::kPod:
      break;
  }
  const std::string uid(answer.pod_uid);
  const auto view = inventory.pod(uid);
  if (!view || view->pod.deleting || view->pod.finished) {
    ++counts.ignored;  // gone or going: nothing is left to restart
    return;
  }
  PodState* const state = state_of(uid);
  if (state != nullptr && record.received <= state->healthy_until(fold(record.agent))) {
    ++counts.ignored;
    return;
  }
  const bool was_failing = state != nullptr && state->failing();
  if (state == nullptr || (!was_failing && failing_pods >= settings.max_failing_pods)) {
    ++counts.overflow;
    return;
  }
  Accusation& accusation = accuse(uid, *state);
  follow(uid, *state, view->workload.uid);
  if (accusation.runs.empty() || record.received >= accusation.runs.last()) {
    accusation.address = *record.source;
    accusation.address_since = answer.since;
  }
  FailingRun& run = accusation.runs.of(fold(record.agent));
  run.add(record.received);
  run.add_window({record.received, record.staged, std::string(batch.text(record.audit_id))});
  run.add_agent(record.received, batch.text(record.user_agent));
  if (run.wants_note(record.received)) {
    run.add_note(rejection_note(batch, record, view->pod.name));
  }
  reconsider(uid, *state, was_failing);
}

bool Detector::Impl::keeps_credential(std::string_view uid, PodState& state, const AuditRecord& record) {
  using std::chrono::seconds;
  if (record.credential == 0 || state.credentials.used(record.credential, record.received) < kYoungCredential) {
    return false;
  }
  if (state.token_lifetime == seconds::zero()) {
    const auto view = inventory.pod(uid);
    if (!view) {
      return false;
    }
    const seconds lifetime = view->pod.token_lifetime;
    // An extended token outlives its renewal by far, and the API server itself says when it has become stale.
    const bool extended =
        Duration(lifetime) == settings.requested_lifetime && settings.extended_lifetime > settings.requested_lifetime;
    state.token_lifetime = lifetime == seconds::zero() || extended ? seconds(-1) : lifetime;
  }
  return state.kept_credential() != nullptr;
}

void Detector::Impl::settle_joins(Time before) {
  while (!unsettled.empty() && unsettled.front().heard < before) {
    const RequestWindow& window = unsettled.front().window;
    switch (reasons.find(window.received, window.staged, window.audit_id).result) {
      case ReasonJoin::Result::kJoined:
        ++counts.joined;
        break;
      case ReasonJoin::Result::kAmbiguous:
        ++counts.ambiguous;
        break;
      case ReasonJoin::Result::kNone:
        ++counts.unjoined;
    }
    unsettled.pop_front();
  }
}

void Detector::Impl::learn(std::string_view uid, PodState& state, const AuditRecord& record) {
  if (!record.source) {
    return;
  }
  const IpAddress& address = *record.source;
  const bool new_there =
      state.habits.learn(fold(address), fold(record.agent), fold(record.shape), record.received, record.staged);
  if (!new_there || inventory.who_had(address, record.received).owner == AddressOwner::kPod) {
    return;
  }
  if (!state.calls_from(address)) {
    return;
  }
  callers.residents().settle(address, fold(record.agent), &*pods.find(uid));
  ++callers_learnt;
}

void Detector::Impl::accepted(const AuditBatch& batch, const AuditRecord& record) {
  ++counts.accepted;
  listening.newest = std::max(listening.newest, std::min(record.received, heard_at));  // others' clocks may be ahead
  const std::string_view pod_uid = batch.text(record.pod_uid);
  PodState* const state = state_of(pod_uid);
  if (state == nullptr) {
    return;
  }
  const bool was_failing = state->failing();
  const bool was_stale = state->stale();
  const bool was_distrusted = state->distrust() != nullptr;
  learn(pod_uid, *state, record);
  state->accepted(record.received, fold(record.agent), record.stale_seconds);
  const bool kept = keeps_credential(pod_uid, *state, record);
  if (!state->accusation && !state->stale() && !kept) {
    return;  // the healthy many
  }
  const std::string uid(pod_uid);
  Accusation& accusation = accuse(uid, *state);
  const Credential* const keeping = kept ? state->kept_credential() : nullptr;
  if (record.stale_seconds >= 0 || (keeping != nullptr && keeping->id == record.credential)) {
    accusation.ageing_agent.add(record.received, batch.text(record.user_agent));
  }
  const auto& announced = accusation.announced_stale_since;
  const bool same_threshold =
      was_stale && state->stale() && announced && std::chrono::abs(*announced - state->stale_since()) <= kSameThreshold;
  const bool same_credential = kept && accusation.announced_kept && !was_stale && !state->stale();
  const bool trusted_again = was_distrusted && state->distrust() == nullptr;
  if ((same_threshold || same_credential) && !was_failing && !trusted_again) {
    return;  // one more of thousands that say the same
  }
  accusation.announced_kept = kept;
  accusation.announced_stale_since = state->stale() ? std::optional(state->stale_since()) : std::nullopt;
  reconsider(uid, *state, was_failing);
}

}  // namespace remint::detect

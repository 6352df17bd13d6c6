// What pods' own logs and Events add. A pod speaks for itself alone: a line counts against the pod in whose log it
// stands, never for or against another one.
#include <fmt/format.h>

#include <algorithm>

#include "detector_impl.hpp"
#include "evidence.hpp"

namespace remint::detect {
namespace {

constexpr Duration kObjectError = std::chrono::seconds(1);  // objects' times are whole seconds
// Clocks of nodes and collectors differ. What is dated further ahead would outlive the pod's next success.
constexpr Duration kAhead = std::chrono::minutes(1);
constexpr std::size_t kMaxAuditId = 64;

}  // namespace

void Detector::observe(const std::vector<Clue>& clues, Time now) {
  impl_->heard_at = std::max(impl_->heard_at, now);
  std::set<std::string> pods;
  for (const Clue& clue : clues) {
    if (impl_->take(clue, now)) {
      pods.insert(clue.pod_uid);
    }
  }
  for (const std::string& uid : pods) {
    if (const auto view = impl_->inventory.pod(uid)) {
      impl_->callers.log_changed(view->pod.node, impl_->pods.at(uid).shared_addresses);
    }
  }
}

bool Detector::Impl::take(const Clue& clue, Time now) {
  const auto view = inventory.pod(clue.pod_uid);
  if (!view || view->pod.deleting || view->pod.finished || clue.time > now + kAhead ||
      clue.time < now - settings.forget_pod_after || clue.time + kObjectError < view->pod.created) {
    return false;
  }
  PodState* const state = state_of(clue.pod_uid);
  const bool from_log = clue.source == ClueSource::kPodLog;
  if (state == nullptr) {
    return false;
  }
  if (from_log) {
    if (!state->cries) {
      state->cries = std::make_unique<LogCries>();
    }
    state->cries->add(clue.time);
    if (clue.time <= state->last_success) {
      return false;  // it has read its token again since, or another client of it is fine
    }
  }
  const bool was_failing = state->failing();
  Accusation& accusation = accuse(clue.pod_uid, *state);
  follow(clue.pod_uid, *state, view->workload.uid);
  const bool news = (from_log ? accusation.log_clues : accusation.event_clues).add(clue);
  counts.clues += news ? 1U : 0U;
  reconsider(clue.pod_uid, *state, was_failing);
  if (news && from_log && !clue.audit_id.empty() && clue.audit_id.size() <= kMaxAuditId) {
    claim(clue.audit_id, clue.pod_uid, now);
  }
  return news;
}

void Detector::Impl::claim(const std::string& audit_id, const std::string& pod_uid, Time now) {
  if (!joins.may_claim(pod_uid)) {
    return;
  }
  ExactJoin::Entry& entry = joins.of(audit_id, now);
  if (entry.pod_uid.empty()) {
    joins.claim(entry, pod_uid);
    join(entry);
  } else if (entry.pod_uid != pod_uid && !entry.contested) {
    entry.contested = true;
    part(entry);
  }
}

bool Detector::Impl::claimed(const AuditBatch& batch, const AuditRecord& record) {
  const std::string_view audit_id = batch.text(record.audit_id);
  if (audit_id.empty() || audit_id.size() > kMaxAuditId) {
    return false;
  }
  ExactJoin::Entry& entry = joins.of(audit_id, heard_at);
  entry.request = UnownedRequest{*record.source,
                                 record.agent,
                                 record.shape,
                                 std::string(batch.text(record.user_agent).substr(0, PodHealth::kMaxUserAgent)),
                                 {record.received, record.staged, std::string(audit_id)},
                                 rejection_note(batch, record, ""),
                                 false};
  if (join(entry)) {
    return true;
  }
  entry.request->kept_by_caller = true;
  return false;
}

/// Logs repeat what others said: a collector that prints what it collects, a proxy. Who is known to call from
/// elsewhere, or only by other names, has not sent it; nor has one that was never heard, where another one is
/// known for it and has fallen silent.
bool Detector::Impl::can_have_sent(const PodView& view, const PodState& state, const UnownedRequest& request) const {
  const std::string_view node = inventory.node_at(request.address);
  const bool there = (!node.empty() && view.pod.node == node) ||
                     std::ranges::find(state.shared_addresses, request.address) != state.shared_addresses.end();
  return there && (state.habits.empty() ? !callers.another_may_have_sent(request, view.workload.uid)
                                        : state.habits.know(fold(request.agent)));
}

bool Detector::Impl::join(ExactJoin::Entry& entry) {
  if (!entry.request || entry.pod_uid.empty() || entry.contested || entry.joined) {
    return false;
  }
  const UnownedRequest& request = *entry.request;
  const auto view = inventory.pod(entry.pod_uid);
  PodState* const state = view && !view->pod.deleting && !view->pod.finished ? state_of(entry.pod_uid) : nullptr;
  if (state == nullptr || !can_have_sent(*view, *state, request) ||
      request.window.received <= state->healthy_until(fold(request.agent)) ||
      (!state->failing() && failing_pods >= settings.max_failing_pods)) {
    return false;
  }
  const bool was_failing = state->failing();
  Accusation& accusation = accuse(entry.pod_uid, *state);
  FailingRun& run = accusation.joined.of(fold(request.agent));
  run.add(request.window.received);
  run.add_window(request.window);
  run.add_agent(request.window.received, request.user_agent);
  run.add_note(request.note);
  accusation.joined_from = request.address;
  if (request.kept_by_caller) {
    callers.take_out(request);
  }
  entry.joined = true;
  ++counts.clues_joined;
  reconsider(entry.pod_uid, *state, was_failing);
  return true;
}

void Detector::Impl::part(ExactJoin::Entry& entry) {
  if (!std::exchange(entry.joined, false)) {
    return;
  }
  const auto found = pods.find(entry.pod_uid);
  if (found == pods.end() || !found->second.accusation) {
    return;
  }
  PodState& state = found->second;
  const bool was_failing = state.failing();
  if (!state.accusation->joined.of(fold(entry.request->agent)).take_out(entry.request->window)) {
    return;  // it was accepted since
  }
  entry.request->kept_by_caller = callers.put_back(*entry.request);
  reconsider(entry.pod_uid, state, was_failing);
}

}  // namespace remint::detect

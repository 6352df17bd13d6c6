#include "remint/detect/detector.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "case_builder.hpp"
#include "detector_impl.hpp"

namespace remint::detect {
namespace {

constexpr Duration kLogLag = std::chrono::seconds(30);
constexpr Duration kDistrustEvery = std::chrono::seconds(10);
constexpr Duration kSweepEvery = std::chrono::minutes(1);
// Whether a restart helped may be doubted on less than what is needed to restart.
constexpr double kLikely = 0.5;

}  // namespace

Detector::Detector(DetectorSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Detector::~Detector() = default;

Inventory& Detector::inventory() { return impl_->inventory; }
const Inventory& Detector::inventory() const { return impl_->inventory; }

void Detector::count_events(const AuditReport& report) { impl_->counts.audit_events += report.events; }

void Detector::observe(const AuditBatch& batch, Time now) {
  if (impl_->listening.since == Time::min()) {
    impl_->listening.since = now;
  }
  impl_->heard_at = std::max(impl_->heard_at, now);
  for (const AuditRecord& record : batch.records) {
    const bool stale = record.stale_seconds >= 0;
    // Only what is counted is compared with what was seen: a success is a success, however often it is told.
    if ((stale || record.kind == AuditKind::kRejected) && !impl_->seen.insert(record.dedup)) {
      ++impl_->counts.duplicates;
      continue;
    }
    impl_->counts.stale += stale ? 1U : 0U;
    if (record.kind == AuditKind::kRejected) {
      impl_->rejected(batch, record);
    } else {
      impl_->accepted(batch, record);
    }
  }
}

void Detector::observe(ReasonJoin::Stream stream, std::vector<ApiServerLine> lines) {
  impl_->log_read = true;
  for (ApiServerLine& line : lines) {
    impl_->reasons.add(stream, std::move(line));
  }
}

void Detector::settle_joins() { impl_->settle_joins(Time::max()); }

void Detector::pod_changed(std::string_view pod_uid) {
  const auto found = impl_->pods.find(pod_uid);
  if (found == impl_->pods.end()) {
    return;
  }
  PodState& state = found->second;
  if (!state.accusation && state.shared_addresses.empty()) {
    return;  // the healthy many
  }
  const std::string uid(pod_uid);
  const auto view = impl_->inventory.pod(uid);
  const bool ended = !view || view->pod.finished;
  if (!ended && !view->pod.deleting) {
    state.leaving = false;  // events had been ahead of the watch
    state.gone = Time::max();
  }
  if (!state.leaving && (ended || view->pod.deleting)) {
    state.leaving = true;
    impl_->callers.gone(uid, impl_->heard_at);
  }
  if (state.gone == Time::max() && ended) {
    state.gone = impl_->heard_at;  // a terminating pod calls on until its programs have ended
    impl_->callers.gone(uid, impl_->heard_at);
  }
  if (!state.accusation) {
    return;
  }
  impl_->changed.insert(state.accusation->workload_uid);
  if (!view) {
    impl_->failing_pods -= state.failing() ? 1U : 0U;
    impl_->release(uid, state);
    impl_->callers.residents().leave(state.shared_addresses, &*found);
    impl_->pods.erase(found);
  } else {
    impl_->follow(uid, state, view->workload.uid);
  }
}

void Detector::pods_relisted() {
  std::vector<std::string> gone;
  for (const auto& [uid, state] : impl_->pods) {
    if (!impl_->inventory.has_pod(uid)) {
      gone.push_back(uid);
    }
  }
  std::ranges::for_each(gone, [this](const std::string& uid) { pod_changed(uid); });
}

std::vector<std::string> Detector::take_changed() {
  impl_->callers.judge_changed(impl_->heard_at, impl_->changed);
  std::vector<std::string> uids(impl_->changed.begin(), impl_->changed.end());
  impl_->changed.clear();
  return uids;
}

void Detector::expire(Time now) {
  impl_->heard_at = std::max(impl_->heard_at, now);
  impl_->inventory.expire(now);
  impl_->settle_joins(now - kLogLag);
  impl_->reasons.expire(now);
  impl_->joins.forget(now - ExactJoin::kMemory);
  if (now - impl_->last_distrust >= kDistrustEvery) {
    impl_->last_distrust = now;
    impl_->weigh_distrust();
  }
  if (now - impl_->last_sweep >= kSweepEvery) {
    impl_->last_sweep = now;
    impl_->sweep(now);
  }
}

std::optional<Case> Detector::find_case(std::string_view workload_uid) const {
  return build_case(impl_->suspects_of(workload_uid), impl_->inventory, impl_->reasons, impl_->settings);
}

std::vector<std::string> Detector::open_cases() const {
  std::set<std::string> uids;
  for (const auto& [uid, pods] : impl_->accused) {
    uids.insert(uid);
  }
  std::ranges::move(impl_->callers.accused(), std::inserter(uids, uids.end()));
  std::erase_if(uids, [this](const std::string& uid) { return impl_->suspects_of(uid).empty(); });
  return {uids.begin(), uids.end()};
}

std::vector<PodHealth> Detector::health(std::string_view workload_uid, Time since) const {
  std::vector<PodHealth> healths;
  const auto accusations = impl_->callers.accusations_of(workload_uid);
  for (const std::string& uid : impl_->inventory.live_pods(workload_uid)) {
    const auto view = impl_->inventory.pod(uid);
    if (view->pod.created >= since) {
      const auto found = impl_->pods.find(uid);
      const PodState* const state = found == impl_->pods.end() ? nullptr : &found->second;
      Suspect suspect = suspect_of(*view, state);
      for (const SharedAccusation& accusation : accusations) {
        if (accusation.pod_uid == uid && accusation.confidence > kLikely) {
          add_accusation(suspect, accusation);
        }
      }
      healths.push_back(health_of(suspect, impl_->settings));
    }
  }
  std::ranges::sort(healths, {}, &PodHealth::name);
  return healths;
}

const DetectorCounts& Detector::counts() const { return impl_->counts; }

}  // namespace remint::detect

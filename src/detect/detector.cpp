#include "remint/detect/detector.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>

#include "callers.hpp"
#include "case_builder.hpp"
#include "evidence.hpp"
#include "owners.hpp"
#include "pod_state.hpp"
#include "recent_ids.hpp"

namespace remint::detect {
namespace {

// Events can be ahead of the watch that tells of their pod; nothing bounds how many pods they could name.
constexpr std::size_t kUnknownPods = 1000;
constexpr std::size_t kUnsettled = 65'536;
constexpr Duration kLogLag = std::chrono::seconds(30);
// Nobody's token is renewed sooner.
constexpr Duration kYoungCredential = std::chrono::minutes(8);
constexpr Duration kSweepEvery = std::chrono::minutes(1);
// A stale token's age grows with the clock: its threshold stays where it is, but for the cut-off second.
constexpr Duration kSameThreshold = std::chrono::seconds(2);

}  // namespace

struct Detector::Impl {
  explicit Impl(DetectorSettings s) : settings(s), inventory(s.inventory), seen(s.dedup_capacity) {}

  DetectorSettings settings;
  Inventory inventory;
  RecentIds seen;
  TextMap<PodState> pods;                  // by UID
  TextMap<std::set<std::string>> accused;  // workload UID -> UIDs of its failing and stale pods
  std::set<std::string> changed;           // workload UIDs
  ReasonJoin reasons;
  Callers callers{{settings, inventory, reasons, pods}};
  std::deque<RequestWindow> unsettled;  // rejections whose reason may still come
  bool log_read = false;
  std::size_t failing_pods = 0;
  DetectorCounts counts;
  Time last_sweep{};
  Time watermark{};  // the newest event

  void rejected(const AuditBatch& batch, const AuditRecord& record);
  void accepted(const AuditBatch& batch, const AuditRecord& record);
  /// From an address that is nobody's own.
  void rejected_from_shared(const AuditBatch& batch, const AuditRecord& record);
  /// Counts the joins of rejections received before that time.
  void settle_joins(Time before);
  /// Whether a client in the pod still uses a token that was replaced long ago.
  [[nodiscard]] bool keeps_credential(std::string_view uid, PodState& state, const AuditRecord& record);
  void learn(std::string_view uid, PodState& state, const AuditRecord& record);
  PodState* state_of(std::string_view uid);
  /// Puts an accusation into, and takes it out of, the index by workload.
  void assign(const std::string& uid, PodState& state, const std::string& workload_uid);
  void release(const std::string& uid, PodState& state);
  Accusation& accuse(const std::string& uid, PodState& state);
  /// Lets an accusation follow its pod to another workload: adopted, or the owner has become known.
  void follow(const std::string& uid, PodState& state, const std::string& workload_uid);
  void reconsider(const std::string& uid, PodState& state, bool was_failing);
  void sweep(Time now);
  [[nodiscard]] std::vector<Suspect> suspects_of(std::string_view workload_uid) const;
};

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
  if (!state.failing() && !state.stale() && state.kept_credential() == nullptr) {
    release(uid, state);
    state.accusation.reset();
  }
}

void Detector::Impl::rejected_from_shared(const AuditBatch& batch, const AuditRecord& record) {
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
    unsettled.push_back({record.received, record.staged, std::string(batch.text(record.audit_id))});
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
      if (callers.shared(*record.source)) {
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
  while (!unsettled.empty() && unsettled.front().received < before) {
    const RequestWindow& window = unsettled.front();
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
  const bool new_address = state.habits.learn(fold(address), fold(record.agent), fold(record.shape), record.received);
  if (!new_address || inventory.who_had(address, record.received).owner == AddressOwner::kPod) {
    return;
  }
  auto& known = state.shared_addresses;
  if (known.size() < PodState::kMaxShared && std::ranges::find(known, address) == known.end()) {
    known.push_back(address);
    callers.settle(address, uid);
  }
}

void Detector::Impl::accepted(const AuditBatch& batch, const AuditRecord& record) {
  ++counts.accepted;
  const std::string_view pod_uid = batch.text(record.pod_uid);
  PodState* const state = state_of(pod_uid);
  if (state == nullptr) {
    return;
  }
  const bool was_failing = state->failing();
  const bool was_stale = state->stale();
  learn(pod_uid, *state, record);
  state->accepted(record.received, fold(record.agent), record.stale_seconds);
  const bool kept = keeps_credential(pod_uid, *state, record);
  if (!state->accusation && !state->stale() && !kept) {
    return;  // the healthy many
  }
  const std::string uid(pod_uid);
  Accusation& accusation = accuse(uid, *state);
  const auto& announced = accusation.announced_stale_since;
  const bool same_threshold =
      was_stale && state->stale() && announced && std::chrono::abs(*announced - state->stale_since()) <= kSameThreshold;
  const bool same_credential = kept && accusation.announced_kept && !was_stale && !state->stale();
  if ((same_threshold || same_credential) && !was_failing) {
    return;  // one more of thousands that say the same
  }
  accusation.announced_kept = kept;
  accusation.announced_stale_since = state->stale() ? std::optional(state->stale_since()) : std::nullopt;
  reconsider(uid, *state, was_failing);
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
  for (auto& [uid, one] : suspects) {
    all.push_back(std::move(one));
  }
  return all;
}

void Detector::Impl::sweep(Time now) {
  const Time quiet_before = now - settings.forget_pod_after;
  callers.forget(quiet_before, changed);
  for (auto it = pods.begin(); it != pods.end();) {
    auto& [uid, state] = *it;
    const bool quiet = state.last_heard() < quiet_before;
    if (state.accusation) {
      if (const auto view = inventory.pod(uid)) {
        follow(uid, state, view->workload.uid);
      }
    }
    if (quiet && state.failing()) {
      state.accusation->runs.clear();
      reconsider(uid, state, true);
    }
    if (quiet && !inventory.has_pod(uid)) {
      if (state.accusation) {
        release(uid, state);
      }
      callers.leave(state, uid);
      it = pods.erase(it);
    } else {
      ++it;
    }
  }
}

Detector::Detector(DetectorSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Detector::~Detector() = default;

Inventory& Detector::inventory() { return impl_->inventory; }
const Inventory& Detector::inventory() const { return impl_->inventory; }

void Detector::count_events(const AuditReport& report) { impl_->counts.audit_events += report.events; }

void Detector::observe(const AuditBatch& batch, Time /*now*/) {
  for (const AuditRecord& record : batch.records) {
    impl_->watermark = std::max(impl_->watermark, record.received);
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
  if (state.gone == Time::max() && (!view || view->pod.deleting || view->pod.finished)) {
    impl_->callers.gone(uid, impl_->watermark);
    state.gone = impl_->watermark;
  }
  if (!state.accusation) {
    return;
  }
  impl_->changed.insert(state.accusation->workload_uid);
  if (!view) {
    impl_->failing_pods -= state.failing() ? 1U : 0U;
    impl_->release(uid, state);
    impl_->callers.leave(state, uid);
    impl_->pods.erase(found);
  } else {
    impl_->follow(uid, state, view->workload.uid);
  }
}

std::vector<std::string> Detector::take_changed() {
  impl_->callers.judge_changed(impl_->watermark, impl_->changed);
  std::vector<std::string> uids(impl_->changed.begin(), impl_->changed.end());
  impl_->changed.clear();
  return uids;
}

void Detector::expire(Time now) {
  impl_->inventory.expire(now);
  impl_->settle_joins(impl_->watermark - std::min(kLogLag, impl_->watermark.time_since_epoch()));
  impl_->reasons.expire(now);
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
  for (const std::string& uid : impl_->inventory.live_pods(workload_uid)) {
    const auto view = impl_->inventory.pod(uid);
    if (view->pod.created >= since) {
      const auto found = impl_->pods.find(uid);
      const PodState* const state = found == impl_->pods.end() ? nullptr : &found->second;
      healths.push_back(health_of(suspect_of(*view, state), impl_->settings));
    }
  }
  std::ranges::sort(healths, {}, &PodHealth::name);
  return healths;
}

const DetectorCounts& Detector::counts() const { return impl_->counts; }

}  // namespace remint::detect

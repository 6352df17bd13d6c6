#include "remint/controllers/detection_engine.hpp"

#include <algorithm>
#include <set>

#include "remint/controllers/facts.hpp"
#include "remint/restart/journal.hpp"

namespace remint::controllers {
namespace {

// What comes and goes (a suspicion that is dropped whenever the pod is heard) is told once, not each time.
constexpr Duration kTellAgainAfter = std::chrono::minutes(10);
// Counting walks all pods, and shares need no better.
constexpr Duration kCountAgainAfter = std::chrono::seconds(10);

bool says_the_same(const WorkloadDecision& a, const WorkloadDecision& b) {
  // The reason's text is left out: it counts requests and would differ with each one. Of two restarts for one cause
  // (evictions of one pod, then of another) each has its own name.
  return a.decision.kind == b.decision.kind && a.decision.check == b.decision.check &&
         a.decision.strategy == b.decision.strategy && a.decision.policy == b.decision.policy &&
         a.decision.not_before == b.decision.not_before && a.the_case.cause == b.the_case.cause &&
         (a.decision.kind != DecisionKind::kRestart || a.restart_name == b.restart_name);
}

/// "It is being restarted already" only repeats what the Restart decision said.
bool only_echoes(const WorkloadDecision& last, const WorkloadDecision& next) {
  return last.decision.kind == DecisionKind::kRestart && last.the_case.cause == next.the_case.cause &&
         (next.decision.check == "AlreadyRestarting" || next.decision.check == "AlreadyRestarted");
}

/// Who has been failing longest comes first; who merely will fail comes after all who do, soonest to break first.
std::pair<bool, Time> urgency(const detect::Case& the_case) {
  const auto troubled = troubled_since(the_case);
  return {!failing_since(the_case), troubled ? *troubled : the_case.breaks_at.value_or(Time::max())};
}

}  // namespace

DetectionEngine::DetectionEngine(EngineSettings settings)
    : settings_(std::move(settings)), detector_(settings_.detector) {}

void DetectionEngine::observe(const detect::AuditReport& report, const detect::AuditBatch& batch, Time now) {
  detector_.count_events(report);
  const auto accepted = detector_.counts().accepted;
  detector_.observe(batch, now);
  if (report.events > 0 || !batch.records.empty()) heard_.audit = now;
  if (detector_.counts().accepted > accepted) heard_.accepted = now;
}

void DetectionEngine::observe(detect::ReasonJoin::Stream stream, std::vector<detect::ApiServerLine> lines, Time now) {
  if (!lines.empty()) heard_.apiserver_log = now;
  detector_.observe(stream, std::move(lines));
}

void DetectionEngine::apply(const detect::ClusterObject& object, Time now) {
  object.apply_to(detector_.inventory(), now);
  object_changed(object.kind, object.id());
}

void DetectionEngine::remove(detect::ObjectKind kind, const std::string& id, Time now) {
  detector_.inventory().remove(kind, id, now);
  object_changed(kind, id);
}

void DetectionEngine::object_changed(detect::ObjectKind kind, const std::string& id) {
  using enum detect::ObjectKind;
  if (kind == kPod) return detector_.pod_changed(id);
  // Whose nodes and ServiceAccounts they are is asked when the next event comes; no decision hangs on them.
  if (kind != kNode && kind != kServiceAccount) reconsider_all_ = true;
}

void DetectionEngine::set_policies(std::vector<policy::Policy> policies, std::map<std::string, StormMemory> memories) {
  policies_ = std::move(policies);
  collect_patterns();
  storm_memories_ = std::move(memories);
  compile_event_mappings();
  reconsider_all_ = true;
}

void DetectionEngine::set_suspended(std::string why) {
  if (why == suspended_) return;
  suspended_ = std::move(why);
  reconsider_all_ = true;
}

void DetectionEngine::set_restart(const std::string& ns, policy::PastRestart restart) {
  const std::string key = ObjectKey{ns, restart.name}.to_string();
  const auto known = restarts_.find(key);
  // What we have just let go is told of once more as it was before: it would count for no limit until our own write
  // comes back.
  if (known != restarts_.end() && known->second.released && restart.standing() && !known->second.standing()) return;
  restarts_[key] = std::move(restart);
  reconsider_all_ = true;
}

void DetectionEngine::remove_restart(const std::string& ns, const std::string& name) {
  const std::string key = ObjectKey{ns, name}.to_string();
  const auto it = restarts_.find(key);
  if (it == restarts_.end()) return;
  // Forget the decision too: if its object could not be created, the same decision must come again.
  remembered_.erase(it->second.workload.uid);
  restarts_.erase(it);
  reconsider_all_ = true;
}

std::vector<policy::PastRestart> DetectionEngine::restarts() const {
  std::vector<policy::PastRestart> all;
  all.reserve(restarts_.size());
  for (const auto& [key, restart] : restarts_) all.push_back(restart);
  return all;
}

policy::WorkloadCounts DetectionEngine::counts_for(const std::string& ns) const {
  const auto found = counts_.find(ns);
  return {count_, found == counts_.end() ? 0 : found->second};
}

WorkloadDecision DetectionEngine::decide(const detect::Case& the_case, const std::vector<policy::PastRestart>& past,
                                         Time now) const {
  const auto facts = case_facts(the_case);
  const auto workload = workload_facts(detector_.inventory(), the_case.workload);
  WorkloadDecision result;
  result.time = now;
  result.the_case = the_case;
  result.attempt = restart::next_attempt(the_case.workload, the_case.cause, past);
  result.restart_name = restart::journal_name(the_case.workload, the_case.cause, result.attempt);
  result.decision = policy::decide(policies_,
                                   {&workload, &facts, past, settings_.own_namespace, counts_for(the_case.workload.ns),
                                    suspended_, &storms_, result.restart_name},
                                   now);
  if (const auto effective = policy::select_policy(policies_, workload)) {
    result.observe = effective->spec.verification_observe;
  }
  return result;
}

void DetectionEngine::assume_restart(const WorkloadDecision& decision) {
  policy::PastRestart assumed;
  assumed.name = decision.restart_name;
  assumed.workload = decision.the_case.workload;
  assumed.strategy = decision.decision.strategy;
  assumed.cause = decision.the_case.cause;
  assumed.policy = decision.decision.policy;
  assumed.created = decision.time;
  const auto known = restarts_.find(ObjectKey{assumed.workload.ns, assumed.name}.to_string());
  if (known != restarts_.end() && known->second.standing()) {
    assumed.created = known->second.created;
    assumed.approval = known->second.approval;
  }
  if (decision.decision.kind == DecisionKind::kAsk) {
    assumed.phase = Phase::kAwaitingApproval;
    assumed.approval.state = policy::PastRestart::Approval::State::kAwaited;
    assumed.approval.expires = decision.decision.expires;
  } else if (decision.decision.standing) {
    assumed.phase = Phase::kScheduled;
  } else if (known != restarts_.end()) {
    assumed.released = decision.time;
  }
  if (assumed.strategy == Strategy::kEvictPods) {
    for (const auto& pod : decision.the_case.pods) assumed.pods.push_back(pod.name);
  }
  if (settings_.assumed_restart && !assumed.standing()) {
    assumed.finished = decision.time + std::min(*settings_.assumed_restart, decision.observe);
  }
  const std::string key = ObjectKey{assumed.workload.ns, assumed.name}.to_string();
  if (assumed.standing()) spoken_for_.insert(key);
  restarts_[key] = std::move(assumed);
}

void DetectionEngine::finish_assumed(Time now) {
  if (!settings_.assumed_restart) return;
  for (auto& [key, restart] : restarts_) {
    if (is_final(restart.phase) || !restart.finished || *restart.finished > now) continue;
    restart.phase = Phase::kSucceeded;
    restart.outcome = Outcome::kUnverified;
    reconsider_all_ = true;
  }
}

void DetectionEngine::close(const std::string& uid, Time now) {
  const auto it = remembered_.find(uid);
  if (it == remembered_.end()) return;
  Remembered& memory = it->second;
  const bool told = memory.decided && memory.last.decision.kind != DecisionKind::kRestart;
  if (!told || now - memory.closed.value_or(now) >= kTellAgainAfter) {
    remembered_.erase(it);
    return;
  }
  if (!memory.closed) memory.closed = now;
  memory.look_again = *memory.closed + kTellAgainAfter;
}

std::vector<detect::Case> DetectionEngine::due_cases(Time now) {
  const auto changed = detector_.take_changed();
  std::set<std::string> due(changed.begin(), changed.end());
  if (reconsider_all_) {
    const auto open = detector_.open_cases();
    due.insert(open.begin(), open.end());
    for (const auto& [uid, remembered] : remembered_) due.insert(uid);
    reconsider_all_ = false;
  }
  for (const auto& [uid, remembered] : remembered_) {
    if (remembered.look_again && *remembered.look_again <= now) due.insert(uid);
  }

  std::vector<detect::Case> cases;
  for (const auto& uid : due) {
    if (auto the_case = detector_.find_case(uid)) {
      cases.push_back(std::move(*the_case));
    } else {
      close(uid, now);
    }
  }
  // The limits are handed out in this order.
  const bool stormy = !storms_.empty();
  const auto order = [stormy](const detect::Case& c) {
    return std::pair(stormy && policy::is_system_namespace(c.workload.ns), urgency(c));
  };
  std::stable_sort(cases.begin(), cases.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return cases;
}

std::vector<WorkloadDecision> DetectionEngine::advance(Time now) {
  last_advance_ = now;
  if (now - last_expire_ >= std::chrono::seconds(1)) {
    last_expire_ = now;
    detector_.expire(now);
  }
  // At the start, and in a recording, the first objects may come after the first look.
  if (!counted_ || count_ == 0 || now - *counted_ >= kCountAgainAfter || now < *counted_) {
    counted_ = now;
    counts_ = detector_.inventory().workloads_by_namespace();
    count_ = 0;
    for (const auto& [ns, count] : counts_) count_ += count;
  }
  finish_assumed(now);
  withdraw_what_lapsed(now);

  const auto cases = due_cases(now);
  // All that broke is known before the first of them is decided: a storm comes in one batch.
  note_broken(cases, now);
  assess_storms(now);

  std::vector<WorkloadDecision> decisions;
  for (const auto& the_case : cases) {
    const auto& uid = the_case.workload.uid;
    auto next = decide(the_case, restarts(), now);
    want_looks(next, now);
    if (replaces_standing(next, now)) {
      remembered_[uid].look_again = now;
      continue;
    }
    // What waits in the cluster says there what it waits for now.
    const auto waiting = restarts_.find(ObjectKey{the_case.workload.ns, next.restart_name}.to_string());
    if (next.decision.kind == DecisionKind::kWait && !next.decision.pending && waiting != restarts_.end()) {
      next.decision.standing = waiting->second.standing();
    }
    const auto known = remembered_.find(uid);
    auto& memory = remembered_[uid];
    memory.look_again = next.decision.not_before;
    memory.closed.reset();
    if (next.decision.pending) {
      if (known == remembered_.end()) memory.last = std::move(next);
      continue;
    }
    if (memory.decided && (says_the_same(memory.last, next) || only_echoes(memory.last, next))) continue;
    memory.last = next;
    memory.decided = true;
    if (next.decision.kind == DecisionKind::kRestart || next.decision.standing) assume_restart(next);
    decisions.push_back(std::move(next));
  }
  return decisions;
}

std::optional<Time> DetectionEngine::next_deadline() const {
  std::optional<Time> next;
  const auto consider = [&](Time at) {
    at = std::max(at, last_advance_);
    if (!next || at < *next) next = at;
  };
  for (const auto& [uid, remembered] : remembered_) {
    if (remembered.look_again && *remembered.look_again > last_advance_) consider(*remembered.look_again);
  }
  for (const auto& [key, restart] : restarts_) {
    if (restart.standing() && restart.approval.expires) consider(*restart.approval.expires);
    if (const auto alone = alone_since_.find(key); alone != alone_since_.end()) {
      consider(alone->second + (spoken_for_.contains(key) ? settings_.closed_patience : settings_.standing_patience));
    }
  }
  if (settings_.assumed_restart) {
    for (const auto& [key, restart] : restarts_) {
      if (!is_final(restart.phase) && restart.finished) consider(*restart.finished);
    }
  }
  return next;
}

std::vector<WorkloadDecision> DetectionEngine::open_decisions() const {
  std::vector<WorkloadDecision> open;
  for (const auto& [uid, remembered] : remembered_) {
    if (remembered.decided && !remembered.closed) open.push_back(remembered.last);
  }
  return open;
}

OpenState DetectionEngine::open_state() const { return {open_decisions(), storms_, suspended_}; }

std::vector<WorkloadDecision> DetectionEngine::undecided(Time now) const {
  std::vector<WorkloadDecision> result;
  for (const auto& uid : detector_.open_cases()) {
    const auto it = remembered_.find(uid);
    if (it != remembered_.end() && it->second.decided) continue;
    if (const auto the_case = detector_.find_case(uid)) {
      auto decision = decide(*the_case, restarts(), now);
      // Nothing is waited for any more: it was seen, and it was not enough.
      decision.decision.kind = DecisionKind::kObserve;
      result.push_back(std::move(decision));
    }
  }
  return result;
}

}  // namespace remint::controllers

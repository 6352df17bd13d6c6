// Restarts that wait to be allowed: when they are not to begin any more. Approved ones are looked at like all others,
// at the moment of the approval and at each later one, for what they stand on may have gone meanwhile.

#include <utility>

#include "remint/controllers/detection_engine.hpp"
#include "remint/restart/journal.hpp"

namespace remint::controllers {
namespace {

using State = policy::PastRestart::Approval::State;

/// Nothing but time and people have to change for it to be allowed again.
bool lets_it_stand(const policy::Decision& decision) {
  // In mode Observe nothing waits for a window, and neither does anything for one that never opens.
  if (decision.check == "OutsideWindow") return decision.standing;
  return decision.kind == DecisionKind::kAsk || decision.kind == DecisionKind::kWait ||
         decision.kind == DecisionKind::kRestart;
}

}  // namespace

void DetectionEngine::withdraw(policy::PastRestart& restart, std::string_view reason, std::string why, Time now) {
  withdrawals_.push_back({restart.workload.ns, restart.name, restart.workload, reason, std::move(why)});
  restart.phase = Phase::kCancelled;
  restart.withdrawn = reason == restart::kWithdrawn;
  restart.finished = now;
  reconsider_all_ = true;
}

void DetectionEngine::withdraw_what_lapsed(Time now) {
  std::map<std::string, Time> alone;
  std::set<std::string> spoken;
  for (auto& [key, restart] : restarts_) {
    if (!restart.standing()) continue;
    const auto& approval = restart.approval;
    if (approval.state == State::kDenied) {
      withdraw(restart, restart::kDenied, approval.by + " denied it", now);
    } else if (approval.state == State::kAwaited && approval.expires && *approval.expires <= now) {
      withdraw(restart, restart::kLapsed, "nobody answered until " + format_rfc3339(*approval.expires), now);
    } else if (detector_.find_case(restart.workload.uid)) {
      spoken.insert(key);
    } else {
      const bool was_spoken = spoken_for_.contains(key);
      const auto since = alone_since_.contains(key) ? alone_since_.at(key) : now;
      const auto patience = was_spoken ? settings_.closed_patience : settings_.standing_patience;
      if (now - since >= patience) {
        withdraw(restart, restart::kWithdrawn,
                 was_spoken ? "the case no longer stands: its pods are gone, or authenticate again"
                            : "nothing has spoken for it for " + format_duration(patience),
                 now);
        continue;
      }
      alone.emplace(key, since);
      if (was_spoken) spoken.insert(key);
    }
  }
  alone_since_ = std::move(alone);
  spoken_for_ = std::move(spoken);
}

bool DetectionEngine::replaces_standing(const WorkloadDecision& decision, Time now) {
  if (decision.decision.pending) return false;  // weaker than it was; it may come back, or fall silent
  bool first_withdrawn = false;
  for (auto& [key, restart] : restarts_) {
    if (!restart.standing() || restart.workload.uid != decision.the_case.workload.uid) continue;
    const bool asks = decision.decision.kind == DecisionKind::kAsk;
    if (!lets_it_stand(decision.decision)) {
      withdraw(restart, restart::kWithdrawn, decision.decision.reason, now);
    } else if (restart.name != decision.restart_name) {
      withdraw(restart, restart::kWithdrawn, "what it was for is gone: the pods are of another revision now", now);
    } else if (restart.strategy != decision.decision.strategy && decision.decision.strategy != Strategy::kNone) {
      withdraw(restart, restart::kWithdrawn,
               "it would be done by " + std::string(to_string(decision.decision.strategy)) + " now", now);
      first_withdrawn = true;  // the decision bears the same name, which is taken
    } else if (asks && restart.approval.state == State::kNotAsked) {
      withdraw(restart, restart::kWithdrawn, decision.decision.policy + " asks for approval now", now);
      first_withdrawn = true;
    }
  }
  return first_withdrawn;
}

std::vector<Withdrawal> DetectionEngine::take_withdrawals() { return std::exchange(withdrawals_, {}); }

}  // namespace remint::controllers

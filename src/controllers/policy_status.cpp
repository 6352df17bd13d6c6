#include "policy_status.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace remint::controllers {
namespace {

constexpr std::size_t kMaxAtRisk = 20;
constexpr std::size_t kMaxMessage = 8192;

Json ready_condition(const PolicyView& view, Time now) {
  Json condition;
  condition["type"] = "Ready";
  condition["observedGeneration"] = view.generation;
  if (view.errors->empty()) {
    condition["status"] = "True";
    condition["reason"] = "Valid";
    condition["message"] = "the policy is in force";
  } else {
    condition["status"] = "False";
    condition["reason"] = "Invalid";
    const std::string rest = view.in_force >= 0 ? "; generation " + std::to_string(view.in_force) + " stays in force"
                                                : "; no earlier valid spec is known, so this policy does nothing";
    condition["message"] = join(*view.errors).substr(0, kMaxMessage) + rest;
  }
  condition["lastTransitionTime"] = format_rfc3339(now);
  if (view.previous != nullptr && view.previous->is_object()) {
    for (const auto& old : view.previous->value("conditions", Json::array())) {
      if (old.is_object() && old.value("type", "") == "Ready" &&
          old.value("status", "") == condition["status"].get<std::string>()) {
        condition["lastTransitionTime"] =
            old.value("lastTransitionTime", condition["lastTransitionTime"].get<std::string>());
      }
    }
  }
  return condition;
}

Json at_risk(const WorkloadDecision& decision) {
  const auto& workload = decision.the_case.workload;
  Json item{{"kind", workload.kind},
            {"name", workload.name},
            {"diagnosis", to_string(decision.the_case.diagnosis)},
            {"decision", to_string(decision.decision.kind)},
            {"reason", decision.decision.reason.substr(0, 1024)}};
  if (!workload.ns.empty()) item["namespace"] = workload.ns;
  if (decision.the_case.breaks_at) item["breaksAt"] = format_rfc3339(*decision.the_case.breaks_at);
  return item;
}

}  // namespace

Json policy_status(const PolicyView& view, const std::vector<WorkloadDecision>& open,
                   const std::vector<policy::PastRestart>& restarts, Time now) {
  std::vector<const WorkloadDecision*> mine;
  for (const auto& decision : open) {
    if (decision.decision.policy == view.reference) mine.push_back(&decision);
  }
  // Dead ones first, then by the day they break.
  std::stable_sort(mine.begin(), mine.end(), [](const auto* a, const auto* b) {
    return a->the_case.breaks_at.value_or(Time::min()) < b->the_case.breaks_at.value_or(Time::min());
  });

  std::int64_t running = 0;
  std::int64_t last_hour = 0;
  for (const auto& restart : restarts) {
    if (restart.policy != view.reference) continue;
    if (!is_final(restart.phase)) ++running;
    if (now - restart.created < std::chrono::hours(1) && restart.phase != Phase::kCancelled) ++last_hour;
  }

  Json status;
  status["observedGeneration"] = view.generation;
  status["conditions"] = Json::array({ready_condition(view, now)});
  status["cases"] = mine.size();
  status["restarts"] = {{"running", running}, {"lastHour", last_hour}};
  status["atRisk"] = Json::array();
  for (const auto* decision : mine) {
    if (status["atRisk"].size() == kMaxAtRisk) break;
    status["atRisk"].push_back(at_risk(*decision));
  }
  return status;
}

bool status_equals(const Json& patch, const Json& stored) {
  if (!stored.is_object()) return false;
  return std::all_of(patch.items().begin(), patch.items().end(), [&](const auto& item) {
    const auto it = stored.find(item.key());
    return it != stored.end() && *it == item.value();
  });
}

}  // namespace remint::controllers

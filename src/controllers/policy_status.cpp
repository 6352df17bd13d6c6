#include "policy_status.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace remint::controllers {
namespace {

constexpr std::size_t kMaxAtRisk = 20;
constexpr std::size_t kMaxMessage = 8192;
constexpr std::size_t kMaxNarrowed = 50;
constexpr std::size_t kMaxWouldRestart = 100;

/// One condition; when it last changed is remembered from the status before.
Json condition(const PolicyView& view, Time now, const char* type, bool on, const char* reason, std::string message) {
  Json json{
      {"type", type},     {"observedGeneration", view.generation},     {"status", on ? "True" : "False"},
      {"reason", reason}, {"message", message.substr(0, kMaxMessage)}, {"lastTransitionTime", format_rfc3339(now)}};
  if (view.previous == nullptr || !view.previous->is_object()) return json;
  for (const auto& old : view.previous->value("conditions", Json::array())) {
    if (old.is_object() && old.value("type", "") == type && old.value("status", "") == json["status"]) {
      json["lastTransitionTime"] = old.value("lastTransitionTime", json["lastTransitionTime"].get<std::string>());
    }
  }
  return json;
}

Json ready_condition(const PolicyView& view, Time now) {
  if (view.errors->empty()) return condition(view, now, "Ready", true, "Valid", "the policy is in force");
  const std::string rest = view.in_force >= 0 ? "; generation " + std::to_string(view.in_force) + " stays in force"
                                              : "; no earlier valid spec is known, so this policy does nothing";
  return condition(view, now, "Ready", false, "Invalid",
                   join(*view.errors).substr(0, kMaxMessage - rest.size()) + rest);
}

Json suspended_condition(const PolicyView& view, const OpenState& open, Time now) {
  std::string by = open.suspended;
  if (by.empty() && view.policy != nullptr && view.policies != nullptr) {
    by = policy::suspended_by(*view.policies, view.reference, view.policy->key.ns);
  }
  return by.empty() ? condition(view, now, "Suspended", false, "NotSuspended", "nothing suspends it")
                    : condition(view, now, "Suspended", true, "Suspended",
                                "suspended by " + by + ": nothing is begun, and nothing that was begun goes on");
}

Json storm_condition(const PolicyView& view, const OpenState& open, Time now) {
  const auto storm = open.storms.find(view.reference);
  if (storm == open.storms.end()) return condition(view, now, "StormBrake", false, "Calm", "no more break than usual");
  const ObjectKey key = view.policy != nullptr ? view.policy->key : ObjectKey{"", view.reference};
  return condition(view, now, "StormBrake", true, "Storm", storm_text(storm->second, key));
}

/// How a namespaced policy is met by the cluster's.
std::vector<policy::FieldOrigin> narrowed(const PolicyView& view) {
  if (view.policy == nullptr || view.policies == nullptr || view.policy->cluster()) return {};
  policy::WorkloadFacts any;
  any.ref.ns = view.policy->key.ns;
  auto fields = policy::narrowings(*view.policy, *view.policies, any);
  if (fields.size() > kMaxNarrowed) fields.resize(kMaxNarrowed);
  return fields;
}

Json narrowed_condition(const PolicyView& view, const std::vector<policy::FieldOrigin>& fields, Time now) {
  if (fields.empty()) return condition(view, now, "Narrowed", false, "AsWritten", "it holds as it is written");
  std::string text;
  for (const auto& field : fields) {
    text += (text.empty() ? "" : "; ") + field.field + " " + field.over + " -> " + field.value + " by " + field.from;
  }
  return condition(view, now, "Narrowed", true, "Ceiling", text);
}

Json overridden_condition(const PolicyView& view, const OpenState& open, Time now) {
  std::set<std::string> by;
  std::size_t workloads = 0;
  for (const auto& decision : open.decisions) {
    const auto& behind = decision.decision.overridden;
    if (std::ranges::find(behind, view.reference) == behind.end()) continue;
    by.insert(decision.decision.policy);
    ++workloads;
  }
  if (by.empty()) {
    return condition(view, now, "Overridden", false, "Speaks", "no other policy goes first for a workload at risk");
  }
  std::string text;
  for (const auto& reference : by) text += (text.empty() ? "" : ", ") + reference;
  return condition(view, now, "Overridden", true, "OtherPolicyGoesFirst",
                   text + " goes first for " + std::to_string(workloads) +
                       (workloads == 1 ? " workload" : " workloads") + " at risk that this policy matches, too");
}

/// Workloads that would have been restarted today if the mode were Enforce: those of the status before, and those that
/// are decided so now.
Json would_restart(const PolicyView& view, const std::vector<const WorkloadDecision*>& mine, Time now) {
  const std::string day = format_rfc3339(now).substr(0, 10);
  std::set<std::string> workloads;
  std::size_t count = 0;
  if (view.previous != nullptr && view.previous->is_object()) {
    const auto before = view.previous->value("wouldRestart", Json::object());
    if (before.is_object() && before.value("day", "") == day) {
      for (const auto& name : before.value("workloads", Json::array())) {
        if (name.is_string()) workloads.insert(name.get<std::string>());
      }
      count = before.value("count", std::size_t{0});
    }
  }
  for (const auto* decision : mine) {
    if (decision->decision.check != "ObserveMode") continue;
    const auto name = decision->the_case.workload.to_string();
    if (workloads.contains(name)) continue;
    ++count;
    if (workloads.size() < kMaxWouldRestart) workloads.insert(name);
  }
  return {{"day", day}, {"count", count}, {"workloads", workloads}};
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

Json policy_status(const PolicyView& view, const OpenState& open, const std::vector<policy::PastRestart>& restarts,
                   Time now) {
  std::vector<const WorkloadDecision*> mine;
  for (const auto& decision : open.decisions) {
    if (decision.decision.policy == view.reference) mine.push_back(&decision);
  }
  // Dead ones first, then by the day they break.
  std::stable_sort(mine.begin(), mine.end(), [](const auto* a, const auto* b) {
    return a->the_case.breaks_at.value_or(Time::min()) < b->the_case.breaks_at.value_or(Time::min());
  });

  std::int64_t running = 0;
  std::int64_t last_hour = 0;
  std::int64_t awaited = 0;
  std::int64_t scheduled = 0;
  for (const auto& restart : restarts) {
    if (restart.policy != view.reference) continue;
    if (restart.phase == Phase::kAwaitingApproval) ++awaited;
    if (restart.phase == Phase::kScheduled) ++scheduled;
    if (restart.under_way()) ++running;
    if (now - restart.begun() < std::chrono::hours(1) && restart.phase != Phase::kCancelled && !restart.standing()) {
      ++last_hour;
    }
  }

  const auto fields = narrowed(view);
  Json status;
  status["observedGeneration"] = view.generation;
  status["conditions"] =
      Json::array({ready_condition(view, now), suspended_condition(view, open, now), storm_condition(view, open, now),
                   narrowed_condition(view, fields, now), overridden_condition(view, open, now)});
  status["cases"] = mine.size();
  status["restarts"] = {{"running", running}, {"lastHour", last_hour}};
  status["pending"] = {{"approval", awaited}, {"scheduled", scheduled}};
  status["wouldRestart"] = would_restart(view, mine, now);
  status["storm"] = nullptr;
  if (const auto storm = open.storms.find(view.reference); storm != open.storms.end()) {
    status["storm"] = {{"since", format_rfc3339_micro(storm->second.since)},
                       {"broken", storm->second.broken},
                       {"workloads", storm->second.workloads}};
  }
  status["narrowed"] = Json::array();
  for (const auto& field : fields) {
    status["narrowed"].push_back(
        {{"field", field.field}, {"value", field.value}, {"from", field.from}, {"over", field.over}});
  }
  status["atRisk"] = Json::array();
  for (const auto* decision : mine) {
    if (status["atRisk"].size() == kMaxAtRisk) break;
    status["atRisk"].push_back(at_risk(*decision));
  }
  return status;
}

std::optional<policy::Storm> storm_in_status(const std::string& status) {
  const auto json = parse_json(status);
  if (!json) return std::nullopt;
  FieldErrors ignored;
  const auto storm = JsonReader(*json, ignored).at("storm");
  const auto since = storm.at("since").time();
  if (!since) return std::nullopt;
  constexpr std::int64_t kMost = 10'000'000;
  return policy::Storm{*since, static_cast<std::size_t>(storm.at("broken").integer(0, 0, kMost)),
                       static_cast<std::size_t>(storm.at("workloads").integer(0, 0, kMost))};
}

std::string storm_text(const policy::Storm& storm, const ObjectKey& policy) {
  const std::string where = policy.ns.empty() ? "" : " -n " + policy.ns;
  return std::to_string(storm.broken) + " of " + std::to_string(storm.workloads) + " workloads broke since " +
         format_rfc3339(storm.since) + ": restarts are held back. Look at the API server's keys, CA and clock first; " +
         "then go on with remint resume " + policy.name + where;
}

bool status_equals(const Json& patch, const Json& stored) {
  if (!stored.is_object()) return false;
  return std::all_of(patch.items().begin(), patch.items().end(), [&](const auto& item) {
    const auto it = stored.find(item.key());
    if (it == stored.end()) return item.value().is_null();
    return *it == item.value();
  });
}

}  // namespace remint::controllers

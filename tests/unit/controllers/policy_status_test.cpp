#include "policy_status.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

namespace {

WorkloadDecision at_risk(const std::string& name, std::optional<Time> breaks_at) {
  WorkloadDecision decision;
  decision.the_case.workload = {"apps/v1", "Deployment", "shop", name, "uid-" + name};
  decision.the_case.breaks_at = breaks_at;
  decision.decision.policy = "ClusterTokenRefreshPolicy/default";
  return decision;
}

PolicyView view(const FieldErrors& errors, const Json& previous, std::int64_t in_force = 2) {
  return {"ClusterTokenRefreshPolicy/default", 3, &errors, in_force, &previous, nullptr, nullptr};
}

OpenState open(std::vector<WorkloadDecision> decisions) { return {std::move(decisions), {}, {}}; }

Json condition(const Json& status, const std::string& type) {
  for (const auto& one : status["conditions"]) {
    if (one["type"] == type) return one;
  }
  return {};
}

}  // namespace

TEST_CASE("a valid policy is Ready, and what it knows of is listed soonest first, dead ones before all") {
  const auto status = policy_status(
      view({}, {}), open({at_risk("later", kStart + 48h), at_risk("dead", {}), at_risk("soon", kStart + 1h)}), {},
      kStart);
  CHECK(status["conditions"][0]["status"] == "True");
  CHECK(status["conditions"][0]["reason"] == "Valid");
  CHECK(status["observedGeneration"] == 3);
  CHECK(status["cases"] == 3);
  CHECK(status["atRisk"][0]["name"] == "dead");
  CHECK(status["atRisk"][1]["name"] == "soon");
  CHECK(status["atRisk"][1]["breaksAt"] == "2026-07-01T11:00:00Z");
  CHECK(status["atRisk"][2]["name"] == "later");
}

TEST_CASE("a bad policy names every field error and what stays in force") {
  const FieldErrors errors{{"spec.mode", "must be Observe or Enforce"}, {"spec.limits.cooldown", "is no duration"}};
  const auto condition = policy_status(view(errors, {}), {}, {}, kStart)["conditions"][0];
  CHECK(condition["status"] == "False");
  const auto message = condition["message"].get<std::string>();
  CHECK(message.find("spec.mode: must be Observe or Enforce") != std::string::npos);
  CHECK(message.find("spec.limits.cooldown: is no duration") != std::string::npos);
  CHECK(message.find("generation 2 stays in force") != std::string::npos);
  const auto first = policy_status(view(errors, {}, -1), {}, {}, kStart)["conditions"][0]["message"].get<std::string>();
  CHECK(first.find("this policy does nothing") != std::string::npos);
}

TEST_CASE("the time of a condition moves only when its status does") {
  const auto before = policy_status(view({}, {}), {}, {}, kStart);
  const auto after = policy_status(view({}, before), {}, {}, kStart + 1h);
  CHECK(after["conditions"][0]["lastTransitionTime"] == "2026-07-01T10:00:00Z");
  CHECK(status_equals(after, before));
  const FieldErrors errors{{"spec.mode", "bad"}};
  const auto broken = policy_status(view(errors, before), {}, {}, kStart + 2h);
  CHECK(broken["conditions"][0]["lastTransitionTime"] == "2026-07-01T12:00:00Z");
  CHECK_FALSE(status_equals(broken, before));
}

TEST_CASE("the list of workloads at risk is capped, the count is not") {
  std::vector<WorkloadDecision> many;
  for (int i = 0; i < 50; ++i) many.push_back(at_risk("w" + std::to_string(i), {}));
  const auto status = policy_status(view({}, {}), open(many), {}, kStart);
  CHECK(status["cases"] == 50);
  CHECK(status["atRisk"].size() == 20);
}

TEST_CASE("restarts are counted for the policy that ordered them") {
  std::vector<policy::PastRestart> restarts(3);
  for (auto& restart : restarts) {
    restart.policy = "ClusterTokenRefreshPolicy/default";
    restart.created = kStart - 10min;
  }
  restarts[0].phase = Phase::kRunning;
  restarts[1].phase = Phase::kSucceeded;
  restarts[2].phase = Phase::kSucceeded;
  restarts[2].created = kStart - 2h;
  const auto status = policy_status(view({}, {}), {}, restarts, kStart);
  CHECK(status["restarts"]["running"] == 1);
  CHECK(status["restarts"]["lastHour"] == 2);
}

TEST_CASE("a brake that is on is in the status until it is off, and a successor reads it there") {
  OpenState state;
  state.storms["ClusterTokenRefreshPolicy/default"] = {kStart, 12, 40};
  auto status = policy_status(view({}, {}), state, {}, kStart);
  CHECK(condition(status, "StormBrake")["status"] == "True");
  const auto read = storm_in_status(dump_json(status));
  REQUIRE(read);
  CHECK(*read == policy::Storm{kStart, 12, 40});
  status = policy_status(view({}, status), {}, {}, kStart + 1h);
  CHECK(status["storm"].is_null());
  CHECK_FALSE(storm_in_status(dump_json(status)));
  CHECK(condition(status, "StormBrake")["status"] == "False");
}

TEST_CASE("what would have been restarted today is counted once a workload, also by a successor, and anew each day") {
  auto would = at_risk("cart", {});
  would.decision.check = "ObserveMode";
  const auto first = policy_status(view({}, {}), open({would}), {}, kStart);
  CHECK(first["wouldRestart"]["day"] == "2026-07-01");
  CHECK(first["wouldRestart"]["count"] == 1);
  const auto again = policy_status(view({}, first), open({would}), {}, kStart + 1h);
  CHECK(again["wouldRestart"] == first["wouldRestart"]);
  const auto tomorrow = policy_status(view({}, again), open({}), {}, kStart + 24h);
  CHECK(tomorrow["wouldRestart"]["day"] == "2026-07-02");
  CHECK(tomorrow["wouldRestart"]["count"] == 0);
}

TEST_CASE("who waits for a person or a window is counted apart from who is under way") {
  std::vector<policy::PastRestart> restarts(3);
  for (auto& restart : restarts) {
    restart.policy = "ClusterTokenRefreshPolicy/default";
    restart.created = kStart - 10min;
  }
  restarts[0].phase = Phase::kAwaitingApproval;
  restarts[1].phase = Phase::kScheduled;
  restarts[2].phase = Phase::kRunning;
  const auto status = policy_status(view({}, {}), {}, restarts, kStart);
  CHECK(status["pending"] == Json{{"approval", 1}, {"scheduled", 1}});
  CHECK(status["restarts"]["running"] == 1);
  CHECK(status["restarts"]["lastHour"] == 1);
}

TEST_CASE("a kill switch is in the status of every policy") {
  OpenState state;
  state.suspended = "Lease/remint-system/remint (keys are replaced)";
  const auto suspended = condition(policy_status(view({}, {}), state, {}, kStart), "Suspended");
  CHECK(suspended["status"] == "True");
  CHECK(suspended["message"].get<std::string>().find("keys are replaced") != std::string::npos);
}

TEST_CASE("a policy behind another one says whose word goes first") {
  auto decision = at_risk("cart", {});
  decision.decision.policy = "ClusterTokenRefreshPolicy/first";
  decision.decision.overridden = {"ClusterTokenRefreshPolicy/default"};
  const auto overridden = condition(policy_status(view({}, {}), open({decision}), {}, kStart), "Overridden");
  CHECK(overridden["status"] == "True");
  CHECK(overridden["message"].get<std::string>().find("ClusterTokenRefreshPolicy/first") != std::string::npos);
}

// Restarts that wait to be allowed, storms and kill switches, as the engine decides about them.

#include <catch2/catch.hpp>

#include "remint/restart/journal.hpp"
#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

namespace {

using State = policy::PastRestart::Approval::State;

policy::Policy approving() {
  auto policy = enforce();
  policy.spec.mode = policy::Mode::kApprove;
  policy.spec.limits.cooldown = 1min;
  return policy;
}

/// What the API server would tell of the restart that a decision asked for.
policy::PastRestart standing(const WorkloadDecision& decision, State state) {
  policy::PastRestart restart;
  restart.name = decision.restart_name;
  restart.workload = decision.the_case.workload;
  restart.strategy = decision.decision.strategy;
  restart.cause = decision.the_case.cause;
  restart.policy = decision.decision.policy;
  restart.phase = Phase::kAwaitingApproval;
  restart.created = decision.time;
  restart.approval = {state, "anna", decision.decision.expires};
  return restart;
}

WorkloadDecision asked(SmallWorld& world) {
  world.engine.set_policies({approving()});
  fail_until(world, 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  REQUIRE(decisions[0].decision.kind == DecisionKind::kAsk);
  REQUIRE(decisions[0].decision.standing);
  return decisions[0];
}

}  // namespace

TEST_CASE("who asks does so once, and begins when a person approves") {
  SmallWorld world;
  const auto question = asked(world);
  CHECK(question.decision.expires == kStart + 30s + 24h);
  CHECK(question.decision.reason.find("remint approve " + question.restart_name) != std::string::npos);
  world.reject("10.0.0.1", 40s);
  CHECK(world.advance(40s).empty());
  world.engine.set_restart("shop", standing(question, State::kApproved));
  const auto decisions = world.advance(50s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(decisions[0].restart_name == question.restart_name);
  CHECK(world.engine.take_withdrawals().empty());
}

TEST_CASE("what a person denied is withdrawn and not asked again") {
  SmallWorld world;
  const auto question = asked(world);
  world.engine.set_restart("shop", standing(question, State::kDenied));
  world.reject("10.0.0.1", 40s);
  const auto decisions = world.advance(40s);
  const auto withdrawn = world.engine.take_withdrawals();
  REQUIRE(withdrawn.size() == 1);
  CHECK(withdrawn[0].reason == restart::kDenied);
  CHECK(withdrawn[0].name == question.restart_name);
  for (const auto& decision : decisions) CHECK(decision.decision.kind != DecisionKind::kAsk);
  world.reject("10.0.0.1", 100s);
  world.reject("10.0.0.1", 110s);
  world.reject("10.0.0.1", 120s);
  const auto after_cooldown = world.advance(121s);
  REQUIRE(after_cooldown.size() == 1);
  CHECK(after_cooldown[0].decision.check == "Denied");
}

TEST_CASE("a question that nobody answers lapses, and is asked again after the cooldown under another name") {
  SmallWorld world;
  auto policy = approving();
  policy.spec.approval.expires_after = 60s;
  world.engine.set_policies({policy});
  fail_until(world, 30s);
  const auto first = world.advance(30s);
  REQUIRE(first.size() == 1);
  std::vector<Withdrawal> withdrawn;
  std::vector<WorkloadDecision> asked_again;
  for (auto at = 40s; at <= 200s; at += 10s) {
    world.reject("10.0.0.1", at);
    for (auto& decision : world.advance(at)) {
      if (decision.decision.kind == DecisionKind::kAsk) asked_again.push_back(decision);
    }
    for (auto& one : world.engine.take_withdrawals()) withdrawn.push_back(one);
  }
  REQUIRE(withdrawn.size() == 1);
  CHECK(withdrawn[0].reason == restart::kLapsed);
  REQUIRE(asked_again.size() == 1);
  CHECK(asked_again[0].time >= kStart + 90s + 60s);
  CHECK(asked_again[0].restart_name != first[0].restart_name);
}

TEST_CASE("what nothing speaks for any more is withdrawn: soon when its pods are well, late after a change of leader") {
  EngineSettings settings;
  SmallWorld world(settings);
  const auto question = asked(world);
  world.accept("uid-cart-5f-a", 40s);
  CHECK(world.advance(40s).empty());
  static_cast<void>(world.advance(50s));
  CHECK(world.engine.take_withdrawals().empty());
  static_cast<void>(world.advance(90s));
  const auto soon = world.engine.take_withdrawals();
  REQUIRE(soon.size() == 1);
  CHECK(soon[0].reason == restart::kWithdrawn);

  SmallWorld successor(settings);
  successor.engine.set_policies({approving()});
  successor.engine.set_restart("shop", standing(question, State::kApproved));
  for (auto at = 0s; at < 600s; at += 30s) static_cast<void>(successor.advance(at));
  CHECK(successor.engine.take_withdrawals().empty());
  static_cast<void>(successor.advance(601s));
  CHECK(successor.engine.take_withdrawals().size() == 1);
}

TEST_CASE("switching back to Observe withdraws what has not begun") {
  SmallWorld world;
  static_cast<void>(asked(world));
  auto policy = approving();
  policy.spec.mode = policy::Mode::kObserve;
  world.engine.set_policies({policy});
  static_cast<void>(world.advance(40s));
  REQUIRE(world.engine.take_withdrawals().size() == 1);
  world.engine.set_policies({enforce()});
  const auto decisions = world.advance(50s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
}

TEST_CASE("a stale token outside the window is scheduled, and begins in it") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.windows.windows = {{0x7F, 11h, 12h, "UTC"}};
  policy.spec.limits.spread_percent = 0;
  world.engine.set_policies({policy});
  world.accept("uid-cart-5f-a", 0s, 7200);
  const auto scheduled = world.advance(1s);
  REQUIRE(scheduled.size() == 1);
  CHECK(scheduled[0].decision.kind == DecisionKind::kWait);
  CHECK(scheduled[0].decision.check == "OutsideWindow");
  CHECK(scheduled[0].decision.standing);
  CHECK(scheduled[0].decision.not_before == kStart + 1h);
  world.accept("uid-cart-5f-a", 3599s, 7200 + 3599);
  CHECK(world.advance(3599s).empty());
  const auto begun = world.advance(3600s);
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].decision.kind == DecisionKind::kRestart);
  CHECK(begun[0].restart_name == scheduled[0].restart_name);
}

TEST_CASE("what is scheduled is withdrawn when its policy goes back to Observe, though the window speaks first") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.windows.windows = {{0x7F, 11h, 12h, "UTC"}};
  world.engine.set_policies({policy});
  world.accept("uid-cart-5f-a", 0s, 7200);
  REQUIRE(world.advance(1s).size() == 1);
  policy.spec.mode = policy::Mode::kObserve;
  world.engine.set_policies({policy});
  static_cast<void>(world.advance(2s));
  CHECK(world.engine.take_withdrawals().size() == 1);
}

TEST_CASE("a share counts the workloads that are there, also when they came after the first look") {
  SmallWorld world{};
  static_cast<void>(world.advance(0s));
  auto policy = enforce();
  policy.spec.storm.min_workloads = 1;
  policy.spec.storm.percent = 99;
  world.engine.set_policies({policy});
  auto& inventory = world.engine.detector().inventory();
  for (const char* name : {"a", "b", "c"}) {
    inventory.apply(detect::ObjectKind::kStatefulSet, workload("StatefulSet", name, std::string("uid-") + name));
  }
  fail_until(world, 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
}

TEST_CASE("the cluster's kill switch stops everything, and what waits goes on when it is off") {
  SmallWorld world;
  world.engine.set_suspended("Lease/remint-system/remint");
  fail_until(world, 30s);
  const auto held = world.advance(30s);
  REQUIRE(held.size() == 1);
  CHECK(held[0].decision.check == "Suspended");
  CHECK_FALSE(held[0].decision.standing);
  world.engine.set_suspended("");
  const auto decisions = world.advance(31s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
}

TEST_CASE("a storm puts the brake on before the first of it is restarted, and a person takes it off") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.storm.min_workloads = 1;
  policy.spec.storm.percent = 10;
  world.engine.set_policies({policy});
  fail_until(world, 30s);
  const auto held = world.advance(30s);
  REQUIRE(held.size() == 1);
  CHECK(held[0].decision.check == "StormBrake");
  REQUIRE(world.engine.storms().size() == 1);
  const auto storm = world.engine.storms().begin()->second;
  CHECK(storm.broken == 1);

  // Another leader knows it from the policy's status, before anything is heard to fail.
  SmallWorld successor;
  successor.engine.set_policies({policy}, {{"ClusterTokenRefreshPolicy/default", {storm, std::nullopt}}});
  static_cast<void>(successor.advance(31s));
  CHECK(successor.engine.storms().size() == 1);

  // A word from the far future is none.
  world.engine.set_policies({policy}, {{"ClusterTokenRefreshPolicy/default", {storm, kStart + 24h}}});
  static_cast<void>(world.advance(40s));
  CHECK(world.engine.storms().size() == 1);

  world.engine.set_policies({policy}, {{"ClusterTokenRefreshPolicy/default", {storm, kStart + 40s}}});
  const auto decisions = world.advance(41s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(world.engine.storms().empty());
}

TEST_CASE(
    "who falls silent after a key was replaced is given time, and restarted then; many at once are a storm, too") {
  const bool storm = GENERATE(false, true);
  SmallWorld world;
  auto policy = enforce();
  if (storm) {
    policy.spec.storm.min_workloads = 1;
    policy.spec.storm.percent = 10;
  }
  world.engine.set_policies({policy});
  fall_silent(world, 30min);
  CHECK(world.advance(10min + 10s + 14min).empty());
  const auto decisions = world.advance(10min + 10s + 15min);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].the_case.diagnosis == Diagnosis::kSigningKeyChanged);
  CHECK(decisions[0].decision.check == (storm ? "StormBrake" : "Allowed"));
  CHECK(world.engine.storms().size() == (storm ? 1 : 0));
}

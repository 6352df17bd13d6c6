#include "remint/controllers/detection_engine.hpp"

#include <catch2/catch.hpp>

#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

TEST_CASE("a pod that fails as long as the policy asks has its workload restarted once") {
  SmallWorld world;
  fail_until(world, 20s);
  CHECK(world.advance(20s).empty());
  world.reject("10.0.0.1", 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(decisions[0].decision.strategy == Strategy::kRolloutRestart);
  CHECK(decisions[0].the_case.workload.to_string() == "Deployment shop/cart");
  REQUIRE(decisions[0].the_case.pods.size() == 1);
  CHECK(decisions[0].the_case.pods[0].name == "cart-5f-a");
  CHECK(decisions[0].attempt == 1);

  SECTION("and further failures of the same pods are not news") {
    for (auto at = 40s; at <= 120s; at += 10s) {
      world.reject("10.0.0.1", at);
      CHECK(world.advance(at).empty());
    }
  }
}

TEST_CASE("time alone completes a failing run: the engine says when to look again") {
  SmallWorld world;
  fail_until(world, 20s);
  CHECK(world.advance(21s).empty());
  REQUIRE(world.engine.next_deadline() == kStart + 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(world.engine.next_deadline() != kStart + 30s);
}

TEST_CASE("a success in between begins the run anew") {
  SmallWorld world;
  fail_until(world, 20s);
  world.accept("uid-cart-5f-a", 25s);
  CHECK(world.advance(31s).empty());
  CHECK(world.engine.detector().open_cases().empty());
}

TEST_CASE("a stale token is a planned restart and says when it breaks") {
  SmallWorld world;
  world.accept("uid-cart-5f-b", 0s, 7200);
  const auto decisions = world.advance(0s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(decisions[0].the_case.diagnosis == Diagnosis::kStaleToken);
  CHECK(decisions[0].the_case.breaks_at == kStart - 7200s + 31'536'000s - 3607s);
}

TEST_CASE("in mode Observe the engine says what it would do and restarts nothing") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.mode = policy::Mode::kObserve;
  world.engine.set_policies({policy});
  fail_until(world, 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kObserve);

  SECTION("and acts when the policy is switched to Enforce") {
    world.engine.set_policies({enforce()});
    const auto then = world.advance(31s);
    REQUIRE(then.size() == 1);
    CHECK(then[0].decision.kind == DecisionKind::kRestart);
  }
}

TEST_CASE("a cooldown is a Wait with its end, and ends in a Restart") {
  SmallWorld world;
  world.engine.set_restart("shop", finished("deployment-cart-old-1", "4e", kStart - 10min));
  fail_until(world, 30s);
  const auto waiting = world.advance(30s);
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].decision.kind == DecisionKind::kWait);
  REQUIRE(waiting[0].decision.not_before == kStart + 20min);
  CHECK(world.engine.next_deadline() == kStart + 20min);
  // It goes on failing; otherwise the rejections leave the policy's `within`.
  for (auto at = 1195s; at <= 1200s; at += 1s) world.reject("10.0.0.1", at);
  const auto then = world.advance(20min);
  REQUIRE(then.size() == 1);
  CHECK(then[0].decision.kind == DecisionKind::kRestart);
}

TEST_CASE("a restart that could not be written is decided again") {
  SmallWorld world;
  fail_until(world, 30s);
  const auto first = world.advance(30s);
  REQUIRE(first.size() == 1);
  world.engine.remove_restart("shop", first[0].restart_name);
  const auto again = world.advance(31s);
  REQUIRE(again.size() == 1);
  CHECK(again[0].decision.kind == DecisionKind::kRestart);
  CHECK(again[0].restart_name == first[0].restart_name);
}

TEST_CASE("two engines that see the same thing name the restart alike, so that only one can be created") {
  SmallWorld one;
  SmallWorld two;
  fail_until(one, 30s);
  fail_until(two, 30s);
  two.reject("10.0.0.2", 30s);
  const auto a = one.advance(30s);
  const auto b = two.advance(33s);
  REQUIRE(a.size() == 1);
  REQUIRE(b.size() == 1);
  CHECK(a[0].restart_name == b[0].restart_name);
}

TEST_CASE("pods that begin to terminate close their case") {
  SmallWorld world;
  fail_until(world, 20s);
  auto leaving = pod("cart-5f-a", "10.0.0.1", kStart - 100h);
  leaving.deleting = kStart + 25s;
  world.engine.detector().inventory().apply(leaving, kStart + 25s);
  world.engine.detector().pod_changed("uid-cart-5f-a");
  world.reject("10.0.0.1", 30s);
  CHECK(world.advance(31s).empty());
  CHECK(world.engine.open_decisions().empty());
}

TEST_CASE("in a replay assumed restarts end, so that limits do not hold for ever") {
  EngineSettings settings;
  settings.assumed_restart = 2min;
  SmallWorld world(settings);
  auto policy = enforce();
  policy.spec.limits.max_concurrent = 1;
  world.engine.set_policies({policy});
  auto& inventory = world.engine.detector().inventory();
  inventory.apply(detect::ObjectKind::kDaemonSet, workload("DaemonSet", "agent", "uid-agent"));
  auto agent = pod("agent-x", "10.0.0.9", kStart - 100h);
  agent.owner = {"apps/v1", "DaemonSet", "agent", "uid-agent"};
  agent.revision = "77";
  inventory.apply(agent, kStart);

  fail_until(world, 30s);
  fail_until(world, 30s, "10.0.0.9");
  const auto first = world.advance(30s);
  REQUIRE(first.size() == 2);
  CHECK(std::count_if(first.begin(), first.end(),
                      [](const auto& d) { return d.decision.kind == DecisionKind::kRestart; }) == 1);
  CHECK(std::count_if(first.begin(), first.end(),
                      [](const auto& d) { return d.decision.kind == DecisionKind::kWait; }) == 1);

  REQUIRE(world.engine.next_deadline());
  for (auto at = 140s; at <= 150s; at += 5s) {
    world.reject("10.0.0.1", at);
    world.reject("10.0.0.9", at);
  }
  const auto then = world.advance(150s);
  REQUIRE(then.size() == 1);
  CHECK(then[0].decision.kind == DecisionKind::kRestart);
}

TEST_CASE("when a place becomes free, who has been failing longest gets it") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.limits.max_concurrent = 1;
  world.engine.set_policies({policy});
  auto running = finished("deployment-other-1", "x", kStart);
  running.workload.uid = "uid-other";
  running.phase = Phase::kRunning;
  running.finished.reset();
  world.engine.set_restart("shop", running);
  auto& inventory = world.engine.detector().inventory();
  // Sorted by UID this one would come first.
  inventory.apply(detect::ObjectKind::kDaemonSet, workload("DaemonSet", "agent", "uid-agent"));
  auto agent = pod("agent-x", "10.0.0.9", kStart - 100h);
  agent.owner = {"apps/v1", "DaemonSet", "agent", "uid-agent"};
  inventory.apply(agent, kStart);
  fail_until(world, 60s);
  for (auto at = 20s; at <= 60s; at += 10s) world.reject("10.0.0.9", at);
  CHECK(world.advance(60s).size() == 2);

  world.engine.remove_restart("shop", running.name);
  const auto then = world.advance(61s);
  REQUIRE(then.size() == 1);
  CHECK(then[0].decision.kind == DecisionKind::kRestart);
  CHECK(then[0].the_case.workload.name == "cart");
}

TEST_CASE("what stays below the thresholds is told at the end of a recording") {
  SmallWorld world;
  world.reject("10.0.0.1", 0s);
  CHECK(world.advance(0s).empty());
  const auto undecided = world.engine.undecided(kStart + 1s);
  REQUIRE(undecided.size() == 1);
  CHECK(undecided[0].decision.kind == DecisionKind::kObserve);
  CHECK_FALSE(undecided[0].decision.reason.empty());
}

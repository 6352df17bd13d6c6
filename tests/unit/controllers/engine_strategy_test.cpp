// Which strategy the engine decides for, on workloads of every kind.

#include <catch2/catch.hpp>

#include "remint/controllers/detection_engine.hpp"
#include "remint/restart/journal.hpp"
#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

TEST_CASE("of many replicas the few that fail are evicted, and the next ones after them") {
  EngineSettings settings;
  settings.assumed_restart = 1min;
  SmallWorld world(settings);
  auto policy = enforce();
  policy.spec.limits.cooldown = 0s;
  world.engine.set_policies({policy});
  auto cart = workload("Deployment", "cart", "uid-cart");
  cart.replicas = 8;
  world.engine.detector().inventory().apply(detect::ObjectKind::kDeployment, cart);
  fail_until(world, 30s);
  const auto first = world.advance(30s);
  REQUIRE(first.size() == 1);
  CHECK(first[0].decision.kind == DecisionKind::kRestart);
  CHECK(first[0].decision.strategy == Strategy::kEvictPods);

  // The other one began to fail while the first was evicted. The first lingers here: a recording evicts nobody.
  for (auto at = 40s; at <= 120s; at += 10s) {
    world.reject("10.0.0.1", at);
    world.reject("10.0.0.2", at);
    for (const auto& decision : world.advance(at)) {
      CHECK(decision.decision.kind == (at < 90s ? DecisionKind::kWait : DecisionKind::kRestart));
    }
  }
  const auto open = world.engine.open_decisions();
  REQUIRE(open.size() == 1);
  CHECK(open[0].decision.kind == DecisionKind::kRestart);
  CHECK(open[0].attempt == 2);
  CHECK(open[0].restart_name != first[0].restart_name);
}

TEST_CASE("bare pods, ReplicationControllers and controllers of other kinds are restarted by what works on them") {
  struct Row {
    std::string api_version, kind, uid;
    std::string check;
    Strategy strategy;
    std::string name;  ///< of the workload
  };
  const auto row = GENERATE(
      values<Row>({{"", "", "", "Allowed", Strategy::kRecreate, "lone"},
                   {"apps/v1", "ReplicaSet", "uid-owner", "Allowed", Strategy::kEvictPods, "owner"},
                   {"v1", "ReplicationController", "uid-owner", "Allowed", Strategy::kRollingReplace, "owner"},
                   {"kruise.io/v1", "CloneSet", "uid-owner", "Allowed", Strategy::kEvictPods, "owner"},
                   {"batch/v1", "Job", "uid-owner", "NoStrategy", Strategy::kNone, "owner"},
                   {"apps/v1", "StatefulSet", "uid-unseen", "WorkloadUnknown", Strategy::kRolloutRestart, "owner"},
                   {"apps/v1", "Deployment", "uid-cart", "PodHasController", Strategy::kNone, "lone"}}));
  INFO(row.kind);
  SmallWorld world;
  auto policy = enforce();
  policy.spec.match.kinds.emplace_back("CloneSet");
  world.engine.set_policies({policy});
  auto& inventory = world.engine.detector().inventory();
  auto owner = workload(row.kind, "owner", "uid-owner");
  owner.ref.api_version = row.api_version;
  if (row.kind == "ReplicaSet") inventory.apply(detect::ObjectKind::kReplicaSet, owner);
  if (row.kind == "ReplicationController") inventory.apply(detect::ObjectKind::kReplicationController, owner);
  auto lone = pod("lone", "10.0.0.9", kStart - 100h);
  lone.revision.clear();
  lone.owner = {row.api_version, row.kind, "owner", row.uid};
  inventory.apply(lone, kStart);
  fail_until(world, 30s, "10.0.0.9");
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  const auto& decision = decisions[0].decision;
  INFO(decision.reason);
  CHECK(decisions[0].the_case.workload.name == row.name);
  CHECK(decision.check == row.check);
  CHECK(to_string(decision.strategy) == to_string(row.strategy));
}

TEST_CASE("a pod that was made anew keeps its cooldown, and its restart has a name of its own") {
  SmallWorld world;
  auto& inventory = world.engine.detector().inventory();
  auto lone = pod("lone", "10.0.0.9", kStart - 100h);
  lone.owner = {};
  inventory.apply(lone, kStart);
  fail_until(world, 30s, "10.0.0.9");
  const auto first = world.advance(30s);
  REQUIRE(first.size() == 1);
  CHECK(first[0].attempt == 1);

  auto past = finished(first[0].restart_name, first[0].the_case.cause, kStart + 60s);
  past.workload = first[0].the_case.workload;
  past.strategy = Strategy::kRecreate;
  world.engine.set_restart("shop", past);
  inventory.remove(detect::ObjectKind::kPod, lone.uid, kStart + 60s);
  world.engine.detector().pod_changed(lone.uid);
  lone.uid = "uid-lone-2";
  lone.created = *(lone.started = kStart + 60s);
  inventory.apply(lone, kStart + 60s);
  for (auto at = 70s; at <= 120s; at += 10s) world.reject("10.0.0.9", at);
  const auto then = world.advance(120s);
  REQUIRE(then.size() == 1);
  CHECK(then[0].decision.check == "Cooldown");
  CHECK(then[0].decision.strategy == Strategy::kRecreate);
  CHECK(then[0].attempt == 1);
  CHECK(then[0].restart_name != first[0].restart_name);
}

TEST_CASE("attempts go on where the names of past restarts end, though older ones are pruned") {
  SmallWorld world;
  const ObjectRef cart{"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  auto past = finished(restart::journal_name(cart, "5f", 4), "5f", kStart - 10h);
  past.phase = Phase::kFailed;
  past.outcome = Outcome::kNotCured;
  world.engine.set_restart("shop", past);
  fail_until(world, 30s);
  const auto decisions = world.advance(30s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(decisions[0].attempt == 5);
}

#include "fixture.hpp"

namespace remint::policy {
namespace {

TEST_CASE("a restart under way makes the workload wait, and says which") {
  Scene scene;
  scene.past(Phase::kVerifying, Outcome::kNone, minutes(3), {});
  Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kWait);
  CHECK(decision.check == "RestartRunning");
  CHECK_FALSE(decision.not_before);
  CHECK(decision.reason == "another restart of it is under way: deployment-cart-0123456789-1 (Verifying)");
  scene.restarts[0].cause = scene.facts.cause;
  decision = scene.decide();
  CHECK(decision.check == "AlreadyRestarting");
  CHECK(decision.strategy == Strategy::kRolloutRestart);
}

TEST_CASE(
    "the states that a restart passes through are no findings: it once was told of 0 replicas in the middle of its "
    "cure") {
  Scene scene;
  scene.past(Phase::kRunning, Outcome::kNone, minutes(3), {}).cause = scene.facts.cause;
  scene.workload.replicas = 0;
  CHECK(scene.decide().check == "AlreadyRestarting");
  scene.workload.replicas = 3;
  scene.workload.stuck = true;
  CHECK(scene.decide().check == "AlreadyRestarting");
}

TEST_CASE("restarts of a workload of the same name but another UID are somebody else's") {
  Scene scene;
  scene.past(Phase::kRunning, Outcome::kNone, minutes(3), {}).workload.uid = "uid-before";
  scene.restarts[0].policy = "";
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.restarts[0].workload.uid = "";  // made by hand, without one
  CHECK(scene.decide().check == "RestartRunning");
}

TEST_CASE("a pod or ReplicationController that was made anew keeps its history, by its name") {
  for (const auto& kind : {"Pod", "ReplicationController"}) {
    Scene scene;
    scene.workload.ref = {"v1", kind, "shop", "cart", "uid-2"};
    PastRestart& past = scene.cured(Strategy::kRecreate, minutes(1));
    past.workload.uid = "uid-1";
    CHECK(scene.decide().check == "Cooldown");
    past.workload.name = "other";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    past.workload = {"v1", "ConfigMap", "shop", "cart", "uid-1"};
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
}

TEST_CASE("a ReplicationController that keeps the new name keeps its history, however often it was renamed") {
  Scene scene;
  scene.workload.ref = {"v1", "ReplicationController", "shop", "cart-2", "uid-3"};
  PastRestart& first = scene.cured(Strategy::kRollingReplace, minutes(1));
  first.workload = {"v1", "ReplicationController", "shop", "cart", "uid-1"};
  first.successor = "cart-1";
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  PastRestart& second = scene.cured(Strategy::kRollingReplace, hours(5));
  second.workload = {"v1", "ReplicationController", "shop", "cart-1", "uid-2"};
  second.successor = "cart-2";
  CHECK(scene.decide().check == "Cooldown");
  scene.restarts[0].successor = "cart";  // names that lead in a circle end
  scene.restarts[1].successor = "cart-1";
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

TEST_CASE("what lingers from before a restart that succeeded is not restarted again; what began after it is") {
  Scene scene;
  PastRestart& past = scene.past(Phase::kSucceeded, Outcome::kCured, hours(3), hours(2));
  past.cause = scene.facts.cause;
  scene.facts.pods[0].failing_since = scene.now - hours(2) - seconds(1);
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kWait);
  CHECK(decision.check == "AlreadyRestarted");
  CHECK_FALSE(decision.not_before);
  scene.facts.pods[0].failing_since = scene.now - minutes(5);
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  past.finished = scene.now - minutes(6);
  CHECK(scene.decide().check == "Cooldown");
}

TEST_CASE("what an eviction of others left alone does not linger, nor does what came after it began") {
  Scene scene;
  PastRestart& past = scene.ended(Strategy::kEvictPods, Phase::kSucceeded, Outcome::kCured, hours(1));
  past.cause = scene.facts.cause;
  past.pods = {scene.facts.pods[0].name};
  scene.facts.pods[0].failing_since = scene.now - hours(1) - seconds(1);
  CHECK(scene.decide().check == "AlreadyRestarted");
  SECTION("another pod") {
    scene.facts.pods[0].name = "cart-5f-def";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    past.strategy = Strategy::kRolloutRestart;  // which replaces all
    CHECK(scene.decide().check == "AlreadyRestarted");
  }
  SECTION("the same pod's name, made again: a StatefulSet's") {
    scene.facts.pods[0].created = past.created + seconds(30);
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
}

TEST_CASE("a restart that found out that it does not suit the workload costs no time") {
  Scene scene;
  scene.ended(Strategy::kRolloutRestart, Phase::kCancelled, Outcome::kNone, minutes(1)).unfit = true;
  scene.policies[0].spec.strategies["Deployment"] = {{Strategy::kRolloutRestart, {}}, {Strategy::kScaleToZero, {}}};
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  CHECK(scene.decide().strategy == Strategy::kScaleToZero);
  scene.restarts[0].unfit = false;
  CHECK(scene.decide().check == "Cooldown");
}

TEST_CASE("a failed or cancelled restart of the same cause may be tried again after the cooldown") {
  for (const Phase phase : {Phase::kFailed, Phase::kCancelled}) {
    Scene scene;
    scene.past(phase, Outcome::kNone, minutes(40), minutes(29)).cause = scene.facts.cause;
    const Decision decision = scene.decide();
    CHECK(decision.kind == DecisionKind::kWait);
    CHECK(decision.check == "Cooldown");
    REQUIRE(decision.not_before == scene.now + minutes(1));
    CHECK(decision.reason ==
          "in cooldown until 10:29:00Z: last restart deployment-cart-0123456789-1 ended 09:59:00Z (policy: 30m)");
    CHECK(scene.decide_at(*decision.not_before).kind == DecisionKind::kRestart);
  }
}

TEST_CASE("the cooldown of another workload does not matter") {
  Scene scene;
  scene.past(Phase::kSucceeded, Outcome::kCured, minutes(10), minutes(1)).workload = {"apps/v1", "Deployment", "shop",
                                                                                      "web", "uid-web"};
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

TEST_CASE("at most maxPerHour restarts are begun in any hour") {
  Scene scene;
  scene.policies[0].spec.limits = {seconds(0), 2, 100};
  const ObjectRef other{"apps/v1", "Deployment", "shop", "web", "uid-web"};
  for (const int ago : {59, 61, 50}) {
    scene.past(Phase::kSucceeded, Outcome::kCured, minutes(ago), minutes(1)).workload = other;
  }
  const Decision decision = scene.decide();
  CHECK(decision.check == "MaxPerHour");
  REQUIRE(decision.not_before == scene.now + minutes(1));
  CHECK(scene.decide_at(*decision.not_before).kind == DecisionKind::kRestart);
  SECTION("a cancelled one touched nothing") {
    scene.restarts[0].phase = Phase::kCancelled;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("another policy's do not count") {
    scene.restarts[0].policy = "ClusterTokenRefreshPolicy/other";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("with more than the limit begun, the wait is until enough are old") {
    scene.policies[0].spec.limits.max_per_hour = 1;
    CHECK(scene.decide().not_before == scene.now + minutes(10));
  }
}

TEST_CASE("at most maxConcurrent restarts are under way") {
  Scene scene;
  const ObjectRef other{"apps/v1", "Deployment", "shop", "web", "uid-web"};
  scene.past(Phase::kRunning, Outcome::kNone, hours(2), {}).workload = other;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.past(Phase::kPending, Outcome::kNone, hours(2), {}).workload = other;
  const Decision decision = scene.decide();
  CHECK(decision.check == "MaxConcurrent");
  CHECK_FALSE(decision.not_before);
  CHECK(decision.reason ==
        "2 restarts are under way for ClusterTokenRefreshPolicy/default (policy: maxConcurrent 2): waiting for one to "
        "end");
  scene.restarts[1].phase = Phase::kCancelled;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

TEST_CASE("many namespaced policies together stay below the cluster policy's limits") {
  Scene scene;
  scene.policies[0].spec.match.exclude_namespaces = {"lab"};
  scene.policies.push_back(Scene::own_policy("shop", "web"));
  const auto begun_in = [&](const std::string& ns) {
    PastRestart& past = scene.past(Phase::kRunning, Outcome::kNone, minutes(1), {});
    past.workload = {"apps/v1", "Deployment", ns, "x", "uid-" + ns};
    past.policy = "TokenRefreshPolicy/" + ns + "/own";
  };
  begun_in("a");
  begun_in("lab");  // not the cluster policy's
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  begun_in("b");
  CHECK(scene.decide().check == "MaxConcurrent");
  SECTION("for the cluster policy's own restarts, too") {
    scene.policies.pop_back();
    CHECK(scene.decide().check == "MaxConcurrent");
  }
}

}  // namespace
}  // namespace remint::policy

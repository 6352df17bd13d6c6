#include <catch2/catch.hpp>

#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

namespace {

/// shop/calico-node runs on node-0, where cart's pods are.
struct World : SmallWorld {
  World() {
    auto& inventory = engine.detector().inventory();
    inventory.apply(detect::ObjectKind::kDaemonSet, workload("DaemonSet", "calico-node", "uid-calico"));
    auto agent = pod("calico-node-x", "10.0.0.9", kStart - 100h);
    agent.owner = {"apps/v1", "DaemonSet", "calico-node", "uid-calico"};
    inventory.apply(agent, kStart);
  }
  /// As the kubelet tells it of cart's pod, three times within half a minute.
  void tell(const std::string& note = "plugin type=\"calico\" failed (add): connection is unauthorized: Unauthorized") {
    for (const auto at : {0s, 12s, 25s}) {
      engine.observe({"FailedCreatePodSandBox", note, "Pod", "shop", "uid-cart-5f-a", kStart + at}, kStart + at);
    }
  }
};

policy::Policy listening(std::string name, bool sufficient = true) {
  auto policy = enforce();
  policy.key.name = std::move(name);
  policy.spec.kubernetes_event.enabled = true;
  policy.spec.kubernetes_event.sufficient = sufficient;
  return policy;
}

policy::KubernetesEventSignal::Mapping mapping(const std::string& pattern) {
  return {"", pattern, policy::KubernetesEventSignal::Accuses::kDaemonSetOnNode, "shop", "calico-node"};
}

}  // namespace

TEST_CASE(
    "Events restart the CNI plugin's DaemonSet where the policy lets them suffice, although its pod is accepted") {
  World world;
  world.engine.set_policies({listening("default")});
  world.tell();
  world.accept("uid-calico-node-x", 26s);
  const auto decisions = world.engine.advance(kStart + 40s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  CHECK(decisions[0].the_case.workload.name == "calico-node");
  CHECK_THAT(decisions[0].the_case.evidence.front().text, Catch::StartsWith("Calico's CNI plugin"));
}

TEST_CASE(
    "Events alone are refused where the policy does not say that they suffice, and unheard where it does not ask") {
  World world;
  world.engine.set_policies({listening("default", false)});
  world.tell();
  const auto decisions = world.engine.advance(kStart + 40s);
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].decision.kind == DecisionKind::kRefuse);
  CHECK_THAT(decisions[0].decision.reason, Catch::Contains("sufficient"));

  World deaf;
  deaf.tell();
  CHECK(deaf.engine.advance(kStart + 40s).empty());
  CHECK(deaf.engine.detector().counts().clues == 0);
}

TEST_CASE("A policy's own mapping accuses nobody for whom another policy speaks") {
  World world;
  auto owner = listening("intruder");
  owner.spec.match.include_namespaces = {"elsewhere"};
  owner.spec.kubernetes_event.mappings = {mapping("cannot start")};
  auto speaks = listening("default");
  world.engine.set_policies({owner, speaks});
  world.tell("cannot start");
  CHECK(world.engine.advance(kStart + 40s).empty());

  speaks.spec.kubernetes_event.mappings = {mapping("cannot start")};
  world.engine.set_policies({owner, speaks});
  world.tell("cannot start");
  CHECK(world.engine.advance(kStart + 40s).size() == 1);
}

TEST_CASE("What Events said is forgotten when the kubelet has stopped telling it") {
  World world;
  world.engine.set_policies({listening("default", false)});
  world.tell();
  CHECK(world.engine.advance(kStart + 40s).size() == 1);
  for (auto at = 1min; at < 15min; at += 1min) (void)world.engine.advance(kStart + at);
  CHECK(world.engine.open_decisions().empty());
}

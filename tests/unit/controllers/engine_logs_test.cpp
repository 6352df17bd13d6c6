// Whose logs are to be read, and what becomes of what they say.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "remint/controllers/report.hpp"
#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

namespace {

policy::Policy reads_logs(bool sufficient = false, std::vector<std::string> patterns = {}) {
  auto policy = enforce();
  policy.spec.pod_log = {true, std::move(patterns), sufficient};
  return policy;
}

void say(SmallWorld& world, const std::string& uid, std::chrono::seconds at) {
  world.engine.detector().observe(
      {{detect::ClueSource::kPodLog, kStart + at, uid, "client-go reflector", "Unauthorized", ""}}, kStart + at);
}

void say_until(SmallWorld& world, std::chrono::seconds end) {
  for (auto at = 0s; at <= end; at += 10s) say(world, "uid-cart-5f-a", at);
}

std::vector<std::string> names(const std::vector<PodLogTarget>& targets) {
  std::vector<std::string> all;
  for (const auto& target : targets) all.push_back(target.name);
  return all;
}

/// Both pods of shop/cart and one of shop/web share a node's address and call alike; then their caller is rejected.
void fall_silent_behind_a_node(SmallWorld& world) {
  auto& inventory = world.engine.detector().inventory();
  inventory.apply(detect::NodeRecord{"node-0", {*IpAddress::parse("192.168.0.4")}});
  inventory.apply(detect::ObjectKind::kDeployment, workload("Deployment", "web", "uid-web"));
  auto replica_set = workload("ReplicaSet", "web-1", "uid-web-rs");
  replica_set.owner = {"apps/v1", "Deployment", "web", "uid-web"};
  inventory.apply(detect::ObjectKind::kReplicaSet, replica_set);
  auto web = pod("web-1-x", "10.0.0.9", kStart - 100h);
  web.owner = {"apps/v1", "ReplicaSet", "web-1", "uid-web-rs"};
  inventory.apply(web, kStart);
  for (auto at = 0s; at < 600s; at += 10s) {
    world.accept("uid-cart-5f-a", at, -1, "192.168.0.4");
    world.accept("uid-web-1-x", at, -1, "192.168.0.4");
  }
  for (auto at = 600s; at <= 660s; at += 10s) world.reject("192.168.0.4", at);
}

}  // namespace

TEST_CASE("no log is to be read while no policy wants it") {
  SmallWorld world;
  CHECK(world.engine.pod_log_targets(10).empty());
  auto own = reads_logs();
  own.kind = "TokenRefreshPolicy";
  own.key = {"other", "own"};
  world.engine.set_policies({enforce(), own});
  CHECK(world.engine.pod_log_targets(10).empty());
}

TEST_CASE("logs are read of the live pods that a policy names, accused ones first, with its patterns") {
  SmallWorld world;
  world.engine.set_policies({reads_logs(false, {"dead token"})});
  auto with_status = pod("cart-5f-b", "10.0.0.2", kStart - 100h);
  with_status.containers = {{"app", kStart - 1h, {}, 0, 2, false}};
  world.engine.detector().inventory().apply(with_status, kStart);
  auto finished = pod("cart-5f-c", "10.0.0.3", kStart - 100h);
  finished.finished = true;
  world.engine.detector().inventory().apply(finished, kStart);
  auto targets = world.engine.pod_log_targets(10);
  CHECK(names(targets) == std::vector<std::string>{"cart-5f-a", "cart-5f-b"});
  CHECK(*targets[0].patterns == std::vector<std::string>{"dead token"});
  CHECK(targets[0].patterns == targets[1].patterns);
  CHECK_FALSE(targets[0].accused);
  REQUIRE(targets[1].containers.size() == 1);
  CHECK(targets[1].containers[0].name == "app");
  CHECK(targets[1].containers[0].running_since == kStart - 1h);
  CHECK(targets[1].ns == "shop");
  CHECK(targets[1].uid == "uid-cart-5f-b");

  world.reject("10.0.0.2", 1s);
  (void)world.advance(1s);
  targets = world.engine.pod_log_targets(1);
  CHECK(names(targets) == std::vector<std::string>{"cart-5f-b"});
  CHECK(targets[0].accused);
  std::size_t left_out = 99;
  CHECK(world.engine.pod_log_targets(1, &left_out).size() == 1);
  CHECK(left_out == 1);
  CHECK(world.engine.pod_log_targets(10, &left_out).size() == 2);
  CHECK(left_out == 0);

  const auto before = targets[0].patterns;
  world.engine.set_policies({reads_logs(true, {"dead token"})});
  CHECK(world.engine.pod_log_targets(1)[0].patterns == before);
  EngineSettings settings;
  settings.own_namespace = "shop";
  SmallWorld own(settings);
  own.engine.set_policies({reads_logs()});
  CHECK(own.engine.pod_log_targets(10).empty());
}

TEST_CASE("whose logs are to be read is told quickly of 10,000 pods") {
  SmallWorld world;
  world.engine.set_policies({reads_logs()});
  for (int i = 0; i < 10'000; ++i) {
    auto one = pod("p" + std::to_string(i), "10.0.0.9", kStart - 100h);
    one.ips.clear();
    one.owner = {"apps/v1", "ReplicaSet", "rs" + std::to_string(i / 10), "uid-rs" + std::to_string(i / 10)};
    one.ns = "team-" + std::to_string(i / 1000);
    world.engine.detector().inventory().apply(one, kStart);
  }
  auto policy = reads_logs();
  policy.spec.match.kinds = {"ReplicaSet"};
  world.engine.set_policies({policy});
  const auto begun = std::chrono::steady_clock::now();
  CHECK(world.engine.pod_log_targets(200).size() == 200);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  std::cout << "pod_log_targets of 10,000 pods: " << took.count() << " ms\n";
}

TEST_CASE("what only a pod's log says is told and refused, and acted upon where the policy calls it sufficient") {
  SmallWorld world;
  world.engine.set_policies({reads_logs()});
  say_until(world, 30s);
  const auto refused = world.advance(30s);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].decision.kind == DecisionKind::kRefuse);
  CHECK(refused[0].decision.check == "Uncorroborated");
  const auto report = build_report(world.engine, {}, kStart + 31s);
  REQUIRE(report.workloads.size() == 1);
  CHECK(report.workloads[0].state == RiskState::kSuspected);
  CHECK(report.workloads[0].since == kStart);
  CHECK_THAT(report.workloads[0].fix, Catch::StartsWith("No request of it was seen"));
  CHECK_THAT(report.workloads[0].plan, Catch::StartsWith("Leaves it alone: only the pod's own log says"));
  CHECK(world.engine.storms().empty());

  SECTION("the policy is told to act") {
    world.engine.set_policies({reads_logs(true)});
    const auto decisions = world.advance(31s);
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
    CHECK(decisions[0].the_case.pods[0].name == "cart-5f-a");
  }
  SECTION("the audit log says so, too") {
    fail_until(world, 30s);
    const auto decisions = world.advance(31s);
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
    CHECK(decisions[0].the_case.confidence == 0.97);
  }
  SECTION("the pod is heard again") {
    world.accept("uid-cart-5f-a", 40s);
    CHECK(world.advance(41s).empty());
    CHECK(build_report(world.engine, {}, kStart + 42s).workloads.empty());
  }
  SECTION("the policy does not read logs") {
    world.engine.set_policies({enforce()});
    const auto decisions = world.advance(31s);
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0].decision.kind == DecisionKind::kObserve);
    CHECK(decisions[0].decision.check == "SignalDisabled");
  }
}

TEST_CASE("when it is not sure whose the rejections are, one look into each suspect's log is asked for") {
  SmallWorld world;
  world.engine.set_policies({reads_logs()});
  fall_silent_behind_a_node(world);
  const auto refused = world.advance(660s);
  REQUIRE(refused.size() == 1);
  REQUIRE(refused[0].decision.check == "LowConfidence");
  auto looks = world.engine.take_looks();
  std::ranges::sort(looks, {}, &PodLogTarget::name);
  CHECK(names(looks) == std::vector<std::string>{"cart-5f-a", "web-1-x"});
  CHECK(looks[0].accused);
  CHECK(world.engine.take_looks().empty());
  for (auto at = 670s; at < 1200s; at += 10s) {
    world.reject("192.168.0.4", at);
    (void)world.advance(at);
  }
  CHECK(world.engine.take_looks().empty());

  SECTION("one that came to nothing is asked for again, not sooner than after two minutes") {
    world.engine.look_failed("uid-web-1-x", kStart + 1200s);
    for (auto at = 1200s; at < 1320s; at += 10s) {
      world.reject("192.168.0.4", at);
      (void)world.advance(at);
    }
    CHECK(world.engine.take_looks().empty());
    world.reject("192.168.0.4", 1320s);
    (void)world.advance(1320s);
    CHECK(names(world.engine.take_looks()) == std::vector<std::string>{"web-1-x"});
    world.reject("192.168.0.4", 1450s);
    (void)world.advance(1450s);
    CHECK(world.engine.take_looks().empty());
  }
  SECTION("what is found there decides") {
    for (auto at = 1100s; at < 1200s; at += 10s) say(world, "uid-web-1-x", at);
    const auto decisions = world.advance(1201s);
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0].the_case.workload.name == "web");
    CHECK(decisions[0].decision.kind == DecisionKind::kRestart);
  }
  SECTION("and an hour later once more") {
    for (auto at = 1200s; at < 4400s; at += 10s) {
      world.reject("192.168.0.4", at);
      (void)world.advance(at);
    }
    CHECK(world.engine.take_looks().size() == 2);
  }
}

TEST_CASE("no look is taken where the policy does not want logs to be read") {
  SmallWorld world;
  fall_silent_behind_a_node(world);
  const auto refused = world.advance(660s);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].decision.check == "LowConfidence");
  CHECK(refused[0].the_case.suspects.size() == 2);
  CHECK(world.engine.take_looks().empty());
}

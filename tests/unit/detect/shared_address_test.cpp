// Who failed, when many pods share one address: their node's, or a gateway's.
#include <algorithm>
#include <catch2/catch.hpp>

#include "shared_node.hpp"

using namespace remint;
using namespace remint::detect;
using namespace remint::detect::shared_node;

TEST_CASE("behind a node's address the pod that sent just such requests and went silent is named") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  node.repeat({.pod = "b", .agent = "web/v1"}, 0s, 15min);
  node.repeat({.agent = "cart/v1"}, 10min, 12min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.95);
  REQUIRE(found->pods.size() == 1);
  CHECK(found->pods[0].uid == "a");
  CHECK(found->pods[0].rejection_count == 12);
  CHECK(found->pods[0].failing_since == start() + 10min);
  CHECK_FALSE(node.of("b"));
}

TEST_CASE("a client that calls twice a second is known to call often: it was once counted as heard only once") {
  Node node;
  node.repeat({.pod = "a"}, 0s, 1min, 500ms);
  node.repeat({}, 1min, 1min + 5s, 500ms);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence > 0.9);
}

TEST_CASE("of two that call alike the one that is still accepted is innocent") {
  Node node;
  for (const char* uid : {"a", "b"}) {
    node.repeat({.pod = uid}, 0s, 10min);
  }
  node.repeat({.pod = "b"}, 10min, 12min);
  node.repeat({}, 10min, 12min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
  CHECK_FALSE(node.of("b"));
}

TEST_CASE("of two that call alike and are both silent nobody is sure") {
  Node node;
  for (const char* uid : {"a", "b"}) {
    node.repeat({.pod = uid}, 0s, 10min);
  }
  node.repeat({}, 10min, 12min);
  const auto a = node.of("a");
  const auto b = node.of("b");
  REQUIRE((a || b));
  const auto& found = a ? *a : *b;
  CHECK(found.confidence < 0.6);
  CHECK(std::ranges::any_of(found.reasons, [](const std::string& reason) { return reason.contains("against: "); }));
}

TEST_CASE("generic user agents are told apart by what they ask for") {
  Node node;
  node.repeat({.pod = "a", .agent = "node-fetch/1.0", .ns = "shop"}, 0s, 10min);
  node.repeat({.pod = "b", .agent = "node-fetch/1.0", .ns = "web"}, 0s, 10min);
  node.repeat({.pod = "b", .agent = "node-fetch/1.0", .ns = "web"}, 10min, 12min, 25s);
  node.repeat({.agent = "node-fetch/1.0", .ns = "shop"}, 10min, 12min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
}

TEST_CASE("without history nobody is named for certain, whatever the user agent says") {
  Node node;
  PodRecord pod = Node::record("a");
  pod.programs = "cart\n";
  node.apply(pod);
  node.repeat({.agent = "cart/v1.2"}, 0s, 5min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence < 0.5);
}

TEST_CASE("a made-up user agent is nobody's") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  node.repeat({.pod = "b", .agent = "web/v1"}, 0s, 10min);
  node.repeat({.agent = "scanner/6.66"}, 5min, 10min, 2s);
  for (const char* uid : {"a", "b"}) {
    const auto found = node.of(uid);
    CHECK((!found || found->confidence < 0.5));
  }
}

TEST_CASE("a client that is accepted again has healed") {
  Node node;
  node.repeat({.pod = "a"}, 0s, 10min);
  node.repeat({}, 10min, 10min + 20s);
  CHECK(node.of("a"));
  node.repeat({.pod = "a"}, 10min + 25s, 11min);
  CHECK_FALSE(node.of("a"));
}

TEST_CASE("who failed before it was replaced leaves no suspicion on who called like it") {
  Node node;
  node.repeat({.pod = "a"}, 0s, 10min);
  node.repeat({.pod = "b"}, 0s, 10min, 5min);  // seldom, so its silence says nothing
  node.repeat({}, 10min, 12min);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence > 0.9);
  PodRecord pod = Node::record("a");
  pod.deleting = start() + 12min;
  node.apply(pod);
  node.repeat({}, 12min + 1s, 12min + 25s, 5s);  // its last requests, while it goes
  CHECK_FALSE(node.of("a"));
  CHECK_FALSE(node.of("b"));
  node.detector.inventory().remove(ObjectKind::kPod, "a", start() + 13min);
  node.detector.pod_changed("a");
  CHECK_FALSE(node.of("b"));
}

TEST_CASE("an event of an API server whose clock is a year ahead does not stop the judging of callers") {
  Node node;
  node.observe({{.at = 8760h, .agent = "from/the-future"}}, start());
  Node other;
  for (Node* one : {&node, &other}) {
    one->repeat({.pod = "a"}, 0s, 10min);
    one->repeat({.pod = "b"}, 0s, 15min);
    for (Duration at = 10min; at < 12min; at += 10s) {
      one->observe({{.at = at}});
      (void)one->of("a");
    }
  }
  REQUIRE(other.of("a"));
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence == Approx(other.of("a")->confidence));
}

TEST_CASE("an address from which pods were accepted is shared, whosever it is; any other is external") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1", .from = "203.0.113.9"}, 0s, 10min);
  node.repeat({.agent = "cart/v1", .from = "203.0.113.9"}, 10min, 12min);
  node.repeat({.agent = "cart/v1", .from = "203.0.113.10"}, 10min, 12min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
  CHECK(node.detector.counts().external == 12);
}

TEST_CASE("the same events in another order accuse the same pod") {
  const auto calls = [] {
    std::vector<Call> all;
    for (Duration at = 0s; at < 10min; at += 10s) {
      all.push_back({.pod = "a", .at = at});
      all.push_back({.pod = "b", .at = at + 1s});
    }
    for (Duration at = 10min; at < 12min; at += 10s) {
      all.push_back({.pod = "b", .at = at + 1s});
      all.push_back({.at = at});
    }
    return all;
  };
  auto forward = calls();
  auto backward = calls();
  std::ranges::reverse(backward);
  Node one;
  Node other;
  one.observe(forward);
  other.observe(backward);
  REQUIRE(one.of("a"));
  REQUIRE(other.of("a"));
  CHECK(one.of("a")->confidence == Approx(other.of("a")->confidence));
  CHECK(one.of("a")->pods[0].rejections == other.of("a")->pods[0].rejections);
}

TEST_CASE("a million user agents from one address take no more than their share") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  for (int i = 0; i < 20; ++i) {
    std::vector<Call> calls;
    for (int j = 0; j < 100; ++j) {
      calls.push_back({.at = 10min, .agent = fmt::format("made-up-{}-{}", i, j)});
    }
    node.observe(calls);
  }
  CHECK(node.detector.counts().overflow > 1000);
  CHECK(node.detector.counts().rejected == 2000);
}

TEST_CASE("who makes up user agents does not keep out the pods that are known there") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  std::vector<Call> calls;
  for (int i = 0; i < 400; ++i) {
    calls.push_back({.at = 9min, .agent = fmt::format("made-up-{}", i)});
  }
  node.observe(calls);
  node.repeat({.agent = "cart/v1"}, 10min, 12min);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence > 0.9);
}

TEST_CASE("a pod that a relist finds gone explains nothing that comes later") {
  Node node;
  node.repeat({.pod = "a"}, 0s, 10min);
  node.repeat({.pod = "b"}, 0s, 10min);
  auto& inventory = node.detector.inventory();
  inventory.begin_relist(ObjectKind::kPod);
  inventory.apply(Node::record("b"), start() + 10min);
  inventory.end_relist(ObjectKind::kPod, start() + 10min);
  node.detector.pods_relisted();
  node.repeat({}, 11min, 14min);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->confidence > 0.9);
}

namespace {

/// Pod "a" was refused since minute 10; at minute 12 pod "c" of the same Deployment has taken its place.
struct AfterARestart : Node {
  AfterARestart() {
    repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
    repeat({.pod = "b", .agent = "web/v1"}, 0s, 12min);
    repeat({.agent = "cart/v1"}, 10min, 12min);
    REQUIRE(of("a")->confidence > 0.9);
    PodRecord leaving = record("a");
    leaving.deleting = start() + 12min;
    apply(leaving);
    repeat({.agent = "cart/v1"}, 12min, 12min + 30s);  // it is given half a minute to end
    detector.inventory().remove(ObjectKind::kPod, "a", start() + 12min + 30s);
    detector.pod_changed("a");
    PodRecord next = record("a", start() + 12min);
    next.uid = "c";
    next.name = "c";
    apply(next);
  }
};

}  // namespace

TEST_CASE("behind a node's address a restart that did not help is noticed: it once ended as Unverified") {
  AfterARestart node;
  node.repeat({.agent = "cart/v1"}, 13min, 15min);
  const auto found = node.of("a");
  REQUIRE(found);
  REQUIRE(found->pods.size() == 1);
  CHECK(found->pods[0].uid == "c");
  CHECK(found->pods[0].rejection_count == 12);
  // Somebody else may call alike: likely, but not enough for another restart.
  CHECK(found->confidence > 0.5);
  CHECK(found->confidence < 0.9);
  const auto health = node.detector.health("dep-a", start() + 12min);
  REQUIRE(health.size() == 1);
  CHECK(health[0].rejection_count == 12);
}

TEST_CASE("behind a node's address a restart that helped leaves no suspicion on the new pod") {
  AfterARestart node;
  node.repeat({.pod = "c", .agent = "cart/v1"}, 13min, 15min);
  CHECK_FALSE(node.of("a"));
  const auto health = node.detector.health("dep-a", start() + 12min);
  REQUIRE(health.size() == 1);
  CHECK(health[0].rejection_count == 0);
  CHECK(health[0].last_success == start() + 15min - 10s);
}

TEST_CASE("rejections like those before a restart, but on another node, are not the new pod's") {
  AfterARestart node;
  node.detector.inventory().apply(NodeRecord{"worker-2", {samples::ip("192.168.0.5")}});
  node.repeat({.agent = "cart/v1", .from = "192.168.0.5"}, 13min, 15min);
  CHECK_FALSE(node.of("a"));
}

TEST_CASE("several heirs of one workload are one suspicion: three of them once added up to another restart") {
  AfterARestart node;
  for (const char* uid : {"d", "e"}) {
    PodRecord next = Node::record("a", start() + 12min);
    next.uid = uid;
    next.name = uid;
    node.apply(next);
  }
  node.repeat({.agent = "cart/v1"}, 13min, 15min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->pods.size() == 3);
  CHECK(found->confidence > 0.5);
  CHECK(found->confidence < 0.9);
}

TEST_CASE("a conviction is forgotten by our clock, however far ahead the API server's is") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  node.repeat({.agent = "cart/v1"}, 10min, 12min);
  Call ahead{.agent = "cart/v1"};
  ahead.at = 24h * 365;
  node.observe({ahead}, start() + 12min + 5s);
  (void)node.of("a");
  node.detector.inventory().remove(ObjectKind::kPod, "a", start() + 12min + 30s);
  node.detector.pod_changed("a");
  PodRecord next = Node::record("a", start() + 3h);
  next.uid = "c";
  next.name = "c";
  node.detector.expire(start() + 3h);
  node.apply(next);
  node.repeat({.agent = "cart/v1"}, 3h + 1min, 3h + 3min);
  CHECK((!node.of("a") || node.of("a")->confidence < 0.5));
}

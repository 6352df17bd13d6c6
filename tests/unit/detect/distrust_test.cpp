// Keys, CAs and ServiceAccounts that are replaced: who is not heard any more since then is suspect, and nobody else.
#include "shared_node.hpp"

using namespace remint;
using namespace remint::detect;
using namespace remint::detect::shared_node;

namespace {

constexpr const char* kOwn = "10.244.1.97";

/// "a" and "b" call every ten seconds from their own addresses; "a" stops after ten minutes, "b" never does.
struct Replaced : Node {
  Replaced() {
    for (Duration at = 0s; at < 10min; at += 10s) {
      observe({{.pod = "a", .at = at, .agent = "cart/v1", .from = kOwn}});
    }
    hear_b(0s, 10min);
  }
  void hear_b(Duration from, Duration until) {
    repeat({.pod = "b", .agent = "web/v1", .from = "10.244.1.98"}, from, until);
    detector.expire(start() + until);
  }
  void replace(Diagnosis diagnosis, Duration until = 10min + 30s) {
    detector.inventory().apply(TrustChange{diagnosis, start() + 10min, start() + until, "it is another one"});
  }
};

}  // namespace

TEST_CASE("who has not been accepted since the signing key was replaced is suspect; who has been is not") {
  Replaced cluster;
  cluster.replace(Diagnosis::kSigningKeyChanged);
  cluster.hear_b(10min, 20min);
  const auto found = cluster.of("a");
  REQUIRE(found);
  CHECK(found->diagnosis == Diagnosis::kSigningKeyChanged);
  CHECK(found->confidence > 0.9);
  REQUIRE(found->pods.size() == 1);
  CHECK(found->pods[0].distrusted_since == start() + 10min + 30s);
  CHECK_FALSE(found->pods[0].failing_since);
  REQUIRE(found->evidence.size() == 1);
  CHECK(found->evidence[0].source == "trust");
  CHECK_THAT(found->reasons.front(), Catch::Contains("it is another one") && Catch::Contains("last accepted"));
  CHECK_FALSE(cluster.of("b"));
}

TEST_CASE("who is accepted again is dropped at once") {
  Replaced cluster;
  cluster.replace(Diagnosis::kCaChanged);
  cluster.hear_b(10min, 20min);
  REQUIRE(cluster.of("a"));
  cluster.observe({{.pod = "a", .at = 20min, .agent = "cart/v1", .from = kOwn}});
  CHECK_FALSE(cluster.of("a"));
  CHECK(cluster.detector.open_cases().empty());
}

TEST_CASE("who was accepted once since the change may be as silent as it likes") {
  Replaced cluster;
  cluster.replace(Diagnosis::kCaChanged);
  cluster.observe({{.pod = "a", .at = 11min, .agent = "cart/v1", .from = kOwn}});
  cluster.hear_b(11min, 40min);
  CHECK_FALSE(cluster.of("a"));
}

TEST_CASE("a success of before the change that is told late drops nobody") {
  Replaced cluster;
  cluster.replace(Diagnosis::kCaChanged);
  cluster.hear_b(10min, 20min);
  REQUIRE(cluster.of("a"));
  cluster.observe({{.pod = "a", .at = 10min + 10s, .agent = "cart/v1", .from = kOwn}});
  CHECK(cluster.of("a"));
}

TEST_CASE("when nobody is heard at all, nobody is silent: it is the audit log that is missing") {
  Replaced cluster;
  cluster.replace(Diagnosis::kCaChanged);
  cluster.detector.expire(start() + 30min);
  CHECK_FALSE(cluster.of("a"));
  CHECK_FALSE(cluster.of("b"));
}

TEST_CASE("without a change silence means nothing") {
  Replaced cluster;
  cluster.hear_b(10min, 40min);
  CHECK_FALSE(cluster.of("a"));
}

TEST_CASE("a client that calls seldom may merely be between two calls: it is named, but not surely") {
  Node cluster;
  cluster.observe({{.pod = "a", .at = 0s, .agent = "cart/v1", .from = kOwn}});
  cluster.detector.inventory().apply(
      TrustChange{Diagnosis::kSigningKeyChanged, start() + 1min, start() + 2min, "it is another one"});
  cluster.repeat({.pod = "b", .agent = "web/v1"}, 0s, 20min);
  cluster.detector.expire(start() + 20min);
  const auto found = cluster.of("a");
  REQUIRE(found);
  CHECK(found->confidence == Approx(0.5));
}

TEST_CASE("pods that were started after the change, and pods that never called, are not suspect") {
  Replaced cluster;
  cluster.add("late", start() + 12min);
  cluster.add("mute");
  cluster.observe({{.pod = "late", .at = 13min, .agent = "late/v1", .from = "10.244.1.108"}});
  cluster.replace(Diagnosis::kSigningKeyChanged);
  cluster.hear_b(13min, 30min);
  CHECK_FALSE(cluster.of("late"));
  CHECK_FALSE(cluster.of("mute"));
}

TEST_CASE("a ServiceAccount that was made anew silences its own pods only") {
  Replaced cluster;
  cluster.detector.inventory().apply(ServiceAccountRecord{"shop", "x", "new-uid", start() + 10min});
  PodRecord a = Node::record("a");
  a.service_account = "x";
  cluster.apply(a);
  cluster.hear_b(10min, 20min);
  const auto found = cluster.of("a");
  REQUIRE(found);
  CHECK(found->diagnosis == Diagnosis::kServiceAccountRecreated);
  CHECK_FALSE(cluster.of("b"));
}

TEST_CASE("after a day a change explains nothing any more") {
  Replaced cluster;
  cluster.replace(Diagnosis::kSigningKeyChanged);
  cluster.hear_b(10min, 20min);
  REQUIRE(cluster.of("a"));
  cluster.detector.expire(start() + 25h);
  CHECK(cluster.detector.inventory().trust_changes().empty());
}

TEST_CASE("API servers that get the new key one after the other are one change") {
  Node cluster;
  cluster.detector.inventory().apply(
      TrustChange{Diagnosis::kSigningKeyChanged, start(), start() + 1min, "it is another one"});
  cluster.detector.inventory().apply(
      TrustChange{Diagnosis::kSigningKeyChanged, start() + 3min, start() + 4min, "it is another one"});
  REQUIRE(cluster.detector.inventory().trust_changes().size() == 1);
  const TrustChange& change = cluster.detector.inventory().trust_changes().front();
  CHECK(change.from == start());
  CHECK(change.until == start() + 4min);
}

TEST_CASE("a 401 without a reason is laid to a key that was replaced after the pod had started") {
  Replaced cluster;
  cluster.replace(Diagnosis::kSigningKeyChanged);
  cluster.repeat({.agent = "cart/v1", .from = kOwn}, 11min, 12min);
  const auto found = cluster.of("a");
  REQUIRE(found);
  CHECK(found->diagnosis == Diagnosis::kSigningKeyChanged);
  CHECK(found->pods[0].failing_since == start() + 11min);
}

// A certificate was added to the CA bundle, and every pod that had called only at its start was to be restarted.
TEST_CASE("who was silent for long before the change is named, but not surely") {
  Node cluster;
  for (const Duration at : {0ms, 300ms, 600ms, 1500ms, 2600ms}) {
    cluster.observe({{.pod = "a", .at = at, .agent = "cart/v1", .from = kOwn}});
  }
  cluster.repeat({.pod = "b", .agent = "web/v1"}, 0s, 5h, 1min);
  cluster.detector.inventory().apply(
      TrustChange{Diagnosis::kCaChanged, start() + 5h, start() + 5h + 30s, "it is another one"});
  cluster.repeat({.pod = "b", .agent = "web/v1"}, 5h, 5h + 20min);
  cluster.detector.expire(start() + 5h + 20min);
  const auto found = cluster.of("a");
  REQUIRE(found);
  CHECK(found->confidence < 0.6);
}

// After a new signing key a stranger's 401s from the node's address restarted a pod that had long been accepted with
// the new key.
TEST_CASE("a key that was replaced before the last success is no reason to die") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 2h, 10min);
  node.detector.inventory().apply(
      TrustChange{Diagnosis::kSigningKeyChanged, start() + 15min, start() + 16min, "it is another one"});
  const Duration last = 1h + 50min;
  node.repeat({.agent = "cart/v1"}, last + 2min, last + 2min + 30s, 10s);
  const auto found = node.of("a");
  CHECK((!found || found->confidence < 0.9));
}

TEST_CASE("a pod with a stale token that is accepted again after a change is told to be merely stale at once") {
  Replaced cluster;
  cluster.replace(Diagnosis::kCaChanged);
  cluster.hear_b(10min, 20min);
  REQUIRE(cluster.of("a"));
  (void)cluster.detector.take_changed();
  cluster.observe({{.pod = "a", .at = 20min, .agent = "cart/v1", .from = kOwn}});
  CHECK(cluster.detector.take_changed() == std::vector<std::string>{"dep-a"});
}

TEST_CASE("what an earlier process had learnt makes nobody suspect before anything is heard") {
  Node before;
  before.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  Node node;
  node.detector.inventory().apply(
      TrustChange{Diagnosis::kSigningKeyChanged, start() + 10min, start() + 11min, "it is another one"});
  REQUIRE(node.detector.restore_callers(before.detector.save_callers(before.now, 100'000), start() + 12min));
  node.detector.expire(start() + 30min);
  CHECK_FALSE(node.of("a"));
}

// The API server remembers for ten seconds that a token was good: three of a hundred recreated accounts were missed by
// that.
TEST_CASE("an account that was made anew is the reason also where the old token was believed a moment longer") {
  Replaced cluster;
  PodRecord a = Node::record("a");
  a.service_account = "x";
  cluster.apply(a);
  cluster.detector.inventory().apply(ServiceAccountRecord{"shop", "x", "new-uid", start() + 10min});
  cluster.observe({{.pod = "a", .at = 10min + 8s, .agent = "cart/v1", .from = kOwn}});
  cluster.repeat({.agent = "cart/v1", .from = kOwn}, 10min + 18s, 11min);
  REQUIRE(cluster.of("a"));
  CHECK(cluster.of("a")->diagnosis == Diagnosis::kServiceAccountRecreated);

  cluster.observe({{.pod = "a", .at = 20min, .agent = "cart/v1", .from = kOwn}});
  cluster.repeat({.agent = "cart/v1", .from = kOwn}, 21min, 22min);
  REQUIRE(cluster.of("a"));
  CHECK(cluster.of("a")->diagnosis == Diagnosis::kUnknown);
}

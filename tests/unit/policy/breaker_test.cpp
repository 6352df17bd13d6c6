#include "fixture.hpp"

namespace remint::policy {
namespace {

TEST_CASE("two restarts that did not help open the breaker for a day, then one more is tried") {
  Scene scene;
  scene.failed(Strategy::kRolloutRestart, hours(5));
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.failed(Strategy::kRolloutRestart, hours(2));
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRefuse);
  CHECK(decision.check == "BreakerOpen");
  REQUIRE(decision.not_before == scene.now + hours(22));
  scene.facts.pods[0] = scene.rejected_pod("p", hours(1), {3, 2, 1});
  for (Time& time : scene.facts.pods[0].rejections) {
    time += hours(22);
  }
  CHECK(scene.decide_at(*decision.not_before - Duration(1)).check == "BreakerOpen");
  CHECK(scene.decide_at(*decision.not_before).kind == DecisionKind::kRestart);

  SECTION("a cured one closes it, whatever the order of the objects") {
    scene.cured(Strategy::kRolloutRestart, hours(1));
    std::swap(scene.restarts[0], scene.restarts[2]);
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("an older cured one does not") {
    scene.cured(Strategy::kRolloutRestart, hours(19));
    CHECK(scene.decide().check == "BreakerOpen");
  }
  SECTION("cancelled and unverified ones say nothing") {
    scene.ended(Strategy::kRolloutRestart, Phase::kSucceeded, Outcome::kUnverified, hours(1));
    scene.ended(Strategy::kRolloutRestart, Phase::kCancelled, Outcome::kNone, hours(1));
    CHECK(scene.decide().check == "BreakerOpen");
  }
}

TEST_CASE("the breaker tells what is probable and where to look, by the diagnosis") {
  Scene scene;
  scene.failed(Strategy::kRolloutRestart, hours(3));
  scene.failed(Strategy::kScaleToZero, hours(2));
  CHECK(
      scene.decide().reason ==
      "restarting does not help: the last 2 restarts did not (deployment-cart-0123456789-2 by ScaleToZero, "
      "deployment-cart-0123456789-1 by RolloutRestart). Probably the client reads its token from elsewhere than its "
      "pod's ServiceAccount mount, or the token is for another audience or another cluster. Look at its log, the mount "
      "of the token in its pods and the API server that it calls, and at kubectl get wr -n shop. No restart until "
      "2026-07-02T08:28:00Z (policy: breaker.openFor 24h)");
  scene.facts.diagnosis = Diagnosis::kStaleToken;
  CHECK_THAT(scene.decide().reason, Catch::Contains("a copy in a Secret"));
  scene.facts.diagnosis = Diagnosis::kSigningKeyChanged;
  CHECK_THAT(scene.decide().reason, Catch::Contains("--service-account-key-file"));
  scene.facts.diagnosis = Diagnosis::kSecretRegenerated;
  CHECK_THAT(scene.decide().reason, Catch::Contains("still holds the old one"));
}

TEST_CASE("the breaker does not open before each strategy of the list was tried") {
  Scene scene;
  scene.workload.ref = {"v1", "ReplicationController", "shop", "cart", "uid-cart"};
  scene.policies[0].spec.breaker.failures = 1;
  scene.failed(Strategy::kRollingReplace, hours(5));
  CHECK(scene.decide().strategy == Strategy::kScaleToZero);
  scene.failed(Strategy::kScaleToZero, hours(4));
  CHECK(scene.decide().check == "BreakerOpen");
  SECTION("nor before the list, when a gentle eviction went before it") {
    scene.restarts.clear();
    scene.failed(Strategy::kEvictPods, hours(5));
    CHECK(scene.decide().strategy == Strategy::kRollingReplace);
    scene.failed(Strategy::kRollingReplace, hours(4));
    CHECK(scene.decide().strategy == Strategy::kScaleToZero);
    scene.failed(Strategy::kScaleToZero, hours(3));
    CHECK(scene.decide().check == "BreakerOpen");
  }
  SECTION("one that does not suit the workload is not waited for") {
    scene.restarts.clear();
    scene.failed(Strategy::kRollingReplace, hours(5));
    scene.ended(Strategy::kScaleToZero, Phase::kCancelled, Outcome::kNone, hours(4)).unfit = true;
    CHECK(scene.decide().check == "BreakerOpen");
  }
}

TEST_CASE("failures and openFor are the policy's") {
  Scene scene;
  scene.policies[0].spec.breaker = {3, hours(4)};
  scene.failed(Strategy::kRolloutRestart, hours(5));
  scene.failed(Strategy::kRolloutRestart, hours(3));
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.failed(Strategy::kRolloutRestart, hours(2));
  CHECK(scene.decide().not_before == scene.now + hours(2));
  scene.restarts.back().finished = scene.now - hours(4);
  scene.restarts[1].finished = scene.now - hours(5);
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

}  // namespace
}  // namespace remint::policy

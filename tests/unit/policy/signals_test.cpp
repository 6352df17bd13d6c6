#include "fixture.hpp"

namespace remint::policy {
namespace {

TEST_CASE("three rejected requests within two minutes, failing for 30 s, are enough") {
  const Scene scene;
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK(decision.strategy == Strategy::kRolloutRestart);
  CHECK(decision.check == "Allowed");
  CHECK(decision.policy == "ClusterTokenRefreshPolicy/default");
  CHECK(decision.reason ==
        "3 requests of pod cart-5f-abc were answered 401 since 10:27:28Z (policy: 3 within 2m, failing for 30s)");
  CHECK_FALSE(decision.pending);
}

TEST_CASE("rejections are counted in a window that is open at its far end") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("p", seconds(121), {121, 100, 1})};
  CHECK(scene.decide().pending);
  scene.facts.pods = {scene.rejected_pod("p", seconds(120), {120, 100, 1})};
  CHECK(scene.decide().pending);
  scene.facts.pods = {scene.rejected_pod("p", seconds(119), {119, 100, 1})};
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

TEST_CASE("when only time is missing, the decision says when to look again") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("p", seconds(10), {10, 5, 1})};
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kWait);
  CHECK(decision.pending);
  CHECK(decision.check == "Thresholds");
  REQUIRE(decision.not_before == scene.now + seconds(20));
  CHECK(scene.decide_at(*decision.not_before - Duration(1)).pending);
  CHECK(scene.decide_at(*decision.not_before).kind == DecisionKind::kRestart);
}

TEST_CASE("when rejections are missing, no time is named") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("p", seconds(60), {60, 1})};
  const Decision decision = scene.decide();
  CHECK(decision.pending);
  CHECK_FALSE(decision.not_before);
  CHECK(decision.reason ==
        "2 requests of pod p were answered 401 since 10:27:00Z (policy: 3 within 2m, failing for 30s)");
}

TEST_CASE("one pod that meets a signal is enough, and the others are not counted together") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("a", seconds(60), {60, 1}), scene.rejected_pod("b", seconds(60), {60, 1})};
  CHECK(scene.decide().pending);
  scene.facts.pods.push_back(scene.rejected_pod("c", seconds(60), {60, 30, 1}));
  scene.facts.pods.push_back(scene.rejected_pod("d", seconds(60), {60, 30, 1}));
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK(decision.reason.find("pod c were") != std::string::npos);
  CHECK(decision.reason.ends_with("; 1 more pod likewise"));
}

TEST_CASE("the soonest pod decides when to look again") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("a", seconds(5), {5, 2, 1}), scene.rejected_pod("b", seconds(20), {20, 2, 1})};
  CHECK(scene.decide().not_before == scene.now + seconds(10));
}

TEST_CASE("an API server whose clock is ahead of ours is believed") {
  Scene scene;
  scene.facts.pods = {scene.rejected_pod("a", seconds(-1), {-1, -2, -3})};
  const Decision decision = scene.decide();
  REQUIRE(decision.not_before == scene.now + seconds(31));
  CHECK(scene.decide_at(*decision.not_before).kind == DecisionKind::kRestart);
}

TEST_CASE("a stale token waits for longer than `after`") {
  Scene scene;
  scene.facts.diagnosis = Diagnosis::kStaleToken;
  PodFacts pod;
  pod.name = "db-0";
  pod.stale_since = scene.now - hours(1);
  pod.breaks_at = at("2027-06-30T10:00:00Z");
  scene.facts.pods = {pod};
  const Decision pending = scene.decide();
  CHECK(pending.pending);
  REQUIRE(pending.not_before == scene.now + Duration(1));
  const Decision decision = scene.decide_at(*pending.not_before);
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK(decision.reason ==
        "pod db-0 uses a token that has been stale since 09:28:00Z and will be refused from 2027-06-30T10:00:00Z "
        "(policy: stale for longer than 1h)");
}

TEST_CASE("a pod that is not heard since a change of keys is given time, and then waits for no window") {
  Scene scene;
  scene.facts.diagnosis = Diagnosis::kSigningKeyChanged;
  PodFacts pod;
  pod.name = "db-0";
  pod.distrusted_since = scene.now - minutes(14);
  scene.facts.pods = {pod};
  using namespace std::chrono_literals;
  scene.policies[0].spec.windows.blackouts = {{2026y / 6 / 1, 2026y / 8 / 1, "UTC", ""}};
  const Decision pending = scene.decide();
  CHECK(pending.pending);
  REQUIRE(pending.not_before == scene.now + minutes(1));
  const Decision decision = scene.decide_at(*pending.not_before);
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK_THAT(decision.reason, Catch::Contains("pod db-0 has not been accepted since") &&
                                  Catch::Contains("(policy: trustChange after 15m)"));
  scene.policies[0].spec.trust_change.enabled = false;
  CHECK(scene.decide_at(*pending.not_before).check == "SignalDisabled");
}

TEST_CASE("a signal that is switched off is not acted on, and that is said") {
  Scene scene;
  scene.policies[0].spec.rejected_token.enabled = false;
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kObserve);
  CHECK(decision.check == "SignalDisabled");
  CHECK_FALSE(decision.pending);
  CHECK(decision.reason == "ClusterTokenRefreshPolicy/default does not act on this signal (Expired)");
}

TEST_CASE("a case without pods waits") {
  Scene scene;
  scene.facts.pods.clear();
  CHECK(scene.decide().kind == DecisionKind::kObserve);
}

}  // namespace
}  // namespace remint::policy

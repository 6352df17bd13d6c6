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

TEST_CASE(
    "a Secret that was made anew counts only for policies that ask for Secrets, though others have them watched") {
  Scene scene;
  scene.facts.diagnosis = Diagnosis::kSecretRegenerated;
  PodFacts pod;
  pod.name = "db-0";
  pod.distrusted_since = scene.now - minutes(20);
  scene.facts.pods = {pod};
  CHECK(scene.decide().check == "SignalDisabled");
  scene.policies[0].spec.trust_change.secrets = true;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
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

/// Of one pod, in whose log it stands, or of which Events tell, so many seconds ago.
CaseFacts said(const Scene& scene, bool log, const std::vector<int>& ago) {
  CaseFacts facts = scene.facts;
  PodFacts pod;
  pod.name = "p";
  for (const int seconds_ago : ago) {
    (log ? pod.log_clues : pod.event_clues).push_back(scene.now - seconds(seconds_ago));
  }
  facts.pods = {pod};
  facts.confidence = 0.95;
  return facts;
}

TEST_CASE(
    "what only a pod's log says is refused until the policy calls it sufficient, and then counts as rejections do") {
  Scene scene;
  Spec& spec = scene.policies[0].spec;
  scene.facts = said(scene, true, {60, 30, 1});
  CHECK(scene.decide().check == "SignalDisabled");
  spec.pod_log.sufficient = true;  // says nothing while it is off
  CHECK(scene.decide().check == "SignalDisabled");
  spec.pod_log.enabled = true;
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK(decision.reason ==
        "the pod's own log says 3 times of pod p since 10:27:00Z that its token is refused (policy: podLog.sufficient, "
        "3 within 2m, for 30s)");
  scene.facts = said(scene, true, {60, 1});
  CHECK(scene.decide().pending);
  scene.facts = said(scene, true, {20, 10, 1});
  CHECK(scene.decide().not_before == scene.now + seconds(10));

  spec.pod_log.sufficient = false;
  const Decision refused = scene.decide();
  CHECK(refused.kind == DecisionKind::kRefuse);
  CHECK(refused.check == "Uncorroborated");
  CHECK_FALSE(refused.pending);
  CHECK_THAT(refused.reason, Catch::Contains("only the pod's own log says") &&
                                 Catch::Contains("signals.podLog.sufficient true would act upon it"));
}

TEST_CASE("Events alone change nothing, whoever made them up, unless the policy says they suffice") {
  Scene scene;
  Spec& spec = scene.policies[0].spec;
  scene.facts = said(scene, false, {60, 30, 1});
  spec.pod_log = {true, {}, true};
  CHECK(scene.decide().check == "SignalDisabled");
  spec.kubernetes_event.enabled = true;
  CHECK(scene.decide().check == "Uncorroborated");
  spec.kubernetes_event.sufficient = true;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.policies.push_back(Scene::own_policy("shop", "own"));
  scene.policies.back().spec.mode = Mode::kEnforce;
  scene.policies.back().spec.kubernetes_event = {true, {}, true};
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.policies[0].spec.kubernetes_event.sufficient = false;
  CHECK(scene.decide().check == "Uncorroborated");
}

TEST_CASE("what suffices by itself is not undone by rejections that are ascribed to the pod without certainty") {
  Scene scene;
  Spec& spec = scene.policies[0].spec;
  spec.pod_log.enabled = true;
  scene.facts = said(scene, true, {60, 30, 1});
  scene.facts.pods[0].rejections = {scene.now - seconds(30)};
  scene.facts.pods[0].failing_since = scene.now - seconds(30);
  scene.facts.confidence = 0.2;
  scene.facts.clue_confidence = 0.95;
  CHECK(scene.decide().kind != DecisionKind::kRestart);
  spec.pod_log.sufficient = true;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.facts.clue_confidence = 0.5;
  CHECK(scene.decide().check == "LowConfidence");
}

TEST_CASE("where the audit log speaks, it decides, whatever clues say") {
  Scene scene;
  scene.policies[0].spec.pod_log.enabled = true;
  scene.facts.pods = {scene.rejected_pod("p", seconds(60), {60, 1})};
  scene.facts.pods[0].log_clues = {scene.now - seconds(60), scene.now - seconds(30), scene.now};
  CHECK(scene.decide().check == "Thresholds");
  scene.facts.pods = {scene.rejected_pod("p", seconds(60), {60, 30, 1})};
  scene.facts.pods[0].log_clues = {scene.now};
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

}  // namespace
}  // namespace remint::policy

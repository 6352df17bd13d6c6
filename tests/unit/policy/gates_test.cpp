// The checks that ask whether it may be done, when, and how many at once.

#include "fixture.hpp"

namespace remint::policy {
namespace {

using State = PastRestart::Approval::State;

/// A token that is still accepted: stale for two days, and it breaks in so long.
void make_planned(Scene& scene, std::optional<Duration> breaks_in) {
  PodFacts& pod = scene.facts.pods[0] = {};
  pod.name = "cart-5f-abc";
  pod.stale_since = scene.now - hours(48);
  if (breaks_in) pod.breaks_at = scene.now + *breaks_in;
  scene.facts.diagnosis = Diagnosis::kStaleToken;
}

/// A restart of some other workload.
PastRestart& of_another(Scene& scene, Phase phase, Outcome outcome, Duration ago) {
  PastRestart& past =
      is_final(phase) ? scene.past(phase, outcome, ago + minutes(1), ago) : scene.past(phase, outcome, ago, {});
  const std::string name = "web-" + std::to_string(scene.restarts.size());
  past.workload = {"apps/v1", "Deployment", "shop", name, "uid-" + name};
  return past;
}

/// A restart of the workload, for its present cause, that waits to be allowed.
PastRestart& standing(Scene& scene, Phase phase, State state) {
  PastRestart& past = scene.past(phase, Outcome::kNone, minutes(5), {});
  past.cause = scene.facts.cause;
  past.approval.state = state;
  return past;
}

TEST_CASE("annotations hold on the workload, its pod template and its namespace, and the reason says which") {
  for (auto [labels, whose] : {std::pair(&WorkloadFacts::annotations, "its"),
                               std::pair(&WorkloadFacts::template_annotations, "its pod template's"),
                               std::pair(&WorkloadFacts::namespace_annotations, "its namespace's")}) {
    Scene scene;
    (scene.workload.*labels)["remint.dev/ignore"] = "true";
    CHECK(scene.decide().check == "Ignored");
    CHECK(scene.decide().reason == std::string(whose) + " annotation remint.dev/ignore is \"true\"");
    (scene.workload.*labels)["remint.dev/ignore"] = "ture";
    CHECK(scene.decide().check == "Ignored");
    (scene.workload.*labels)["remint.dev/ignore"] = "false";
    (scene.workload.*labels)["remint.dev/paused-until"] = "2026-07-02T00:00:00Z";
    CHECK(scene.decide().not_before == at("2026-07-02T00:00:00Z"));
    CHECK_THAT(scene.decide().reason, Catch::StartsWith(whose));
    (scene.workload.*labels)["remint.dev/paused-until"] = "soon";
    CHECK(scene.decide().kind == DecisionKind::kRefuse);
    CHECK_THAT(scene.decide().reason, Catch::Contains("left alone"));
    (scene.workload.*labels)["remint.dev/paused-until"] = "2026-07-01T00:00:00Z";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
}

TEST_CASE("while the cluster or a policy is suspended nothing is begun") {
  Scene scene;
  scene.suspended = "ConfigMap remint/remint-suspend";
  CHECK(scene.decide().check == "Suspended");
  CHECK(scene.decide().kind == DecisionKind::kWait);
  CHECK_FALSE(scene.decide().not_before);
  CHECK(scene.decide().reason ==
        "Remint is suspended in this cluster, by ConfigMap remint/remint-suspend: nothing is begun");
  scene.suspended.clear();
  scene.policies[0].spec.suspend = true;
  CHECK(scene.decide().reason ==
        "ClusterTokenRefreshPolicy/default is suspended: nothing is begun (policy: suspend true)");
  scene.policies.push_back(Scene::own_policy("shop", "web"));
  CHECK_THAT(scene.decide().reason, Catch::StartsWith("ClusterTokenRefreshPolicy/default is suspended"));
  scene.policies[0].spec.suspend = false;
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  scene.policies[1].spec.suspend = true;
  CHECK_THAT(scene.decide().reason, Catch::StartsWith("TokenRefreshPolicy/shop/web is suspended"));
}

TEST_CASE("a policy whose restarts do not help, of whichever workloads, stops; then one at a time is tried") {
  Scene scene;
  scene.policies[0].spec.breaker.policy_failures = 3;
  for (const int ago : {1, 2}) of_another(scene, Phase::kFailed, Outcome::kNotCured, hours(ago));
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  of_another(scene, Phase::kFailed, Outcome::kNotCured, hours(3));
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRefuse);
  CHECK(decision.check == "PolicyBreakerOpen");
  CHECK(decision.not_before == scene.now + hours(23));
  CHECK(decision.reason ==
        "the last 3 restarts of ClusterTokenRefreshPolicy/default in a row did not help (Deployment shop/web-1, "
        "Deployment shop/web-2, Deployment shop/web-3): look for what they have in common. No restart until "
        "2026-07-02T09:28:00Z, then one (policy: breaker.policyFailures 3, openFor 24h)");
  SECTION("0 switches it off") {
    scene.policies[0].spec.breaker.policy_failures = 0;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("one that cured closes it; unverified and cancelled ones say nothing") {
    of_another(scene, Phase::kSucceeded, Outcome::kUnverified, minutes(5));
    of_another(scene, Phase::kCancelled, Outcome::kNone, minutes(5));
    CHECK(scene.decide().check == "PolicyBreakerOpen");
    of_another(scene, Phase::kSucceeded, Outcome::kCured, minutes(5));
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("after openFor one is tried, and no other one meanwhile") {
    for (PastRestart& past : scene.restarts) *past.finished -= hours(24);
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    of_another(scene, Phase::kRunning, Outcome::kNone, minutes(1));
    CHECK(scene.decide().check == "PolicyBreakerOpen");
    CHECK(scene.decide().kind == DecisionKind::kWait);
    scene.restarts.back().phase = Phase::kScheduled;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("those of namespaced policies count for the cluster policy above them") {
    for (PastRestart& past : scene.restarts) past.policy = "TokenRefreshPolicy/store/own";
    scene.policies.push_back(Scene::own_policy("shop", "web"));
    scene.policies[1].spec.breaker.policy_failures = 0;
    CHECK(scene.decide().check == "PolicyBreakerOpen");
    scene.policies[0].spec.match.exclude_namespaces = {"lab"};
    for (PastRestart& past : scene.restarts) past.workload.ns = "lab";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
}

TEST_CASE("in a storm nothing is begun until a person says so, or one at a time") {
  Scene scene;
  scene.storms["ClusterTokenRefreshPolicy/default"] = {scene.now - minutes(8), 37, 120};
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kWait);
  CHECK(decision.check == "StormBrake");
  CHECK_FALSE(decision.not_before);
  CHECK(decision.reason ==
        "a storm since 10:20:00Z: 37 of 120 workloads of ClusterTokenRefreshPolicy/default broke, so it is hardly the "
        "workloads. Nothing is begun until a person says so: remint resume default (policy: storm.percent 10, within "
        "10m)");
  SECTION("of the policy above, too") {
    scene.policies.push_back(Scene::own_policy("shop", "web"));
    CHECK(scene.decide().check == "StormBrake");
    scene.policies[0].spec.storm.percent = 0;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    scene.storms["TokenRefreshPolicy/shop/web"] = {scene.now, 3, 3};
    CHECK_THAT(scene.decide().reason, Catch::Contains("remint resume shop/web"));
  }
  SECTION("paced") {
    scene.policies[0].spec.storm.then = StormSpec::Then::kPace;
    scene.policies[0].spec.storm.pace = minutes(3);
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    of_another(scene, Phase::kVerifying, Outcome::kNone, minutes(20));
    CHECK(scene.decide().check == "StormBrake");
    CHECK_THAT(scene.decide().reason, Catch::Contains("one is under way (policy: storm.then Pace, pace 3m)"));
    scene.restarts[0].phase = Phase::kSucceeded;
    scene.restarts[0].finished = scene.now;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    scene.restarts[0].released = scene.now - minutes(1);
    CHECK(scene.decide().not_before == scene.now + minutes(2));
  }
}

TEST_CASE("in mode Approve a person is asked, and the answer holds for that cause") {
  Scene scene;
  scene.policies[0].spec.mode = Mode::kApprove;
  Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kAsk);
  CHECK(decision.check == "AwaitingApproval");
  CHECK(decision.standing);
  CHECK(decision.strategy == Strategy::kRolloutRestart);
  CHECK(decision.expires == scene.now + hours(24));
  CHECK_THAT(decision.reason, Catch::StartsWith("would restart it (RolloutRestart) when a person approves until "
                                                "2026-07-02T10:28:00Z: remint approve NAME (policy: "
                                                "ClusterTokenRefreshPolicy/default is in mode Approve): 3 requests"));
  PastRestart& asked = standing(scene, Phase::kAwaitingApproval, State::kAwaited);
  asked.approval.expires = scene.now + hours(3);
  decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kAsk);
  CHECK(decision.expires == scene.now + hours(3));
  CHECK_THAT(decision.reason, Catch::Contains("remint approve " + asked.name));
  SECTION("approved") {
    asked.approval.state = State::kApproved;
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    asked.cause = "another";
    CHECK(scene.decide().kind == DecisionKind::kAsk);
    asked.cause = scene.facts.cause;
    scene.policies[0].spec.limits.max_concurrent = 1;
    of_another(scene, Phase::kRunning, Outcome::kNone, minutes(1));
    CHECK(scene.decide().check == "MaxConcurrent");
  }
  SECTION("approved, but withdrawn before it began: asked again, at once") {
    asked.approval.state = State::kApproved;
    asked.phase = Phase::kCancelled;
    asked.finished = scene.now - minutes(1);
    asked.withdrawn = true;
    CHECK(scene.decide().kind == DecisionKind::kAsk);
  }
  SECTION("denied: for as long as that object exists") {
    asked.approval.state = State::kDenied;
    asked.approval.by = "jane\x1b[31m";
    asked.phase = Phase::kCancelled;
    asked.finished = scene.now - hours(300);
    decision = scene.decide();
    CHECK(decision.kind == DecisionKind::kRefuse);
    CHECK(decision.check == "Denied");
    CHECK_THAT(decision.reason, Catch::Contains("was denied by jane") && Catch::Contains("kubectl delete wr -n shop"));
    CHECK_THAT(decision.reason, !Catch::Contains("\x1b"));
  }
  SECTION("not answered: asked again after the cooldown") {
    asked.phase = Phase::kCancelled;
    asked.finished = scene.now - minutes(10);
    asked.approval.expires = asked.finished;
    for (const bool withdrawn : {true, false}) {
      asked.withdrawn = withdrawn;
      CHECK(scene.decide().not_before == scene.now + minutes(20));
    }
    asked.finished = scene.now - minutes(30);
    CHECK(scene.decide().kind == DecisionKind::kAsk);
  }
  SECTION("by the policy above") {
    scene.restarts.clear();
    scene.policies.push_back(Scene::own_policy("shop", "web"));
    decision = scene.decide();
    CHECK(decision.kind == DecisionKind::kAsk);
    CHECK_THAT(decision.reason, Catch::Contains("ClusterTokenRefreshPolicy/default is in mode Approve"));
    scene.policies[1].spec.mode = Mode::kObserve;
    CHECK(scene.decide().kind == DecisionKind::kObserve);
  }
}

TEST_CASE("a planned restart waits for its own place in a window; it is told, and stands") {
  Scene scene;  // it is 10:28
  scene.policies[0].spec.windows.windows = {{0x7F, hours(20), hours(22), "UTC"}};
  const Time place = place_in({at("2026-07-01T20:00:00Z"), at("2026-07-01T22:00:00Z")}, "uid-cart", 80);
  make_planned(scene, {});
  Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kWait);
  CHECK(decision.check == "OutsideWindow");
  CHECK(decision.standing);
  CHECK(decision.not_before == place);
  CHECK(decision.strategy == Strategy::kRolloutRestart);
  CHECK(decision.reason == "outside the window, which opens 20:00:00Z; its place in it is " +
                               format_rfc3339(place).substr(11) +
                               " (policy: spreadPercent 80, urgentBefore 72h, windows Mon-Sun 20:00-22:00 UTC)");
  CHECK(scene.decide_at(place - seconds(1)).not_before == place);
  CHECK_THAT(scene.decide_at(place - seconds(1)).reason, Catch::StartsWith("the window is open; its place in it is"));
  CHECK(scene.decide_at(place).kind == DecisionKind::kRestart);
  CHECK(scene.decide_at(at("2026-07-01T21:59:59Z")).kind == DecisionKind::kRestart);
  CHECK(scene.decide_at(at("2026-07-01T22:00:00Z")).check == "OutsideWindow");
  SECTION("a restart that stands there is no restart under way, and counts for no limit") {
    standing(scene, Phase::kScheduled, State::kNotAsked);
    scene.policies[0].spec.limits.max_concurrent = 1;
    scene.policies[0].spec.limits.max_per_hour = 1;
    CHECK(scene.decide().check == "OutsideWindow");
    CHECK(scene.decide_at(place).kind == DecisionKind::kRestart);
  }
  SECTION("one that lapsed in a window counts for no cooldown") {
    PastRestart& past = scene.ended(Strategy::kRolloutRestart, Phase::kCancelled, Outcome::kNone, minutes(1));
    CHECK(scene.decide().check == "Cooldown");
    past.withdrawn = true;
    CHECK(scene.decide().check == "OutsideWindow");
  }
  SECTION("in mode Observe it waits as well, but nothing stands") {
    scene.policies[0].spec.mode = Mode::kObserve;
    CHECK(scene.decide().check == "OutsideWindow");
    CHECK_FALSE(scene.decide().standing);
    CHECK(scene.decide_at(place).check == "ObserveMode");
  }
  SECTION("a dead token waits for none") {
    scene.facts.pods.push_back(scene.rejected_pod("q", seconds(32), {32, 20, 5}));
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("nor one that breaks soon; others until then at most") {
    make_planned(scene, hours(72));
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    make_planned(scene, hours(73));
    decision = scene.decide();
    CHECK(decision.not_before == scene.now + hours(1));
    CHECK_THAT(decision.reason,
               Catch::Contains("but its token breaks 2026-07-04T11:28:00Z, so it waits until 11:28:00Z at most"));
    make_planned(scene, {});
    scene.facts.breaks_at = scene.now + hours(1);
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
  SECTION("windows of both policies") {
    scene.policies.push_back(Scene::own_policy("shop", "web"));
    scene.policies[1].spec.windows.windows = {{0x7F, hours(21), hours(23), "UTC"}};
    scene.policies[1].spec.limits.spread_percent = 0;
    scene.policies[0].spec.limits.spread_percent = 0;
    CHECK(scene.decide().not_before == at("2026-07-01T21:00:00Z"));
    scene.policies[1].spec.windows.windows = {{0x7F, hours(1), hours(2), "UTC"}};
    decision = scene.decide();
    CHECK_FALSE(decision.not_before);
    CHECK_FALSE(decision.standing);
    CHECK_THAT(decision.reason, Catch::StartsWith("no window opens in the next 400 days"));
  }
  SECTION("blackouts alone are not spread over") {
    const std::chrono::year_month_day day{std::chrono::year(2026), std::chrono::July, std::chrono::day(1)};
    scene.policies[0].spec.windows = {{}, {{day, day, "UTC", ""}}};
    CHECK(scene.decide().not_before == at("2026-07-02T00:00:00Z"));
    CHECK(scene.decide_at(at("2026-07-02T00:00:00Z")).kind == DecisionKind::kRestart);
  }
}

TEST_CASE("no more than the share of the cluster's and of a namespace's workloads is under way, and always one") {
  Scene scene;
  scene.policies[0].spec.limits.max_concurrent = 100;
  struct Row {
    std::uint32_t cluster, ns;
    WorkloadCounts counts;
    int allowed;
    const char* check;
  };
  // All of them limits nothing, however many are counted so far.
  for (const Row& row : std::vector<Row>{{100, 100, {0, 0}, 5, "Allowed"},
                                         {10, 100, {39, 39}, 3, "MaxWorkloadsPercent"},
                                         {10, 100, {40, 40}, 4, "MaxWorkloadsPercent"},
                                         {10, 100, {5, 5}, 1, "MaxWorkloadsPercent"},
                                         {99, 100, {0, 0}, 1, "MaxWorkloadsPercent"},
                                         {100, 50, {100, 7}, 3, "MaxNamespacePercent"},
                                         {100, 1, {100, 99}, 1, "MaxNamespacePercent"},
                                         {100, 99, {100, 0}, 1, "MaxNamespacePercent"}}) {
    scene.policies[0].spec.limits.max_workloads_percent = row.cluster;
    scene.policies[0].spec.limits.max_namespace_percent = row.ns;
    scene.counts = row.counts;
    scene.restarts.clear();
    for (int i = 0; i < row.allowed; ++i) {
      INFO(i << " of " << row.allowed);
      CHECK(scene.decide().kind == DecisionKind::kRestart);
      of_another(scene, Phase::kRunning, Outcome::kNone, minutes(3));
    }
    CHECK(scene.decide().check == row.check);
    CHECK_FALSE(scene.decide().not_before);
  }
  scene.counts = {200, 20};
  scene.policies[0].spec.limits.max_namespace_percent = 10;
  of_another(scene, Phase::kRunning, Outcome::kNone, minutes(3));
  CHECK(scene.decide().reason ==
        "2 restarts are under way in namespace shop for ClusterTokenRefreshPolicy/default, and 2 of its 20 workloads "
        "may be at once (policy: limits.maxNamespacePercent 10): waiting for one to end");
  for (PastRestart& past : scene.restarts) past.workload.ns = "store";
  CHECK(scene.decide().kind == DecisionKind::kRestart);
}

TEST_CASE("restarts that waited count for the hour in which they began") {
  Scene scene;
  scene.policies[0].spec.limits.max_per_hour = 1;
  PastRestart& past = of_another(scene, Phase::kSucceeded, Outcome::kCured, minutes(1));
  past.created = scene.now - hours(20);
  CHECK(scene.decide().kind == DecisionKind::kRestart);
  past.released = scene.now - minutes(10);
  CHECK(scene.decide().not_before == scene.now + minutes(50));
}

}  // namespace
}  // namespace remint::policy

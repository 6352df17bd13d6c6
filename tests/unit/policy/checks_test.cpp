#include <algorithm>
#include <functional>

#include "fixture.hpp"

namespace remint::policy {
namespace {

struct Row {
  const char* what;
  std::function<void(Scene&)> change;
  DecisionKind kind;
  const char* check;
  const char* reason;  ///< a part of it
};

TEST_CASE("each check has its say") {
  const std::vector<Row> rows{
      {"Remint's own namespace", [](Scene& s) { s.own_namespace = "shop"; }, DecisionKind::kRefuse, "OwnNamespace",
       "shop is Remint's own namespace"},
      {"no policy", [](Scene& s) { s.policies.clear(); }, DecisionKind::kObserve, "NoPolicy",
       "no policy matches Deployment shop/cart"},
      {"ignored", [](Scene& s) { s.workload.annotations["remint.dev/ignore"] = "true"; }, DecisionKind::kRefuse,
       "Ignored", "remint.dev/ignore is \"true\""},
      {"ignored by a word we do not know", [](Scene& s) { s.workload.annotations["remint.dev/ignore"] = "yes"; },
       DecisionKind::kRefuse, "Ignored", "write \"true\" or \"false\""},
      {"not ignored", [](Scene& s) { s.workload.annotations["remint.dev/ignore"] = "false"; }, DecisionKind::kRestart,
       "Allowed", "3 requests"},
      {"paused until later",
       [](Scene& s) { s.workload.annotations["remint.dev/paused-until"] = "2026-07-02T06:00:00+02:00"; },
       DecisionKind::kWait, "PausedUntil", "wait until 2026-07-02T04:00:00Z"},
      {"paused until before now",
       [](Scene& s) { s.workload.annotations["remint.dev/paused-until"] = "2026-07-01T10:28:00Z"; },
       DecisionKind::kRestart, "Allowed", ""},
      {"paused until tomorrow, in words",
       [](Scene& s) { s.workload.annotations["remint.dev/paused-until"] = "tomorrow\x1b[31m"; }, DecisionKind::kRefuse,
       "PausedUntil", "not a time such as"},
      {"terminating pods", [](Scene& s) { s.facts.diagnosis = Diagnosis::kPodTerminating; }, DecisionKind::kRefuse,
       "NotCurable", "a restart does not help against PodTerminating"},
      {"clock skew", [](Scene& s) { s.facts.diagnosis = Diagnosis::kNotYetValid; }, DecisionKind::kRefuse, "NotCurable",
       ""},
      {"audience", [](Scene& s) { s.facts.diagnosis = Diagnosis::kWrongAudience; }, DecisionKind::kRefuse, "NotCurable",
       ""},
      {"unknown reason gets its try", [](Scene& s) { s.facts.diagnosis = Diagnosis::kUnknown; }, DecisionKind::kRestart,
       "Allowed", ""},
      {"unsure", [](Scene& s) { s.facts.confidence = 0.6; }, DecisionKind::kRefuse, "LowConfidence",
       "only 0.60 sure that it was Deployment shop/cart (policy: minConfidence 0.9)"},
      {"sure enough", [](Scene& s) { s.facts.confidence = 0.9; }, DecisionKind::kRestart, "Allowed", ""},
      {"not seen", [](Scene& s) { s.workload.known = false; }, DecisionKind::kWait, "WorkloadUnknown",
       "not been seen yet"},
      {"deleting", [](Scene& s) { s.workload.deleting = true; }, DecisionKind::kRefuse, "WorkloadDeleting",
       "being deleted"},
      {"paused", [](Scene& s) { s.workload.paused = true; }, DecisionKind::kRefuse, "RolloutPaused",
       "the Deployment is paused (spec.paused): run kubectl rollout resume first"},
      {"stuck", [](Scene& s) { s.workload.stuck = true; }, DecisionKind::kRefuse, "RolloutStuck", "rollout is stuck"},
      {"scaled to 0", [](Scene& s) { s.workload.replicas = 0; }, DecisionKind::kRefuse, "ScaledToZero", "0 replicas"},
      {"OnDelete is evicted from", [](Scene& s) { s.workload.on_delete = true; }, DecisionKind::kRestart, "Allowed",
       "; EvictPods as with updateStrategy OnDelete a rollout would replace no pod"},
      {"OnDelete, but somebody asks for a rollout",
       [](Scene& s) {
         s.workload.on_delete = true;
         s.workload.annotations["remint.dev/strategy"] = "RolloutRestart";
       },
       DecisionKind::kRefuse, "OnDelete", "a rollout would replace no pod; EvictPods would"},
      {"paused, and EvictPods is listed",
       [](Scene& s) {
         s.workload.paused = true;
         s.policies[0].spec.strategies["Deployment"] = {{Strategy::kEvictPods, {}}};
       },
       DecisionKind::kRestart, "Allowed", ""},
      {"stuck, and EvictPods is listed",
       [](Scene& s) {
         s.workload.stuck = true;
         s.policies[0].spec.strategies["Deployment"] = {{Strategy::kEvictPods, {}}};
       },
       DecisionKind::kRestart, "Allowed", ""},
      {"stuck, and only all pods could be scaled away",
       [](Scene& s) {
         s.workload.stuck = true;
         s.policies[0].spec.strategies["Deployment"] = {{Strategy::kScaleToZero, {}}};
       },
       DecisionKind::kRefuse, "RolloutStuck", "rollout is stuck"},
      {"paused, though few are affected",
       [](Scene& s) {
         s.workload.paused = true;
         s.workload.replicas = 50;
       },
       DecisionKind::kRefuse, "RolloutPaused", "kubectl rollout resume"},
      {"observing", [](Scene& s) { s.policies[0].spec.mode = Mode::kObserve; }, DecisionKind::kObserve, "ObserveMode",
       "would restart it (RolloutRestart), but ClusterTokenRefreshPolicy/default is in mode Observe: 3 requests"},
      {"narrowed to observing",
       [](Scene& s) {
         s.policies[0].spec.mode = Mode::kObserve;
         s.policies.push_back(Scene::own_policy("shop", "web"));
       },
       DecisionKind::kObserve, "ObserveMode", "but ClusterTokenRefreshPolicy/default is in mode Observe"},
      {"another group's Deployment", [](Scene& s) { s.workload.ref.api_version = "apps.example.com/v1"; },
       DecisionKind::kRefuse, "NoStrategy", "no way to restart a Deployment of apps.example.com/v1"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Scene scene;
    row.change(scene);
    const Decision decision = scene.decide();
    CHECK(to_string(decision.kind) == to_string(row.kind));
    CHECK(decision.check == row.check);
    CHECK_THAT(decision.reason, Catch::Contains(row.reason));
    CHECK(std::ranges::find(check_names(), decision.check) != check_names().end());
    CHECK_THAT(decision.reason, !Catch::Contains("\x1b"));
  }
}

TEST_CASE("kinds that are never restarted are named, though no policy can match them") {
  for (const auto& [api_version, kind, why] :
       std::vector<std::array<std::string, 3>>{{"batch/v1", "Job", "run to completion"},
                                               {"batch/v1", "CronJob", "run to completion"},
                                               {"v1", "Node", "static pods"}}) {
    Scene scene;
    scene.workload.ref.api_version = api_version;
    scene.workload.ref.kind = kind;
    const Decision decision = scene.decide();
    CHECK(decision.kind == DecisionKind::kRefuse);
    CHECK(decision.check == "NoStrategy");
    CHECK_THAT(decision.reason, Catch::Contains(kind) && Catch::Contains(why));
    scene.policies[0].spec.match.exclude_namespaces = {"shop"};
    CHECK(scene.decide().check == "NoPolicy");
  }
}

TEST_CASE("a controller that Remint does not know is evicted from where a policy names its kind") {
  Scene scene;
  scene.workload.ref = {"apps.kruise.io/v1alpha1", "CloneSet", "shop", "cart", "uid-cart"};
  Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kObserve);
  CHECK(decision.check == "NoPolicy");
  CHECK(
      decision.reason ==
      "no policy matches CloneSet shop/cart: match.kinds of ClusterTokenRefreshPolicy/default does not name its kind");
  scene.policies[0].spec.match.kinds.emplace_back("CloneSet");
  decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRestart);
  CHECK(decision.strategy == Strategy::kEvictPods);
}

TEST_CASE("bare pods that are not their own masters are left alone") {
  Scene scene;
  scene.workload.ref = {"v1", "Pod", "shop", "cart", "uid-cart"};
  CHECK(scene.decide().strategy == Strategy::kRecreate);
  scene.workload.controller = "Deployment/web";
  CHECK(scene.decide().check == "PodHasController");
  scene.workload.mirror = true;
  CHECK(scene.decide().check == "MirrorPod");
  CHECK(scene.decide().kind == DecisionKind::kRefuse);
}

TEST_CASE("the first check that objects decides, in the order that the contract gives") {
  // Everything is wrong at once; each row puts one more thing right.
  Scene scene;
  scene.own_namespace = "shop";
  scene.policies.clear();
  scene.workload.annotations = {{"remint.dev/ignore", "true"}, {"remint.dev/paused-until", "2027-01-01T00:00:00Z"}};
  scene.workload.ref.api_version = "other/v1";
  scene.workload.known = false;
  scene.workload.deleting = true;
  scene.facts.diagnosis = Diagnosis::kForbidden;
  scene.facts.confidence = 0.1;
  const auto pods = scene.facts.pods;
  scene.facts.pods = {scene.rejected_pod("p", seconds(1), {1})};
  scene.past(Phase::kRunning, Outcome::kNone, minutes(5), {}).cause = scene.facts.cause;
  const auto right = [&](const std::function<void()>& change, const char* next) {
    change();
    CHECK(scene.decide().check == next);
  };
  right([] {}, "OwnNamespace");
  right([&] { scene.own_namespace = ""; }, "NoPolicy");
  right(
      [&] {
        scene.policies = {Scene::cluster_policy("default")};
        scene.policies[0].spec.mode = Mode::kObserve;
      },
      "Ignored");
  right([&] { scene.workload.annotations.erase("remint.dev/ignore"); }, "PausedUntil");
  right([&] { scene.workload.annotations.clear(); }, "Thresholds");
  right([&] { scene.facts.pods = pods; }, "NotCurable");
  right([&] { scene.facts.diagnosis = Diagnosis::kExpired; }, "LowConfidence");
  right([&] { scene.facts.confidence = 1; }, "AlreadyRestarting");
  right([&] { scene.restarts[0].cause = "other"; }, "RestartRunning");
  right(
      [&] {
        scene.restarts[0].phase = Phase::kFailed;
        scene.restarts[0].finished = scene.now - minutes(1);
      },
      "NoStrategy");
  right([&] { scene.workload.ref.api_version = "apps/v1"; }, "WorkloadUnknown");
  right([&] { scene.workload.known = true; }, "WorkloadDeleting");
  right([&] { scene.workload.deleting = false; }, "Cooldown");
  right([&] { scene.policies[0].spec.limits = {seconds(0), 1, 1}; }, "MaxPerHour");
  right([&] { scene.restarts.clear(); }, "ObserveMode");
  right([&] { scene.policies[0].spec.mode = Mode::kEnforce; }, "Allowed");
}

}  // namespace
}  // namespace remint::policy

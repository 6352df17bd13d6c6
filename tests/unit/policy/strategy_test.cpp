#include "remint/policy/strategy.hpp"
#include "fixture.hpp"

namespace remint::policy {
namespace {

Choice choose(const Scene& scene) {
  const auto effective = select_policy(scene.policies, scene.workload);
  REQUIRE(effective);
  return choose_strategy(*effective, scene.workload, scene.facts, scene.restarts, scene.now);
}

Scene controller() {
  Scene scene;
  scene.workload.ref = {"v1", "ReplicationController", "shop", "cart", "uid-cart"};
  return scene;
}

TEST_CASE("the first of the list needs no explanation, the next one names what did not help") {
  Scene scene = controller();
  CHECK(choose(scene).strategy == Strategy::kRollingReplace);
  CHECK(choose(scene).why.empty());
  CHECK(choose(scene).length == 2);
  scene.failed(Strategy::kRollingReplace, hours(2));
  CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  CHECK(choose(scene).why == "ScaleToZero after deployment-cart-0123456789-1 by RollingReplace did not help");
  SECTION("after the end of the list it begins again") {
    scene.failed(Strategy::kScaleToZero, hours(1));
    CHECK(choose(scene).strategy == Strategy::kRollingReplace);
    scene.failed(Strategy::kRollingReplace, minutes(30));
    CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  }
  SECTION("a cure begins the list anew, in whatever order the objects are") {
    scene.cured(Strategy::kScaleToZero, hours(1));
    std::swap(scene.restarts[0], scene.restarts[1]);
    CHECK(choose(scene).strategy == Strategy::kRollingReplace);
    CHECK(choose(scene).why.empty());
  }
  SECTION("one that could not be verified is neither a failure nor a cure") {
    scene.ended(Strategy::kScaleToZero, Phase::kSucceeded, Outcome::kUnverified, hours(1));
    CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  }
  SECTION("another workload's failures are its own") {
    scene.restarts[0].workload.name = "web";
    CHECK(choose(scene).strategy == Strategy::kRollingReplace);
  }
}

TEST_CASE("the options are those of the strategy in the list") {
  Scene scene = controller();
  scene.policies[0].spec.strategies["ReplicationController"] = {{Strategy::kScaleToZero, {}},
                                                                {Strategy::kRollingReplace, {seconds(3), true, false}}};
  CHECK(choose(scene).options == StrategyOptions{});
  scene.failed(Strategy::kScaleToZero, hours(1));
  CHECK(choose(scene).options == StrategyOptions{seconds(3), true, false});
  CHECK(scene.decide().options == StrategyOptions{seconds(3), true, false});
  scene.restarts.clear();
  scene.workload.annotations["remint.dev/strategy"] = "RollingReplace";
  CHECK(choose(scene).options.keep_new_name);
}

TEST_CASE("when few of many are affected, these are evicted") {
  struct Row {
    const char* what;
    std::int64_t replicas;
    std::size_t accused;
    std::uint32_t percent;
    Strategy expected;
  };
  const std::vector<Row> rows{{"1 of 50", 50, 1, 25, Strategy::kEvictPods},
                              {"exactly the share", 4, 1, 25, Strategy::kEvictPods},
                              {"just above it", 3, 1, 33, Strategy::kRolloutRestart},
                              {"the share of more", 8, 2, 25, Strategy::kEvictPods},
                              {"too many", 8, 3, 25, Strategy::kRolloutRestart},
                              {"switched off", 1000, 1, 0, Strategy::kRolloutRestart},
                              {"a single replica", 1, 1, 100, Strategy::kRolloutRestart},
                              {"all of two", 2, 2, 100, Strategy::kEvictPods}};
  for (const Row& row : rows) {
    INFO(row.what);
    Scene scene;
    scene.workload.replicas = row.replicas;
    scene.facts.pods.resize(row.accused, scene.facts.pods[0]);
    scene.policies[0].spec.gentle.max_affected_percent = row.percent;
    CHECK(choose(scene).strategy == row.expected);
  }
  Scene scene;
  scene.workload.replicas = 50;
  CHECK(scene.decide().reason.ends_with(
      "; EvictPods gently, as 1 of 50 replicas is affected (policy: gentle.maxAffectedPercent 25)"));
  SECTION("but not where the trouble is older than every pod") {
    scene.facts.diagnosis = Diagnosis::kServiceAccountRecreated;
    CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
  }
  SECTION("and the list has its turn when that did not cure, whoever is affected then") {
    scene.failed(Strategy::kEvictPods, hours(1));
    CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
    CHECK(choose(scene).length == 2);
    scene.failed(Strategy::kRolloutRestart, minutes(50));
    CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
    scene.cured(Strategy::kRolloutRestart, minutes(40));
    CHECK(choose(scene).strategy == Strategy::kEvictPods);
  }
  SECTION("with EvictPods in the list it moves to its front") {
    scene.policies[0].spec.strategies["Deployment"] = {{Strategy::kRolloutRestart, {}}, {Strategy::kEvictPods, {}}};
    CHECK(choose(scene).strategy == Strategy::kEvictPods);
    CHECK(choose(scene).length == 2);
    scene.failed(Strategy::kEvictPods, hours(1));
    CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
  }
  SECTION("or the next one when it does not suit the workload") {
    scene.ended(Strategy::kEvictPods, Phase::kCancelled, Outcome::kNone, minutes(1)).unfit = true;
    CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
    CHECK(choose(scene).why.ends_with("and not EvictPods (deployment-cart-0123456789-1), which did not suit it"));
  }
}

TEST_CASE("the annotation goes before the list, when it makes sense") {
  Scene scene;
  scene.workload.replicas = 50;
  auto& annotation = scene.workload.annotations["remint.dev/strategy"];
  annotation = "ScaleToZero";
  CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  CHECK(choose(scene).why == "ScaleToZero as its annotation remint.dev/strategy asks for");
  CHECK(choose(scene).length == 1);
  scene.failed(Strategy::kScaleToZero, hours(1));
  CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  for (const auto& [value, reason] : std::vector<std::pair<std::string, std::string>>{
           {"Reboot\x1b[31m", R"(is "Reboot)"},
           {"", "is no strategy: write RolloutRestart, EvictPods and ScaleToZero, or remove it"},
           {"rolloutrestart", "is no strategy"},
           {"Recreate", "is Recreate, which works on Pod, not on a Deployment: write RolloutRestart"}}) {
    annotation = value;
    const Decision decision = scene.decide();
    CHECK(decision.kind == DecisionKind::kRefuse);
    CHECK(decision.check == "BadStrategy");
    CHECK(decision.strategy == Strategy::kNone);
    CHECK_THAT(decision.reason, Catch::Contains(reason) && !Catch::Contains("\x1b"));
  }
}

TEST_CASE("what was taken back once is not fought: only what changes nothing lasting is used from then on") {
  Scene scene = controller();
  scene.failed(Strategy::kRollingReplace, hours(2)).reverted = true;
  const Choice choice = choose(scene);
  CHECK(choice.strategy == Strategy::kEvictPods);
  CHECK(choice.length == 1);
  CHECK(choice.why ==
        "EvictPods as deployment-cart-0123456789-1 was taken back by somebody (GitOps?): only what changes nothing "
        "lasting "
        "is used");
  SECTION("also after a cure") {
    scene.cured(Strategy::kEvictPods, hours(1));
    CHECK(choose(scene).strategy == Strategy::kEvictPods);
  }
  SECTION("it is one failure") {
    CHECK(scene.decide().kind == DecisionKind::kRestart);
    scene.failed(Strategy::kEvictPods, hours(1));
    CHECK(scene.decide().check == "BreakerOpen");
  }
  SECTION("and an annotation that asks for the same is refused") {
    scene.workload.annotations["remint.dev/strategy"] = "ScaleToZero";
    CHECK(scene.decide().check == "Reverted");
    scene.workload.annotations["remint.dev/strategy"] = "EvictPods";
    CHECK(scene.decide().kind == DecisionKind::kRestart);
  }
}

TEST_CASE("when no strategy suits the workload that is said, and looked at again later") {
  Scene scene = controller();
  scene.ended(Strategy::kRollingReplace, Phase::kCancelled, Outcome::kNone, hours(3)).unfit = true;
  CHECK(choose(scene).strategy == Strategy::kScaleToZero);
  CHECK(choose(scene).why ==
        "ScaleToZero now, and not RollingReplace (deployment-cart-0123456789-1), which did not suit it");
  scene.ended(Strategy::kScaleToZero, Phase::kCancelled, Outcome::kNone, hours(2)).unfit = true;
  const Decision decision = scene.decide();
  CHECK(decision.kind == DecisionKind::kRefuse);
  CHECK(decision.check == "StrategiesUnfit");
  CHECK_THAT(decision.reason, Catch::Contains("RollingReplace (deployment-cart-0123456789-1), ScaleToZero"));
  REQUIRE(decision.not_before == scene.now + hours(21));
  scene.now = *decision.not_before;
  CHECK(choose(scene).strategy == Strategy::kRollingReplace);
}

TEST_CASE("a namespaced policy that asks for too much has the cluster policy's list, and says so") {
  Scene scene;
  scene.policies.push_back(Scene::own_policy("shop", "web"));
  scene.policies[1].spec.strategies["Deployment"] = {{Strategy::kScaleToZero, {}}};
  CHECK(choose(scene).strategy == Strategy::kRolloutRestart);
  CHECK(choose(scene).why ==
        "RolloutRestart by the list of ClusterTokenRefreshPolicy/default, which does not allow all strategies of "
        "TokenRefreshPolicy/shop/web");
}

}  // namespace
}  // namespace remint::policy

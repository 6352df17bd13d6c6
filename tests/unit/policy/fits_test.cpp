#include <map>

#include "fixture.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

ObjectRef of(const std::string& kind) {
  const bool core = kind == "Pod" || kind == "ReplicationController" || kind == "Node";
  const bool batch = kind == "Job" || kind == "CronJob";
  return {core                 ? "v1"
          : batch              ? "batch/v1"
          : kind == "CloneSet" ? "apps.kruise.io/v1"
                               : "apps/v1",
          kind, "shop", "x", "u"};
}

TEST_CASE("each strategy works on the kinds that it was made for") {
  const std::map<std::string, std::string> works{{"Deployment", "RolloutRestart, EvictPods and ScaleToZero"},
                                                 {"StatefulSet", "RolloutRestart, EvictPods and ScaleToZero"},
                                                 {"DaemonSet", "RolloutRestart and EvictPods"},
                                                 {"ReplicaSet", "EvictPods and ScaleToZero"},
                                                 {"ReplicationController", "EvictPods, ScaleToZero and RollingReplace"},
                                                 {"Pod", "Recreate"},
                                                 {"CloneSet", "EvictPods"},
                                                 {"Job", "nothing"},
                                                 {"CronJob", "nothing"},
                                                 {"Node", "nothing"}};
  for (const auto& [kind, strategies] : works) {
    INFO(kind);
    CHECK(strategies_for(kind) == strategies);
    CHECK(never_restarted(kind).empty() == (strategies != "nothing"));
    CHECK_FALSE(fits(Strategy::kNone, of(kind)));
  }
}

TEST_CASE("each kind has its default list, and what is in it works on the kind") {
  const std::map<std::string, std::vector<Strategy>> lists{
      {"Deployment", {Strategy::kRolloutRestart}},
      {"StatefulSet", {Strategy::kRolloutRestart}},
      {"DaemonSet", {Strategy::kRolloutRestart}},
      {"ReplicaSet", {Strategy::kEvictPods}},
      {"ReplicationController", {Strategy::kRollingReplace, Strategy::kScaleToZero}},
      {"Pod", {Strategy::kRecreate}},
      {"CloneSet", {Strategy::kEvictPods}},
      {"Job", {}},
      {"CronJob", {}},
      {"Node", {}}};
  for (const auto& [kind, expected] : lists) {
    INFO(kind);
    std::vector<Strategy> types;
    for (const ListedStrategy& listed : default_strategies(of(kind))) {
      types.push_back(listed.type);
      CHECK(fits(listed.type, of(kind)));
      CHECK(listed.options == StrategyOptions{});
    }
    CHECK(types == expected);
  }
}

TEST_CASE("namesakes of Kubernetes' own kinds are not taken for them, nor for unknown controllers") {
  for (const auto& [api_version, kind] :
       std::vector<std::pair<std::string, std::string>>{{"apps.kruise.io/v1beta1", "StatefulSet"},
                                                        {"v1.example.com/v1", "Pod"},
                                                        {"example.com/v1", "ReplicationController"},
                                                        {"v1", "Deployment"}}) {
    INFO(api_version << " " << kind);
    const ObjectRef workload{api_version, kind, "shop", "x", "u"};
    CHECK(default_strategies(workload).empty());
    CHECK_FALSE(fits(Strategy::kEvictPods, workload));
    CHECK_THAT(no_strategy_reason(workload), Catch::Contains(api_version));
  }
}

TEST_CASE("the policy's list holds for its kind, the default one for others, and what does not fit is left out") {
  Spec spec;
  spec.strategies["Deployment"] = {{Strategy::kRecreate, {}}, {Strategy::kScaleToZero, {}}};
  CHECK(listed_strategies(spec, of("Deployment")) == std::vector<ListedStrategy>{{Strategy::kScaleToZero, {}}});
  CHECK(listed_strategies(spec, of("StatefulSet")) == default_strategies(of("StatefulSet")));
}

}  // namespace
}  // namespace remint::policy

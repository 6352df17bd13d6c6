#include <algorithm>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/policy/parse.hpp"

namespace remint::policy {
namespace {

Json object(Json spec, const char* kind = "ClusterTokenRefreshPolicy") {
  Json json{{"apiVersion", "remint.dev/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", "default"}, {"uid", "u1"}, {"generation", 4}, {"labels", {{"a", "b"}}}}},
            {"spec", std::move(spec)}};
  if (json["kind"] == "TokenRefreshPolicy") {
    json["metadata"]["namespace"] = "shop";
  }
  return json;
}

TEST_CASE("an empty spec is the defaults: observe only") {
  for (const Json& spec : {Json::object(), Json()}) {
    const auto policy = parse_policy(object(spec));
    REQUIRE(policy);
    CHECK(policy->reference() == "ClusterTokenRefreshPolicy/default");
    CHECK(policy->generation == 4);
    CHECK(policy->uid == "u1");
    CHECK(policy->spec.mode == Mode::kObserve);
    CHECK(policy->spec.limits.cooldown == minutes(30));
    CHECK(policy->spec.strategies.empty());
    CHECK(policy->spec.gentle.max_affected_percent == 25);
    CHECK(policy->spec.breaker.failures == 2);
    CHECK(policy->spec.breaker.open_for == hours(24));
    CHECK(policy->spec.match.kinds.size() == 6);
  }
}

TEST_CASE("every field is read") {
  const auto policy = parse_policy(object(Json::parse(R"({
    "mode": "Enforce", "priority": -7,
    "match": {"namespaces": {"include": ["shop", "team-*"], "exclude": ["*-prod"]},
              "namespaceSelector": {"matchLabels": {"env": "test"}},
              "selector": {"matchExpressions": [{"key": "app.kubernetes.io/tier", "operator": "NotIn", "values": ["db", ""]}]},
              "kinds": ["DaemonSet", "CloneSet"]},
    "signals": {"staleToken": {"enabled": false, "after": "90m"},
                "rejectedToken": {"enabled": false, "count": 5, "within": "3m", "for": "1h"}},
    "strategies": {"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "90s", "keepNewName": true}, {"type": "ScaleToZero"}],
                   "Pod": [{"type": "Recreate", "keepNode": true}], "CloneSet": [{"type": "EvictPods"}]},
    "gentle": {"maxAffectedPercent": 0}, "breaker": {"failures": 7, "openFor": "1h"},
    "minConfidence": 1, "limits": {"cooldown": "0s", "maxPerHour": 7, "maxConcurrent": 8},
    "verification": {"observe": "20s"}})")));
  REQUIRE(policy);
  const Spec& spec = policy->spec;
  CHECK(spec.mode == Mode::kEnforce);
  CHECK(spec.priority == -7);
  CHECK(spec.match.include_namespaces == std::vector<std::string>{"shop", "team-*"});
  CHECK(spec.match.exclude_namespaces == std::vector<std::string>{"*-prod"});
  CHECK(spec.match.namespace_selector.match_labels == Labels{{"env", "test"}});
  REQUIRE(spec.match.selector.match_expressions.size() == 1);
  CHECK(spec.match.selector.match_expressions[0].key == "app.kubernetes.io/tier");
  CHECK(spec.match.selector.match_expressions[0].op == LabelSelector::Operator::kNotIn);
  CHECK(spec.match.selector.match_expressions[0].values == std::vector<std::string>{"db", ""});
  CHECK(spec.match.kinds == std::vector<std::string>{"DaemonSet", "CloneSet"});
  CHECK_FALSE(spec.stale_token.enabled);
  CHECK(spec.stale_token.after == minutes(90));
  CHECK_FALSE(spec.rejected_token.enabled);
  CHECK(spec.rejected_token.count == 5);
  CHECK(spec.rejected_token.within == minutes(3));
  CHECK(spec.rejected_token.for_ == hours(1));
  CHECK(spec.min_confidence == 1);
  const StrategyLists lists{{"ReplicationController",
                             {{Strategy::kRollingReplace, {seconds(90), true, false}}, {Strategy::kScaleToZero, {}}}},
                            {"Pod", {{Strategy::kRecreate, {seconds(10), false, true}}}},
                            {"CloneSet", {{Strategy::kEvictPods, {}}}}};
  CHECK(spec.strategies == lists);
  CHECK(spec.gentle.max_affected_percent == 0);
  CHECK(spec.breaker.failures == 7);
  CHECK(spec.breaker.open_for == hours(1));
  CHECK(spec.limits.cooldown == seconds(0));
  CHECK(spec.limits.max_per_hour == 7);
  CHECK(spec.limits.max_concurrent == 8);
  CHECK(spec.verification_observe == seconds(20));
}

TEST_CASE("every error of a policy is found at once, with its path") {
  const auto policy = parse_policy(object(Json::parse(R"({
    "mode": "Approved", "priority": "high", "surprise": 1,
    "match": {"namespaces": {"include": "shop", "exclude": ["Bad Name"]}, "kinds": ["Job", "Deployment", "Deployment", "cloneset"],
              "selector": {"matchLabels": {"a b": "c"}, "matchExpressions": [{"key": "x", "operator": "Near"},
                {"key": "x", "operator": "In"}, {"key": "x", "operator": "Exists", "values": ["y"]}]}},
    "signals": {"staleToken": {"after": "forever"}, "rejectedToken": {"count": 0, "within": "0s", "for": "61m", "fro": "1s"}},
    "strategies": {"Deployment": [{"type": "Recreate"}, {"type": "EvictPods", "keepNode": true}, {"type": "EvictPods"}],
                   "Pod": [{"type": "Recreate", "updatePeriod": "soon", "keepNewName": false, "force": true}], "Job": [{"type": "EvictPods"}],
                   "pods": [{"type": "Delete"}], "DaemonSet": [], "StatefulSet": {"type": "EvictPods"},
                   "ReplicationController": [{"updatePeriod": "2h", "type": "RollingReplace"}]},
    "gentle": {"maxAffectedPercent": 101, "max": 5}, "breaker": {"failures": 0, "openFor": "59s", "opens": 1},
    "minConfidence": 1.5, "limits": {"cooldown": 30, "maxPerHuor": 5, "maxConcurrent": 2.5},
    "verification": {"observe": "-5m"}})")));
  REQUIRE_FALSE(policy);
  std::vector<std::string> paths;
  for (const FieldError& error : policy.error()) {
    paths.push_back(error.path);
    CHECK_FALSE(error.message.empty());
  }
  for (const char* path : {"spec.mode",
                           "spec.priority",
                           "spec.surprise",
                           "spec.match.namespaces.include",
                           "spec.match.namespaces.exclude[0]",
                           "spec.match.kinds[0]",
                           "spec.match.kinds[2]",
                           "spec.match.kinds[3]",
                           "spec.strategies.Deployment[0].type",
                           "spec.strategies.Deployment[1].keepNode",
                           "spec.strategies.Deployment[2].type",
                           "spec.strategies.Pod[0].keepNewName",
                           "spec.strategies.Pod[0].force",
                           "spec.strategies.Job",
                           "spec.strategies.pods",
                           "spec.strategies.pods[0].type",
                           "spec.strategies.DaemonSet",
                           "spec.strategies.StatefulSet",
                           "spec.strategies.ReplicationController[0].updatePeriod",
                           "spec.gentle.maxAffectedPercent",
                           "spec.gentle.max",
                           "spec.breaker.failures",
                           "spec.breaker.openFor",
                           "spec.breaker.opens",
                           "spec.match.selector.matchLabels[\"a b\"]",
                           "spec.match.selector.matchExpressions[0].operator",
                           "spec.match.selector.matchExpressions[1].values",
                           "spec.match.selector.matchExpressions[2].values",
                           "spec.signals.staleToken.after",
                           "spec.signals.rejectedToken.count",
                           "spec.signals.rejectedToken.within",
                           "spec.signals.rejectedToken.for",
                           "spec.signals.rejectedToken.fro",
                           "spec.minConfidence",
                           "spec.limits.cooldown",
                           "spec.limits.maxPerHuor",
                           "spec.limits.maxConcurrent",
                           "spec.verification.observe"}) {
    INFO(path << " in " << join(policy.error()));
    CHECK(std::ranges::count(paths, path) == 1);
  }
  CHECK(std::ranges::count(paths, "spec.strategies.Pod[0].updatePeriod") == 2);  // no duration, and not for Recreate
  CHECK(paths.size() == 40);
}

TEST_CASE("a strategy in the wrong place says where it works, and what works there") {
  const auto policy = parse_policy(object(Json::parse(R"({"strategies": {"DaemonSet": [{"type": "ScaleToZero"}]}})")));
  REQUIRE_FALSE(policy);
  CHECK(join(policy.error()) ==
        "spec.strategies.DaemonSet[0].type: ScaleToZero works on ReplicationController, ReplicaSet, Deployment and "
        "StatefulSet; a DaemonSet can be restarted by RolloutRestart and EvictPods");
}

TEST_CASE("a namespaced policy cannot speak for others") {
  const auto policy = parse_policy(object(
      Json::parse(R"({"priority": 1, "match": {"namespaces": {}, "namespaceSelector": {}}})"), "TokenRefreshPolicy"));
  REQUIRE_FALSE(policy);
  CHECK(policy.error().size() == 3);
  CHECK_THAT(join(policy.error()), Catch::Contains("belongs in a ClusterTokenRefreshPolicy"));
  const auto good = parse_policy(object(Json::object(), "TokenRefreshPolicy"));
  REQUIRE(good);
  CHECK(good->reference() == "TokenRefreshPolicy/shop/default");
}

TEST_CASE("no JSON makes the parser throw") {
  const std::vector<Json> wrong{Json(),         Json(3),    Json("x"), Json::array({1, 2}),
                                Json::object(), Json(true), Json(-1.5)};
  for (const Json& value : wrong) {
    CHECK_FALSE(parse_policy(value));
  }
  // Each value of a full policy, replaced by each wrong one.
  const Json full = object(Json::parse(R"({"mode": "Enforce", "priority": 1,
    "match": {"namespaces": {"include": ["a"], "exclude": ["b"]}, "namespaceSelector": {"matchLabels": {"a": "b"}},
      "selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, "kinds": ["Deployment"]},
    "strategies": {"Pod": [{"type": "Recreate", "keepNode": true}], "ReplicationController": [{"type": "RollingReplace", "updatePeriod": "1s"}]},
    "gentle": {"maxAffectedPercent": 1}, "breaker": {"failures": 1, "openFor": "1h"},
    "signals": {"staleToken": {"enabled": true, "after": "1h"}, "rejectedToken": {"count": 1, "within": "1m", "for": "1s"}},
    "minConfidence": 0.5, "limits": {"cooldown": "1h", "maxPerHour": 1, "maxConcurrent": 1}, "verification": {"observe": "1m"}})"));
  REQUIRE(parse_policy(full));
  int tried = 0;
  const Json flat = full.flatten();
  for (const auto& entry : flat.items()) {
    for (std::string path = entry.key(); !path.empty(); path.resize(path.rfind('/'))) {
      for (const Json& value : wrong) {
        Json changed = full;
        changed[Json::json_pointer(path)] = value;
        CHECK_NOTHROW(static_cast<void>(parse_policy(changed)));
        ++tried;
      }
    }
  }
  CHECK(tried > 300);
}

TEST_CASE("a policy of another kind or version is refused") {
  Json json = object(Json::object());
  json["apiVersion"] = "remint.dev/v2";
  json["kind"] = "Policy";
  json["metadata"].erase("name");
  const auto policy = parse_policy(json);
  REQUIRE_FALSE(policy);
  CHECK(policy.error().size() == 3);
}

}  // namespace
}  // namespace remint::policy

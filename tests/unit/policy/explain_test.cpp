#include <algorithm>

#include "fixture.hpp"

namespace remint::policy {
namespace {

FieldOrigin field(const std::vector<FieldOrigin>& fields, const std::string& name) {
  const auto found = std::ranges::find(fields, name, &FieldOrigin::field);
  return found == fields.end() ? FieldOrigin{} : *found;
}

Window nightly(int start) { return {0x7F, hours(start), hours(start + 2), "UTC"}; }

TEST_CASE("both policies meet at the stricter end, field by field") {
  const Scene scene;
  struct Row {
    const char* field;
    void (*own)(Spec&);
    void (*above)(Spec&);
    const char* value;
    const char* over;  ///< "": the namespaced policy's own word holds
  };
  const std::vector<Row> rows{
      {"suspend", [](Spec&) {}, [](Spec& s) { s.suspend = true; }, "true", "false"},
      {"suspend", [](Spec& s) { s.suspend = true; }, [](Spec&) {}, "true", ""},
      {"mode", [](Spec&) {}, [](Spec& s) { s.mode = Mode::kApprove; }, "Approve", "Enforce"},
      {"minConfidence", [](Spec&) {}, [](Spec& s) { s.min_confidence = 0.95; }, "0.95", "0.9"},
      {"limits.cooldown", [](Spec& s) { s.limits.cooldown = minutes(1); }, [](Spec&) {}, "30m", "1m"},
      {"limits.maxWorkloadsPercent", [](Spec& s) { s.limits.max_workloads_percent = 50; }, [](Spec&) {}, "10", "50"},
      {"limits.maxNamespacePercent", [](Spec&) {}, [](Spec& s) { s.limits.max_namespace_percent = 50; }, "50", "100"},
      {"limits.maxConcurrentPerBudget", [](Spec& s) { s.limits.max_concurrent_per_budget = 3; }, [](Spec&) {}, "1",
       "3"},
      {"limits.spreadPercent", [](Spec& s) { s.limits.spread_percent = 0; }, [](Spec&) {}, "80", "0"},
      {"limits.spreadPercent", [](Spec& s) { s.limits.spread_percent = 100; }, [](Spec&) {}, "100", ""},
      {"urgentBefore", [](Spec&) {}, [](Spec& s) { s.urgent_before = hours(1); }, "1h", "72h"},
      {"breaker.policyFailures", [](Spec& s) { s.breaker.policy_failures = 0; }, [](Spec&) {}, "5", "0"},
      {"breaker.policyFailures", [](Spec&) {}, [](Spec& s) { s.breaker.policy_failures = 0; }, "5", ""},
      {"approval.expiresAfter", [](Spec&) {}, [](Spec& s) { s.approval.expires_after = hours(2); }, "2h", "24h"},
      {"windows", [](Spec&) {}, [](Spec& s) { s.windows.windows = {nightly(2)}; }, "Mon-Sun 02:00-04:00 UTC", "always"},
      {"windows", [](Spec& s) { s.windows.windows = {nightly(3)}; }, [](Spec& s) { s.windows.windows = {nightly(2)}; },
       "Mon-Sun 03:00-05:00 UTC; and Mon-Sun 02:00-04:00 UTC", "Mon-Sun 03:00-05:00 UTC"},
      {"windows", [](Spec& s) { s.windows.windows = {nightly(2)}; }, [](Spec& s) { s.windows.windows = {nightly(2)}; },
       "Mon-Sun 02:00-04:00 UTC", ""},
      {"strategies.Deployment", [](Spec& s) { s.strategies["Deployment"] = {{Strategy::kScaleToZero, {}}}; },
       [](Spec&) {}, "RolloutRestart", "ScaleToZero"},
      {"signals.podLog.sufficient", [](Spec& s) { s.pod_log.sufficient = true; }, [](Spec&) {}, "false", "true"},
      {"signals.podLog.sufficient", [](Spec& s) { s.pod_log.sufficient = true; },
       [](Spec& s) { s.pod_log.sufficient = true; }, "true", ""},
      {"signals.kubernetesEvent.sufficient", [](Spec& s) { s.kubernetes_event.sufficient = true; }, [](Spec&) {},
       "false", "true"},
      {"signals.podLog.patterns", [](Spec& s) { s.pod_log.patterns = {"a", "b"}; },
       [](Spec& s) { s.pod_log.patterns = {"c"}; }, "a, b", ""},
      {"signals.staleToken.after", [](Spec& s) { s.stale_token.after = minutes(5); }, [](Spec&) {}, "5m", ""},
  };
  for (const Row& row : rows) {
    Policy cluster = Scene::cluster_policy("default");
    Policy own = Scene::own_policy("shop", "web");
    row.own(own.spec);
    row.above(cluster.spec);
    const std::vector<Policy> policies{own, cluster};
    const FieldOrigin origin = field(explain_fields(policies, scene.workload), row.field);
    INFO(row.field << " " << origin.value << " from " << origin.from << " over " << origin.over);
    CHECK(origin.value == row.value);
    CHECK(origin.over == row.over);
    CHECK((origin.from == "ClusterTokenRefreshPolicy/default") == !origin.over.empty());
    const auto narrowed = narrowings(own, policies, scene.workload);
    CHECK(narrowed.size() == (origin.over.empty() ? 0 : 1));
    CHECK(field(narrowed, row.field).over == row.over);
    CHECK(narrowings(cluster, policies, scene.workload).empty());
  }
}

TEST_CASE("every field is explained once, with who said so") {
  Scene scene;
  auto fields = explain_fields(scene.policies, scene.workload);
  CHECK(fields.size() == 46);
  CHECK(fields.front().field == "suspend");
  CHECK(field(fields, "mode").from == "ClusterTokenRefreshPolicy/default");
  CHECK(field(fields, "mode").value == "Enforce");
  CHECK(field(fields, "limits.cooldown").from == "default");
  CHECK(field(fields, "strategies.Deployment").value == "RolloutRestart");
  CHECK(field(fields, "match.namespaces.include").value == "all");
  CHECK(field(fields, "blackouts").value == "none");
  scene.policies.push_back(Scene::own_policy("shop", "web"));
  fields = explain_fields(scene.policies, scene.workload);
  CHECK(field(fields, "mode").from == "TokenRefreshPolicy/shop/web");
  CHECK(field(fields, "priority").field.empty());
  CHECK(field(fields, "storm").value == "10% and at least 10 within 10m, then Ask");
  CHECK(field(fields, "storm").from == "ClusterTokenRefreshPolicy/default");
  for (const FieldOrigin& origin : fields) {
    CHECK(std::ranges::count(fields, origin.field, &FieldOrigin::field) == 1);
    CHECK_FALSE(origin.value.empty());
    CHECK_FALSE(origin.from.empty());
  }
  CHECK(explain_fields({}, scene.workload).empty());
}

TEST_CASE("narrowings are those by any cluster policy that may stand above, whatever the workload") {
  Scene scene;
  Policy own = Scene::own_policy("shop", "web");
  own.spec.strategies["Pod"] = {{Strategy::kRecreate, {}}};
  own.spec.strategies["StatefulSet"] = {{Strategy::kEvictPods, {}}};
  Policy some = Scene::cluster_policy("some");
  some.spec.priority = 2;
  some.spec.match.selector.match_labels["tier"] = "db";
  some.spec.mode = Mode::kApprove;
  Policy all = Scene::cluster_policy("all");
  all.spec.priority = 1;
  all.spec.limits.max_concurrent = 1;
  Policy behind = Scene::cluster_policy("behind");
  behind.spec.mode = Mode::kObserve;
  Policy elsewhere = Scene::cluster_policy("elsewhere");
  elsewhere.spec.priority = 9;
  elsewhere.spec.match.include_namespaces = {"store"};
  elsewhere.spec.suspend = true;
  const std::vector<Policy> policies{own, behind, all, some, elsewhere};
  const auto narrowed = narrowings(own, policies, scene.workload);
  CHECK(field(narrowed, "mode").from == "ClusterTokenRefreshPolicy/some");
  CHECK(field(narrowed, "limits.maxConcurrent").from == "ClusterTokenRefreshPolicy/all");
  CHECK(field(narrowed, "strategies.StatefulSet").over == "EvictPods");
  CHECK(field(narrowed, "strategies.Pod").field.empty());
  CHECK(field(narrowed, "suspend").field.empty());
  CHECK(narrowed.size() == 4);  // StatefulSet by each of the two
  CHECK(select_policy(policies, scene.workload)->overridden ==
        std::vector<std::string>{"ClusterTokenRefreshPolicy/behind"});
  CHECK(scene.decide().overridden.empty());
  scene.policies = {all, behind, some};
  CHECK(scene.decide().overridden == std::vector<std::string>{"ClusterTokenRefreshPolicy/behind"});
}

TEST_CASE("what was begun stands still while a policy that may speak for it is suspended") {
  Policy own = Scene::own_policy("shop", "web");
  Policy cluster = Scene::cluster_policy("default");
  const auto by = [&](const char* reference, const char* ns) {
    return suspended_by(std::vector{own, cluster}, reference, ns);
  };
  CHECK(by("TokenRefreshPolicy/shop/web", "shop").empty());
  CHECK(by("", "shop").empty());
  own.spec.suspend = true;
  CHECK(by("TokenRefreshPolicy/shop/web", "shop") == "TokenRefreshPolicy/shop/web");
  CHECK(by("", "shop") == "TokenRefreshPolicy/shop/web");
  CHECK(by("", "store").empty());
  CHECK(by("ClusterTokenRefreshPolicy/default", "shop").empty());
  own.spec.suspend = false;
  cluster.spec.suspend = true;
  for (const char* reference :
       {"TokenRefreshPolicy/shop/web", "TokenRefreshPolicy/shop/gone", "", "ClusterTokenRefreshPolicy/default"}) {
    CHECK(by(reference, "shop") == "ClusterTokenRefreshPolicy/default");
  }
  cluster.spec.match.exclude_namespaces = {"shop"};
  CHECK(by("TokenRefreshPolicy/shop/web", "shop").empty());
  CHECK(by("ClusterTokenRefreshPolicy/default", "shop") == "ClusterTokenRefreshPolicy/default");
  SECTION("but not by one that another policy leaves nothing to") {
    cluster.spec.match.exclude_namespaces.clear();
    Policy first = Scene::cluster_policy("first");
    first.spec.priority = 1;
    CHECK(suspended_by(std::vector{own, cluster, first}, "TokenRefreshPolicy/shop/web", "shop").empty());
    first.spec.match.selector.match_labels["a"] = "b";
    CHECK(suspended_by(std::vector{own, cluster, first}, "TokenRefreshPolicy/shop/web", "shop") ==
          "ClusterTokenRefreshPolicy/default");
  }
}

}  // namespace
}  // namespace remint::policy

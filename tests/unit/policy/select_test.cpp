#include "fixture.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

std::string speaks(const std::vector<Policy>& policies, const WorkloadFacts& workload) {
  const auto selected = select_policy(policies, workload);
  return selected ? selected->reference : "";
}

TEST_CASE("among cluster policies the highest priority speaks, then the first name") {
  const Scene scene;
  Policy a = Scene::cluster_policy("a");
  Policy b = Scene::cluster_policy("b");
  CHECK(speaks({b, a}, scene.workload) == "ClusterTokenRefreshPolicy/a");
  b.spec.priority = 1;
  CHECK(speaks({a, b}, scene.workload) == "ClusterTokenRefreshPolicy/b");
  a.spec.priority = -5;
  b.spec.match.selector.match_labels["team"] = "x";
  CHECK(speaks({a, b}, scene.workload) == "ClusterTokenRefreshPolicy/a");
}

TEST_CASE("every part of match must match") {
  Scene scene;
  scene.workload.labels = {{"tier", "web"}};
  scene.workload.namespace_labels = {{"env", "test"}};
  struct Row {
    const char* what;
    Match match;
    bool matches;
  };
  const std::vector<std::string> kinds = Match{}.kinds;
  const std::vector<Row> rows{
      {"default", {}, true},
      {"included", {{"shop"}, {}, {}, {}, kinds}, true},
      {"included by glob", {{"x", "sh*"}, {}, {}, {}, kinds}, true},
      {"not included", {{"store"}, {}, {}, {}, kinds}, false},
      {"excluded", {{}, {"sh*"}, {}, {}, kinds}, false},
      {"excluded wins", {{"shop"}, {"shop"}, {}, {}, kinds}, false},
      {"namespace label", {{}, {}, {{{"env", "test"}}, {}}, {}, kinds}, true},
      {"namespace label differs", {{}, {}, {{{"env", "prod"}}, {}}, {}, kinds}, false},
      {"workload label", {{}, {}, {}, {{{"tier", "web"}}, {}}, kinds}, true},
      {"workload label differs", {{}, {}, {}, {{{"tier", "db"}}, {}}, kinds}, false},
      {"kind", {{}, {}, {}, {}, {"StatefulSet", "Deployment"}}, true},
      {"other kind", {{}, {}, {}, {}, {"StatefulSet"}}, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Policy policy = Scene::cluster_policy("p");
    policy.spec.match = row.match;
    CHECK(select_policy(std::vector{policy}, scene.workload).has_value() == row.matches);
  }
}

TEST_CASE("a namespaced policy goes first in its own namespace and nowhere else") {
  const Scene scene;
  Policy cluster = Scene::cluster_policy("default");
  cluster.spec.priority = 1000;
  CHECK(speaks({cluster, Scene::own_policy("shop", "web")}, scene.workload) == "TokenRefreshPolicy/shop/web");
  CHECK(speaks({cluster, Scene::own_policy("store", "web")}, scene.workload) == "ClusterTokenRefreshPolicy/default");
  CHECK(speaks({Scene::own_policy("shop", "b"), Scene::own_policy("shop", "a")}, scene.workload) ==
        "TokenRefreshPolicy/shop/a");
}

TEST_CASE("a namespaced policy is never bolder than the cluster policy that matches too") {
  const Scene scene;
  Policy cluster = Scene::cluster_policy("default");
  cluster.spec.mode = Mode::kObserve;
  cluster.spec.min_confidence = 0.95;
  cluster.spec.limits = {hours(1), 10, 1};
  Policy own = Scene::own_policy("shop", "web");
  own.spec.min_confidence = 0.5;
  own.spec.limits = {minutes(1), 1000, 100};
  cluster.spec.gentle.max_affected_percent = 0;
  cluster.spec.breaker = {1, hours(48)};
  own.spec.breaker = {50, minutes(1)};
  auto effective = select_policy(std::vector{own, cluster}, scene.workload);
  REQUIRE(effective);
  CHECK(effective->spec.mode == Mode::kObserve);
  CHECK(effective->spec.min_confidence == 0.95);
  CHECK(effective->spec.limits.cooldown == hours(1));
  CHECK(effective->spec.limits.max_per_hour == 10);
  CHECK(effective->spec.limits.max_concurrent == 1);
  CHECK(effective->spec.gentle.max_affected_percent == 0);
  CHECK(effective->spec.breaker.failures == 1);
  CHECK(effective->spec.breaker.open_for == hours(48));
  REQUIRE(effective->ceiling);
  CHECK(effective->ceiling->narrowed_mode);

  SECTION("but as strict as it likes") {
    own.spec = {};
    own.spec.min_confidence = 1;
    own.spec.limits = {hours(5), 1, 1};
    own.spec.gentle.max_affected_percent = 0;
    own.spec.breaker = {1, hours(100)};
    cluster.spec.gentle.max_affected_percent = 50;
    cluster.spec.breaker = {2, hours(24)};
    cluster.spec.mode = Mode::kEnforce;
    effective = select_policy(std::vector{own, cluster}, scene.workload);
    REQUIRE(effective);
    CHECK(effective->spec.mode == Mode::kObserve);
    CHECK(effective->spec.min_confidence == 1);
    CHECK(effective->spec.limits.cooldown == hours(5));
    CHECK(effective->spec.limits.max_per_hour == 1);
    CHECK(effective->spec.gentle.max_affected_percent == 0);
    CHECK(effective->spec.breaker.failures == 1);
    CHECK(effective->spec.breaker.open_for == hours(100));
    CHECK_FALSE(effective->ceiling->narrowed_mode);
  }
}

TEST_CASE("a namespaced policy's strategies are those that the cluster policy allows, or the cluster policy's") {
  Scene scene;
  scene.workload.ref = {"v1", "ReplicationController", "shop", "cart", "uid-cart"};
  using List = std::vector<ListedStrategy>;
  const ListedStrategy evict{Strategy::kEvictPods, {}};
  const ListedStrategy scale{Strategy::kScaleToZero, {}};
  const ListedStrategy fast{Strategy::kRollingReplace, {seconds(1), true, false}};
  const ListedStrategy slow{Strategy::kRollingReplace, {seconds(60), false, false}};
  const ListedStrategy both{Strategy::kRollingReplace, {seconds(60), true, false}};
  const ListedStrategy normal{Strategy::kRollingReplace, {}};
  struct Row {
    const char* what;
    std::optional<List> cluster, own;
    List holds;
    bool narrowed;
  };
  const std::vector<Row> rows{
      {"neither says anything", {}, {}, {normal, scale}, false},
      {"only the cluster policy does", List{evict}, {}, {evict}, false},
      {"a part of the default", {}, List{scale}, {scale}, false},
      {"in another order", List{evict, scale}, List{scale, evict}, {scale, evict}, false},
      {"one that is not allowed", List{evict, scale}, List{scale, normal}, {evict, scale}, true},
      {"one that the default does not allow", {}, List{evict}, {normal, scale}, true},
      {"the longer pause holds", List{slow}, List{fast}, {both}, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Policy cluster = Scene::cluster_policy("default");
    Policy own = Scene::own_policy("shop", "web");
    if (row.cluster) cluster.spec.strategies["ReplicationController"] = *row.cluster;
    if (row.own) own.spec.strategies["ReplicationController"] = *row.own;
    own.spec.strategies["Deployment"] = {scale};
    const auto effective = select_policy(std::vector{own, cluster}, scene.workload);
    REQUIRE(effective);
    CHECK(listed_strategies(effective->spec, scene.workload.ref) == row.holds);
    CHECK(effective->ceiling->narrowed_strategies == row.narrowed);
  }
}

}  // namespace
}  // namespace remint::policy

// The parts of the test API server that need no server.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/api_patch.hpp"
#include "support/api_path.hpp"
#include "support/api_selector.hpp"
#include "support/http_message.hpp"
#include "support/make_pods.hpp"

using namespace remint;
using namespace remint::testing;

namespace {

bool selects(std::string_view labels, const Json& have) {
  const auto selection = parse_selection(labels, "", "Pod");
  REQUIRE(selection);
  return selection->matches({{"metadata", {{"labels", have}}}});
}

}  // namespace

TEST_CASE("a path names group, version, namespace, resource, object and subresource") {
  const auto path = parse_api_path("/apis/apps/v1/namespaces/shop/deployments/cart/status");
  REQUIRE(path);
  CHECK((path->group == "apps" && path->version == "v1" && path->ns == "shop"));
  CHECK((path->plural == "deployments" && path->name == "cart" && path->subresource == "status"));
}

TEST_CASE("a namespace's own path is not that of something in it") {
  const auto itself = parse_api_path("/api/v1/namespaces/shop");
  REQUIRE(itself);
  CHECK((itself->plural == "namespaces" && itself->name == "shop" && itself->ns.empty()));
  const auto pods = parse_api_path("/api/v1/namespaces/shop/pods");
  REQUIRE(pods);
  CHECK((pods->plural == "pods" && pods->ns == "shop" && pods->name.empty()));
  const auto status = parse_api_path("/api/v1/namespaces/shop/status");
  REQUIRE(status);
  CHECK((status->plural == "namespaces" && status->subresource == "status"));
}

TEST_CASE("paths that are not of the API name nothing") {
  for (const auto* path : {"/", "/version", "/api", "/apis/apps/v1", "/api/v1/a/b/c/d/e/f"})
    CHECK_FALSE(parse_api_path(path));
}

TEST_CASE("a merge patch replaces lists and deletes with null") {
  const Json target = {{"a", {{"b", 1}, {"c", 2}}}, {"list", {1, 2}}};
  CHECK(merge_patch(target, {{"a", {{"b", nullptr}}}, {"list", {3}}}) == Json({{"a", {{"c", 2}}}, {"list", {3}}}));
}

TEST_CASE("a strategic merge patch merges containers by name and conditions by type") {
  const Json target = Json::parse(R"({"containers":[{"name":"a","image":"1"},{"name":"b"}],"args":["x","y"]})");
  const Json patch = Json::parse(R"({"containers":[{"name":"a","image":"2"},{"name":"c"}],"args":["z"]})");
  CHECK(strategic_merge_patch(target, patch) ==
        Json::parse(R"({"containers":[{"name":"a","image":"2"},{"name":"b"},{"name":"c"}],"args":["z"]})"));
  CHECK(strategic_merge_patch(target, Json::parse(R"({"containers":[{"name":"a","$patch":"delete"}]})"))["containers"]
            .size() == 1);
  CHECK_FALSE(strategic_merge_patch(target, Json::parse(R"({"args":null})")).contains("args"));
}

TEST_CASE("a JSON patch whose test does not hold throws") {
  CHECK_THROWS_AS(json_patch({{"a", 1}}, Json::parse(R"([{"op":"test","path":"/a","value":2}])")), Json::exception);
}

TEST_CASE("label selectors know equality, sets and existence") {
  const Json labels = {{"app", "cart"}, {"tier", "web"}};
  CHECK(selects("app=cart", labels));
  CHECK(selects("app==cart,tier!=db", labels));
  CHECK(selects("app in (cart, shop),tier", labels));
  CHECK(selects("!gone", labels));
  CHECK(selects("app notin (other)", labels));
  CHECK_FALSE(selects("app=shop", labels));
  CHECK_FALSE(selects("app in (shop)", labels));
  CHECK_FALSE(selects("!app", labels));
  CHECK_FALSE(selects("tier=web,app!=cart", labels));
  CHECK_FALSE(parse_selection("a===b", "", "Pod"));
}

TEST_CASE("field selectors know the node of a pod, and refuse what a real server does not know") {
  const auto selection = parse_selection("", "spec.nodeName=n1,metadata.name!=x", "Pod");
  REQUIRE(selection);
  CHECK(selection->matches({{"metadata", {{"name", "y"}}}, {"spec", {{"nodeName", "n1"}}}}));
  CHECK_FALSE(selection->matches({{"metadata", {{"name", "y"}}}, {"spec", {{"nodeName", "n2"}}}}));
  CHECK_FALSE(parse_selection("", "spec.foo=b", "Pod"));
}

TEST_CASE("a request target is split and decoded") {
  HttpRequest request;
  split_target("/api/v1/pods%2Fx?labelSelector=a%3Db+c&limit=5&watch", request);
  CHECK(request.path == "/api/v1/pods/x");
  CHECK(request.parameter("labelSelector") == "a=b c");
  CHECK(request.parameter("limit") == "5");
  CHECK(request.query.contains("watch"));
}

TEST_CASE("generated pods are valid, different, and of a real size") {
  const Json first = make_pod(0), last = make_pod(99'999);
  CHECK(first["metadata"]["name"] != last["metadata"]["name"]);
  CHECK(first["status"]["podIP"] == pod_ip(0));
  CHECK(last["metadata"]["namespace"] == pod_key(99'999).ns);
  CHECK(last["metadata"]["ownerReferences"][0]["controller"] == true);
  const std::size_t size = pod_text(12'345, 1'000'000).size();
  CHECK(size > 4'500);
  CHECK(size < 5'100);
}

// The test API server's rules, asked in plain HTTP. The contract suite asks the same of a real server through our
// client.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/fake_apiserver.hpp"
#include "support/raw_http.hpp"

using namespace remint;
using namespace remint::testing;

namespace {

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

RawAnswer patch(const FakeApiServer& server, const std::string& path, const Json& body, const std::string& kind) {
  return raw_request(server.port(), "PATCH", path, body.dump(), "application/" + kind);
}

Json deployment(const std::string& name) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec", {{"replicas", 3}}},
          {"status", {{"replicas", 2}}}};
}

Json pod_on(const std::string& node) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", "p"}, {"namespace", "shop"}, {"labels", {{"app", "x"}}}}},
          {"spec", {{"nodeName", node}, {"containers", {{{"name", "main"}}}}}},
          {"status", {{"phase", "Running"}}}};
}

constexpr const char* kCart = "/apis/apps/v1/namespaces/shop/deployments/cart";
constexpr const char* kPod = "/api/v1/namespaces/shop/pods/p";

}  // namespace

TEST_CASE("objects are created once, read, replaced and deleted") {
  FakeApiServer server;
  const auto created = raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  CHECK(created.status == 201);
  CHECK(created.json()["kind"] == "ConfigMap");
  CHECK_FALSE(created.json()["metadata"]["uid"].get<std::string>().empty());
  const auto again = raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"a"}})");
  CHECK(again.status == 409);
  CHECK(again.json()["reason"] == "AlreadyExists");

  Json stale = created.json();
  Json fresh = stale;
  fresh["data"]["k"] = "w";
  CHECK(raw_request(server.port(), "PUT", std::string(kMaps) + "/a", fresh.dump()).status == 200);
  const auto lost = raw_request(server.port(), "PUT", std::string(kMaps) + "/a", stale.dump());
  CHECK(lost.status == 409);
  CHECK(lost.json()["reason"] == "Conflict");
  CHECK(server.find(std::string(kMaps) + "/a")->at("data")["k"] == "w");

  CHECK(raw_request(server.port(), "DELETE", std::string(kMaps) + "/a").status == 200);
  CHECK(raw_request(server.port(), "GET", std::string(kMaps) + "/a").status == 404);
}

TEST_CASE("names are generated") {
  FakeApiServer server;
  const auto created = raw_request(server.port(), "POST", kMaps, R"({"metadata":{"generateName":"a-"}})");
  CHECK(created.status == 201);
  CHECK(created.json()["metadata"]["name"].get<std::string>().size() > 2);
}

TEST_CASE("a dry run stores nothing") {
  FakeApiServer server;
  const auto before = server.resource_version();
  CHECK(raw_request(server.port(), "POST", std::string(kMaps) + "?dryRun=All", R"({"metadata":{"name":"a"}})").status ==
        201);
  server.put(deployment("cart"));
  const auto put = server.resource_version();
  CHECK(patch(server, std::string(kCart) + "?dryRun=All", {{"spec", {{"replicas", 9}}}}, "merge-patch+json")
            .json()["spec"]["replicas"] == 9);
  CHECK(raw_request(server.port(), "DELETE", std::string(kCart) + "?dryRun=All").status == 200);
  CHECK(server.resource_version() == put);
  CHECK(put > before);
  CHECK(server.find(kCart)->at("spec")["replicas"] == 3);
}

TEST_CASE("the generation counts changes of the spec, and status writes touch the status alone") {
  FakeApiServer server;
  server.put(deployment("cart"));
  CHECK(patch(server, kCart, {{"metadata", {{"labels", {{"a", "b"}}}}}}, "merge-patch+json")
            .json()["metadata"]["generation"] == 1);
  const auto spec =
      patch(server, kCart, {{"spec", {{"replicas", 5}}}, {"status", {{"replicas", 7}}}}, "merge-patch+json");
  CHECK(spec.json()["metadata"]["generation"] == 2);
  CHECK(spec.json()["status"]["replicas"] == 2);
  const auto status = patch(server, std::string(kCart) + "/status",
                            {{"spec", {{"replicas", 9}}}, {"status", {{"replicas", 5}}}}, "merge-patch+json");
  CHECK(status.json()["metadata"]["generation"] == 2);
  CHECK(status.json()["spec"]["replicas"] == 5);
  CHECK(status.json()["status"]["replicas"] == 5);
}

TEST_CASE("a patch that changes nothing makes no new version") {
  FakeApiServer server;
  server.put(deployment("cart"));
  const auto before = server.resource_version();
  CHECK(patch(server, kCart, {{"spec", {{"replicas", 3}}}}, "strategic-merge-patch+json").status == 200);
  CHECK(server.resource_version() == before);
}

TEST_CASE("patches are held to the version and the UID that they name") {
  FakeApiServer server;
  const Json cart = server.put(deployment("cart"));
  const auto named = [&](const char* field, const std::string& value) {
    return patch(server, kCart, {{"metadata", {{field, value}}}, {"spec", {{"replicas", 4}}}}, "merge-patch+json")
        .status;
  };
  CHECK(named("uid", "00000000-0000-0000-0000-000000000000") == 422);
  CHECK(named("resourceVersion", "1") == 409);
  CHECK(server.find(kCart)->at("spec")["replicas"] == 3);
  CHECK(named("uid", cart["metadata"]["uid"]) == 200);
  CHECK(patch(server, kCart, Json::parse(R"([{"op":"test","path":"/spec/replicas","value":9}])"), "json-patch+json")
            .status == 422);
  CHECK(patch(server, kCart, Json::parse(R"([{"op":"replace","path":"/spec/replicas","value":1}])"), "json-patch+json")
            .status == 200);
  CHECK(patch(server, kCart, Json::object(), "json").status == 415);
}

TEST_CASE("the scale subresource reads and writes the replicas alone") {
  FakeApiServer server;
  server.put(deployment("cart"));
  CHECK(raw_request(server.port(), "GET", std::string(kCart) + "/scale").json()["kind"] == "Scale");
  CHECK(patch(server, std::string(kCart) + "/scale", {{"spec", {{"replicas", 0}}}}, "merge-patch+json").status == 200);
  CHECK(server.find(kCart)->at("spec")["replicas"] == 0);
  CHECK(server.find(kCart)->at("metadata")["generation"] == 2);
}

TEST_CASE("apply creates what is missing, and needs a field manager") {
  FakeApiServer server;
  const std::string path = std::string(kMaps) + "/ap";
  const Json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "ap"}}}, {"data", {{"k", "v"}}}};
  CHECK(patch(server, path, object, "apply-patch+yaml").status == 422);
  CHECK(patch(server, path + "?fieldManager=x", object, "apply-patch+yaml").status == 201);
  CHECK(patch(server, path + "?fieldManager=x", object, "apply-patch+yaml").status == 200);
}

TEST_CASE("deletions are held to their preconditions") {
  FakeApiServer server;
  const Json cart = server.put(deployment("cart"));
  CHECK(raw_request(server.port(), "DELETE", kCart, R"({"preconditions":{"uid":"other"}})").status == 409);
  CHECK(raw_request(server.port(), "DELETE", kCart, R"({"preconditions":{"resourceVersion":"1"}})").status == 409);
  const Json right = {{"preconditions", {{"uid", cart["metadata"]["uid"]}}}};
  CHECK(raw_request(server.port(), "DELETE", kCart, right.dump()).status == 200);
  CHECK_FALSE(server.find(kCart));
}

TEST_CASE("a pod on a node is terminating until its grace period is taken away") {
  FakeApiServer server;
  server.put(pod_on("n1"));
  CHECK(raw_request(server.port(), "DELETE", kPod).status == 200);
  REQUIRE(server.find(kPod));
  CHECK(server.find(kPod)->at("metadata").contains("deletionTimestamp"));
  CHECK(raw_request(server.port(), "DELETE", kPod, R"({"gracePeriodSeconds":0})").status == 200);
  CHECK_FALSE(server.find(kPod));
}

TEST_CASE("what has finalizers goes when the last of them does") {
  FakeApiServer server;
  Json cart = deployment("cart");
  cart["metadata"]["finalizers"] = {"remint.dev/test"};
  server.put(cart);
  CHECK(raw_request(server.port(), "DELETE", kCart).status == 200);
  CHECK(server.find(kCart));
  CHECK(patch(server, kCart, {{"metadata", {{"finalizers", nullptr}}}}, "merge-patch+json").status == 200);
  CHECK_FALSE(server.find(kCart));
}

TEST_CASE("an eviction is refused by a disruption budget and says which") {
  FakeApiServer server;
  server.put(pod_on(""));
  server.put({{"apiVersion", "policy/v1"},
              {"kind", "PodDisruptionBudget"},
              {"metadata", {{"name", "b"}, {"namespace", "shop"}}},
              {"spec", {{"selector", {{"matchLabels", {{"app", "x"}}}}}}},
              {"status",
               {{"observedGeneration", 1}, {"disruptionsAllowed", 0}, {"desiredHealthy", 1}, {"currentHealthy", 1}}}});
  const std::string eviction =
      R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"shop"}})";
  const auto refused = raw_request(server.port(), "POST", std::string(kPod) + "/eviction", eviction);
  CHECK(refused.status == 429);
  CHECK(refused.json()["details"]["causes"][0]["message"] ==
        "The disruption budget b needs 1 healthy pods and has 1 currently");
  CHECK(server.erase("/apis/policy/v1/namespaces/shop/poddisruptionbudgets/b"));
  CHECK(raw_request(server.port(), "POST", std::string(kPod) + "/eviction", eviction).status == 201);
  CHECK_FALSE(server.find(kPod));
}

TEST_CASE("unknown groups, unknown resources and unknown objects are told apart") {
  FakeApiServer server;
  CHECK(raw_request(server.port(), "GET", "/apis/remint.dev/v1alpha1/workloadrestarts").body == "404 page not found\n");
  server.add_remint_resources();
  CHECK(raw_request(server.port(), "GET", "/apis/remint.dev/v1alpha1/workloadrestarts").status == 200);
  CHECK(raw_request(server.port(), "GET", "/apis/apps/v1/things").json()["reason"] == "NotFound");
  CHECK(raw_request(server.port(), "GET", kCart).json()["message"] == "deployments.apps \"cart\" not found");
}

TEST_CASE("a namespace must exist, and takes all with it") {
  FakeApiServer server;
  CHECK(
      raw_request(server.port(), "POST", "/api/v1/namespaces/nope/configmaps", R"({"metadata":{"name":"a"}})").status ==
      404);
  server.put(deployment("cart"));
  CHECK(raw_request(server.port(), "DELETE", "/api/v1/namespaces/shop").status == 200);
  CHECK_FALSE(server.find(kCart));
}

TEST_CASE("pod logs are cut as asked for") {
  FakeApiServer server;
  server.put(pod_on("n1"));
  server.set_log("shop", "p", "main",
                 "2026-07-01T10:00:00Z one\n2026-07-01T10:00:01Z two\n2026-07-01T10:00:02Z three\n");
  const std::string log = std::string(kPod) + "/log";
  CHECK(raw_request(server.port(), "GET", log).body == "one\ntwo\nthree\n");
  CHECK(raw_request(server.port(), "GET", log + "?tailLines=1&timestamps=true").body == "2026-07-01T10:00:02Z three\n");
  CHECK(raw_request(server.port(), "GET", log + "?container=none").status == 400);
  CHECK(raw_request(server.port(), "GET", log + "?sinceSeconds=5").body.empty());
}

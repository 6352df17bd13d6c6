// Specs and statuses, generations, scale, pods and evictions.

#include <catch2/catch.hpp>

#include "environment.hpp"
#include "remint/kube/resources.hpp"

using namespace remint;
using namespace remint::contract;
using kube::PatchType;

namespace {

template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

Json pod_spec() {
  // Nobody schedules it: a cluster's own controllers leave it alone.
  Json spec = {{"schedulerName", "nobody"}, {"containers", Json::array()}};
  spec["containers"].push_back({{"name", "main"}, {"image", "registry.example.com/main:1"}});
  return spec;
}

Json deployment(const std::string& name) {
  const Json labels = {{"app", name}};
  Json object = {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", name}}}};
  object["spec"] = {{"replicas", 0}, {"selector", {{"matchLabels", labels}}}};
  object["spec"]["template"] = {{"metadata", {{"labels", labels}}}, {"spec", pod_spec()}};
  return object;
}

Json pod(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"labels", {{"app", name}}}}},
          {"spec", pod_spec()}};
}

int generation(const Json& object) { return object["metadata"]["generation"].get<int>(); }

}  // namespace

TEST_CASE("contract: the generation counts changes of the spec, and of a Deployment's annotations") {
  auto& env = environment();
  const std::string name = unique_name("cart");
  const Json label = {{"metadata", {{"labels", {{"a", "b"}}}}}},
             annotation = {{"metadata", {{"annotations", {{"a", "b"}}}}}};
  CHECK(generation(env.create(kube::kDeployments, deployment(name))) == 1);
  CHECK(generation(env.patch(kube::kDeployments, name, label)) == 1);
  CHECK(generation(env.patch(kube::kDeployments, name, annotation)) == 2);
  // As `kubectl rollout restart` does it.
  const Json restart = Json::parse(R"({"spec":{"template":{"metadata":{"annotations":{
      "kubectl.kubernetes.io/restartedAt":"2026-07-01T10:00:00Z"}}}}})");
  const Json restarted = env.patch(kube::kDeployments, name, restart, PatchType::kStrategicMerge);
  CHECK(generation(restarted) == 3);
  CHECK(restarted["spec"]["template"]["spec"]["containers"][0]["name"] == "main");

  Json stateful = deployment(name);
  stateful["kind"] = "StatefulSet";
  stateful["spec"]["serviceName"] = name;
  env.create(kube::kStatefulSets, stateful);
  CHECK(generation(env.patch(kube::kStatefulSets, name, annotation)) == 1);
  CHECK(generation(env.patch(kube::kStatefulSets, name, restart, PatchType::kStrategicMerge)) == 2);
}

TEST_CASE("contract: a strategic merge patch merges containers by name") {
  auto& env = environment();
  const std::string name = unique_name("cart");
  env.create(kube::kDeployments, deployment(name));
  const Json patch = Json::parse(
      R"({"spec":{"template":{"spec":{"containers":[{"name":"main","image":"registry.example.com/main:2"}]}}}})");
  const Json changed = env.patch(kube::kDeployments, name, patch, PatchType::kStrategicMerge);
  REQUIRE(changed["spec"]["template"]["spec"]["containers"].size() == 1);
  CHECK(changed["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/main:2");
}

TEST_CASE("contract: a status write leaves the spec, a spec write leaves the status") {
  auto& env = environment();
  const std::string name = unique_name("thing");
  env.create(kThings, {{"apiVersion", "contract.remint.dev/v1"},
                       {"kind", "Thing"},
                       {"metadata", {{"name", name}}},
                       {"spec", {{"a", 1}}},
                       {"status", {{"phase", "Forged"}}}});
  CHECK_FALSE(env.get(kThings, name).contains("status"));
  const Json both = {{"spec", {{"a", 2}}}, {"status", {{"phase", "Running"}}}};
  const Json by_status = env.patch(kThings, name, both, PatchType::kMerge, "status");
  CHECK(by_status["spec"]["a"] == 1);
  CHECK(by_status["status"]["phase"] == "Running");
  CHECK(generation(by_status) == 1);
  const Json other = {{"spec", {{"a", 3}}}, {"status", {{"phase", "Failed"}}}};
  const Json by_spec = env.patch(kThings, name, other);
  CHECK(by_spec["spec"]["a"] == 3);
  CHECK(by_spec["status"]["phase"] == "Running");
  CHECK(generation(by_spec) == 2);
}

TEST_CASE("contract: a status replaced with an old version is a conflict") {
  auto& env = environment();
  const std::string name = unique_name("thing");
  Json thing = env.create(
      kThings, {{"apiVersion", "contract.remint.dev/v1"}, {"kind", "Thing"}, {"metadata", {{"name", name}}}});
  kube::WriteOptions status;
  status.subresource = "status";
  thing["status"] = {{"step", 1}};
  REQUIRE(env.client().replace(kThings, env.key(name), thing.dump(), no_stop(), status));
  thing["status"] = {{"step", 2}};
  CHECK(code(env.client().replace(kThings, env.key(name), thing.dump(), no_stop(), status)) == ErrorCode::kConflict);
  thing["metadata"].erase("resourceVersion");
  CHECK(code(env.client().replace(kThings, env.key(name), thing.dump(), no_stop(), status)) == ErrorCode::kInvalid);
  CHECK(env.get(kThings, name)["status"]["step"] == 1);
}

TEST_CASE("contract: custom resources take no strategic merge patch") {
  auto& env = environment();
  const std::string name = unique_name("thing");
  env.create(kThings, {{"apiVersion", "contract.remint.dev/v1"}, {"kind", "Thing"}, {"metadata", {{"name", name}}}});
  CHECK(env.refused(kThings, name, {{"spec", {{"a", 1}}}}, PatchType::kStrategicMerge) == ErrorCode::kInvalid);
}

TEST_CASE("contract: the scale subresource reads and writes the replicas") {
  auto& env = environment();
  const std::string name = unique_name("cart");
  env.create(kube::kDeployments, deployment(name));
  const auto scale = env.client().get(kube::kDeployments, env.key(name), no_stop(), "scale");
  REQUIRE(scale);
  CHECK(Json::parse(*scale)["kind"] == "Scale");
  // Patched, not replaced: a controller may be writing the Deployment's status at the same time.
  const Json answer = env.patch(kube::kDeployments, name, {{"spec", {{"replicas", 1}}}}, PatchType::kMerge, "scale");
  CHECK(answer["spec"]["replicas"] == 1);
  const Json changed = env.get(kube::kDeployments, name);
  CHECK(changed["spec"]["replicas"] == 1);
  CHECK(generation(changed) == 2);
  env.patch(kube::kDeployments, name, {{"spec", {{"replicas", 0}}}}, PatchType::kMerge, "scale");
}

TEST_CASE("contract: a pod's status comes from its subresource alone") {
  auto& env = environment();
  const std::string name = unique_name("pod");
  Json object = pod(name);
  object["status"] = {{"phase", "Running"}};
  CHECK(env.create(kube::kPods, object)["status"]["phase"] == "Pending");
  const Json running = env.patch(kube::kPods, name, {{"status", {{"phase", "Running"}, {"podIP", "10.1.2.3"}}}},
                                 PatchType::kMerge, "status");
  CHECK(running["status"]["phase"] == "Running");
  CHECK(running["status"]["podIP"] == "10.1.2.3");
}

TEST_CASE("contract: a pod without a node goes at once, one with a node when its grace is over") {
  auto& env = environment();
  const std::string loose = unique_name("pod"), bound = unique_name("pod");
  env.create(kube::kPods, pod(loose));
  REQUIRE(env.client().remove(kube::kPods, env.key(loose), {}, no_stop()));
  CHECK(code(env.client().get(kube::kPods, env.key(loose), no_stop())) == ErrorCode::kNotFound);
  Json object = pod(bound);
  object["spec"]["nodeName"] = "remint-contract-no-such-node";
  env.create(kube::kPods, object);
  REQUIRE(env.client().remove(kube::kPods, env.key(bound), {}, no_stop()));
  CHECK(env.get(kube::kPods, bound)["metadata"].contains("deletionTimestamp"));
  kube::DeleteOptions now;
  now.grace_period_seconds = 0;
  REQUIRE(env.client().remove(kube::kPods, env.key(bound), now, no_stop()));
  CHECK(code(env.client().get(kube::kPods, env.key(bound), no_stop())) == ErrorCode::kNotFound);
}

TEST_CASE("contract: an eviction is refused by a disruption budget and by a wrong UID") {
  auto& env = environment();
  const std::string name = unique_name("pod");
  const Json stored = env.create(kube::kPods, pod(name));
  env.patch(kube::kPods, name, {{"status", {{"phase", "Running"}}}}, PatchType::kMerge, "status");
  env.create(kBudgets, {{"apiVersion", "policy/v1"},
                        {"kind", "PodDisruptionBudget"},
                        {"metadata", {{"name", name}}},
                        {"spec", {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", name}}}}}}}});
  const auto refused = env.client().evict(env.key(name), {}, no_stop());
  REQUIRE(code(refused) == ErrorCode::kTooMany);
  CHECK(refused.error().message.find("disruption budget") != std::string::npos);
  CHECK_FALSE(env.get(kube::kPods, name)["metadata"].contains("deletionTimestamp"));
  REQUIRE(env.client().remove(kBudgets, env.key(name), {}, no_stop()));
  kube::DeleteOptions wrong;
  wrong.uid = "00000000-0000-0000-0000-000000000000";
  CHECK(code(env.client().evict(env.key(name), wrong, no_stop())) == ErrorCode::kConflict);
  kube::DeleteOptions right;
  right.uid = stored["metadata"]["uid"];
  CHECK_FALSE(code(env.client().evict(env.key(name), right, no_stop())));
  CHECK(code(env.client().get(kube::kPods, env.key(name), no_stop())) == ErrorCode::kNotFound);
  CHECK(code(env.client().evict(env.key(name), {}, no_stop())) == ErrorCode::kNotFound);
}

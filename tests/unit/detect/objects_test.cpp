#include "remint/detect/objects.hpp"

#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;

namespace {

constexpr std::string_view kPod = R"({
  "kind":"Pod","apiVersion":"v1",
  "metadata":{"name":"cart-7d9c5b8f6c-x2x9q","generateName":"cart-7d9c5b8f6c-","namespace":"shop",
    "uid":"5f0c6a1e-8d0f-4f5e-9a53-1f7f6b1c2d3e","resourceVersion":"8812345","creationTimestamp":"2026-07-01T09:00:00Z",
    "labels":{"app":"cart","pod-template-hash":"7d9c5b8f6c"},
    "annotations":{"example.org/x":"y","remint.dev/ignore":"true"},
    "ownerReferences":[{"apiVersion":"example.org/v1","kind":"Other","name":"o","uid":"u-other"},
      {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"cart-7d9c5b8f6c","uid":"u-rs","controller":true,
       "blockOwnerDeletion":true}],
    "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{"f:podIP":{}}}}]},
  "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"nodeName","value":"fake"}]}],
    "nodeName":"worker-1","serviceAccountName":"cart","hostNetwork":false},
  "status":{"phase":"Running","podIP":"10.244.1.7","podIPs":[{"ip":"10.244.1.7"},{"ip":"fd00::7"}],
    "startTime":"2026-07-01T09:00:02Z",
    "conditions":[{"type":"Initialized","status":"True"},{"type":"Ready","status":"True"}]}})";

std::string replaced(std::string_view where, std::string_view from, std::string_view to) {
  std::string text(where);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("A pod is read with the fields that attribution needs, and no others") {
  const auto pod = decode_pod(kPod);
  REQUIRE(pod);
  CHECK(pod->uid == "5f0c6a1e-8d0f-4f5e-9a53-1f7f6b1c2d3e");
  CHECK(pod->ns == "shop");
  CHECK(pod->name == "cart-7d9c5b8f6c-x2x9q");
  CHECK(pod->node == "worker-1");
  CHECK(pod->service_account == "cart");
  CHECK(pod->resource_version == "8812345");
  CHECK(pod->ips == std::vector{samples::ip("10.244.1.7"), samples::ip("fd00::7")});
  CHECK_FALSE(pod->host_network);
  CHECK_FALSE(pod->mirror);
  CHECK_FALSE(pod->finished);
  CHECK(pod->ready);
  CHECK(pod->created == samples::at("2026-07-01T09:00:00Z"));
  CHECK(pod->started == samples::at("2026-07-01T09:00:02Z"));
  CHECK_FALSE(pod->deleting);
  CHECK(pod->owner.kind == "ReplicaSet");
  CHECK(pod->owner.uid == "u-rs");
  CHECK(pod->revision == "7d9c5b8f6c");
  CHECK(pod->labels.empty());
  CHECK(pod->annotations == Labels{{"remint.dev/ignore", "true"}});
}

TEST_CASE("Pods in other states are read as what they are") {
  CHECK(decode_pod(replaced(kPod, R"("hostNetwork":false)", R"("hostNetwork":true)"))->host_network);
  CHECK(decode_pod(replaced(kPod, R"("phase":"Running")", R"("phase":"Failed")"))->finished);
  CHECK(decode_pod(replaced(kPod, R"("phase":"Running")", R"("phase":"Succeeded")"))->finished);
  CHECK_FALSE(decode_pod(replaced(kPod, R"("Ready","status":"True")", R"("Ready","status":"False")"))->ready);
  CHECK(decode_pod(replaced(kPod, R"("labels")", R"("deletionTimestamp":"2026-07-01T10:00:00Z","labels")"))->deleting);
  CHECK(decode_pod(replaced(kPod, R"("example.org/x":"y")", R"("kubernetes.io/config.mirror":"abc")"))->mirror);
  CHECK(decode_pod(replaced(kPod, R"("pod-template-hash")", R"("controller-revision-hash")"))->revision ==
        "7d9c5b8f6c");
  CHECK(decode_pod(replaced(kPod, R"("podIPs":[{"ip":"10.244.1.7"},{"ip":"fd00::7"}],)", ""))->ips.size() == 1);
}

TEST_CASE("A pod's containers are read as the kubelet tells of them, at most 16") {
  const auto with = [](std::string_view statuses) {
    return decode_pod(
        replaced(kPod, R"("startTime")", R"("containerStatuses":)" + std::string(statuses) + R"(,"startTime")"));
  };
  const auto pod = with(R"([
    {"name":"app","restartCount":3,"ready":false,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"x"}},
     "lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-07-01T10:00:00Z","reason":"Error"}}},
    {"name":"proxy","restartCount":0,"state":{"running":{"startedAt":"2026-07-01T09:00:05Z"}},"lastState":{}}])");
  REQUIRE(pod);
  CHECK(pod->containers ==
        std::vector<ContainerState>{{"app", {}, samples::at("2026-07-01T10:00:00Z"), 1, 3, true},
                                    {"proxy", samples::at("2026-07-01T09:00:05Z"), {}, 0, 0, false}});
  // As the inventory gives it out, and as it changes there.
  Inventory inventory;
  inventory.apply(*pod, samples::start());
  CHECK(inventory.pod(pod->uid)->pod.containers == pod->containers);
  auto next = *pod;
  next.containers.erase(next.containers.begin());
  next.containers[0].restarts = 1;
  inventory.apply(next, samples::start());
  CHECK(inventory.pod(pod->uid)->pod.containers == next.containers);
  std::string many = "[";
  for (int i = 0; i < 20; ++i) many += fmt::format(R"({}{{"name":"c{}"}})", i == 0 ? "" : ",", i);
  CHECK(with(many + "]")->containers.size() == 16);
  CHECK(with("null")->containers.empty());
  CHECK_FALSE(with(R"([{"name":"app","state":{"running":{"startedAt":"soon"}}}])"));
  CHECK(with(R"([{"name":"app","restartCount":-5}])")->containers[0].restarts == 0);
}

TEST_CASE("A bare pod keeps its labels, since policies have nothing else to select it by") {
  const auto pod = decode_pod(replaced(kPod, R"("controller":true)", R"("controller":false)"));
  REQUIRE(pod);
  CHECK(pod->owner.empty());
  CHECK(pod->labels == Labels{{"app", "cart"}, {"pod-template-hash", "7d9c5b8f6c"}});
}

TEST_CASE("A pod that is hardly there yet is read, too") {
  const auto pod =
      decode_pod(R"({"metadata":{"uid":"u","name":"n","labels":null,"ownerReferences":null},"status":{}})");
  REQUIRE(pod);
  CHECK(pod->ips.empty());
  CHECK_FALSE(pod->started);
}

TEST_CASE("A broken pod is refused with the field's name") {
  struct Row {
    std::string from, to, expected;
  };
  const auto row = GENERATE(values<Row>({
      {R"("uid":"5f0c6a1e-8d0f-4f5e-9a53-1f7f6b1c2d3e",)", "", "metadata.uid"},
      {R"("name":"cart-7d9c5b8f6c-x2x9q",)", "", "metadata.name"},
      {R"("namespace":"shop")", R"("namespace":5)", "metadata.namespace"},
      {R"("creationTimestamp":"2026-07-01T09:00:00Z")", R"("creationTimestamp":"soon")", "metadata.creationTimestamp"},
      {R"("podIPs":[{"ip":"10.244.1.7"})", R"("podIPs":[{"ip":"ten"})", "status.podIPs.ip"},
      {R"("hostNetwork":false)", R"("hostNetwork":"no")", "spec.hostNetwork"},
      {R"("status":{"phase")", R"("status":[],"x":{"phase")", "status"},
      {R"("kind":"Pod")", R"("kind":"Node")", "kind"},
      {R"("spec":{)", R"("spec":{])", "JSON"},
      {R"("conditions":[{)", R"("conditions":[7,{)", "status.conditions"},
  }));
  const auto pod = decode_pod(replaced(kPod, row.from, row.to));
  REQUIRE_FALSE(pod);
  INFO(pod.error().message);
  CHECK(pod.error().message.find(row.expected) != std::string::npos);
}

TEST_CASE("Texts that are no pod are refused") {
  CHECK_FALSE(decode_pod(""));
  CHECK_FALSE(decode_pod("null"));
  CHECK_FALSE(decode_pod("[]"));
  CHECK_FALSE(decode_pod("{"));
  CHECK_FALSE(decode_pod("{}"));
  CHECK_FALSE(decode_pod(std::string(100'000, '[')));
  const auto large = decode_pod(std::string(5U << 20U, ' '));
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::kTooLarge);
  for (std::size_t size = 0; size < kPod.size(); ++size) {
    if (decode_pod(kPod.substr(0, size))) {
      FAIL("cut at " << size << " it still passed for a pod");
    }
  }
}

TEST_CASE("A workload is read with what decides whether it may be restarted") {
  const auto deployment = decode_workload(
      R"({"metadata":{"name":"cart","namespace":"shop","uid":"u","resourceVersion":"5","generation":4,
          "labels":{"app":"cart"},"annotations":{"remint.dev/paused-until":"2026-08-01T00:00:00Z","a":"b",
          "meta.helm.sh/release-name":"shop"}},
          "spec":{"replicas":0,"paused":true},
          "status":{"observedGeneration":3,"conditions":[{"type":"Progressing","status":"False",
          "reason":"ProgressDeadlineExceeded"}]}})",
      "apps/v1", "Deployment");
  REQUIRE(deployment);
  CHECK(deployment->ref == ObjectRef{"apps/v1", "Deployment", "shop", "cart", "u"});
  CHECK(deployment->resource_version == "5");
  CHECK(deployment->labels == Labels{{"app", "cart"}});
  CHECK(deployment->annotations == Labels{{"remint.dev/paused-until", "2026-08-01T00:00:00Z"}});
  CHECK(deployment->helm_release == "shop");
  CHECK(deployment->replicas == 0);
  CHECK(deployment->paused);
  CHECK(deployment->stuck);
  CHECK(deployment->generation == 4);
  CHECK(deployment->observed_generation == 3);
  CHECK_FALSE(deployment->deleting);
}

TEST_CASE("Defaults and kinds of workloads are respected") {
  const auto decode = [](std::string_view json, std::string_view kind) {
    const auto workload = decode_workload(json, "apps/v1", kind);
    REQUIRE(workload);
    return *workload;
  };
  const std::string_view meta = R"("metadata":{"name":"n","namespace":"s","uid":"u"})";
  CHECK(decode(fmt::format("{{{}}}", meta), "Deployment").replicas == 1);
  CHECK(decode(fmt::format(R"({{{},"status":{{"desiredNumberScheduled":7}}}})", meta), "DaemonSet").replicas == 7);
  CHECK(
      decode(fmt::format(R"({{{},"spec":{{"updateStrategy":{{"type":"OnDelete"}}}}}})", meta), "DaemonSet").on_delete);
  const auto partition = R"({{{},"spec":{{"updateStrategy":{{"rollingUpdate":{{"partition":{}}}}}}}}})";
  CHECK(decode(fmt::format(fmt::runtime(partition), meta, 2), "StatefulSet").stuck);
  CHECK_FALSE(decode(fmt::format(fmt::runtime(partition), meta, 0), "StatefulSet").stuck);
  const auto named =
      decode(fmt::format(R"({{"kind":"StatefulSet","apiVersion":"apps/v1beta2",{}}})", meta), "Deployment");
  CHECK(named.ref.kind == "StatefulSet");
  CHECK(named.ref.api_version == "apps/v1beta2");
  CHECK_FALSE(decode_workload(R"({"metadata":{"name":"n","uid":"u"},"spec":{"replicas":"three"}})", "apps/v1", "X"));
  CHECK_FALSE(decode_workload(R"({"metadata":{"name":"n"}})", "apps/v1", "Deployment"));
}

TEST_CASE("Nodes and namespaces are read") {
  const auto node = decode_node(
      R"({"metadata":{"name":"worker-1"},"status":{"addresses":[{"type":"Hostname","address":"worker-1"},
          {"type":"InternalIP","address":"192.168.0.4"},{"address":"203.0.113.9","type":"ExternalIP"}]}})");
  REQUIRE(node);
  CHECK(node->addresses == std::vector{samples::ip("192.168.0.4"), samples::ip("203.0.113.9")});
  CHECK_FALSE(decode_node(R"({"metadata":{}})"));
  CHECK_FALSE(decode_node(R"({"metadata":{"name":"n"},"status":{"addresses":[{"type":"InternalIP","address":"x"}]}})"));
  const auto ns = decode_namespace(R"({"metadata":{"name":"shop","labels":{"team":"a\u0026b"}}})");
  REQUIRE(ns);
  CHECK(ns->labels == Labels{{"team", "a&b"}});
  CHECK_FALSE(decode_namespace("{}"));
}

TEST_CASE("Of a Secret only its metadata is read, and a pod keeps the names of those that it mounts") {
  std::string json =
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"cart-token","namespace":"shop",)"
      R"("uid":"s-1","creationTimestamp":"2026-07-01T10:00:00Z","annotations":{"a":"b",)"
      R"("kubernetes.io/service-account.name":"cart","kubernetes.io/service-account.uid":"sa-1"}}})";
  json.reserve(json.size() + 128);
  const auto secret = decode_token_secret(json);
  REQUIRE(secret);
  CHECK(secret->ns + "/" + secret->name + " " + secret->uid == "shop/cart-token s-1");
  CHECK(secret->created == *parse_rfc3339("2026-07-01T10:00:00Z"));
  CHECK(secret->account_uid == "sa-1");

  std::string pod =
      R"({"metadata":{"name":"a","namespace":"shop","uid":"u","ownerReferences":[]},"spec":{"volumes":[)"
      R"({"name":"t","secret":{"secretName":"cart-token"}},{"name":"c","secret":{"secretName":"ca","defaultMode":420}},)"
      R"({"name":"e","emptyDir":{}},{"name":")" +
      std::string(300, 'n') + R"(","secret":{"secretName":")" + std::string(253, 's') + "\"}}]}}";
  pod.reserve(pod.size() + 128);
  const auto decoded = decode_pod(pod);
  REQUIRE(decoded);
  CHECK(decoded->secrets == "cart-token\nca\n");
}

#include "remint/detect/kubernetes_event.hpp"

#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;

namespace {

constexpr auto kDaemonSet = EventMapping::Accuses::kDaemonSetOnNode;
const char* const kCalicoNote =
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
    "\"b6385006e8b3\": "
    "plugin type=\"calico\" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized";

std::string padded(std::string json) {
  json.reserve(json.size() + 128);
  return json;
}

/// Pod shop/cart-a waits on worker-1, where calico-node runs.
void fill(Inventory& inventory) {
  samples::add_cart(inventory);
  inventory.apply(samples::pod("a", ""), samples::start());
  const auto add = [&](const std::string& name, const std::string& ns, const std::string& node) {
    WorkloadRecord set = samples::workload("DaemonSet", name, "ds-" + name);
    set.ref.ns = ns;
    inventory.apply(ObjectKind::kDaemonSet, set);
    PodRecord pod = samples::pod(name + "-" + node, "10.0.0.9");
    pod.ns = ns;
    pod.node = node;
    pod.host_network = true;
    pod.owner = {"apps/v1", "DaemonSet", name, "ds-" + name};
    inventory.apply(pod, samples::start());
  };
  add("calico-node", "kube-system", "worker-1");
  add("calico-node", "kube-system", "worker-2");
  add("kube-multus-ds", "kube-system", "worker-1");
}

KubernetesEvent about_cart(std::string note, std::string reason = "FailedCreatePodSandBox") {
  return {std::move(reason), std::move(note), "Pod", "shop", "a", samples::start()};
}

std::vector<std::string> accused(const Inventory& inventory, const KubernetesEvent& event,
                                 std::vector<EventMapping> mappings = {}) {
  const auto known = known_event_mappings();
  if (mappings.empty()) mappings.assign(known.begin(), known.end());
  std::vector<std::string> uids;
  for (auto& each : EventMatcher(std::move(mappings)).accused(event, inventory)) uids.push_back(each.pod_uid);
  return uids;
}

using Uids = std::vector<std::string>;

}  // namespace

TEST_CASE("An Event's time is when it was last seen, by whichever API it was written") {
  struct Row {
    std::string fields, time;
  };
  const auto row = GENERATE(values<Row>({
      {R"("deprecatedLastTimestamp":"2026-07-01T10:05:00Z","eventTime":null)", "2026-07-01T10:05:00Z"},
      {R"("eventTime":"2026-07-01T10:01:00.5Z","series":{"count":3,"lastObservedTime":"2026-07-01T10:06:00Z"})",
       "2026-07-01T10:06:00Z"},
      {R"("eventTime":"2026-07-01T10:01:00Z")", "2026-07-01T10:01:00Z"},
      {R"("type":"Warning")", "2026-07-01T10:00:00Z"},
  }));
  const auto event = decode_kubernetes_event(
      padded(R"({"metadata":{"name":"x","creationTimestamp":"2026-07-01T10:00:00Z"},"reason":"FailedCreatePodSandBox",)"
             R"("note":"plugin \"calico\"","regarding":{"kind":"Pod","namespace":"shop","name":"cart-a","uid":"a"},)" +
             row.fields + "}"));
  REQUIRE(event);
  CHECK(event->time == *parse_rfc3339(row.time));
  CHECK(event->reason == "FailedCreatePodSandBox");
  CHECK(event->note == "plugin \"calico\"");
  CHECK(event->kind + "/" + event->ns + "/" + event->uid == "Pod/shop/a");
}

TEST_CASE("An Event that cannot be read names the field, and a long note is cut") {
  const auto broken = decode_kubernetes_event(padded(R"({"note":7})"));
  REQUIRE_FALSE(broken);
  CHECK_THAT(broken.error().message, Catch::Contains("note"));
  const auto cut = decode_kubernetes_event(padded(R"({"note":")" + std::string(5000, 'x') + "\"}"));
  REQUIRE(cut);
  CHECK(cut->note.size() == KubernetesEvent::kMaxNote);
}

TEST_CASE("A CNI plugin's 401 accuses its DaemonSet's pod on that node, not the pod that waits for its network") {
  Inventory inventory;
  fill(inventory);
  CHECK(accused(inventory, about_cart(kCalicoNote)) == Uids{"calico-node-worker-1"});
  CHECK(accused(inventory,
                about_cart("networkPlugin cni failed to set up pod \"pod-with-cm_default\" network: error getting "
                           "ClusterInformation: connection is unauthorized: Unauthorized, failed to clean up")) ==
        Uids{"calico-node-worker-1"});
  CHECK(accused(inventory, about_cart("... \"43ef9977\": plugin type=\"calico\" failed (add): Unauthorized")) ==
        Uids{"calico-node-worker-1"});
  CHECK(accused(inventory, about_cart("plugin type=\"multus\" name=\"multus-cni-network\" failed (add): Multus: "
                                      "[cluster1/receiver-w6xlk/510909da]: error waiting for pod: Unauthorized")) ==
        Uids{"kube-multus-ds-worker-1"});
}

TEST_CASE("Events that say something else accuse nobody") {
  Inventory inventory;
  fill(inventory);
  const auto note =
      GENERATE(as<std::string>{}, "Failed to pull image \"registry.example.com/cart\": 401 Unauthorized",
               "plugin type=\"calico\" failed (add): stat /var/lib/calico/nodename: no such file or directory",
               "Readiness probe failed: HTTP probe failed with statuscode: 401",
               "Multus: [shop/cart]: error getting pod: x509: certificate signed by unknown authority");
  CHECK(accused(inventory, about_cart(note)).empty());
}

TEST_CASE("An Event about a pod that is not there, or in another namespace than it says, accuses nobody") {
  Inventory inventory;
  fill(inventory);
  auto event = about_cart(kCalicoNote);
  event.uid = "unknown";
  CHECK(accused(inventory, event).empty());
  event = about_cart(kCalicoNote);
  event.ns = "intruder";
  CHECK(accused(inventory, event).empty());
  event = about_cart(kCalicoNote);
  event.kind = "Node";
  CHECK(accused(inventory, event).empty());
}

TEST_CASE(
    "Own mappings accuse the involved pod or a DaemonSet by namespace and name, and a bad pattern matches nothing") {
  Inventory inventory;
  fill(inventory);
  const EventMapping involved{"own", "Unhealthy", "token.*expired", EventMapping::Accuses::kInvolvedPod, "", ""};
  CHECK(accused(inventory, about_cart("the token has expired", "Unhealthy"), {involved}) == Uids{"a"});
  CHECK(accused(inventory, about_cart("the token has expired", "BackOff"), {involved}).empty());
  const EventMapping elsewhere{"own", "", "expired", kDaemonSet, "other", "calico-*"};
  CHECK(accused(inventory, about_cart("expired"), {elsewhere}).empty());
  const EventMapping by_name{"own", "", "expired", kDaemonSet, "kube-system", "*-node"};
  CHECK(accused(inventory, about_cart("expired"), {by_name}) == Uids{"calico-node-worker-1"});
  const EventMapping bad{"own", "", "(", EventMapping::Accuses::kInvolvedPod, "", ""};
  CHECK(accused(inventory, about_cart("("), {bad, involved}).empty());
}

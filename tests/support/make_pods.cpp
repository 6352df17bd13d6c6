#include "support/make_pods.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace remint::testing {
namespace {

// The shape is that of a pod which a Deployment made on Kubernetes 1.36, seen with `kubectl get pod -o json`. @x@ are
// holes.
constexpr std::string_view kTemplate =
    R"({"metadata":{"name":"@name@","generateName":"@app@-7d9c5b8f64-","namespace":"@ns@",
"uid":"@uid@","resourceVersion":"@version@","generation":1,"creationTimestamp":"2026-07-01T09:12:44Z",
"labels":{"app":"@app@","app.kubernetes.io/name":"@app@","app.kubernetes.io/part-of":"storefront","pod-template-hash":"7d9c5b8f64"},
"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"9090","kubectl.kubernetes.io/restartedAt":"2026-06-28T14:03:21Z"},
"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"@app@-7d9c5b8f64","uid":"@owner@","controller":true,"blockOwnerDeletion":true}],
"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-07-01T09:12:44Z",
"fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},
"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"@owner@\"}":{}}},
"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"POD_NAME\"}":{".":{},"f:name":{},"f:valueFrom":{".":{},"f:fieldRef":{}}},
"k:{\"name\":\"REGION\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},
"f:resources":{".":{},"f:limits":{".":{},"f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},
"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:serviceAccountName":{},"f:terminationGracePeriodSeconds":{}}}},
{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-07-01T09:12:49Z","fieldsType":"FieldsV1","subresource":"status",
"fieldsV1":{"f:status":{"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\"ip\":\"@ip@\"}":{".":{},"f:ip":{}}},"f:startTime":{}}}}]},
"spec":{"volumes":[{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],
"containers":[{"name":"main","image":"registry.example.com/storefront/@app@:2.14.3","args":["--listen=:8080","--log-format=json"],"ports":[{"containerPort":8080,"protocol":"TCP"}],
"env":[{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}},{"name":"REGION","value":"eu-central-1"}],
"resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"50m","memory":"128Mi"}},
"volumeMounts":[{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],
"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"@app@","serviceAccount":"@app@","nodeName":"@node@",
"securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
"status":{"observedGeneration":1,"phase":"Running","conditions":[{"type":"PodReadyToStartContainers","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-07-01T09:12:47Z"},
{"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-07-01T09:12:44Z"},{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-07-01T09:12:49Z"},
{"type":"ContainersReady","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-07-01T09:12:49Z"},{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-07-01T09:12:44Z"}],
"hostIP":"@host@","hostIPs":[{"ip":"@host@"}],"podIP":"@ip@","podIPs":[{"ip":"@ip@"}],"startTime":"2026-07-01T09:12:44Z",
"containerStatuses":[{"name":"main","state":{"running":{"startedAt":"2026-07-01T09:12:48Z"}},"lastState":{},"ready":true,"restartCount":0,
"image":"registry.example.com/storefront/@app@:2.14.3","imageID":"registry.example.com/storefront/@app@@sha256:9b2c7f1e0d5a4c3b8e6f7a1d2c4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f","containerID":"containerd://4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796","started":true}],"qosClass":"Burstable"}})";

struct Piece {
  std::string_view literal;  ///< copied out first
  std::string_view hole;     ///< then this hole is filled; empty: none
};

/// The template's line breaks are for people: they are dropped once, here.
const std::string& flat_template() {
  static const std::string flat = [] {
    std::string result;
    for (const char c : kTemplate) {
      if (c != '\n') result += c;
    }
    return result;
  }();
  return flat;
}

const std::vector<Piece>& pieces() {
  static const std::vector<Piece> result = [] {
    constexpr std::string_view kHoles[] = {"name", "app", "ns", "uid", "version", "owner", "ip", "host", "node"};
    std::vector<Piece> found;
    const std::string_view text = flat_template();
    std::size_t start = 0;
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
      for (const auto hole : kHoles) {
        if (text.substr(at + 1, hole.size()) != hole || text[at + 1 + hole.size()] != '@') continue;
        found.push_back({text.substr(start, at - start), text.substr(at + 1, hole.size())});
        start = at + hole.size() + 2;
        at = start - 1;
        break;
      }
    }
    found.push_back({text.substr(start), {}});
    return found;
  }();
  return result;
}

constexpr std::uint32_t kPodsPerApp = 10;

std::string app_name(std::uint32_t index) { return fmt::format("service-{:05}", index / kPodsPerApp); }

}  // namespace

ObjectKey pod_key(std::uint32_t index) {
  // All pods of one app are in one namespace.
  return {fmt::format("team-{:02}", index / kPodsPerApp % 50),
          fmt::format("{}-7d9c5b8f64-{:05x}", app_name(index), index)};
}

std::string pod_ip(std::uint32_t index) {
  return fmt::format("10.{}.{}.{}", 64 + (index >> 16U), (index >> 8U) & 255U, index & 255U);
}

std::string pod_uid(std::uint32_t index) { return fmt::format("5f0c3a6e-0000-4000-8000-{:012x}", index); }

std::string pod_text(std::uint32_t index, std::uint64_t resource_version) {
  const ObjectKey key = pod_key(index);
  const std::string app = app_name(index), uid = pod_uid(index), version = std::to_string(resource_version);
  const std::string owner = fmt::format("8d1b2c3e-0000-4000-8000-{:012x}", index / kPodsPerApp);
  const std::string ip = pod_ip(index), host = fmt::format("10.0.{}.{}", index / 100 / 250, index / 100 % 250 + 1);
  const std::string node = fmt::format("node-{:04}", index / 100);
  std::string result;
  result.reserve(flat_template().size() + 512);
  for (const auto& piece : pieces()) {
    result += piece.literal;
    if (piece.hole == "name")
      result += key.name;
    else if (piece.hole == "app")
      result += app;
    else if (piece.hole == "ns")
      result += key.ns;
    else if (piece.hole == "uid")
      result += uid;
    else if (piece.hole == "version")
      result += version;
    else if (piece.hole == "owner")
      result += owner;
    else if (piece.hole == "ip")
      result += ip;
    else if (piece.hole == "host")
      result += host;
    else if (piece.hole == "node")
      result += node;
  }
  return result;
}

Json make_pod(std::uint32_t index) {
  Json pod = Json::parse(pod_text(index, 0));
  pod["kind"] = "Pod";
  pod["apiVersion"] = "v1";
  pod["metadata"].erase("resourceVersion");
  return pod;
}

}  // namespace remint::testing

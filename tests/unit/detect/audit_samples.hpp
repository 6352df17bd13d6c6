#pragma once
// Audit events as kube-apiserver 1.36 writes them at level Metadata, with the fields that a test wants to choose.

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/time.hpp"

namespace remint::detect::samples {

inline Time at(std::string_view text) { return parse_rfc3339(text).value(); }
inline Time start() { return at("2026-07-01T10:00:00Z"); }

/// A request of a ServiceAccount's token that was refused.
struct Rejected {
  std::string id = "c771f01d-5995-40e4-9259-879773112159";
  Time received = start();
  std::string ips = R"("10.244.1.7")";
  std::string user_agent = "controller/v0.0.0";
  std::string uri = R"(/api/v1/namespaces/shop/configmaps?limit=500\u0026resourceVersion=0)";
  std::string ns = "shop";
};
inline std::string event(const Rejected& r) {
  return fmt::format(
      R"({{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{}","stage":"ResponseStarted",)"
      R"("requestURI":"{}","verb":"list","user":{{}},"sourceIPs":[{}],"userAgent":"{}",)"
      R"("objectRef":{{"resource":"configmaps","namespace":"{}","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},)"
      R"("status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}},)"
      R"("requestReceivedTimestamp":"{}","stageTimestamp":"{}"}})",
      r.id, r.uri, r.ips, r.user_agent, r.ns, format_rfc3339_micro(r.received),
      format_rfc3339_micro(r.received + std::chrono::microseconds(700)));
}

/// A request that was accepted; `stale` is the annotation's number of seconds, if it has one.
struct Accepted {
  std::string id = "0a6d1a8c-1f0e-4f0c-9d55-3b1c8e2f7a11";
  Time received = start();
  std::string pod_uid = "5f0c6a1e-8d0f-4f5e-9a53-1f7f6b1c2d3e";
  std::string pod_name = "cart-7d9c5b8f6c-x2x9q";
  std::string ns = "shop";
  std::int64_t stale = -1;
  int code = 200;
  std::string stage = "ResponseComplete";
};
inline std::string event(const Accepted& a) {
  const std::string stale =
      a.stale < 0
          ? ""
          : fmt::format(R"("authentication.k8s.io/stale-token":"subject: system:serviceaccount:{}:cart, seconds )"
                        R"(after warning threshold: {}",)",
                        a.ns, a.stale);
  return fmt::format(
      R"({{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{}","stage":"{}",)"
      R"("requestURI":"/apis/apps/v1/namespaces/{}/deployments?allowWatchBookmarks=true\u0026resourceVersion=123456)"
      R"(\u0026timeout=7m52s\u0026timeoutSeconds=472\u0026watch=true","verb":"watch","user":{{"username":)"
      R"("system:serviceaccount:{}:cart","uid":"7c1d3c5e-62f5-4a7f-8d1b-9f4ac8e0a001","groups":[)"
      R"("system:serviceaccounts","system:serviceaccounts:{}","system:authenticated"],"extra":{{)"
      R"("authentication.kubernetes.io/credential-id":["JTI=1c9e7a76-27f2-4bb5-8e0a-5f6f1a2b3c4d"],)"
      R"("authentication.kubernetes.io/node-name":["worker-17.eu-central.example.internal"],)"
      R"("authentication.kubernetes.io/node-uid":["9d2a3f54-9f5e-4f1b-b0aa-6c7d8e9f0a1b"],)"
      R"("authentication.kubernetes.io/pod-name":["{}"],"authentication.kubernetes.io/pod-uid":["{}"]}}}},)"
      R"("sourceIPs":["10.244.17.93"],"userAgent":"cart-operator/v1.14.2 (linux/amd64) kubernetes/3f4c1ab",)"
      R"("objectRef":{{"resource":"deployments","namespace":"{}","apiGroup":"apps","apiVersion":"v1"}},)"
      R"("responseStatus":{{"metadata":{{}},"code":{}}},"requestReceivedTimestamp":"{}","stageTimestamp":"{}",)"
      R"("annotations":{{{}"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by )"
      R"(ClusterRoleBinding \"cart-operator-manager-rolebinding\" of ClusterRole \"cart-operator-manager-role\" to )"
      R"(ServiceAccount \"cart/{}\""}}}})",
      a.id, a.stage, a.ns, a.ns, a.ns, a.pod_name, a.pod_uid, a.ns, a.code, format_rfc3339_micro(a.received),
      format_rfc3339_micro(a.received + std::chrono::milliseconds(3)), stale, a.ns);
}

/// A kubelet's request: of no interest.
inline std::string node_event(std::string_view id) {
  return fmt::format(
      R"({{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{}","stage":"ResponseComplete",)"
      R"("requestURI":"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-17?timeout=10s","verb":)"
      R"("update","user":{{"username":"system:node:worker-17","groups":["system:nodes","system:authenticated"],"extra":)"
      R"({{"authentication.kubernetes.io/credential-id":["X509SHA256=0f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766)"
      R"(554433221100"]}}}},"sourceIPs":["192.168.17.4"],"userAgent":"kubelet/v1.36.3 (linux/amd64) kubernetes/8a1b2c3",)"
      R"("objectRef":{{"resource":"leases","namespace":"kube-node-lease","name":"worker-17","uid":)"
      R"("2f1b8c9d-3e4f-4a5b-8c6d-7e8f9a0b1c2d","apiGroup":"coordination.k8s.io","apiVersion":"v1","resourceVersion":)"
      R"("8812345"}},"responseStatus":{{"metadata":{{}},"code":200}},"requestReceivedTimestamp":)"
      R"("2026-07-01T10:27:28.826058Z","stageTimestamp":"2026-07-01T10:27:28.837875Z","annotations":)"
      R"({{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}}})",
      id);
}

/// What the webhook backend posts.
inline std::string list(const std::vector<std::string>& events) {
  return fmt::format(R"({{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{}]}})",
                     fmt::join(events, ",")) +
         "\n";
}

}  // namespace remint::detect::samples

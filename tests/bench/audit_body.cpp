#include "audit_body.hpp"

#include <fmt/format.h>

#include <iterator>

namespace remint::bench {
namespace {

constexpr const char* kRejected =
    R"({{"level":"Metadata","auditID":"{id}","stage":"ResponseStarted","requestURI":"/api/v1/namespaces/shop-{ns}/configmaps?limit=500\u0026resourceVersion=0",)"
    R"("verb":"list","user":{{}},"sourceIPs":["{ip}"],"userAgent":"controller/v0.0.0 (linux/amd64) kubernetes/$Format",)"
    R"("objectRef":{{"resource":"configmaps","namespace":"shop-{ns}","apiVersion":"v1"}},)"
    R"("responseStatus":{{"metadata":{{}},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}},)"
    R"("requestReceivedTimestamp":"2026-07-01T10:{min:02}:{sec:02}.{us:06}Z","stageTimestamp":"2026-07-01T10:{min:02}:{sec:02}.{us2:06}Z"}})";

constexpr const char* kAccepted =
    R"({{"level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/apis/apps.example.com/v1/namespaces/shop-{ns}/orderqueues/queue-{pod}/status?fieldManager=controller\u0026timeout=30s",)"
    R"("verb":"patch","user":{{"username":"system:serviceaccount:shop-{ns}:order-controller","uid":"6f1c7e1a-91d1-4b6c-8a2e-{pod:012}",)"
    R"("groups":["system:serviceaccounts","system:serviceaccounts:shop-{ns}","system:authenticated"],)"
    R"("extra":{{"authentication.kubernetes.io/credential-id":["JTI=3f6b1c52-7e9d-4a2b-9c1d-{pod:012}"],)"
    R"("authentication.kubernetes.io/node-name":["worker-{node}.cluster.example.com"],)"
    R"("authentication.kubernetes.io/node-uid":["b2b7c9f4-3c7a-4d11-8f6e-{node:012}"],)"
    R"("authentication.kubernetes.io/pod-name":["order-controller-7c9f8d6b5f-{pod:05}"],)"
    R"("authentication.kubernetes.io/pod-uid":["{uid}"]}}}},)"
    R"("sourceIPs":["{ip}"],"userAgent":"order-controller/v1.14.2 (linux/amd64) kubernetes/4f2c8a1d9e/controller-runtime",)"
    R"("objectRef":{{"resource":"orderqueues","namespace":"shop-{ns}","name":"queue-{pod}","uid":"0d9c8b7a-6f5e-4d3c-2b1a-{pod:012}","apiGroup":"apps.example.com","apiVersion":"v1","resourceVersion":"{rv}","subresource":"status"}},)"
    R"("responseStatus":{{"metadata":{{}},"code":200}},)"
    R"("requestReceivedTimestamp":"2026-07-01T10:{min:02}:{sec:02}.{us:06}Z","stageTimestamp":"2026-07-01T10:{min:02}:{sec:02}.{us2:06}Z",)"
    R"("annotations":{{"authorization.k8s.io/decision":"allow",)"
    R"("authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"order-controller/shop-{ns}\" of Role \"order-controller\" to ServiceAccount \"order-controller/shop-{ns}\""}}}})";

}  // namespace

std::string pod_uid(std::size_t pod) { return fmt::format("9a8b7c6d-5e4f-4a3b-8c1d-{:012}", pod); }

std::string pod_address(std::size_t pod) { return fmt::format("10.{}.{}.{}", pod / 65536, pod / 256 % 256, pod % 256); }

std::string audit_body(const AuditBodyShape& shape, std::size_t first) {
  std::string body = R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)";
  for (std::size_t i = 0; i < shape.events; ++i) {
    const auto number = first + i;
    const auto pod = number % shape.pods;
    const bool rejected = i % shape.one_rejected_in == shape.one_rejected_in / 2;
    if (i > 0) body += ',';
    fmt::format_to(std::back_inserter(body), fmt::runtime(rejected ? kRejected : kAccepted),
                   fmt::arg("id", fmt::format("c771f01d-5995-40e4-9259-{:012}", number)), fmt::arg("ns", pod / 50),
                   fmt::arg("pod", pod), fmt::arg("node", pod / 100), fmt::arg("uid", pod_uid(pod)),
                   fmt::arg("ip", pod_address(pod)), fmt::arg("rv", 100'000'000 + number),
                   fmt::arg("min", number / 60'000 % 60), fmt::arg("sec", number / 1000 % 60),
                   fmt::arg("us", number % 1000 * 1000), fmt::arg("us2", number % 1000 * 1000 + 812));
  }
  return body + "]}";
}

}  // namespace remint::bench

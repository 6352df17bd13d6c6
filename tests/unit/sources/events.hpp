#pragma once
// Audit events as kube-apiserver sends them, small.

#include <initializer_list>
#include <string>
#include <string_view>

namespace remint::sources {

inline std::string rejected_event(std::string_view id) {
  return R"({"level":"Metadata","auditID":")" + std::string(id) +
         R"(","stage":"ResponseStarted","requestURI":"/api/v1/namespaces/shop/configmaps","verb":"list","user":{},)"
         R"("sourceIPs":["10.244.1.7"],"userAgent":"controller/v0","objectRef":{"resource":"configmaps","namespace":"shop"},)"
         R"("responseStatus":{"metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401},)"
         R"("requestReceivedTimestamp":"2026-07-01T10:27:28.826058Z","stageTimestamp":"2026-07-01T10:27:28.837875Z"})";
}

inline std::string event_list(std::initializer_list<std::string> events) {
  std::string list = R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)";
  bool first = true;
  for (const auto& event : events) {
    if (!first) list += ',';
    list += event;
    first = false;
  }
  return list + "]}";
}

}  // namespace remint::sources

#pragma once
// What clients print when their token is refused, as they were seen to print it, or where it was reported.

#include <string>
#include <string_view>
#include <vector>

namespace remint::detect::samples {

inline constexpr std::string_view kAuditId = "771c3f28-48dc-48c2-885e-aeb2249fc320";
inline const std::string kStatusBody =
    R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized",)"
    R"("reason":"Unauthorized","code":401})";

struct ClientError {
  std::string what;  ///< as the clue names it
  std::string text;  ///< one error, lines separated by line feeds
  bool names_id = false;
};

inline const std::vector<ClientError>& client_errors() {
  static const std::string id(kAuditId);
  static const std::string python_rest =
      "\nReason: Unauthorized\nHTTP response headers: HTTPHeaderDict({'Audit-Id': '" + id +
      "', 'Cache-Control': 'no-cache, private', 'Content-Type': 'application/json', 'Date': 'Sun, 22 Nov 2026 07:34:17 "
      "GMT', 'Content-Length': '129'})\nHTTP response body: " +
      kStatusBody + "\n\n";
  static const std::vector<ClientError> kErrors = {
      // Recorded: tests/cluster/clients/lines.
      {"client-go reflector",
       R"(E1122 07:52:21.609616   31653 reflector.go:227] "Failed to watch" err="Unauthorized" logger="UnhandledError" reflector="k8s.io/client-go@v0.36.3/tools/cache/reflector.go:343" type="*v1.ConfigMap")"},
      {"client-go reflector",
       R"(E1122 23:38:52.941263   25910 reflector.go:227] "Failed to watch" err="failed to list *v1.ConfigMap: Unauthorized" logger="UnhandledError" reflector="k8s.io/client-go@v0.36.3/tools/cache/reflector.go:343" type="*v1.ConfigMap")"},
      {"client-go reflector",
       R"(E1122 07:51:51.893512   30883 reflector.go:251] k8s.io/client-go@v10.0.0+incompatible/tools/cache/reflector.go:95: Failed to watch *v1.ConfigMap: the server has asked for the client to provide credentials (get configmaps))"},
      {"client-go reflector",
       R"(E1122 23:38:45.681535   25804 reflector.go:134] k8s.io/client-go@v10.0.0+incompatible/tools/cache/reflector.go:95: Failed to list *v1.ConfigMap: Unauthorized)"},
      // scylladb/scylla-operator#2287, flanksource/config-db#1376
      {"client-go reflector",
       R"(W1219 16:21:32.907213 1 cache/reflector.go:539] k8s.io/client-go@v0.29.5/tools/cache/reflector.go:229: failed to list *v1.Pod: Unauthorized)"},
      {"client-go reflector",
       R"(E0304 10:40:19.488808 1 reflector.go:166] "Unhandled Error" err="pkg/mod/k8s.io/client-go@v0.32.2/tools/cache/reflector.go:251: Failed to watch *v1.Namespace: failed to list *v1.Namespace: Unauthorized" logger="UnhandledError")"},
      {"client-go reflector",
       R"({"ts":1732592306776.7,"caller":"cache/reflector.go:227","msg":"Failed to watch","logger":"UnhandledError","reflector":"k8s.io/client-go","type":"*v1.Pod","err":"Unauthorized"})"},
      // Seen of client-go 0.29, 0.31, 0.36 and controller-runtime 0.25; numaproj/numaplane#592
      {"client-go leader election",
       R"(E1122 07:52:21.609616 1 leaderelection.go:332] error retrieving resource lock shop/operator: Unauthorized)"},
      {"client-go leader election",
       R"(E1122 07:52:21.609616 1 leaderelection.go:429] Failed to update lock optimitically: Unauthorized, falling back to slow path)"},
      {"client-go leader election",
       R"(E1122 07:52:21.609616 1 leaderelection.go:461] "Error retrieving lease lock" err="Unauthorized" lock="shop/operator")"},
      {"client-go leader election",
       R"({"level":"error","ts":"2026-11-22T07:52:21Z","logger":"leaderelection","msg":"Error retrieving lease lock","lock":"shop/operator","error":"Unauthorized"})"},
      {"client-go event recorder",
       R"x(E1122 07:52:21.609616 1 event.go:359] "Server rejected event (will not retry!)" err="Unauthorized" event="&Event{}")x"},
      {"client-go discovery",
       R"(E1122 07:52:21.609616 1 memcache.go:265] couldn't get current server API group list: Unauthorized)"},
      {"kubectl", "error: You must be logged in to the server (Unauthorized)"},
      // tailscale/tailscale#13292
      {"client-go", "update failed: the server has asked for the client to provide credentials (get secrets proxy)"},
      {"Go operator", R"(time="2022-03-01T08:00:00Z" level=error msg="Error listing resources" error=Unauthorized)"},
      {"Calico",
       "2022-03-01 08:00:00.000 [ERROR][42] plugin.go 580: Final result of CNI ADD was an error. "
       "error=error getting ClusterInformation: connection is unauthorized: Unauthorized"},
      // kubernetes/kubernetes#26477
      {"Go program", R"(http error 401 GET "https://10.2.0.1:443/api/v1/pods": "Unauthorized\n")"},
      // Recorded
      {"Python kubernetes", "kubernetes.client.rest.ApiException: (401)" + python_rest, true},
      {"Python kubernetes", "kubernetes.client.exceptions.UnauthorizedException: (401)" + python_rest, true},
      {"Python kubernetes", "kubernetes_asyncio.client.exceptions.ApiException: (401)" + python_rest, true},
      {"Python kubernetes", "2026-11-22 07:34:17,000 ERROR could not look: (401)" + python_rest, true},
      // kiwigrid/k8s-sidecar#372
      {"Python kubernetes", "ApiException when calling kubernetes: (401)\nReason: Unauthorized"},
      {"Python kubernetes", "kubernetes.dynamic.exceptions.UnauthorizedError: 401" + python_rest, true},
      // fabric8io/kubernetes-client#2756
      {"fabric8 kubernetes-client",
       "io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: "
       "https://172.30.0.1/api/v1/namespaces/shop/pods. Message: Unauthorized! Configured service account doesn't have "
       "access. Service account may have been revoked. Unauthorized.\n"
       "\tat io.fabric8.kubernetes.client.dsl.base.OperationSupport.requestFailure(OperationSupport.java:568)\n"
       "Caused by: io.fabric8.kubernetes.client.KubernetesClientException: Unauthorized\n\t... 12 more"},
      // jgroups-extras/jgroups-kubernetes#239
      {"Java URL",
       "Server returned HTTP response code: 401 for URL: https://172.30.0.1:443/api/v1/namespaces/shop/pods?labels=x"},
      // Recorded from version 8, over HTTP/1.1
      {"Java kubernetes-client",
       "io.kubernetes.client.openapi.ApiException: Unauthorized\n"
       "\tat io.kubernetes.client.openapi.ApiClient.handleResponse(ApiClient.java:979)\n\tat Shop.main(Shop.java:18)"},
      // Version 27
      {"Java kubernetes-client",
       "io.kubernetes.client.openapi.ApiException: Message: \nHTTP response code: 401\nHTTP response body: " +
           kStatusBody + "\nHTTP response headers: {audit-id=[" + id +
           "], cache-control=[no-cache, private]}\n"
           "\tat io.kubernetes.client.openapi.ApiClient.handleResponse(ApiClient.java:1183)",
       true},
      {"Rust kube",
       "ApiError: Unauthorized: Unauthorized (Status { status: Some(Failure), code: 401, message: "
       "\"Unauthorized\", metadata: None, reason: \"Unauthorized\", details: None })"},
      {"Rust kube",
       "Error: Api(ErrorResponse { status: \"Failure\", message: \"Unauthorized\", reason: \"Unauthorized\", "
       "code: 401 })"},
      {"C# KubernetesClient",
       "k8s.Autorest.HttpOperationException: Operation returned an invalid status code 'Unauthorized'"},
      {"Ruby kubeclient", "HTTP status code 401, Unauthorized for GET https://10.0.0.1/api/v1/namespaces/shop/pods"},
      // client-node 0.22, 1.4, 2.0
      {"API server's answer", "HTTP request failed " + kStatusBody},
      {"JavaScript client-node",
       "ApiException [Error]: HTTP-Code: 401\nMessage: Unauthorized\nBody: "
       R"("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":401}\n")"
       "\nHeaders: {\"audit-id\":\"" +
           id +
           "\",\"content-type\":\"application/json\"}\n"
           "    at CoreV1ApiResponseProcessor.x "
           "(/app/node_modules/@kubernetes/client-node/dist/gen/apis/CoreV1Api.js:1:1) {\n"
           "  code: 401,\n  body: '" +
           kStatusBody + "\\n',\n  headers: { 'audit-id': '" + id + "' }\n}",
       true},
      {"JavaScript client-node",
       "informer error: Error: Unauthorized\n"
       "    at Watch.watch (file:///app/node_modules/@kubernetes/client-node/dist/watch.js:60:31) {\n"
       "  statusCode: 401\n}"},
      // client-node 0.10.2, without most of its 315 lines
      {"JavaScript client-node",
       "looking after the ConfigMaps: {\n  response: <ref *1> IncomingMessage {\n    rawHeaders: [\n      'Audit-Id',\n"
       "      '" +
           id +
           "',\n      'Cache-Control',\n      'no-cache, private'\n    ],\n    url: '',\n"
           "    method: null,\n    statusCode: 401,\n    statusMessage: 'Unauthorized',\n    req: ClientRequest {\n"
           "      _header: 'GET /api/v1/namespaces/shop/configmaps HTTP/1.1\\r\\n' +\n"
           "        'Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA\\r\\n' +\n    },\n    body: {\n"
           "      kind: 'Status',\n      message: 'Unauthorized',\n      code: 401\n    },\n    [Symbol(kHeaders)]: {\n"
           "      'audit-id': '" +
           id + "',\n    }\n  }\n}",
       true},
      // The same from a Node.js without raw headers: kubernetes-client/javascript#1240
      {"JavaScript client-node",
       "HttpError: HTTP request failed\n    at Request._callback (/app/x.js:1:1) {\n  response: {\n    statusCode: "
       "401,\n"
       "    body: {\n      kind: 'Status',\n      message: 'Unauthorized',\n      code: 401\n    },\n  },\n}"},
      // Seen of curl, with and without -i
      {"API server's answer", kStatusBody},
      {"API server's answer",
       "HTTP/2 401\naudit-id: " + id +
           "\ncache-control: no-cache, private\ncontent-length: 157\n\n{\n"
           "  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \"status\": \"Failure\",\n"
           "  \"message\": \"Unauthorized\",\n  \"reason\": \"Unauthorized\",\n  \"code\": 401\n}",
       true},
  };
  return kErrors;
}

/// What others print of their own 401s: of registries, of clouds, of their users, of kubelets.
inline const std::vector<std::string>& other_lines() {
  static const std::vector<std::string> kLines = {
      "Unauthorized",
      "ERROR Unauthorized",
      "401",
      "401 Unauthorized",
      "Error: Unauthorized",
      "curl: (22) The requested URL returned error: 401",
      R"(10.0.0.7 - - [22/Nov/2026:07:34:17 +0000] "GET /login HTTP/1.1" 401 12 "-" "Mozilla/5.0")",
      R"(level=error msg="login failed" err="401 Unauthorized" user=alice)",
      R"(Failed to pull image "r.example/x": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized)",
      "unauthorized: authentication required",
      "UnauthorizedOperation: You are not authorized to perform this operation.",
      "AccessDenied: User: arn:aws:sts::1:assumed-role/x is not authorized, status code: 401",
      R"(googleapi: Error 401: Request had invalid authentication credentials., unauthorized)",
      R"(E1122 07:52:21.6 1 scraper.go:140] "Failed to scrape node" err="request failed, status: \"401 Unauthorized\"" node="a")",
      R"(ts=2026-11-22T07:34:17Z level=warn msg="Error sending alert" err="bad response status 401 Unauthorized")",
      "server returned HTTP status 401 Unauthorized",
      "Server returned HTTP response code: 401 for URL: https://vault.example/v1/auth/login",
      "Server returned HTTP response code: 401 for URL: https://shop.example/api/v1/orders",
      R"(http error 401 GET "https://registry.example/v2/": "Unauthorized\n")",
      "HTTP status code 401, Unauthorized for GET https://api.example/v1/things",
      R"({"level":"error","msg":"Reconciler error","controller":"bucket","error":"Unauthorized"})",
      "Microsoft.Rest.HttpOperationException: Operation returned an invalid status code 'Unauthorized'",
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403})",
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","code":4010})",
      "pet_client.exceptions.UnauthorizedException: (401)\nReason: Unauthorized\nHTTP response headers: "
      "HTTPHeaderDict({'Content-Type': 'application/json'})\nHTTP response body: {\"error\":\"no\"}\n",
      "ApiException [Error]: HTTP-Code: 401\nMessage: Unauthorized\nBody: \"no\"\nHeaders: {\"server\":\"x\"}",
      "{\n  statusCode: 401,\n  body: { error: 'no such user' }\n}",
      "Error: Unauthorized\n    at login (/app/node_modules/passport/lib/x.js:1:1)",
      "io.kubernetes.client.openapi.ApiException: Message: Forbidden\nHTTP response code: 403\nHTTP response body: {}",
      "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"code\": 403\n}",
      R"(I1122 07:52:21.6 1 httplog.go:132] "HTTP" verb="GET" URI="/metrics" audit-ID="771c3f28-48dc-48c2-885e-aeb2249fc320" resp=401)",
      "E1122 07:52:21.6 1 reflector.go:95: Failed to list *v1.Pod: pods is forbidden",
      "2026-11-22 07:52:21,401 INFO all is well",
  };
  return kLines;
}

/// With the same time before each line, as `kubectl logs --timestamps` prints them.
inline std::string stamped(std::string_view text, std::string_view time = "2026-11-22T07:40:00.123456789Z") {
  std::string out;
  for (;;) {
    const auto end = text.find('\n');
    out += std::string(time) + " " + std::string(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace remint::detect::samples

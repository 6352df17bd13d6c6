#include "known_lines.hpp"

#include <array>

namespace remint::detect {
namespace {

constexpr auto kKnown = std::to_array<KnownLine>({
    {"client-go reflector",
     R"([Ff]ailed to (?:list|watch) \*[\w.]+: (?:.*: )?<refused>)"
     R"(|Failed to watch<quote>.*\berr(?:or)?<quote>?[=:]<quote>Unauthorized<quote>)",
     ErrorForm::kLine, "",
     "client-go 10.0.0, 0.29, 0.31 and 0.36.3 (tests/cluster/clients/lines); kubernetes/kubernetes#77651, "
     "scylladb/scylla-operator#2287, flanksource/config-db#1376"},
    {"client-go leader election",
     R"(error (?:retrieving resource lock|initially creating leader election record).*: <refused>)"
     R"(|Failed to update lock(?: opti\w+)?: <refused>)"
     R"(|Error retrieving lease lock<quote>.*\berr(?:or)?<quote>?[=:]<quote>Unauthorized<quote>)",
     ErrorForm::kLine, "", "client-go 0.29, 0.31 and 0.36, controller-runtime 0.25; numaproj/numaplane#592"},
    {"client-go event recorder", R"(Server rejected event.*<refused>)", ErrorForm::kLine, "", "numaproj/numaplane#592"},
    {"client-go discovery",
     R"((?:unable to retrieve the complete list of server APIs|couldn't get current server API group list)"
     R"(|couldn't get resource list for [^:]+): .*<refused>)",
     ErrorForm::kLine, "", "kubernetes/client-go discovery/discovery_client.go"},
    {"kubectl", R"(You must be logged in to the server)", ErrorForm::kLine, "",
     "kubectl 1.36.3; kubernetes/kubectl pkg/cmd/util/helpers.go"},
    {"client-go", R"(the server has asked for the client to provide credentials)", ErrorForm::kLine, "",
     "kubernetes/apimachinery pkg/api/errors/errors.go; tailscale/tailscale#13292"},
    {"Go operator", R"(Error listing resources.*\berror\S{0,8}=\S{0,8}Unauthorized)", ErrorForm::kLine, "",
     "documentation of Alibaba Cloud ACK"},
    {"Calico", R"(connection is unauthorized: Unauthorized)", ErrorForm::kLine, "", "Calico 3"},
    {"Go program", R"(http error 401 [A-Z]+ "https?://[^"/]+<path>)", ErrorForm::kLine, "",
     "kubernetes/kubernetes#26477"},
    {"Python kubernetes",
     R"((?:kubernetes|kubernetes_asyncio)\.client\.\S*Exception: \(401\))"
     R"(|(?:kubernetes|openshift)\.dynamic\.exceptions\.UnauthorizedError: 401)"
     R"(|Exception when calling kubernetes: \(401\))",
     ErrorForm::kHeaded, "",
     "kubernetes 11.0.0, 12 and 37.0.2, kubernetes_asyncio 36 (tests/cluster/clients/lines); "
     "kubernetes-client/python#233, kiwigrid/k8s-sidecar#372"},
    {"fabric8 kubernetes-client",
     R"(Failure executing: [A-Z]+ at: .*(?:Message: Unauthorized|\bcode=401\b))"
     R"(|KubernetesClientException: (?:Unauthorized\b|.*\bcode=401\b))",
     ErrorForm::kLine, "", "fabric8 6 and 7; fabric8io/kubernetes-client#2756, fabric8io/kubernetes-client#2112"},
    {"Java URL", R"(Server returned HTTP response code: 401 for URL: https?://[^/\s]+<path>)", ErrorForm::kLine, "",
     "jgroups-extras/jgroups-kubernetes#239"},
    {"Java kubernetes-client", R"(io\.kubernetes\.client\.(?:openapi\.)?ApiException: Unauthorized)", ErrorForm::kLine,
     "", "client-java 8.0.0 over HTTP/1.1"},
    {"Java kubernetes-client", R"(io\.kubernetes\.client\.openapi\.ApiException: Message:)", ErrorForm::kHeaded,
     R"(^HTTP response code: 401$)", "client-java 27.0.0"},
    {"Rust kube", R"(ApiError: Unauthorized: |\b(?:ErrorResponse|Status) \{ .*\bcode: 401\b)", ErrorForm::kLine, "",
     "kube-rs 5 and before; kube-rs/kube kube-client/src/client/mod.rs"},
    {"C# KubernetesClient",
     R"(k8s\.Autorest\.HttpOperationException: Operation returned an invalid status code 'Unauthorized')",
     ErrorForm::kLine, "", "kubernetes-client/csharp"},
    {"Ruby kubeclient", R"(Kubeclient::HttpError.*\b401\b|HTTP status code 401, .* for [A-Z]+ https?://[^/\s]+<path>)",
     ErrorForm::kLine, "", "ManageIQ/kubeclient lib/kubeclient/http_error.rb"},
    {"JavaScript client-node", R"(\bHTTP-Code: 401$)", ErrorForm::kHeaded,
     R"((?i)['\x22]audit-id|kind<quote>:\s*<quote>Status)", "client-node 1.4"},
    {"API server's answer", R"(\bkind<quote>:\s*<quote>Status<quote>,.*\bcode<quote>:\s*401\b)", ErrorForm::kLine, "",
     "kube-apiserver 1.36.3; printed by client-node 0.22, curl and others"},
    {"API server's answer", R"(^\s*"kind": "Status",$)", ErrorForm::kObject, R"(^\s*"code": 401$)",
     "kube-apiserver 1.36.3, as it answers curl"},
    {"JavaScript client-node", R"(^\s*statusCode: 401,?$)", ErrorForm::kObject, R"((?i)'audit-id'|\bkind: 'Status')",
     "client-node 0.10.2 (tests/cluster/clients/lines); kubernetes-client/javascript#1240, "
     "actions/runner-container-hooks#128"},
    {"JavaScript client-node", R"(\bError: Unauthorized$)", ErrorForm::kObject, R"(@kubernetes/client-node/)",
     "client-node 2.0"},
    {"Python kubernetes", R"(\(401\)$)", ErrorForm::kHeaded, R"((?i)'audit-id': '|"kind":\s*"Status")",
     "an ApiException of kubernetes 37.0.2, printed without its class"},
});

/// Parts that several patterns have, by what stands for them.
struct Part {
  std::string_view name, pattern;
};
constexpr auto kParts = std::to_array<Part>({
    // What client-go makes of a 401: the server's message, or its own where the server sent none.
    {"<refused>", "(?:Unauthorized|the server has asked for the client to provide credentials)"},
    // Also inside of a text that is quoted itself.
    {"<quote>", R"(\\*")"},
    // Paths that no other kind of server has.
    {"<path>", R"((?:/api/v1/(?:watch/)?(?:namespaces|nodes|pods|services|endpoints|configmaps|secrets|events)\b)"
               R"(|/apis/[a-z0-9.-]+/v[0-9]))"},
});

}  // namespace

const std::string_view kKnownLineAtoms =
    R"(nauthorized|to provide credentials|logged in to the server|ApiException: Message:|(?:^|[^0-9A-Za-z])401(?:[^0-9A-Za-z]|$))"
    R"(|"kind": "Status",$|^\s*(?:< )?'?[Aa]udit-[Ii]d)";

std::span<const KnownLine> known_lines() { return kKnown; }

std::string expand(std::string_view pattern) {
  std::string whole(pattern);
  for (const auto& part : kParts) {
    for (auto at = whole.find(part.name); at != std::string::npos; at = whole.find(part.name, at)) {
      whole.replace(at, part.name.size(), part.pattern);
    }
  }
  return whole;
}

}  // namespace remint::detect

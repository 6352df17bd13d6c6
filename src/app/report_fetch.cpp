#include "report_fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "remint/app/commands.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"
#include "remint/kube/server_url.hpp"

namespace remint::app {
namespace {

constexpr const char* kPath = "/report";
constexpr const char* kForward =
    "kubectl port-forward -n NAMESPACE pod/LEADER 8080, then remint report --url http://127.0.0.1:8080/report";

Result<controllers::Report> parse(const Result<std::string>& text, const std::string& from) {
  if (!text) return fail_in(text.error(), from);
  auto report = controllers::parse_report(*text);
  if (!report) return fail_in(report.error(), from);
  return report;
}

Result<controllers::Report> from_url(const std::string& given) {
  auto url = kube::parse_server_url(given);
  if (!url) return fail_in(url.error(), "--url");
  kube::prepare_process();
  const std::string path = url->path.empty() ? kPath : url->path;
  url->path.clear();
  kube::Config config;
  config.server = url->to_string();
  config.origin = "--url";
  auto transport = kube::make_transport(config, {"remint/" + version_text()});
  if (!transport) return fail_in(transport.error(), "--url");
  metrics::Registry metrics;
  kube::Client client(std::move(*transport), metrics, system_clock());
  return parse(client.get_path(path, std::stop_token()), sanitize(given, 200));
}

/// A leader that does not run in a pod has another identity: its host's name and a number.
bool is_pod_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

Result<controllers::Report> fetch_report(const ReportOptions& options) {
  if (!options.url.empty()) return from_url(options.url);
  const auto cluster = open_cluster(options.kube);
  if (!cluster) return std::unexpected(cluster.error());
  kube::Client& client = *(*cluster)->client;
  const ObjectKey key{options.own_namespace.empty() ? "remint-system" : options.own_namespace, options.lease_name};
  const std::stop_token never;
  const auto lease = client.get(kube::kLeases, key, never);
  if (!lease) {
    return fail_in(lease.error(), fmt::format("Lease {}, which names the leader (is Remint in another namespace? "
                                              "--lease-namespace)",
                                              key.to_string()));
  }
  const auto json = parse_json(*lease);
  if (!json) return std::unexpected(json.error());
  FieldErrors ignored;
  const auto leader = JsonReader(*json, ignored).at("spec").at("holderIdentity").string();
  if (leader.empty()) return fail(ErrorCode::kUnavailable, "nobody leads at present: Lease " + key.to_string());
  if (!is_pod_name(leader)) {
    return fail(ErrorCode::kInvalid, "the leader, " + sanitize(leader, 200) + ", is no pod: give its --url");
  }
  const auto path = fmt::format("/api/v1/namespaces/{}/pods/{}:{}/proxy{}", key.ns, leader, options.port, kPath);
  const auto text = client.get_path(path, never);
  if (!text && text.error().code == ErrorCode::kForbidden) {
    return fail_in(text.error(),
                   fmt::format("reading the report needs the right to get pods/proxy in {}; or: {}", key.ns, kForward));
  }
  return parse(text,
               fmt::format("pod {}/{}, through the API server (is it no pod, or is another --port its own? else: {})",
                           key.ns, leader, kForward));
}

}  // namespace remint::app

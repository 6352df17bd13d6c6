#include "cluster_access.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "remint/app/commands.hpp"
#include "remint/base/json.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"

namespace remint::app {
namespace {

struct Names {
  const kube::Resource* resource;
  std::string_view singular, short_name;
};
constexpr std::array kNames{Names{&kube::kDeployments, "deployment", "deploy"},
                            Names{&kube::kStatefulSets, "statefulset", "sts"},
                            Names{&kube::kDaemonSets, "daemonset", "ds"},
                            Names{&kube::kReplicaSets, "replicaset", "rs"},
                            Names{&kube::kReplicationControllers, "replicationcontroller", "rc"},
                            Names{&kube::kPods, "pod", "po"}};

}  // namespace

Result<std::unique_ptr<ClusterAccess>> open_cluster(const kube::LoadOptions& options) {
  kube::prepare_process();
  const auto config = kube::load_config(options);
  if (!config) return std::unexpected(config.error());
  auto transport = kube::make_transport(*config, {"remint/" + version_text()});
  if (!transport) return std::unexpected(transport.error());
  auto access = std::make_unique<ClusterAccess>();
  access->default_namespace = config->default_namespace;
  access->client = std::make_unique<kube::Client>(std::move(*transport), access->metrics, system_clock());
  return access;
}

Result<std::string> who_am_i(kube::Client& client) {
  constexpr kube::Resource kReviews{"authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false};
  const auto text = client.create(
      kReviews, "", R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})", std::stop_token());
  if (!text) return fail_in(text.error(), "asking the API server who you are");
  const auto json = parse_json(*text);
  if (!json) return std::unexpected(json.error());
  FieldErrors ignored;
  auto name = JsonReader(*json, ignored).at("status").at("userInfo").at("username").string();
  if (name.empty()) return fail(ErrorCode::kInternal, "the API server does not say who you are");
  return name;
}

Result<ObjectRef> parse_workload(const std::string& argument, const std::string& ns) {
  const auto slash = argument.find('/');
  std::string kind = argument.substr(0, slash);
  const std::string name = slash == std::string::npos ? "" : argument.substr(slash + 1);
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& known : kNames) {
    if (kind != known.singular && kind != known.short_name && kind != known.resource->plural) continue;
    if (name.empty() || name.find('/') != std::string::npos) break;
    return ObjectRef{known.resource->api_version(), std::string(known.resource->kind), ns, name, ""};
  }
  return fail(ErrorCode::kInvalid,
              "\"" + sanitize(argument, 200) +
                  "\" does not name a workload: write KIND/NAME, such as deploy/cart; kinds: deployment, statefulset, "
                  "daemonset, replicaset, replicationcontroller, pod, and their short names");
}

}  // namespace remint::app

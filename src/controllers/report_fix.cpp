// Where a workload comes from, and what would fix it for good.
#include <fmt/format.h>

#include <tuple>

#include "remint/base/text.hpp"
#include "remint/controllers/report.hpp"

namespace remint::controllers {
namespace {

constexpr std::size_t kMaxLabel = 63;  // Kubernetes' own bound on a label's value

std::string label(const detect::Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string() : sanitize(found->second, kMaxLabel);
}

/// "kube-state-metrics-5.8.1" -> name and version: at the first dash behind which a number and a dot stand, or a "v"
/// and these.
std::pair<std::string, std::string> split_chart(const std::string& chart) {
  for (auto dash = chart.find('-'); dash != std::string::npos; dash = chart.find('-', dash + 1)) {
    const auto begin = dash + (chart.substr(dash + 1, 1) == "v" ? 2U : 1U);
    const auto end = chart.find_first_not_of("0123456789", begin);
    if (end != std::string::npos && end > begin && chart[end] == '.')
      return {chart.substr(0, dash), chart.substr(dash + 1)};
  }
  return {chart, ""};
}

std::string with_version(const std::string& name, const std::string& version) {
  return version.empty() ? name : name + " " + version;
}

/// "It is Helm release monitoring, chart kube-state-metrics 5.8.1 (app version 2.9.2): ..."
std::string where_to_upgrade(const Origin& origin) {
  if (!origin.chart.empty()) {
    const std::string release = origin.release.empty() ? "" : fmt::format("Helm release {}, ", origin.release);
    const std::string app = origin.app_version.empty() ? "" : fmt::format(", app version {}", origin.app_version);
    return fmt::format("It comes from {}chart {}{}: a newer chart brings the newer client.", release,
                       with_version(origin.chart, origin.chart_version), app);
  }
  if (!origin.release.empty()) return fmt::format("It comes from Helm release {}: upgrade that.", origin.release);
  if (!origin.owner.empty()) {
    return fmt::format("It belongs to {}, so the operator behind that is to be upgraded.", origin.owner);
  }
  if (!origin.app.empty() && !origin.app_version.empty()) {
    const std::string by = origin.managed_by.empty() ? "" : fmt::format(", managed by {}", origin.managed_by);
    return fmt::format("It says that it is {} {}{}.", origin.app, origin.app_version, by);
  }
  if (!origin.managed_by.empty()) return fmt::format("It is managed by {}.", origin.managed_by);
  return "";
}

/// Where the client is not to blame, or not alone: what is.
std::string_view beyond_the_client(Diagnosis diagnosis) {
  using enum Diagnosis;
  switch (diagnosis) {
    case kServiceAccountRecreated:
      return "Its ServiceAccount was made anew: change it in place instead, for clients in good health fail too until "
             "their "
             "file is renewed.";
    case kSecretRegenerated:
      return "Its token's Secret was made anew: mount a projected token instead, which the kubelet renews.";
    case kBoundObjectChanged:
      return "What its token is bound to was made anew: a token for its own pod comes from a projected volume.";
    case kSigningKeyChanged:
      return "The key that signed its token is gone: when keys are changed, the old one must stay in "
             "--service-account-key-file until all tokens of it have ended.";
    case kCaChanged:
      return "The cluster's CA changed: trust both during a change, and have the program read ca.crt again.";
    case kNotYetValid:
      return "Its token is not valid yet: set the clocks of the API servers right.";
    case kWrongAudience:
      return "Its token is for another audience: mount one for the API server's; no restart helps.";
    case kForbidden:
      return "It is known and not allowed: grant it the right; no restart helps.";
    case kNoToken:
      return "It has no token: mount one (automountServiceAccountToken); no restart helps.";
    case kPodTerminating:
      return "Its pod is ending: nothing is to be done.";
    default:
      return "";
  }
}

bool client_matters(Diagnosis diagnosis) {
  using enum Diagnosis;
  return diagnosis != kNotYetValid && diagnosis != kWrongAudience && diagnosis != kForbidden && diagnosis != kNoToken &&
         diagnosis != kPodTerminating;
}

}  // namespace

Origin origin_of(const detect::Inventory& inventory, const ObjectRef& workload) {
  Origin origin;
  const auto read = [&origin](const detect::Labels& labels) {
    std::tie(origin.chart, origin.chart_version) = split_chart(label(labels, "helm.sh/chart"));
    origin.app = label(labels, "app.kubernetes.io/name");
    origin.app_version = label(labels, "app.kubernetes.io/version");
    origin.managed_by = label(labels, "app.kubernetes.io/managed-by");
    if (origin.managed_by.empty() && labels.contains("addonmanager.kubernetes.io/mode")) {
      origin.managed_by = "the cluster's add-on manager";
    }
  };
  if (const auto* record = inventory.workload(workload.uid)) {
    read(record->labels);
    origin.release = sanitize(record->helm_release, kMaxLabel);
    if (!record->owner.empty()) origin.owner = sanitize(record->owner.kind + "/" + record->owner.name, 2 * kMaxLabel);
  } else if (const auto pod = inventory.pod(workload.uid)) {
    read(pod->pod.labels);
  }
  return origin;
}

std::string fix_of(Diagnosis diagnosis, const detect::ClientLibrary& client, const Origin& origin) {
  std::string text(beyond_the_client(diagnosis));
  if (!client_matters(diagnosis)) return text;
  for (const auto& more : {client.advice, where_to_upgrade(origin)}) {
    if (more.empty()) continue;
    if (!text.empty()) text += ' ';
    text += more;
  }
  return text;
}

}  // namespace remint::controllers

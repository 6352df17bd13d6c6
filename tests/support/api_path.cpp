#include "support/api_path.hpp"

#include <algorithm>
#include <vector>

namespace remint::testing {
namespace {

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> result;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) result.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return result;
}

}  // namespace

std::optional<ApiPath> parse_api_path(std::string_view path) {
  auto parts = segments(path);
  ApiPath result;
  std::size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    result.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    result.group = parts[1];
    result.version = parts[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  // "/api/v1/namespaces/x" is the namespace itself, "/api/v1/namespaces/x/pods" what it holds.
  const bool itself = parts.size() == at + 3 && (parts[at + 2] == "status" || parts[at + 2] == "finalize");
  if (parts[at] == "namespaces" && parts.size() >= at + 3 && !itself) {
    result.ns = parts[at + 1];
    at += 2;
  }
  result.plural = parts[at++];
  if (at < parts.size()) result.name = parts[at++];
  if (at < parts.size()) result.subresource = parts[at++];
  if (at < parts.size()) return std::nullopt;
  return result;
}

ApiResources::ApiResources() {
  const auto plain = [this](ApiResource resource) {  // neither status nor generation
    resource.has_status = resource.has_generation = false;
    add(std::move(resource));
  };
  const auto ungenerated = [this](ApiResource resource) {
    resource.has_generation = false;
    add(std::move(resource));
  };
  ungenerated({"", "v1", "namespaces", "Namespace", false});
  ungenerated({"", "v1", "nodes", "Node", false});
  add({"", "v1", "pods", "Pod"});
  add({"", "v1", "replicationcontrollers", "ReplicationController"});
  plain({"", "v1", "configmaps", "ConfigMap"});
  plain({"", "v1", "secrets", "Secret"});
  plain({"", "v1", "serviceaccounts", "ServiceAccount"});
  plain({"events.k8s.io", "v1", "events", "Event"});
  plain({"", "v1", "events", "Event"});
  ApiResource lease{"coordination.k8s.io", "v1", "leases", "Lease"};
  lease.needs_version = true;
  plain(lease);
  add({"apps", "v1", "deployments", "Deployment"});
  add({"apps", "v1", "replicasets", "ReplicaSet"});
  add({"apps", "v1", "statefulsets", "StatefulSet"});
  add({"apps", "v1", "daemonsets", "DaemonSet"});
  add({"batch", "v1", "jobs", "Job"});
  add({"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"});
}

void ApiResources::add(ApiResource resource) {
  auto key = std::pair(resource.group, resource.plural);
  resources_[std::move(key)] = std::move(resource);
}

void ApiResources::remove(const std::string& group, const std::string& plural) { resources_.erase({group, plural}); }

const ApiResource* ApiResources::find(const std::string& group, const std::string& version,
                                      const std::string& plural) const {
  const auto it = resources_.find({group, plural});
  return it == resources_.end() || it->second.version != version ? nullptr : &it->second;
}

const ApiResource* ApiResources::find_kind(const std::string& api_version, const std::string& kind) const {
  const auto it = std::find_if(resources_.begin(), resources_.end(), [&](const auto& entry) {
    return entry.second.kind == kind && entry.second.api_version() == api_version;
  });
  return it == resources_.end() ? nullptr : &it->second;
}

bool ApiResources::has_group_version(const std::string& group, const std::string& version) const {
  return std::any_of(resources_.begin(), resources_.end(),
                     [&](const auto& entry) { return entry.second.group == group && entry.second.version == version; });
}

}  // namespace remint::testing

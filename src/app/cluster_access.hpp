#pragma once
// What the commands that people run beside the operator share: a way to the API server, and the naming of workloads.

#include <memory>

#include "remint/app/options.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::app {

struct ClusterAccess {
  metrics::Registry metrics;
  std::unique_ptr<kube::Client> client;
  std::string default_namespace;  ///< of the kubeconfig's context
};
/// With the person's own rights: no lease is asked for.
[[nodiscard]] Result<std::unique_ptr<ClusterAccess>> open_cluster(const kube::LoadOptions& options);

/// The user name by which the API server knows whoever runs this.
[[nodiscard]] Result<std::string> who_am_i(kube::Client& client);
/// "deploy/cart", "StatefulSet/db", "rc/web", "pod/shell": as kubectl takes them, without uid. kInvalid names the kinds
/// that are known.
[[nodiscard]] Result<ObjectRef> parse_workload(const std::string& argument, const std::string& ns);

}  // namespace remint::app

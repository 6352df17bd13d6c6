#pragma once
// Where the contract suite runs: against the in-process API server, or, with REMINT_CONTRACT_KUBECONFIG set, against a
// real one. REMINT_CONTRACT_ETCD ("http://127.0.0.1:2379") lets the suite compact a real one's history.

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "remint/base/json.hpp"
#include "remint/kube/client.hpp"
#include "remint/kube/config.hpp"

namespace remint::contract {

/// A custom resource that the suite installs for itself.
inline constexpr kube::Resource kThings{"contract.remint.dev", "v1", "things", "Thing", true};
inline constexpr kube::Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};
inline constexpr kube::Resource kBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true};

class Environment {
 public:
  Environment();
  /// Deletes the namespace.
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  [[nodiscard]] kube::Client& client() const;
  [[nodiscard]] const kube::Config& config() const;
  /// A namespace of this run, with a default ServiceAccount, so that pods can be created in it.
  [[nodiscard]] const std::string& ns() const;
  [[nodiscard]] bool can_compact() const;
  /// All history up to now is forgotten.
  void compact() const;

  // The client with JSON objects, failing the test when the server refuses.
  Json create(const kube::Resource& resource, const Json& object) const;
  [[nodiscard]] Json get(const kube::Resource& resource, const std::string& name) const;
  Json patch(const kube::Resource& resource, const std::string& name, const Json& patch,
             kube::PatchType type = kube::PatchType::kMerge, const std::string& subresource = {}) const;
  /// The error's code, or nothing when the server took it.
  [[nodiscard]] std::optional<ErrorCode> refused(const kube::Resource& resource, const std::string& name,
                                                 const Json& patch, kube::PatchType type,
                                                 const kube::WriteOptions& options = {}) const;
  [[nodiscard]] ObjectKey key(const std::string& name) const { return {ns(), name}; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The run's one environment; made by the first test that asks, gone after the last.
Environment& environment();

/// Never requested.
[[nodiscard]] std::stop_token no_stop();
/// A name that no other test of this run uses.
[[nodiscard]] std::string unique_name(const std::string& prefix);

}  // namespace remint::contract

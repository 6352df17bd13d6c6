#pragma once
// The resources that Remint touches.

#include "remint/kube/client.hpp"

namespace remint::kube {

inline constexpr Resource kPods{"", "v1", "pods", "Pod", true};
inline constexpr Resource kNodes{"", "v1", "nodes", "Node", false};
inline constexpr Resource kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr Resource kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
inline constexpr Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};
inline constexpr Resource kReplicationControllers{"", "v1", "replicationcontrollers", "ReplicationController", true};
inline constexpr Resource kDeployments{"apps", "v1", "deployments", "Deployment", true};
inline constexpr Resource kReplicaSets{"apps", "v1", "replicasets", "ReplicaSet", true};
inline constexpr Resource kStatefulSets{"apps", "v1", "statefulsets", "StatefulSet", true};
inline constexpr Resource kDaemonSets{"apps", "v1", "daemonsets", "DaemonSet", true};
inline constexpr Resource kAutoscalers{"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler",
                                       true};
inline constexpr Resource kDisruptionBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true};
inline constexpr Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline constexpr Resource kEvents{"events.k8s.io", "v1", "events", "Event", true};
/// What is in them never leaves the API server.
inline constexpr Resource kSecrets{"", "v1", "secrets", "Secret", true, true};
inline constexpr Resource kClusterPolicies{"remint.dev", "v1alpha1", "clustertokenrefreshpolicies",
                                           "ClusterTokenRefreshPolicy", false};
inline constexpr Resource kPolicies{"remint.dev", "v1alpha1", "tokenrefreshpolicies", "TokenRefreshPolicy", true};
inline constexpr Resource kWorkloadRestarts{"remint.dev", "v1alpha1", "workloadrestarts", "WorkloadRestart", true};

/// The workloads (pods too) whose objects Remint reads and writes, by kind; nullptr for any other.
[[nodiscard]] constexpr const Resource* workload_resource(std::string_view kind) {
  for (const Resource* resource :
       {&kDeployments, &kStatefulSets, &kDaemonSets, &kReplicaSets, &kReplicationControllers, &kPods}) {
    if (resource->kind == kind) return resource;
  }
  return nullptr;
}

}  // namespace remint::kube

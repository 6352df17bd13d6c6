#include "remint/detect/cluster_object.hpp"

#include <algorithm>
#include <array>

namespace remint::detect {
namespace {

using enum ObjectKind;

constexpr std::array<std::pair<ObjectKind, ApiKind>, 10> kKinds{{
    {kPod, {"v1", "Pod"}},
    {kReplicaSet, {"apps/v1", "ReplicaSet"}},
    {kDeployment, {"apps/v1", "Deployment"}},
    {kStatefulSet, {"apps/v1", "StatefulSet"}},
    {kDaemonSet, {"apps/v1", "DaemonSet"}},
    {kReplicationController, {"v1", "ReplicationController"}},
    {kNode, {"v1", "Node"}},
    {kNamespace, {"v1", "Namespace"}},
    {kServiceAccount, {"v1", "ServiceAccount"}},
    {kTokenSecret, {"v1", "Secret"}},
}};

template <class Record>
Result<ClusterObject> as_object(ObjectKind kind, Result<Record> record) {
  if (!record) return fail_in(record.error(), std::string(api_kind(kind).kind));
  return ClusterObject{kind, std::move(*record)};
}

const std::string& id_of(const PodRecord& pod) { return pod.uid; }
const std::string& id_of(const WorkloadRecord& workload) { return workload.ref.uid; }
const std::string& id_of(const NodeRecord& node) { return node.name; }
const std::string& id_of(const NamespaceRecord& ns) { return ns.name; }
const std::string& id_of(const ServiceAccountRecord& account) { return account.uid; }
const std::string& id_of(const TokenSecretRecord& secret) { return secret.uid; }

}  // namespace

ApiKind api_kind(ObjectKind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<ObjectKind, ApiKind>::first)->second;
}

std::optional<ObjectKind> object_kind(std::string_view kind) {
  const auto found = std::ranges::find(kKinds, kind, [](const auto& each) { return each.second.kind; });
  if (found == kKinds.end()) return std::nullopt;
  return found->first;
}

const std::string& ClusterObject::id() const {
  return std::visit([](const auto& each) -> const std::string& { return id_of(each); }, record);
}

void ClusterObject::apply_to(Inventory& inventory, Time now) const {
  if (const auto* pod = std::get_if<PodRecord>(&record)) return inventory.apply(*pod, now);
  if (const auto* workload = std::get_if<WorkloadRecord>(&record)) return inventory.apply(kind, *workload);
  if (const auto* node = std::get_if<NodeRecord>(&record)) return inventory.apply(*node);
  if (const auto* ns = std::get_if<NamespaceRecord>(&record)) return inventory.apply(*ns);
  if (const auto* account = std::get_if<ServiceAccountRecord>(&record)) return inventory.apply(*account);
  if (const auto* secret = std::get_if<TokenSecretRecord>(&record)) return inventory.apply(*secret);
}

Result<ClusterObject> decode_object(ObjectKind kind, std::string_view json) {
  switch (kind) {
    case kPod:
      return as_object(kind, decode_pod(json));
    case kNode:
      return as_object(kind, decode_node(json));
    case kNamespace:
      return as_object(kind, decode_namespace(json));
    case kServiceAccount:
      return as_object(kind, decode_service_account(json));
    case kTokenSecret:
      return as_object(kind, decode_token_secret(json));
    case kReplicaSet:
    case kDeployment:
    case kStatefulSet:
    case kDaemonSet:
    case kReplicationController:
      break;
  }
  const auto [api_version, name] = api_kind(kind);
  return as_object(kind, decode_workload(json, api_version, name));
}

}  // namespace remint::detect

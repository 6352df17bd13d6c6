#pragma once
// The fields of cluster objects that detection keeps, and their decoders from raw JSON (simdjson on demand).

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/ip.hpp"
#include "remint/base/object.hpp"
#include "remint/base/result.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

using Labels = std::map<std::string, std::string, std::less<>>;

/// The owner reference with controller: true; empty kind when there is none.
struct OwnerRef {
  std::string api_version, kind, name, uid;
  [[nodiscard]] bool empty() const { return kind.empty(); }
};

/// What the kubelet says of one container (status.containerStatuses; init and ephemeral containers are not kept).
struct ContainerState {
  std::string name;
  std::optional<Time> running_since;  ///< state.running.startedAt: its present life
  std::optional<Time> last_ended;     ///< lastState.terminated.finishedAt: its last one
  std::int32_t exit_code = 0;         ///< of that one
  std::uint32_t restarts = 0;         ///< restartCount
  bool crash_looping = false;         ///< waits with CrashLoopBackOff
  std::optional<Time> last_began{};   ///< lastState.terminated.startedAt
  friend bool operator==(const ContainerState&, const ContainerState&) = default;
};

struct PodRecord {
  static constexpr std::size_t kMaxContainers = 16;  ///< the first of them are kept

  std::string uid, ns, name, node, service_account, resource_version;
  std::vector<IpAddress> ips;  ///< status.podIPs (or podIP)
  bool host_network = false;
  bool mirror = false;    ///< annotation kubernetes.io/config.mirror
  bool finished = false;  ///< phase Succeeded or Failed
  bool ready = false;     ///< condition Ready
  Time created{};
  std::optional<Time> started;   ///< status.startTime
  std::optional<Time> deleting;  ///< metadata.deletionTimestamp: any value means terminating
  OwnerRef owner;
  std::string revision;  ///< label pod-template-hash or controller-revision-hash
  /// expirationSeconds of its mounted tokens for the API server, the longest; zero: no such token is mounted.
  std::chrono::seconds token_lifetime{0};
  std::string secrets;   ///< names of the Secrets that it mounts, one a line, at most 256 bytes
  std::string programs;  ///< names of its containers, their images and commands, one a line, at most 256 bytes
  Labels labels;         ///< kept for bare pods only (policies select workloads by label)
  Labels annotations;    ///< only those beginning with "remint.dev/"
  std::vector<ContainerState> containers{};
};

/// Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController (and, by metadata alone, anything else).
struct WorkloadRecord {
  ObjectRef ref;
  std::string resource_version;
  OwnerRef owner;
  Labels labels;
  Labels annotations;           ///< only those beginning with "remint.dev/"
  Labels template_annotations;  ///< likewise, of its pod template
  bool deleting = false;
  bool paused = false;     ///< spec.paused of a Deployment
  bool on_delete = false;  ///< updateStrategy OnDelete
  bool stuck =
      false;  ///< condition Progressing=False (ProgressDeadlineExceeded), or partition > 0 rollouts that cannot move
  std::int64_t replicas = 1;  ///< spec.replicas (default 1); desiredNumberScheduled of a DaemonSet
  std::int64_t generation = 0, observed_generation = 0;
  std::string helm_release{};  ///< annotation meta.helm.sh/release-name
};

struct NodeRecord {
  std::string name;
  std::vector<IpAddress> addresses;  ///< InternalIP and ExternalIP
};

struct ServiceAccountRecord {
  std::string ns, name, uid;
  Time created{};
};

/// A Secret of type kubernetes.io/service-account-token, by its metadata alone.
struct TokenSecretRecord {
  std::string ns, name, uid;
  Time created{};
  std::string account_uid{};  ///< of the ServiceAccount whose token it holds; empty: there is none in it yet
};

struct NamespaceRecord {
  std::string name;
  Labels labels;
  Labels annotations{};  ///< only those beginning with "remint.dev/"
};

/// All throw nothing; errors name the field. Input at most 4 MiB.
[[nodiscard]] Result<PodRecord> decode_pod(std::string_view json);
/// The kind is taken from the object when it says so, else from the arguments (items of a List do not say).
[[nodiscard]] Result<WorkloadRecord> decode_workload(std::string_view json, std::string_view api_version,
                                                     std::string_view kind);
[[nodiscard]] Result<NodeRecord> decode_node(std::string_view json);
[[nodiscard]] Result<NamespaceRecord> decode_namespace(std::string_view json);
[[nodiscard]] Result<ServiceAccountRecord> decode_service_account(std::string_view json);
[[nodiscard]] Result<TokenSecretRecord> decode_token_secret(std::string_view json);

}  // namespace remint::detect

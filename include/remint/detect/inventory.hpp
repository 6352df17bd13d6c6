#pragma once
// What runs in the cluster, as far as attribution needs it: pods by UID and by address over time, owners, nodes,
// namespaces. Pure and single-owner: the detection thread's. Memory: under 1.2 KB a pod.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/detect/objects.hpp"
#include "remint/detect/trust.hpp"

namespace remint::detect {

enum class ObjectKind : std::uint8_t {
  kPod,
  kReplicaSet,
  kDeployment,
  kStatefulSet,
  kDaemonSet,
  kReplicationController,
  kNode,
  kNamespace,
  kServiceAccount,
  kTokenSecret
};

/// Controllers whose objects the inventory is told of. Of any other kind it knows what owner references say.
[[nodiscard]] bool is_watched_controller(std::string_view api_version, std::string_view kind);

/// A pod as the inventory gives it out (texts copied; this is not the hot path).
struct PodView {
  PodRecord pod;
  ObjectRef workload;  ///< topmost owner known; the pod itself when bare
};

/// A live pod (not finished, not terminating) in passing; texts are valid until the next change.
struct LivePod {
  std::string_view uid, ns, owner_uid;  ///< owner_uid: of its controller; empty for a bare pod
};

/// Whose address it was at a time.
enum class AddressOwner : std::uint8_t {
  kPod,        ///< exactly one pod
  kAmbiguous,  ///< changed hands too close to that time to say
  kNode,       ///< a node's: hostNetwork or source NAT
  kOtherTime,  ///< a pod's, but not at that time: the pod is younger than the event, or was gone
  kExternal,   ///< nobody's in this cluster
};
struct AddressAnswer {
  AddressOwner owner = AddressOwner::kExternal;
  std::string_view
      pod_uid;   ///< for kPod; valid until the next change. The pod may have been removed since: see has_pod
  Time since{};  ///< for kPod: since when it is known to have the address (the pod's start)
};

struct InventorySettings {
  Duration address_memory = std::chrono::minutes(15);  ///< how long a released address is still answered for
  Duration handover_slack = std::chrono::seconds(2);   ///< closer to a change of hands than this is ambiguous
};

class Inventory {
 public:
  explicit Inventory(InventorySettings settings = {});
  ~Inventory();

  void apply(const PodRecord& pod, Time now);
  /// A ReplicaSet that a Deployment has scaled to 0 and that has no pods is not kept: there are ten of them for each in
  /// use.
  void apply(ObjectKind kind, WorkloadRecord workload);
  void apply(NodeRecord node);
  void apply(NamespaceRecord ns);
  void apply(ServiceAccountRecord account);
  void apply(TokenSecretRecord secret);
  /// For pods `now` ends the hold on their addresses, which are still answered for during `address_memory`.
  void remove(ObjectKind kind, std::string_view uid_or_name, Time now);
  /// Relist: between begin and end, what is not applied again is removed at end.
  void begin_relist(ObjectKind kind);
  void end_relist(ObjectKind kind, Time now);
  /// One of the same kind that follows within an hour is the same one: API servers are replaced one after the other.
  void apply(TrustChange change);
  /// At most one of each kind, of the last kTrustMemory.
  [[nodiscard]] const std::vector<TrustChange>& trust_changes() const;
  /// Whether legacy tokens come out the same each time: all are signed with one RSA key. Not known: false.
  void set_tokens_repeat(bool repeat);
  /// The newest change, since the pod was started, of what its token or connections hang on; its ServiceAccount, or a
  /// Secret with a token that it mounts, made anew is one, too. For all pods in turn: nothing is copied while there is
  /// none.
  [[nodiscard]] std::optional<TrustChange> change_since_start(std::string_view pod_uid) const;
  /// Forgets what is older than the memory settings.
  void expire(Time now);

  [[nodiscard]] AddressAnswer who_had(const IpAddress& address, Time at) const;
  [[nodiscard]] std::optional<PodView> pod(std::string_view uid) const;
  [[nodiscard]] bool has_pod(std::string_view uid) const;
  /// Topmost owner of a watched kind, following controller references at most 8 steps: a Deployment that belongs to an
  /// operator's own object is the workload, for that object Remint cannot restart. One that is not (yet) in the caches
  /// is returned as its reference says, and so is a pod's own controller of any other kind (a Job, a Node, an
  /// operator's own): shown as what it is. A reference whose UID belongs to an object of another namespace, kind or
  /// name is a lie, and ends the walk: whoever may create pods could otherwise accuse anybody's workload.
  [[nodiscard]] ObjectRef workload_of(const PodRecord& pod) const;
  [[nodiscard]] const WorkloadRecord* workload(std::string_view uid) const;
  [[nodiscard]] const NamespaceRecord* ns(std::string_view name) const;
  [[nodiscard]] const ServiceAccountRecord* service_account(std::string_view ns, std::string_view name) const;
  [[nodiscard]] const ServiceAccountRecord* service_account(std::string_view uid) const;
  /// The newest of the Secrets with tokens that the pod mounts and that were made anew since it was started, as far as
  /// they are watched; null: none. Not one that holds the same token again (set_tokens_repeat), for its ServiceAccount
  /// is as old as the pod.
  [[nodiscard]] const TokenSecretRecord* secret_made_anew(const PodRecord& pod) const;
  /// UIDs of live (not finished, not terminating) pods of a workload, in no particular order.
  [[nodiscard]] std::vector<std::string> live_pods(std::string_view workload_uid) const;
  /// Calls `see` with each live pod, in no particular order. Costs little: for 10,000 pods at a time.
  void each_live_pod(const std::function<void(const LivePod&)>& see) const;
  /// UIDs of the pods on a node, finished and terminating ones too; valid until the next change.
  [[nodiscard]] std::vector<std::string_view> pods_on(std::string_view node) const;
  /// The node whose own address it is; empty: nobody's.
  [[nodiscard]] std::string_view node_at(const IpAddress& address) const;
  [[nodiscard]] std::size_t pod_count() const;
  /// Workloads with pods, by namespace: topmost controllers of a watched kind that want at least one pod, and bare
  /// pods. Linear in controllers and pods.
  [[nodiscard]] std::map<std::string, std::size_t, std::less<>> workloads_by_namespace() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect

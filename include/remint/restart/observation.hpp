#pragma once
// What a strategy looks at before each step: read anew from the API server, except for the health of pods, which
// detection tells.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/restart/effects.hpp"

namespace remint::restart {

/// On the pods that RollingReplace's second controller makes; between two controllers they have none for a moment.
inline constexpr const char* kRestartLabel = "remint.dev/restart";

/// A workload of any kind whose object Remint can read.
struct TargetState {
  std::string uid, resource_version;
  std::string object;        ///< the object as the API server sent it, JSON text
  std::string restarted_at;  ///< template annotation kubectl.kubernetes.io/restartedAt
  std::string controller;    ///< "Kind/name" of the controller that owns it; empty: none
  bool deleting = false, paused = false, on_delete = false, progress_deadline_exceeded = false;
  std::int64_t replicas = 1;  ///< desired: spec.replicas; of a DaemonSet as scheduled; of a pod 1
  std::int64_t generation = 0, observed_generation = 0;
  std::int64_t updated = 0, ready = 0, available = 0,
               current = 0;                       ///< of the status; a DaemonSet's as scheduled numbers
  std::string update_revision, current_revision;  ///< StatefulSet
  std::int64_t partition = 0;                     ///< StatefulSet: pods below it keep the old template
  bool between_controllers = false;               ///< Pod: bears kRestartLabel
  bool mirror = false, finished = false;          ///< Pod: annotation kubernetes.io/config.mirror; Succeeded or Failed
};

/// The one apiVersion under which Remint reads workloads of this kind (pods too); "": it knows the kind by its pods
/// only. The same as kube::workload_resource(), which this layer does not see.
[[nodiscard]] std::string_view readable_version(std::string_view kind);
/// From a Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Pod, as the API server sent it.
[[nodiscard]] Result<TargetState> parse_target(std::string_view object);

/// Has every pod been replaced by the newest template and become available? As `kubectl rollout status` decides it.
struct RolloutProgress {
  bool done = false;
  std::string text;  ///< "2 of 3 updated, 1 available"
};
/// Of a Deployment, StatefulSet or DaemonSet.
[[nodiscard]] RolloutProgress rollout_progress(const std::string& kind, const TargetState& target);

/// One pod of the target (or of its successor), read anew.
struct PodState {
  std::string name, uid;
  std::string controller_uid;  ///< of the owner reference with controller: true
  Time created{};
  bool ready = false;
  std::optional<Time> ready_since;  ///< of the condition Ready
  bool terminating = false;
  std::optional<Time> grace_over;  ///< of a terminating one: when its grace period ends (deletionTimestamp)
  bool finished = false;           ///< phase Succeeded or Failed
};
/// From a Pod as the API server sent it.
[[nodiscard]] Result<PodState> parse_pod(std::string_view object);

/// How the new pods do, as detection heard it since the restart began.
struct VerificationInput {
  unsigned pods = 0;           ///< live pods of the workload created at or after new_pods_since()
  unsigned authenticated = 0;  ///< of these, whose last request was accepted
  unsigned failing = 0;        ///< of these, with `failing_threshold` or more rejections since their last success
  unsigned heard = 0;          ///< of these, heard at all
};

/// Which looks a step needs: so that the shell reads no more than that.
struct Needs {
  bool target = false;
  bool pods = false;          ///< all pods that the target controls, directly or through ReplicaSets of its own
  bool autoscaler = false;    ///< the HorizontalPodAutoscaler that targets it
  std::string successor;      ///< name of another object of the target's kind to look at, with its pods
  bool verification = false;  ///< health of the pods created since new_pods_since(), of workload verification_uid()
};

struct Observation {
  /// Absent when this step needs no look. kNotFound is an observation too: target_gone.
  std::optional<TargetState> target;
  bool target_gone = false;
  std::optional<std::vector<PodState>> pods;  ///< by name; of the target
  std::string autoscaler;                     ///< its name; empty: none
  std::optional<TargetState> successor;       ///< absent: there is none of that name
  std::vector<PodState> successor_pods;
  std::optional<VerificationInput> verification;
  bool namespace_deleting = false;  ///< looked up only when the journal itself is being deleted
  std::optional<Answer> answer;     ///< to the effect that wanted one; then all else is as it was before that effect
};

}  // namespace remint::restart

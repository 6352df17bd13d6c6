#pragma once
// RolloutRestart as a pure state machine: step(journal, observation, now) -> (status to write, effects to carry out).
// The status is written to the API server first; the effects are carried out only after that write succeeded. Any
// replica can go on from any status: repeating a step is harmless.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "remint/restart/journal.hpp"

namespace remint::restart {

/// The target as a fresh read of the API server shows it.
struct TargetState {
  std::string uid, resource_version;
  std::string restarted_at;  ///< template annotation kubectl.kubernetes.io/restartedAt
  bool deleting = false, paused = false, on_delete = false, progress_deadline_exceeded = false;
  std::int64_t replicas = 1;  ///< desired
  std::int64_t generation = 0, observed_generation = 0;
  std::int64_t updated = 0, ready = 0, available = 0,
               current = 0;                       ///< of the status; a DaemonSet's as scheduled numbers
  std::string update_revision, current_revision;  ///< StatefulSet
  std::int64_t partition = 0;                     ///< StatefulSet: pods below it keep the old template
};

/// From a Deployment, StatefulSet or DaemonSet object.
[[nodiscard]] Result<TargetState> parse_target(const Json& object);
/// Has every pod been replaced by the newest template and become available? As `kubectl rollout status` decides it.
struct RolloutProgress {
  bool done = false;
  std::string text;  ///< "2 of 3 updated, 1 available"
};
[[nodiscard]] RolloutProgress rollout_progress(const std::string& kind, const TargetState& target);

/// How the new pods do, as detection heard it since the rollout.
struct VerificationInput {
  unsigned pods = 0;           ///< live pods of the workload created at or after new_pods_since()
  unsigned authenticated = 0;  ///< of these, whose last request was accepted
  unsigned failing = 0;        ///< of these, with `failing_threshold` or more rejections since their last success
  unsigned heard = 0;          ///< of these, heard at all
};

struct Observation {
  /// Absent when this step needs no look. kNotFound is an observation too: target_gone.
  std::optional<TargetState> target;
  bool target_gone = false;
  std::optional<VerificationInput> verification;
};

/// Effects, in order, after the status was written.
struct PatchTemplate {  ///< strategic merge patch of spec.template.metadata.annotations, with resourceVersion and UID
  std::string restarted_at;
  std::string resource_version;  ///< precondition: the target as observed
  std::string uid;
};
struct Notify {  ///< an Event on the target (and on the WorkloadRestart)
  bool warning = false;
  std::string reason;  ///< CamelCase: "RestartStarted", "RestartCured", ...
  std::string message;
};
using Effect = std::variant<PatchTemplate, Notify>;

struct Step {
  JournalStatus status;  ///< equal to the journal's when nothing changed: then nothing is written
  std::vector<Effect> effects;
  std::optional<Duration> look_again;  ///< absent in final phases
};

struct MachineSettings {
  Duration poll = std::chrono::seconds(2);
  Duration rollout_deadline = std::chrono::minutes(15);  ///< beyond the Deployment's own progress deadline
  unsigned failing_threshold = 3;
  Duration quiet = std::chrono::seconds(
      30);  ///< all new pods authenticated and none failing for this long (or until observe is over): Cured
};

/// Never throws, reads no clock.
[[nodiscard]] Step step(const Journal& journal, const Observation& observation, const MachineSettings& settings,
                        Time now);
/// From when on pods count as new. The moment before the patch, not when it was noticed, which after a crash may be
/// much later; in whole seconds, as creationTimestamps are.
[[nodiscard]] Time new_pods_since(const Journal& journal);
/// Which looks step() needs next: so that the shell reads no more than that.
struct Needs {
  bool target = false;
  bool verification = false;
};
[[nodiscard]] Needs needs(const Journal& journal);

}  // namespace remint::restart

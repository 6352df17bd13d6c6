#pragma once
// Detection and policy put together, without threads, clocks or sockets: signals and objects in, decisions out.
// Production (DetectionController) and `remint replay` drive this same class. Single-owner.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "remint/detect/cluster_object.hpp"
#include "remint/detect/detector.hpp"
#include "remint/policy/decide.hpp"

namespace remint::controllers {

/// One decision about one workload, with all that explains it.
struct WorkloadDecision {
  Time time{};
  detect::Case the_case;  ///< as it stood when it was decided
  policy::Decision decision;
  Duration observe{};        ///< the policy's verification.observe
  unsigned attempt = 1;      ///< which try at this cause
  std::string restart_name;  ///< for Restart: the WorkloadRestart's deterministic name
};

struct EngineSettings {
  detect::DetectorSettings detector;
  std::string own_namespace;
  /// For replay, where nobody carries restarts out: each is taken to end after this long, or after the
  /// policy's `verification.observe` when that is shorter. Absent in production, where
  /// set_restart() tells.
  std::optional<Duration> assumed_restart;
};

class DetectionEngine {
 public:
  explicit DetectionEngine(EngineSettings settings);

  [[nodiscard]] detect::Detector& detector() { return detector_; }
  [[nodiscard]] const detect::Detector& detector() const { return detector_; }
  void observe(const detect::AuditReport& report, const detect::AuditBatch& batch, Time now);
  /// To the inventory and all that hangs on it: a pod that begins to terminate closes its case, and whoever unpauses a
  /// Deployment expects an answer now.
  void apply(const detect::ClusterObject& object, Time now);
  /// By UID, or a node's or namespace's name.
  void remove(detect::ObjectKind kind, const std::string& id, Time now);

  void set_policies(std::vector<policy::Policy> policies);
  [[nodiscard]] const std::vector<policy::Policy>& policies() const { return policies_; }
  /// A WorkloadRestart as the API server has it; replaces what the engine assumed under that name.
  void set_restart(const std::string& ns, policy::PastRestart restart);
  /// Deleted, or never created after all.
  void remove_restart(const std::string& ns, const std::string& name);
  /// What was decided is looked at again, all of it.
  void reconsider() { reconsider_all_ = true; }

  /// Decides what is due. Returns decisions that are new or differ in kind, check, strategy, policy or time from the
  /// last one about the workload; a Restart is counted against the limits at once.
  [[nodiscard]] std::vector<WorkloadDecision> advance(Time now);
  /// When advance() has something to do although nothing happens; never earlier than the last advance().
  [[nodiscard]] std::optional<Time> next_deadline() const;

  /// The last decision about each workload with an open case, for policy status.
  [[nodiscard]] std::vector<WorkloadDecision> open_decisions() const;
  /// Cases that never got a decision: below their policy's thresholds. For the end of a replay.
  [[nodiscard]] std::vector<WorkloadDecision> undecided(Time now) const;

 private:
  struct Remembered {
    WorkloadDecision last;
    bool decided = false;  ///< false: only pending so far
    std::optional<Time> look_again;
    std::optional<Time> closed;  ///< since when there is no case
  };

  void object_changed(detect::ObjectKind kind, const std::string& id);
  [[nodiscard]] std::vector<policy::PastRestart> restarts() const;
  [[nodiscard]] WorkloadDecision decide(const detect::Case& the_case, Time now) const;
  void finish_assumed(Time now);
  void close(const std::string& uid, Time now);
  void assume_restart(const WorkloadDecision& decision);

  EngineSettings settings_;
  detect::Detector detector_;
  std::vector<policy::Policy> policies_;
  std::map<std::string, policy::PastRestart> restarts_;  ///< by namespace/name
  std::map<std::string, Remembered> remembered_;         ///< by workload UID
  bool reconsider_all_ = false;
  Time last_advance_{}, last_expire_{};
};

}  // namespace remint::controllers

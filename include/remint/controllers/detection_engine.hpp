#pragma once
// Detection and policy put together, without threads, clocks or sockets: signals and objects in, decisions out.
// Production (DetectionController) and `remint replay` drive this same class. Single-owner.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "remint/detect/cluster_object.hpp"
#include "remint/detect/detector.hpp"
#include "remint/detect/kubernetes_event.hpp"
#include "remint/policy/decide.hpp"

namespace remint::controllers {

/// One decision about one workload, with all that explains it.
struct WorkloadDecision {
  Time time{};
  detect::Case the_case;  ///< as it stood when it was decided
  policy::Decision decision;
  Duration observe{};        ///< the policy's verification.observe
  unsigned attempt = 1;      ///< which try at this cause
  std::string restart_name;  ///< for Restart, and for what stands: the WorkloadRestart's deterministic name
};

/// A WorkloadRestart that waited to be allowed, and is not to begin any more.
struct Withdrawal {
  std::string ns, name;
  ObjectRef workload;
  std::string_view reason;  ///< restart::kWithdrawn, kLapsed or kDenied
  std::string why;          ///< a sentence for people
};

/// What a policy's object says of its storm brake: it outlives the leader there.
struct StormMemory {
  std::optional<policy::Storm> storm;  ///< of its status
  std::optional<Time> resumed;         ///< of the annotation remint.dev/resumed-at
};

/// For policy status.
struct OpenState {
  std::vector<WorkloadDecision> decisions;      ///< the last one about each workload with an open case
  std::map<std::string, policy::Storm> storms;  ///< brakes that are on, by Policy::reference()
  std::string suspended;                        ///< the cluster's kill switch; empty: off
};

/// A workload with an open case as it stands at this moment, for the report.
struct OpenWorkload {
  detect::Case the_case;
  policy::Decision decision;
  std::string restart_name;                    ///< of the decision's WorkloadRestart, whether it exists or not
  std::optional<policy::PastRestart> restart;  ///< that one, if it exists
};
/// A live pod whose log is to be read, because the policy that speaks for it has podLog.enabled.
struct PodLogTarget {
  std::string uid, ns, name;
  std::vector<detect::ContainerState> containers;  ///< as the kubelet told of them last; empty: it has not yet
  /// The policy's podLog.patterns. Equal lists are one object for as long as a policy has them: a key for what is made
  /// of them.
  std::shared_ptr<const std::vector<std::string>> patterns;
  bool accused = false;  ///< of an open case, or one that may be meant by it
};
/// When something of each source came last; nothing: never.
struct Heard {
  std::optional<Time> audit, accepted;  ///< accepted: requests of pods
  std::optional<Time> apiserver_log;    ///< lines about refused tokens
  std::optional<Time> pod_log;          ///< posts; what Remint follows itself is not told of
  std::optional<Time> kubernetes_event;
};
/// How a workload with an open case stands; the first that is true of it.
enum class RiskState : std::uint8_t {
  kBroken,     ///< refused now: the audit log says so, or logs or Events that its policy calls sufficient
  kSilent,     ///< not accepted any more since what it hangs on was replaced
  kSuspected,  ///< only logs or Events say that it is refused, and its policy does not call them sufficient
  kWillBreak,  ///< accepted as yet
};
/// Of all open cases, listed or not.
struct RiskCounts {
  std::map<Diagnosis, std::size_t> by_diagnosis;
  std::size_t broken = 0, suspected = 0;
  std::optional<Time> next_break;  ///< the earliest that is still to come
};

struct EngineSettings {
  detect::DetectorSettings detector;
  std::string own_namespace;
  /// For replay, where nobody carries restarts out: each is taken to end after this long, or after the
  /// policy's `verification.observe` when that is shorter. Absent in production, where
  /// set_restart() tells.
  std::optional<Duration> assumed_restart;
  /// A restart that waits to be allowed, and for which nothing has spoken for so long, is withdrawn. After a change of
  /// leader every case begins anew, so this must be longer than the slowest client's pause between two requests.
  Duration standing_patience = std::chrono::minutes(10);
  /// The same where something had spoken for it, and its case was then closed: pods that are gone, or were heard well.
  Duration closed_patience = std::chrono::seconds(30);
};

class DetectionEngine {
 public:
  explicit DetectionEngine(EngineSettings settings);

  [[nodiscard]] detect::Detector& detector() { return detector_; }
  [[nodiscard]] const detect::Detector& detector() const { return detector_; }
  void observe(const detect::AuditReport& report, const detect::AuditBatch& batch, Time now);
  /// Lines of one API server's log.
  void observe(detect::ReasonJoin::Stream stream, std::vector<detect::ApiServerLine> lines, Time now);
  /// Somebody posted pods' logs; what they say comes as clues.
  void pod_log_posted(Time now) { heard_.pod_log = now; }
  [[nodiscard]] const Heard& heard() const { return heard_; }
  /// detection_engine_events.cpp. A clue, where the policy that speaks for whom it accuses has kubernetesEvent.enabled.
  void observe(const detect::KubernetesEvent& event, Time now);
  /// To the inventory and all that hangs on it: a pod that begins to terminate closes its case, and whoever unpauses a
  /// Deployment expects an answer now.
  void apply(const detect::ClusterObject& object, Time now);
  /// By UID, or a node's or namespace's name.
  void remove(detect::ObjectKind kind, const std::string& id, Time now);

  /// `memories` by Policy::reference(); a brake that is on here is not taken off by one that is missing there.
  void set_policies(std::vector<policy::Policy> policies, std::map<std::string, StormMemory> memories = {});
  /// The cluster's kill switch: who or what says so; empty: off.
  void set_suspended(std::string why);
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
  /// What advance() found not to stand any more; each once.
  [[nodiscard]] std::vector<Withdrawal> take_withdrawals();
  /// detection_engine_logs.cpp. At most so many pods whose logs are to be followed: accused ones first, then by UID;
  /// `left_out`, if given, becomes how many more there are. Never one of Remint's own namespace. For 10,000 pods some
  /// ten milliseconds; nothing while no policy asks.
  [[nodiscard]] std::vector<PodLogTarget> pod_log_targets(std::size_t most, std::size_t* left_out = nullptr) const;
  /// Pods into whose logs one look is worth taking: advance() refused to act because it was not sure whose the
  /// rejections are. Each pod at most once an hour for one case; kMaxLooks of them wait at most, the oldest go.
  [[nodiscard]] std::vector<PodLogTarget> take_looks();
  static constexpr std::size_t kMaxLooks = 50;
  /// A look into this pod's log came to nothing: it may be asked for again, two minutes from now.
  void look_failed(const std::string& uid, Time now);
  /// When advance() has something to do although nothing happens; never earlier than the last advance().
  [[nodiscard]] std::optional<Time> next_deadline() const;

  /// The last decision about each workload with an open case, for policy status.
  [[nodiscard]] std::vector<WorkloadDecision> open_decisions() const;
  [[nodiscard]] OpenState open_state() const;
  /// detection_engine_risks.cpp. Cases that are open as of the last advance(), worst first, at most so many; those
  /// below their policy's thresholds too.
  [[nodiscard]] std::vector<OpenWorkload> open_workloads(std::size_t most, Time now) const;
  [[nodiscard]] RiskState risk_state(const detect::Case& the_case) const;
  /// Cheap: cases as they stood when they were looked at last.
  [[nodiscard]] RiskCounts risk_counts(Time now) const;
  [[nodiscard]] const std::string& suspended() const { return suspended_; }
  /// Brakes that are on, by Policy::reference().
  [[nodiscard]] const std::map<std::string, policy::Storm>& storms() const { return storms_; }
  /// Cases that never got a decision: below their policy's thresholds. For the end of a replay.
  [[nodiscard]] std::vector<WorkloadDecision> undecided(Time now) const;

 private:
  struct Remembered {
    WorkloadDecision last;
    bool decided = false;  ///< false: only pending so far
    std::optional<Time> look_again;
    std::optional<Time> closed;  ///< since when there is no case
  };
  /// A workload whose token is refused, clearly enough for the policies that speak for it.
  struct BrokenWorkload {
    policy::Broken broken;
    std::vector<std::string> policies;  ///< Policy::reference() of who speaks for it, and of its ceiling
  };

  void object_changed(detect::ObjectKind kind, const std::string& id);
  void compile_event_mappings();
  [[nodiscard]] std::vector<policy::PastRestart> restarts() const;
  [[nodiscard]] WorkloadDecision decide(const detect::Case& the_case, const std::vector<policy::PastRestart>& past,
                                        Time now) const;
  void finish_assumed(Time now);
  void close(const std::string& uid, Time now);
  void assume_restart(const WorkloadDecision& decision);
  [[nodiscard]] std::vector<detect::Case> due_cases(Time now);
  [[nodiscard]] policy::WorkloadCounts counts_for(const std::string& ns) const;
  // detection_engine_storms.cpp
  void note_broken(const std::vector<detect::Case>& cases, Time now);
  void assess_storms(Time now);
  [[nodiscard]] std::size_t workloads_of(const policy::Policy& policy) const;
  [[nodiscard]] bool still_broken(const std::string& reference) const;
  // detection_engine_standing.cpp
  void withdraw_what_lapsed(Time now);
  /// True when the decision is about another restart than the one that stands, which had to be withdrawn first.
  [[nodiscard]] bool replaces_standing(const WorkloadDecision& decision, Time now);
  void withdraw(policy::PastRestart& restart, std::string_view reason, std::string why, Time now);
  // detection_engine_logs.cpp
  using PatternList = std::shared_ptr<const std::vector<std::string>>;
  /// Null: its policy does not want its log to be read.
  [[nodiscard]] PatternList patterns_for(const ObjectRef& workload) const;
  [[nodiscard]] std::optional<PodLogTarget> log_target(std::string_view uid, PatternList patterns) const;
  void collect_patterns();
  void want_looks(const WorkloadDecision& decision, Time now);

  EngineSettings settings_;
  detect::Detector detector_;
  Heard heard_;
  std::vector<policy::Policy> policies_;
  detect::EventMatcher event_matcher_{{}};
  std::vector<std::string> event_owners_;  ///< of each mapping: Policy::reference() whose it is; "": a known one
  std::map<std::string, policy::PastRestart> restarts_;  ///< by namespace/name
  std::map<std::string, Remembered> remembered_;         ///< by workload UID
  std::map<std::string, StormMemory> storm_memories_;
  std::map<std::string, policy::Storm> storms_;
  std::map<std::string, BrokenWorkload> broken_;  ///< by workload UID
  std::string suspended_;
  std::map<std::string, std::size_t, std::less<>> counts_;  ///< workloads by namespace, as of counted_
  std::size_t count_ = 0;
  std::optional<Time> counted_;
  std::map<std::string, Time> alone_since_;  ///< standing restarts for which nothing speaks, by namespace/name
  std::set<std::string> spoken_for_;         ///< standing restarts for which something has spoken, likewise
  std::vector<Withdrawal> withdrawals_;
  std::map<std::vector<std::string>, PatternList> patterns_;    ///< of policies that have podLog.enabled
  std::map<std::pair<std::string, std::string>, Time> looked_;  ///< by case and pod UID: until when no more
  std::vector<std::string> wanted_looks_;                       ///< UIDs of pods
  bool reconsider_all_ = false;
  Time last_advance_{}, last_expire_{};
};

}  // namespace remint::controllers

#pragma once
// What may be done about a case: an ordered chain of small pure checks over (policies, facts, past restarts, now). The
// first check that objects decides, and says why in a sentence for people.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/policy/spec.hpp"

namespace remint::policy {

/// The workload as the checks see it.
struct WorkloadFacts {
  ObjectRef ref;
  Labels labels;
  Labels annotations;            ///< those beginning with "remint.dev/"
  Labels template_annotations;   ///< likewise, of its pod template
  Labels namespace_annotations;  ///< likewise
  Labels namespace_labels;
  bool known = false;  ///< its object is in the caches, or it is of a kind that Remint does not watch
  bool deleting = false;
  bool paused = false;
  bool on_delete = false;
  bool stuck = false;
  bool mirror = false;        ///< a bare pod that stands for a static pod of its node
  std::string controller;     ///< a bare pod's controller, "Kind/name", when its reference is not to be believed
  std::int64_t replicas = 1;  ///< wanted; of a kind that Remint does not watch: live pods
};

/// One accused pod.
struct PodFacts {
  std::string name;
  std::vector<Time> rejections;  ///< since its last success, oldest first
  std::optional<Time> failing_since;
  std::optional<Time> stale_since;
  std::optional<Time> breaks_at;
  Time created{};
  std::optional<Time> distrusted_since{};  ///< not accepted since something it hangs on was replaced
  /// Of what its own log, and Events, said since its last success: oldest first.
  std::vector<Time> log_clues{}, event_clues{};
};

struct CaseFacts {
  std::string cause;
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  std::string others;  ///< who else it may have been, for people
  std::vector<PodFacts> pods;
  std::optional<Time> breaks_at;
  double clue_confidence = 0;  ///< of what logs and Events alone say; 0: nothing
};

/// A WorkloadRestart as the limits see it.
struct PastRestart {
  std::string name;
  ObjectRef workload;
  Strategy strategy = Strategy::kNone;
  std::string cause;
  std::string policy;  ///< Policy::reference()
  Phase phase = Phase::kPending;
  Outcome outcome = Outcome::kNone;
  Time created{};
  std::optional<Time> finished;
  bool unfit = false;                ///< cancelled: its strategy does not suit the workload, another one may
  bool reverted = false;             ///< failed: somebody took it back (GitOps)
  std::vector<std::string> pods;     ///< EvictPods: the names of those it evicts
  std::string successor;             ///< RollingReplace that runs, or keeps the new name: that name
  std::vector<std::string> budgets;  ///< names of the PodDisruptionBudgets that cover its workload's pods
  std::optional<Time> released;      ///< of one that had to wait for approval or a window: when it no longer had to
  struct Approval {
    enum class State : std::uint8_t { kNotAsked, kAwaited, kApproved, kDenied };
    State state = State::kNotAsked;
    std::string by;               ///< who decided
    std::optional<Time> expires;  ///< not answered by then: cancelled
  } approval;
  bool withdrawn = false;  ///< cancelled before it began, and not by a person: says nothing about the workload

  /// It waits to be allowed: it has not begun and counts for no limit.
  [[nodiscard]] bool standing() const { return phase == Phase::kAwaitingApproval || phase == Phase::kScheduled; }
  [[nodiscard]] bool under_way() const { return !is_final(phase) && !standing(); }
  [[nodiscard]] Time begun() const { return released.value_or(created); }
};

struct Decision {
  DecisionKind kind = DecisionKind::kObserve;
  Strategy strategy = Strategy::kNone;
  StrategyOptions options;
  std::string policy;  ///< Policy::reference(); empty when none matched
  std::string check;   ///< stable CamelCase name of the check that decided: for metrics and Event reasons
  std::string reason;  ///< a sentence for people
  /// For Wait, and for a refusal that ends by itself. Absent in a Wait: look again when a WorkloadRestart, the workload
  /// or a policy changes.
  std::optional<Time> not_before;
  /// Not a decision yet: the policy's signal thresholds are not met. `not_before` tells when to look again, if time
  /// alone can meet them.
  bool pending = false;
  /// For Ask, and for a Wait until a window opens: a WorkloadRestart is made (or kept) that waits, so that people see
  /// it coming. Never in mode Observe.
  bool standing = false;
  /// For Ask: when the question lapses.
  std::optional<Time> expires{};
  /// Other cluster policies that match the workload and go behind.
  std::vector<std::string> overridden{};
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// Workloads with pods, as the share limits count them. Zero: not known, then only one at a time is certain to be
/// allowed.
struct WorkloadCounts {
  std::size_t total = 0, in_namespace = 0;
};

struct Question {
  const WorkloadFacts* workload = nullptr;
  const CaseFacts* facts = nullptr;
  std::span<const PastRestart> restarts;  ///< of all workloads
  std::string own_namespace;              ///< Remint's: never touched; may be empty in replay
  WorkloadCounts counts{};
  std::string suspended{};  ///< the cluster's kill switch: who or what says so; empty: it is off
  /// Brakes that are on, by Policy::reference().
  const std::map<std::string, Storm>* storms = nullptr;
  std::string restart_name{"NAME"};  ///< of the WorkloadRestart that a decision would make: told to whoever is asked
};

/// The policy that speaks for a workload. A namespaced one goes first, never bolder than the cluster policy that
/// matches too. Cluster policies: highest priority, then name.
///
/// Both meet at the stricter end: suspended when one of them is; the more careful mode, the higher confidence, the
/// longer cooldown, the smaller limits and shares; a breaker that opens after fewer failures and stays open for longer
/// (policyFailures 0 is the loosest); windows that must be open in both, blackouts of either, the smaller urgentBefore,
/// the wider spread, the approval that lapses sooner; the smaller share for gentle evictions (these go past the list of
/// strategies, so a cluster policy that switches them off means it). Its list of strategies for a kind holds when the
/// cluster policy's list for that kind has all of them, with the longer updatePeriod of both; else, and when it has
/// none for the kind, the cluster policy's list speaks. Each has its own storm brake, and both must be off.
struct Effective {
  std::string reference;
  Spec spec;                         ///< `windows` is empty: see below
  std::vector<WindowSet> windows{};  ///< the policy's own and its ceiling's, those that are not always open
  /// The cluster policy that matches too and narrowed this one, when a namespaced one speaks. A cluster policy's limits
  /// are for all restarts in the namespaces it matches, whether it began them or a namespaced policy did.
  struct Ceiling {
    std::string reference;
    Match match;
    Limits limits;
    StormSpec storm;
    Breaker breaker;
    bool narrowed_mode = false;
    bool suspended = false;
    bool narrowed_strategies = false;  ///< the namespaced policy's list has a strategy that this one's has not
  };
  std::optional<Ceiling> ceiling{};
  std::vector<std::string> overridden{};  ///< other cluster policies that match and go behind
};
/// Does the policy speak for workloads in this namespace, whatever they are? By `ref.ns` and `namespace_labels` alone.
[[nodiscard]] bool names_namespace(const Policy& policy, const WorkloadFacts& any);
[[nodiscard]] std::optional<Effective> select_policy(std::span<const Policy> policies, const WorkloadFacts& workload);

/// One field of the policy that speaks for a workload, for people.
struct FieldOrigin {
  std::string field;  ///< "limits.cooldown"
  std::string value;  ///< "30m"
  std::string from;   ///< Policy::reference() of who said so, or "default" where the value is the default of all
  std::string over;   ///< what the namespaced policy had said, when it was narrowed; else ""
};
/// Every field, in the order of the CRD; the fields of a ceiling alone where it is the stricter one. Empty: no policy.
[[nodiscard]] std::vector<FieldOrigin> explain_fields(std::span<const Policy> policies, const WorkloadFacts& workload);
/// What a namespaced policy would be narrowed in by the cluster policies that name its namespace, whatever the
/// workload: those fields of explain_fields() whose `over` is not empty. Empty for a cluster policy.
[[nodiscard]] std::vector<FieldOrigin> narrowings(const Policy& policy, std::span<const Policy> policies,
                                                  const WorkloadFacts& any_in_its_namespace);
/// Is a restart of this policy (Policy::reference(); empty: made by hand) in this namespace to stand still? Who says
/// so, or "". On the strict side: labels are not looked at.
[[nodiscard]] std::string suspended_by(std::span<const Policy> policies, std::string_view reference,
                                       std::string_view ns);

/// Never throws, reads no clock. Checks in order: own namespace; policy matches; ignore annotation; paused-until
/// annotation (of the workload, its pod template and its namespace: the first that objects; a value that cannot be read
/// counts as "leave alone"); suspended (the cluster, then the policies); signal thresholds (pending); diagnosis can be
/// cured by a restart; confidence; a restart of the workload running; a strategy is left (see strategy.hpp); workload
/// state (unknown, deleting, paused, stuck, scaled to 0, OnDelete) as far as it matters to that strategy; same cause
/// already restarted; breaker of the workload; breaker of the policy; cooldown; storm brake; approval (mode Approve);
/// window; max per hour; max concurrent; share of the cluster, of the namespace; mode.
///
/// Windows are for planned restarts: what is accused only of tokens that are still accepted, and break later than
/// urgentBefore from now (or at an unknown time). Each waits for its own place in the window (place_in, by UID).
///
/// Approval: Ask, `standing`, until a person has approved the restart that stands for this cause; denied: Refuse for as
/// long as that WorkloadRestart exists. Limits and windows hold for what was approved, too.
///
/// A restart that stands (PastRestart::standing) counts for no limit and is no other restart under way. One that was
/// withdrawn, or lapsed in a window, counts for no cooldown; one whose question lapsed does.
///
/// Same cause: while its restart runs, Wait. After one that succeeded, Wait as long as what accuses the pods began
/// before it ended (old pods that linger); what began later is a new incident (a revision that was rolled back to), and
/// so are pods that an eviction of others left alone. After one that failed or was cancelled, the cooldown alone; after
/// one that was cancelled because its strategy does not suit the workload, not even that.
///
/// Breaker: failed restarts of a workload (not cured, or not finished) without a cured one after them, as many as
/// breaker.failures and at least as many as there are strategies to try, refuse the next for breaker.openFor from the
/// end of the last one; then one more try is allowed.
///
/// The same workload: the same UID; a Pod or ReplicationController that Remint made anew has another one, so for these
/// kinds the name decides (and the name that a RollingReplace left behind).
[[nodiscard]] Decision decide(std::span<const Policy> policies, const Question& question, Time now);

/// All values of Decision::check: for metrics whose label sets exist from the start.
[[nodiscard]] std::span<const std::string_view> check_names();

}  // namespace remint::policy

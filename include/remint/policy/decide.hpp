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
  Labels annotations;  ///< those beginning with "remint.dev/"
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
};

struct CaseFacts {
  std::string cause;
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  std::string others;  ///< who else it may have been, for people
  std::vector<PodFacts> pods;
  std::optional<Time> breaks_at;
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
  bool unfit = false;             ///< cancelled: its strategy does not suit the workload, another one may
  bool reverted = false;          ///< failed: somebody took it back (GitOps)
  std::vector<std::string> pods;  ///< EvictPods: the names of those it evicts
  std::string successor;          ///< RollingReplace that runs, or keeps the new name: that name
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
  friend bool operator==(const Decision&, const Decision&) = default;
};

struct Question {
  const WorkloadFacts* workload = nullptr;
  const CaseFacts* facts = nullptr;
  std::span<const PastRestart> restarts;  ///< of all workloads
  std::string own_namespace;              ///< Remint's: never touched; may be empty in replay
};

/// The policy that speaks for a workload. A namespaced one goes first, never bolder than the cluster policy that
/// matches too. Cluster policies: highest priority, then name.
///
/// Both meet at the stricter end: the more careful mode, the higher confidence, the longer cooldown, the fewer restarts
/// per hour and at once; the breaker that opens after fewer failures and stays open for longer; the smaller share for
/// gentle evictions (these go past the list of strategies, so a cluster policy that switches them off means it). Its
/// list of strategies for a kind holds when the cluster policy's list for that kind has all of them, with the longer
/// updatePeriod of both; else, and when it has none for the kind, the cluster policy's list speaks.
struct Effective {
  std::string reference;
  Spec spec;
  /// The cluster policy that matches too and narrowed this one, when a namespaced one speaks. A cluster policy's limits
  /// are for all restarts in the namespaces it matches, whether it began them or a namespaced policy did.
  struct Ceiling {
    std::string reference;
    Match match;
    Limits limits;
    bool narrowed_mode = false;
    bool narrowed_strategies = false;  ///< the namespaced policy's list has a strategy that this one's has not
  };
  std::optional<Ceiling> ceiling;
};
[[nodiscard]] std::optional<Effective> select_policy(std::span<const Policy> policies, const WorkloadFacts& workload);

/// Never throws, reads no clock. Checks in order: own namespace; policy matches; ignore annotation; paused-until
/// annotation; signal thresholds (pending); diagnosis can be cured by a restart; confidence; a restart of the workload
/// running; a strategy is left (see strategy.hpp); workload state (unknown, deleting, paused, stuck, scaled to 0,
/// OnDelete) as far as it matters to that strategy; same cause already restarted; breaker; cooldown; max per hour; max
/// concurrent; mode.
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

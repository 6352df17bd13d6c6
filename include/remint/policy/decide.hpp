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
  bool known = false;  ///< its object is in the caches; a kind Remint does not watch is not
  bool deleting = false;
  bool paused = false;
  bool on_delete = false;
  bool stuck = false;
  std::int64_t replicas = 1;
};

/// One accused pod.
struct PodFacts {
  std::string name;
  std::vector<Time> rejections;  ///< since its last success, oldest first
  std::optional<Time> failing_since;
  std::optional<Time> stale_since;
  std::optional<Time> breaks_at;
};

struct CaseFacts {
  std::string cause;
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  std::vector<PodFacts> pods;
  std::optional<Time> breaks_at;
};

/// A WorkloadRestart as the limits see it.
struct PastRestart {
  std::string name;
  ObjectRef workload;
  std::string cause;
  std::string policy;  ///< Policy::reference()
  Phase phase = Phase::kPending;
  Outcome outcome = Outcome::kNone;
  Time created{};
  std::optional<Time> finished;
};

struct Decision {
  DecisionKind kind = DecisionKind::kObserve;
  Strategy strategy = Strategy::kNone;
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
/// matches too (mode, limits, confidence are met at their stricter end). Cluster policies: highest priority, then name.
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
  };
  std::optional<Ceiling> ceiling;
};
[[nodiscard]] std::optional<Effective> select_policy(std::span<const Policy> policies, const WorkloadFacts& workload);

/// How a workload of this kind is restarted today; kNone when no strategy for it is built.
[[nodiscard]] Strategy strategy_for(const ObjectRef& workload);

/// Never throws, reads no clock. Checks in order: own namespace; policy matches; ignore annotation; paused-until
/// annotation; signal thresholds (pending); diagnosis can be cured by a restart; confidence; strategy exists for the
/// kind; workload state (unknown, deleting, paused, stuck, scaled to 0, OnDelete); same cause already restarted or
/// being restarted; another restart of the workload running; breaker; cooldown; max per hour; max concurrent; mode.
///
/// Same cause: while its restart runs, Wait. After one that succeeded, Wait as long as what accuses the pods began
/// before it ended (old pods that linger); what began later is a new incident (a revision that was rolled back to).
/// After one that failed or was cancelled, the cooldown alone. Breaker: two failed restarts of a workload (not cured,
/// or the rollout did not finish) without a cured one after them refuse the next for 24 h, then one more try is
/// allowed.
[[nodiscard]] Decision decide(std::span<const Policy> policies, const Question& question, Time now);

/// All values of Decision::check: for metrics whose label sets exist from the start.
[[nodiscard]] std::span<const std::string_view> check_names();

}  // namespace remint::policy

#pragma once
// Which strategy restarts a workload next: pure, from the policy, the workload, its case and its past restarts.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/policy/decide.hpp"

namespace remint::policy {

/// Can the strategy work on workloads of this kind at all?
[[nodiscard]] bool fits(Strategy strategy, const ObjectRef& workload);
/// The same by the name of the kind alone; names that Remint does not know are taken for controllers.
[[nodiscard]] bool fits_kind(Strategy strategy, std::string_view kind);
/// "Deployment, StatefulSet and DaemonSet"
[[nodiscard]] std::string_view kinds_for(Strategy strategy);
/// "RolloutRestart, EvictPods and ScaleToZero"
[[nodiscard]] std::string strategies_for(std::string_view kind);

/// Kinds whose pods are never touched, and so may not be named in a policy: "" when this is none of them, else why.
[[nodiscard]] std::string_view never_restarted(std::string_view kind);
/// For a workload on which no strategy works.
[[nodiscard]] std::string no_strategy_reason(const ObjectRef& workload);
/// The list for a kind that the policy says nothing about; empty when nothing works on such a workload.
[[nodiscard]] std::vector<ListedStrategy> default_strategies(const ObjectRef& workload);
/// The policy's list, or the default one.
[[nodiscard]] std::vector<ListedStrategy> listed_strategies(const Spec& spec, const ObjectRef& workload);

struct Choice {
  Strategy strategy = Strategy::kNone;  ///< kNone: refused, for the reason in `why`
  StrategyOptions options;
  std::string why;                 ///< a sentence; "" when it is simply the first of the list
  std::string check;               ///< of a refusal: the name of what objects
  std::optional<Time> not_before;  ///< of a refusal that ends by itself
  std::size_t length = 0;          ///< how many strategies there are to try: the breaker does not open before that
};

/// The strategy whose turn it is. Of the policy's list the one that failed least often since the workload's last cure,
/// the first of these; so each is tried before one is tried again. What changes the list:
/// - the annotation remint.dev/strategy: that one alone. One that is unknown or does not work on the kind is refused;
/// - a restart that was taken back: only strategies that change nothing lasting (EvictPods, Recreate), EvictPods when
///   the list has none; a strategy named by annotation is then refused if it would be taken back, too;
/// - updateStrategy OnDelete: EvictPods in the place of RolloutRestart, which would replace no pod;
/// - few affected pods (gentle.maxAffectedPercent, and more than one replica): EvictPods first, once. Not after a
///   change of keys, CA or ServiceAccount, which hits every pod; not on a workload whose rollout is paused or stuck:
///   that is evicted from only where somebody has listed EvictPods;
/// - a restart that was cancelled as unfit: without that strategy, for breaker.openFor.
[[nodiscard]] Choice choose_strategy(const Effective& policy, const WorkloadFacts& workload, const CaseFacts& facts,
                                     std::span<const PastRestart> restarts, Time now);

}  // namespace remint::policy

#pragma once
// Which policies match, apart from which of them speaks.

#include "remint/policy/decide.hpp"

namespace remint::policy {

enum class Kinds : std::uint8_t { kRespected, kIgnored };

/// By namespace name, as include and exclude say; the label selectors are not looked at.
[[nodiscard]] bool namespace_named(const Match& match, std::string_view ns);
/// Does `a` go before `b` among the policies of one scope?
[[nodiscard]] bool goes_before(const Policy& a, const Policy& b);
[[nodiscard]] bool matches(const Policy& policy, const WorkloadFacts& workload, Kinds kinds = Kinds::kRespected);

/// Those that match a workload.
struct Speakers {
  const Policy* own = nullptr;            ///< of its namespace
  const Policy* cluster = nullptr;        ///< of the cluster: the other one's ceiling where there are both
  std::vector<const Policy*> overridden;  ///< further ones of the cluster, in their order
};
[[nodiscard]] Speakers find_speakers(std::span<const Policy> policies, const WorkloadFacts& workload);
/// Cluster policies that name the namespace, in their order, up to the first that leaves no workload to those behind
/// it. Without labels the selector of namespaces is taken as matching.
[[nodiscard]] std::vector<const Policy*> cluster_policies_for(std::span<const Policy> policies, std::string_view ns,
                                                              const Labels* namespace_labels);
/// Both at their stricter end.
[[nodiscard]] Effective narrowed(const Policy& own, const Policy& cluster, const ObjectRef& workload);

}  // namespace remint::policy

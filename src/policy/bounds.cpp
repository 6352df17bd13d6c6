#include "bounds.hpp"

#include <algorithm>

#include "select.hpp"

namespace remint::policy {

bool Bound::counts(const PastRestart& restart) const {
  if (restart.policy == reference) {
    return true;
  }
  // The labels of other namespaces are not known here; taking them as matching errs on the strict side.
  return match != nullptr && restart.policy.starts_with("TokenRefreshPolicy/") &&
         namespace_named(*match, restart.workload.ns);
}

std::size_t Bound::under_way(std::span<const PastRestart> restarts) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      restarts, [this](const PastRestart& restart) { return restart.under_way() && counts(restart); }));
}

std::vector<Bound> bounds(const Effective& policy) {
  const bool cluster = policy.reference.starts_with("ClusterTokenRefreshPolicy/");
  const Spec& spec = policy.spec;
  std::vector<Bound> all{{policy.reference, cluster ? &spec.match : nullptr, spec.limits, spec.breaker, spec.storm}};
  if (const auto& above = policy.ceiling) {
    all.push_back({above->reference, &above->match, above->limits, above->breaker, above->storm});
  }
  return all;
}

}  // namespace remint::policy

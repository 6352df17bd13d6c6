#include "select.hpp"

#include <algorithm>

#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

/// Does `a` go before `b` among the policies of one scope that match?
bool goes_before(const Policy& a, const Policy& b) {
  return a.spec.priority != b.spec.priority ? a.spec.priority > b.spec.priority : a.key.name < b.key.name;
}

const ListedStrategy* find(const std::vector<ListedStrategy>& list, Strategy type) {
  const auto found = std::ranges::find(list, type, &ListedStrategy::type);
  return found == list.end() ? nullptr : &*found;
}

void narrow_strategies(Effective& effective, const Spec& above, const ObjectRef& workload) {
  StrategyLists& lists = effective.spec.strategies;
  const auto allowed = listed_strategies(above, workload);
  const auto own = lists.find(workload.kind);
  const bool among = own != lists.end() && std::ranges::all_of(own->second, [&](const ListedStrategy& listed) {
                       return find(allowed, listed.type) != nullptr;
                     });
  if (!among) {
    effective.ceiling->narrowed_strategies = own != lists.end();
    lists[workload.kind] = allowed;
    return;
  }
  for (ListedStrategy& listed : own->second) {
    listed.options.update_period =
        std::max(listed.options.update_period, find(allowed, listed.type)->options.update_period);
  }
}

Effective narrowed(const Policy& own, const Policy& cluster, const ObjectRef& workload) {
  Effective effective{own.reference(), own.spec, {}, std::nullopt, {}};
  Spec& spec = effective.spec;
  const Spec& above = cluster.spec;
  effective.ceiling = {cluster.reference(), above.match, above.limits, above.storm, above.mode < spec.mode, false};
  spec.mode = std::min(spec.mode, above.mode);
  spec.min_confidence = std::max(spec.min_confidence, above.min_confidence);
  spec.limits.cooldown = std::max(spec.limits.cooldown, above.limits.cooldown);
  spec.limits.max_per_hour = std::min(spec.limits.max_per_hour, above.limits.max_per_hour);
  spec.limits.max_concurrent = std::min(spec.limits.max_concurrent, above.limits.max_concurrent);
  spec.gentle.max_affected_percent = std::min(spec.gentle.max_affected_percent, above.gentle.max_affected_percent);
  spec.breaker.failures = std::min(spec.breaker.failures, above.breaker.failures);
  spec.breaker.open_for = std::max(spec.breaker.open_for, above.breaker.open_for);
  narrow_strategies(effective, above, workload);
  return effective;
}

}  // namespace

bool namespace_named(const Match& match, std::string_view ns) {
  const auto named_in = [&](const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return glob_matches(pattern, ns); });
  };
  return (match.include_namespaces.empty() || named_in(match.include_namespaces)) &&
         !named_in(match.exclude_namespaces);
}

bool matches(const Policy& policy, const WorkloadFacts& workload, Kinds kinds) {
  const Match& match = policy.spec.match;
  if (!policy.cluster() && policy.key.ns != workload.ref.ns) {
    return false;
  }
  if (kinds == Kinds::kRespected && std::ranges::find(match.kinds, workload.ref.kind) == match.kinds.end()) {
    return false;
  }
  return namespace_named(match, workload.ref.ns) && match.namespace_selector.matches(workload.namespace_labels) &&
         match.selector.matches(workload.labels);
}

std::optional<Effective> select_policy(std::span<const Policy> policies, const WorkloadFacts& workload) {
  const Policy* cluster = nullptr;
  const Policy* own = nullptr;
  for (const Policy& policy : policies) {
    const Policy*& best = policy.cluster() ? cluster : own;
    if (matches(policy, workload) && (best == nullptr || goes_before(policy, *best))) {
      best = &policy;
    }
  }
  if (own == nullptr && cluster == nullptr) {
    return std::nullopt;
  }
  if (own == nullptr) {
    return Effective{cluster->reference(), cluster->spec, {}, std::nullopt, {}};
  }
  if (cluster == nullptr) {
    return Effective{own->reference(), own->spec, {}, std::nullopt, {}};
  }
  return narrowed(*own, *cluster, workload.ref);
}

}  // namespace remint::policy

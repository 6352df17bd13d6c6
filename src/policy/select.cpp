#include "select.hpp"

#include <algorithm>
#include <utility>

#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

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

/// The fewer the stricter, but 0 is no limit at all.
std::uint32_t stricter_count(std::uint32_t a, std::uint32_t b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

Limits stricter(const Limits& a, const Limits& b) {
  return {std::max(a.cooldown, b.cooldown),
          std::min(a.max_per_hour, b.max_per_hour),
          std::min(a.max_concurrent, b.max_concurrent),
          std::min(a.max_workloads_percent, b.max_workloads_percent),
          std::min(a.max_namespace_percent, b.max_namespace_percent),
          std::min(a.max_concurrent_per_budget, b.max_concurrent_per_budget),
          std::max(a.spread_percent, b.spread_percent)};
}

Effective as_it_is(const Policy& policy) {
  Effective effective{policy.reference(), policy.spec};
  WindowSet set = std::exchange(effective.spec.windows, {});
  if (!set.always_open()) {
    effective.windows.push_back(std::move(set));
  }
  return effective;
}

}  // namespace

Effective narrowed(const Policy& own, const Policy& cluster, const ObjectRef& workload) {
  Effective effective = as_it_is(own);
  Spec& spec = effective.spec;
  const Spec& above = cluster.spec;
  effective.ceiling = {cluster.reference(),    above.match,  above.limits, above.storm, above.breaker,
                       above.mode < spec.mode, above.suspend};
  spec.suspend = spec.suspend || above.suspend;
  spec.mode = std::min(spec.mode, above.mode);
  spec.min_confidence = std::max(spec.min_confidence, above.min_confidence);
  spec.pod_log.sufficient = spec.pod_log.sufficient && above.pod_log.sufficient;
  spec.kubernetes_event.sufficient = spec.kubernetes_event.sufficient && above.kubernetes_event.sufficient;
  spec.limits = stricter(spec.limits, above.limits);
  spec.gentle.max_affected_percent = std::min(spec.gentle.max_affected_percent, above.gentle.max_affected_percent);
  spec.breaker = {std::min(spec.breaker.failures, above.breaker.failures),
                  std::max(spec.breaker.open_for, above.breaker.open_for),
                  stricter_count(spec.breaker.policy_failures, above.breaker.policy_failures)};
  spec.urgent_before = std::min(spec.urgent_before, above.urgent_before);
  spec.approval.expires_after = std::min(spec.approval.expires_after, above.approval.expires_after);
  if (!above.windows.always_open() && above.windows != own.spec.windows) {
    effective.windows.push_back(above.windows);
  }
  narrow_strategies(effective, above, workload);
  return effective;
}

bool namespace_named(const Match& match, std::string_view ns) {
  const auto named_in = [&](const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return glob_matches(pattern, ns); });
  };
  return (match.include_namespaces.empty() || named_in(match.include_namespaces)) &&
         !named_in(match.exclude_namespaces);
}

bool goes_before(const Policy& a, const Policy& b) {
  return a.spec.priority != b.spec.priority ? a.spec.priority > b.spec.priority : a.key.name < b.key.name;
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

Speakers find_speakers(std::span<const Policy> policies, const WorkloadFacts& workload) {
  Speakers speakers;
  std::vector<const Policy*> cluster;
  for (const Policy& policy : policies) {
    if (!matches(policy, workload)) {
      continue;
    }
    if (policy.cluster()) {
      cluster.push_back(&policy);
    } else if (speakers.own == nullptr || goes_before(policy, *speakers.own)) {
      speakers.own = &policy;
    }
  }
  std::ranges::sort(cluster, [](const Policy* a, const Policy* b) { return goes_before(*a, *b); });
  if (!cluster.empty()) {
    speakers.cluster = cluster.front();
    speakers.overridden.assign(cluster.begin() + 1, cluster.end());
  }
  return speakers;
}

bool names_namespace(const Policy& policy, const WorkloadFacts& any) {
  if (!policy.cluster()) {
    return policy.key.ns == any.ref.ns;
  }
  return namespace_named(policy.spec.match, any.ref.ns) &&
         policy.spec.match.namespace_selector.matches(any.namespace_labels);
}

std::optional<Effective> select_policy(std::span<const Policy> policies, const WorkloadFacts& workload) {
  const Speakers speakers = find_speakers(policies, workload);
  if (speakers.own == nullptr && speakers.cluster == nullptr) {
    return std::nullopt;
  }
  const bool both = speakers.own != nullptr && speakers.cluster != nullptr;
  Effective effective = both ? narrowed(*speakers.own, *speakers.cluster, workload.ref)
                             : as_it_is(speakers.own != nullptr ? *speakers.own : *speakers.cluster);
  for (const Policy* policy : speakers.overridden) {
    effective.overridden.push_back(policy->reference());
  }
  return effective;
}

}  // namespace remint::policy

// What a policy says, field by field, and what a cluster policy makes of it.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "remint/policy/strategy.hpp"
#include "select.hpp"

namespace remint::policy {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string text(bool value) { return value ? "true" : "false"; }
std::string text(Duration value) { return format_duration(value); }
std::string text(std::integral auto value) { return fmt::format("{}", value); }
std::string text(const std::vector<std::string>& list, std::string_view when_empty) {
  return list.empty() ? std::string(when_empty) : fmt::format("{}", fmt::join(list, ", "));
}

std::string text(const LabelSelector& selector) {
  using Operator = LabelSelector::Operator;
  std::vector<std::string> parts;
  for (const auto& [key, value] : selector.match_labels) {
    parts.push_back(fmt::format("{}={}", key, value));
  }
  for (const auto& [key, op, values] : selector.match_expressions) {
    const bool negative = op == Operator::kNotIn || op == Operator::kDoesNotExist;
    parts.push_back(values.empty()
                        ? fmt::format("{}{}", negative ? "!" : "", key)
                        : fmt::format("{} {} ({})", key, negative ? "notin" : "in", fmt::join(values, ", ")));
  }
  return text(parts, "all");
}

std::string text(const std::vector<ListedStrategy>& list) {
  std::vector<std::string> parts;
  for (const ListedStrategy& listed : list) {
    std::vector<std::string> options;
    if (listed.type == Strategy::kRollingReplace)
      options.push_back("updatePeriod " + text(listed.options.update_period));
    if (listed.options.keep_new_name) options.emplace_back("keepNewName");
    if (listed.options.keep_node) options.emplace_back("keepNode");
    parts.push_back(options.empty() ? std::string(to_string(listed.type))
                                    : fmt::format("{} ({})", to_string(listed.type), fmt::join(options, ", ")));
  }
  return text(parts, "none");
}

std::string text(const std::vector<KubernetesEventSignal::Mapping>& mappings) {
  std::vector<std::string> parts;
  for (const auto& mapping : mappings) {
    const bool involved = mapping.accuses == KubernetesEventSignal::Accuses::kInvolvedPod;
    parts.push_back(fmt::format("{}{} accuses {}", mapping.reason.empty() ? "" : mapping.reason + " ", mapping.pattern,
                                involved ? "its pod" : fmt::format("DaemonSet {}/{}", mapping.ns, mapping.name)));
  }
  return text(parts, "none");
}

/// Of several sets: what holds in all of them.
std::string text(std::span<const WindowSet> sets, bool blackouts) {
  std::vector<std::string> parts;
  for (const WindowSet& set : sets) {
    if (blackouts ? set.blackouts.empty() : set.windows.empty()) {
      continue;
    }
    std::string part = blackouts ? describe({{}, set.blackouts}).substr(std::string_view("always, ").size())
                                 : describe({set.windows, {}});
    if (std::ranges::find(parts, part) == parts.end()) {
      parts.push_back(std::move(part));
    }
  }
  return parts.empty() ? (blackouts ? "none" : "always") : fmt::format("{}", fmt::join(parts, "; and "));
}

void add_match(Fields& fields, const Match& match, bool cluster) {
  if (cluster) {
    fields.emplace_back("match.namespaces.include", text(match.include_namespaces, "all"));
    fields.emplace_back("match.namespaces.exclude", text(match.exclude_namespaces, "none"));
    fields.emplace_back("match.namespaceSelector", text(match.namespace_selector));
  }
  fields.emplace_back("match.selector", text(match.selector));
  fields.emplace_back("match.kinds", text(match.kinds, "none"));
}

void add_signals(Fields& fields, const Spec& spec) {
  const RejectedTokenSignal& rejected = spec.rejected_token;
  fields.emplace_back("signals.staleToken.enabled", text(spec.stale_token.enabled));
  fields.emplace_back("signals.staleToken.after", text(spec.stale_token.after));
  fields.emplace_back("signals.rejectedToken.enabled", text(rejected.enabled));
  fields.emplace_back("signals.rejectedToken.count", text(rejected.count));
  fields.emplace_back("signals.rejectedToken.within", text(rejected.within));
  fields.emplace_back("signals.rejectedToken.for", text(rejected.for_));
  fields.emplace_back("signals.podLog.enabled", text(spec.pod_log.enabled));
  fields.emplace_back("signals.podLog.patterns", text(spec.pod_log.patterns, "none"));
  fields.emplace_back("signals.podLog.sufficient", text(spec.pod_log.sufficient));
  fields.emplace_back("signals.kubernetesEvent.enabled", text(spec.kubernetes_event.enabled));
  fields.emplace_back("signals.kubernetesEvent.mappings", text(spec.kubernetes_event.mappings));
  fields.emplace_back("signals.kubernetesEvent.sufficient", text(spec.kubernetes_event.sufficient));
  fields.emplace_back("signals.trustChange.enabled", text(spec.trust_change.enabled));
  fields.emplace_back("signals.trustChange.secrets", text(spec.trust_change.secrets));
  fields.emplace_back("signals.trustChange.after", text(spec.trust_change.after));
}

void add_limits(Fields& fields, const Limits& limits) {
  fields.emplace_back("limits.cooldown", text(limits.cooldown));
  fields.emplace_back("limits.maxPerHour", text(limits.max_per_hour));
  fields.emplace_back("limits.maxConcurrent", text(limits.max_concurrent));
  fields.emplace_back("limits.maxWorkloadsPercent", text(limits.max_workloads_percent));
  fields.emplace_back("limits.maxNamespacePercent", text(limits.max_namespace_percent));
  fields.emplace_back("limits.maxConcurrentPerBudget", text(limits.max_concurrent_per_budget));
  fields.emplace_back("limits.spreadPercent", text(limits.spread_percent));
}

void add_storm(Fields& fields, const StormSpec& storm) {
  fields.emplace_back("storm.percent", text(storm.percent));
  fields.emplace_back("storm.minWorkloads", text(storm.min_workloads));
  fields.emplace_back("storm.within", text(storm.within));
  fields.emplace_back("storm.then", to_string(storm.then));
  fields.emplace_back("storm.pace", text(storm.pace));
}

/// All fields, always as many for the same workload and scope. `sets` stands for spec.windows.
Fields fields_of(const Spec& spec, std::span<const WindowSet> sets, const ObjectRef& workload, bool cluster) {
  Fields fields{{"suspend", text(spec.suspend)}, {"mode", std::string(to_string(spec.mode))}};
  if (cluster) {
    fields.emplace_back("priority", text(spec.priority));
  }
  add_match(fields, spec.match, cluster);
  add_signals(fields, spec);
  fields.emplace_back("minConfidence", fmt::format("{}", spec.min_confidence));
  fields.emplace_back("strategies." + workload.kind, text(listed_strategies(spec, workload)));
  fields.emplace_back("gentle.maxAffectedPercent", text(spec.gentle.max_affected_percent));
  add_limits(fields, spec.limits);
  fields.emplace_back("windows", text(sets, false));
  fields.emplace_back("blackouts", text(sets, true));
  fields.emplace_back("urgentBefore", text(spec.urgent_before));
  add_storm(fields, spec.storm);
  fields.emplace_back("breaker.failures", text(spec.breaker.failures));
  fields.emplace_back("breaker.openFor", text(spec.breaker.open_for));
  fields.emplace_back("breaker.policyFailures", text(spec.breaker.policy_failures));
  fields.emplace_back("approval.expiresAfter", text(spec.approval.expires_after));
  fields.emplace_back("verification.observe", text(spec.verification_observe));
  return fields;
}

Fields fields_of(const Policy& policy, const ObjectRef& workload) {
  return fields_of(policy.spec, std::span(&policy.spec.windows, 1), workload, policy.cluster());
}

/// A brake is not narrowed: there are two of them, and each stops its own workloads.
std::string text(const StormSpec& storm) {
  return fmt::format("{}% and at least {} within {}, then {}{}", storm.percent, storm.min_workloads, text(storm.within),
                     to_string(storm.then), storm.then == StormSpec::Then::kPace ? " " + text(storm.pace) : "");
}

std::vector<FieldOrigin> explain(const Policy& own, const Policy* ceiling, const ObjectRef& workload) {
  const Fields said = fields_of(own, workload);
  const Fields defaults = fields_of(Spec{}, {}, workload, own.cluster());
  Fields holds = said;
  if (ceiling != nullptr) {
    const Effective effective = narrowed(own, *ceiling, workload);
    holds = fields_of(effective.spec, effective.windows, workload, own.cluster());
  }
  std::vector<FieldOrigin> origins;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const auto& [field, value] = holds[i];
    if (value != said[i].second) {
      // About a kind that it does not name it has said nothing.
      const bool silent = field.starts_with("strategies.") && !own.spec.strategies.contains(workload.kind);
      origins.push_back({field, value, ceiling->reference(), silent ? "" : said[i].second});
    } else {
      origins.push_back({field, value, value == defaults[i].second ? "default" : own.reference(), ""});
    }
    if (field == "storm.pace" && ceiling != nullptr && ceiling->spec.storm.percent != 0) {
      origins.push_back({"storm", text(ceiling->spec.storm), ceiling->reference(), ""});
    }
  }
  return origins;
}

/// Some workload of a kind, with the group that Kubernetes' own kinds have.
ObjectRef any_of(const std::string& kind, const std::string& ns) {
  const bool core = kind == "Pod" || kind == "ReplicationController";
  return {core ? "v1" : "apps/v1", kind, ns, "", ""};
}

constexpr std::size_t kMaxNarrowings = 50;

}  // namespace

std::vector<FieldOrigin> explain_fields(std::span<const Policy> policies, const WorkloadFacts& workload) {
  const Speakers speakers = find_speakers(policies, workload);
  if (speakers.own != nullptr) {
    return explain(*speakers.own, speakers.cluster, workload.ref);
  }
  return speakers.cluster == nullptr ? std::vector<FieldOrigin>{} : explain(*speakers.cluster, nullptr, workload.ref);
}

std::vector<FieldOrigin> narrowings(const Policy& policy, std::span<const Policy> policies,
                                    const WorkloadFacts& any_in_its_namespace) {
  std::vector<FieldOrigin> narrowed;
  if (policy.cluster()) {
    return narrowed;
  }
  const auto ceilings = cluster_policies_for(policies, policy.key.ns, &any_in_its_namespace.namespace_labels);
  // Only lists of strategies differ by kind, and only those that it names can be narrowed.
  std::vector<ObjectRef> kinds{
      any_of(policy.spec.match.kinds.empty() ? "Pod" : policy.spec.match.kinds.front(), policy.key.ns)};
  for (const auto& [kind, list] : policy.spec.strategies) {
    kinds.push_back(any_of(kind, policy.key.ns));
  }
  for (const Policy* ceiling : ceilings) {
    for (const ObjectRef& workload : kinds) {
      for (FieldOrigin& origin : explain(policy, ceiling, workload)) {
        const bool news = std::ranges::none_of(narrowed, [&](const FieldOrigin& known) {
          return known.field == origin.field && known.from == origin.from;
        });
        if (!origin.over.empty() && news && narrowed.size() < kMaxNarrowings) {
          narrowed.push_back(std::move(origin));
        }
      }
    }
  }
  return narrowed;
}

}  // namespace remint::policy

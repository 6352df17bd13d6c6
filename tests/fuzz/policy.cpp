// Policies: whoever may write them. What is accepted must be within its bounds.
#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/yaml.hpp"
#include "remint/policy/parse.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

void check_spec(const policy::Spec& spec) {
  check(spec.min_confidence >= 0 && spec.min_confidence <= 1, "a confidence is a share");
  check(spec.rejected_token.count >= 1 && spec.rejected_token.count <= 100, "a count is from 1 to 100");
  for (const Duration duration : {spec.stale_token.after, spec.rejected_token.within, spec.rejected_token.for_,
                                  spec.trust_change.after, spec.limits.cooldown, spec.breaker.open_for,
                                  spec.urgent_before, spec.approval.expires_after, spec.verification_observe}) {
    check(duration >= Duration::zero() && duration <= std::chrono::hours(24 * 366 * 101), "a duration is one");
  }
  for (const std::uint32_t percent : {spec.limits.max_workloads_percent, spec.limits.max_namespace_percent,
                                      spec.limits.spread_percent, spec.gentle.max_affected_percent}) {
    check(percent <= 100, "a percentage is at most 100");
  }
  for (const auto& [kind, strategies] : spec.strategies) {
    check(!kind.empty() && std::ranges::none_of(strategies, [](const auto& s) { return s.type == Strategy::kNone; }),
          "each strategy is one");
  }
}

}  // namespace

void fuzz_policy(std::string_view input) {
  Result<std::vector<Json>> documents;
  if (input.starts_with('{')) {
    auto json = parse_json(input);
    documents = json ? std::vector{*std::move(json)} : std::vector<Json>{};
  } else {
    documents = parse_yaml(input);
  }
  if (!documents) {
    return;
  }
  for (const Json& document : *documents) {
    const auto policy = policy::parse_policy(document);
    if (!policy) {
      check(!policy.error().empty() && policy.error().size() <= 101, "the errors are said, and are not too many");
      check(std::ranges::none_of(policy.error(), [](const FieldError& e) { return e.message.empty(); }),
            "each error says what is wrong");
      continue;
    }
    check(!policy->key.name.empty(), "a policy has a name");
    check((policy->kind == "ClusterTokenRefreshPolicy") == policy->cluster(),
          "a policy is of the cluster or of a namespace");
    check_spec(policy->spec);
  }
}

}  // namespace remint::fuzz

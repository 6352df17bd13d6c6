// When one workload after the other is not helped, it is not the workloads: keys, the CA, the API server, or Remint
// itself, and more restarts only add to it.

#include <fmt/format.h>

#include <algorithm>

#include "bounds.hpp"
#include "checks.hpp"
#include "own_restarts.hpp"

namespace remint::policy {
namespace {

/// Restarts of a policy that failed, and ended after the last one that cured anything; newest first.
std::vector<const PastRestart*> failures_in_a_row(const Bound& bound, std::span<const PastRestart> restarts) {
  std::optional<Time> cured;
  for (const PastRestart& restart : restarts) {
    if (restart.outcome == Outcome::kCured && bound.counts(restart)) {
      cured = std::max(cured.value_or(ended(restart)), ended(restart));
    }
  }
  std::vector<const PastRestart*> failures;
  for (const PastRestart& restart : restarts) {
    if (restart.phase == Phase::kFailed && bound.counts(restart) && (!cured || ended(restart) > *cured)) {
      failures.push_back(&restart);
    }
  }
  // By name where they ended together: the answer must not depend on the order of the objects.
  std::ranges::sort(failures, [](const PastRestart* a, const PastRestart* b) {
    return ended(*a) != ended(*b) ? ended(*a) > ended(*b) : a->name < b->name;
  });
  return failures;
}

std::string workloads(const std::vector<const PastRestart*>& failures) {
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(failures.size(), kNamed); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", failures[i]->workload.to_string());
  }
  return failures.size() > kNamed ? text + " ..." : text;
}

std::optional<Decision> check_bound(const Bound& bound, const Context& context) {
  const Breaker& breaker = bound.breaker;
  const auto failures = failures_in_a_row(bound, context.restarts);
  if (breaker.policy_failures == 0 || failures.size() < breaker.policy_failures) {
    return std::nullopt;
  }
  const Time until = ended(*failures.front()) + breaker.open_for;
  const std::string last = failures.size() == 1 ? "restart" : fmt::format("{} restarts", failures.size());
  if (context.now < until) {
    Decision decision = refuse(
        check::kPolicyBreakerOpen,
        fmt::format("the last {} of {} in a row did not help ({}): look for what they have in common. No restart until "
                    "{}, then one (policy: breaker.policyFailures {}, openFor {})",
                    last, bound.reference, workloads(failures), when(until, context.now), breaker.policy_failures,
                    format_duration(breaker.open_for)));
    decision.not_before = until;
    return decision;
  }
  if (const std::size_t running = bound.under_way(context.restarts); running > 0) {
    return wait(
        check::kPolicyBreakerOpen,
        fmt::format("the last {} of {} in a row did not help, and one at a time is tried until one does: {} under "
                    "way (policy: breaker.policyFailures {})",
                    last, bound.reference, running, breaker.policy_failures));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Decision> check_policy_breaker(const Context& context) {
  for (const Bound& bound : bounds(context.policy)) {
    if (auto objection = check_bound(bound, context)) {
      return objection;
    }
  }
  return std::nullopt;
}

}  // namespace remint::policy

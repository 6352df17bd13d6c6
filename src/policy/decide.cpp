#include "remint/policy/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checks.hpp"
#include "remint/base/text.hpp"
#include "select.hpp"

namespace remint::policy {
namespace {

constexpr std::size_t kMaxReasonBytes = 1000;  // the custom resources take 1024 characters

// The order is part of the contract: what a person can change by hand comes first, what passes by itself later.
constexpr std::array<Check, 20> kChecks{
    check_ignored,            // the owner's word goes before everything that we know
    check_paused_until,       // likewise
    check_suspended,          // and so does the word of who answers for Remint
    check_thresholds,         // before these are met there is no case to speak of
    check_curable,            // a restart must be able to help
    check_confidence,         // and must hit the right one
    check_running,            // one at a time; and the states that a restart passes through are no findings
    check_strategy,           // there must be a way to do it
    check_workload,           // that its present state allows
    check_already_restarted,  // and one per cause
    check_breaker,            // not again and again
    check_policy_breaker,     // nor with one workload after the other
    check_cooldown,           // not too soon
    check_storm,              // not when it is not the workload at all
    check_approval,           // not unasked
    check_window,             // not at an hour when nobody wants it
    check_max_per_hour,       // not too many
    check_max_concurrent,     // not too many at once
    check_max_workloads_percent,
    check_max_namespace_percent,
};

Decision observe(std::string_view check, std::string reason) {
  return {DecisionKind::kObserve, Strategy::kNone, {}, {}, std::string(check), std::move(reason), {}, false};
}

Decision without_policy(std::span<const Policy> policies, const WorkloadFacts& workload) {
  const std::string name = workload.ref.to_string();
  const auto but_for_kind =
      std::ranges::find_if(policies, [&](const Policy& policy) { return matches(policy, workload, Kinds::kIgnored); });
  if (but_for_kind == policies.end()) {
    return observe(check::kNoPolicy, fmt::format("no policy matches {}", name));
  }
  // Saying only "no policy" would send people to namespaces and labels.
  if (default_strategies(workload.ref).empty()) {
    return refuse(check::kNoStrategy, no_strategy_reason(workload.ref));
  }
  return observe(check::kNoPolicy, fmt::format("no policy matches {}: match.kinds of {} does not name its kind", name,
                                               but_for_kind->reference()));
}

Decision allowed(const Context& context) {
  const Effective& policy = context.policy;
  const std::string why =
      context.choice.why.empty() ? context.signals.why : context.signals.why + "; " + context.choice.why;
  if (policy.spec.mode != Mode::kObserve) {  // in mode Approve somebody has allowed it, or we would not be here
    return {DecisionKind::kRestart, Strategy::kNone, {}, {}, std::string(check::kAllowed), why, {}, false};
  }
  const bool narrowed = policy.ceiling && policy.ceiling->narrowed_mode;
  return observe(check::kObserveMode,
                 fmt::format("would restart it ({}), but {} is in mode Observe: {}", to_string(context.choice.strategy),
                             narrowed ? policy.ceiling->reference : policy.reference, why));
}

Decision decide_under(const Context& context) {
  Decision decision;
  const auto objects = [&](const Check check) {
    auto objection = check(context);
    if (!objection) return false;
    decision = *std::move(objection);
    return true;
  };
  const bool free = std::ranges::none_of(kChecks, objects);
  if (free) {
    decision = allowed(context);
  }
  const bool later = decision.kind == DecisionKind::kWait || decision.kind == DecisionKind::kAsk;
  if (free || (later && !decision.pending)) {
    decision.strategy = context.choice.strategy;
    decision.options = context.choice.options;
  }
  return decision;
}

}  // namespace

Decision refuse(std::string_view check, std::string reason) {
  return {DecisionKind::kRefuse, Strategy::kNone, {}, {}, std::string(check), std::move(reason), {}, false};
}

Decision wait(std::string_view check, std::string reason, std::optional<Time> not_before) {
  return {DecisionKind::kWait, Strategy::kNone, {}, {}, std::string(check), std::move(reason), not_before, false};
}

std::string when(Time time, Time now) {
  const std::string text = format_rfc3339(time);
  const bool today = std::chrono::floor<std::chrono::days>(time) == std::chrono::floor<std::chrono::days>(now);
  return today ? text.substr(text.find('T') + 1) : text;
}

Decision decide(std::span<const Policy> policies, const Question& question, Time now) {
  const WorkloadFacts& workload = *question.workload;
  Decision decision;
  if (!question.own_namespace.empty() && workload.ref.ns == question.own_namespace) {
    decision = refuse(check::kOwnNamespace, fmt::format("{} is Remint's own namespace", workload.ref.ns));
  } else if (const auto policy = select_policy(policies, workload); !policy) {
    decision = without_policy(policies, workload);
  } else {
    const SignalState signals = weigh_signals(policy->spec, *question.facts, now);
    const Choice choice = choose_strategy(*policy, workload, *question.facts, question.restarts, now);
    decision =
        decide_under({question, workload, *question.facts, question.restarts, policies, *policy, signals, choice, now});
    decision.policy = policy->reference;
    decision.overridden = policy->overridden;
  }
  // Names in it come from the cluster, and in a replay from a file.
  decision.reason = sanitize(decision.reason, kMaxReasonBytes);
  return decision;
}

std::span<const std::string_view> check_names() {
  using namespace check;
  static constexpr std::array kNames{kOwnNamespace,
                                     kNoPolicy,
                                     kIgnored,
                                     kPausedUntil,
                                     kSuspended,
                                     kSignalDisabled,
                                     kThresholds,
                                     kUncorroborated,
                                     kNotCurable,
                                     kLowConfidence,
                                     kNoStrategy,
                                     kMirrorPod,
                                     kPodHasController,
                                     kBadStrategy,
                                     kReverted,
                                     kStrategiesUnfit,
                                     kWorkloadUnknown,
                                     kWorkloadDeleting,
                                     kRolloutPaused,
                                     kRolloutStuck,
                                     kScaledToZero,
                                     kOnDelete,
                                     kAlreadyRestarting,
                                     kAlreadyRestarted,
                                     kRestartRunning,
                                     kBreakerOpen,
                                     kPolicyBreakerOpen,
                                     kCooldown,
                                     kStormBrake,
                                     kAwaitingApproval,
                                     kDenied,
                                     kOutsideWindow,
                                     kMaxPerHour,
                                     kMaxConcurrent,
                                     kMaxWorkloadsPercent,
                                     kMaxNamespacePercent,
                                     kObserveMode,
                                     kAllowed};
  return kNames;
}

}  // namespace remint::policy

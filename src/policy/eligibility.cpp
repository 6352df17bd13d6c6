#include <fmt/format.h>

#include <array>

#include "checks.hpp"
#include "remint/base/text.hpp"

namespace remint::policy {
namespace {

/// Can new pods with new tokens be expected to help?
bool curable(Diagnosis diagnosis) {
  switch (diagnosis) {
    case Diagnosis::kStaleToken:
    case Diagnosis::kNotReloading:
    case Diagnosis::kExpired:
    case Diagnosis::kSigningKeyChanged:
    case Diagnosis::kCaChanged:
    case Diagnosis::kServiceAccountRecreated:
    case Diagnosis::kSecretRegenerated:
    case Diagnosis::kBoundObjectChanged:
    case Diagnosis::kUnknown:  // perhaps: the breaker ends it when it does not
      return true;
    case Diagnosis::kPodTerminating:
    case Diagnosis::kNotYetValid:
    case Diagnosis::kWrongAudience:
    case Diagnosis::kForbidden:
    case Diagnosis::kNoToken:
      return false;
  }
  return false;
}

}  // namespace

std::optional<Decision> check_ignored(const Context& context) {
  const auto found = context.workload.annotations.find("remint.dev/ignore");
  if (found == context.workload.annotations.end() || found->second == "false") {
    return std::nullopt;
  }
  if (found->second == "true") {
    return refuse(check::kIgnored, R"(its annotation remint.dev/ignore is "true")");
  }
  // Somebody wanted something; leaving it alone is the reading that harms nobody.
  return refuse(check::kIgnored,
                fmt::format(R"(its annotation remint.dev/ignore is "{}": taken as "true"; write "true" or "false")",
                            sanitize(found->second, 80)));
}

std::optional<Decision> check_paused_until(const Context& context) {
  const auto found = context.workload.annotations.find("remint.dev/paused-until");
  if (found == context.workload.annotations.end()) {
    return std::nullopt;
  }
  const auto until = parse_rfc3339(found->second);
  if (!until) {
    return refuse(
        check::kPausedUntil,
        fmt::format(
            R"(its annotation remint.dev/paused-until is "{}", not a time such as 2026-07-01T06:00:00Z: left alone)",
            sanitize(found->second, 80)));
  }
  if (context.now >= *until) {
    return std::nullopt;
  }
  return wait(check::kPausedUntil,
              fmt::format("its annotation remint.dev/paused-until says to wait until {}", format_rfc3339(*until)),
              until);
}

std::optional<Decision> check_thresholds(const Context& context) {
  const SignalState& signals = context.signals;
  if (signals.met) {
    return std::nullopt;
  }
  if (!signals.any_enabled) {
    Decision decision;
    decision.kind = DecisionKind::kObserve;
    decision.check = check::kSignalDisabled;
    decision.reason = fmt::format("{} does not act on this signal ({})", context.policy.reference,
                                  to_string(context.facts.diagnosis));
    return decision;
  }
  Decision decision = wait(check::kThresholds, signals.why, signals.not_before);
  decision.pending = true;
  return decision;
}

std::optional<Decision> check_curable(const Context& context) {
  if (curable(context.facts.diagnosis)) {
    return std::nullopt;
  }
  return refuse(check::kNotCurable, fmt::format("a restart does not help against {}; {}",
                                                to_string(context.facts.diagnosis), context.signals.why));
}

std::optional<Decision> check_confidence(const Context& context) {
  if (context.facts.confidence >= context.policy.spec.min_confidence) {
    return std::nullopt;
  }
  return refuse(check::kLowConfidence, fmt::format("only {:.2f} sure that it was {} (policy: minConfidence {}){}{}; {}",
                                                   context.facts.confidence, context.workload.ref.to_string(),
                                                   context.policy.spec.min_confidence,
                                                   context.facts.others.empty() ? "" : "; it may have been ",
                                                   context.facts.others, context.signals.why));
}

std::optional<Decision> check_strategy(const Context& context) {
  const Choice& choice = context.choice;
  if (choice.strategy != Strategy::kNone) {
    return std::nullopt;
  }
  Decision decision = refuse(choice.check, choice.why);
  decision.not_before = choice.not_before;
  return decision;
}

std::optional<Decision> check_workload(const Context& context) {
  const WorkloadFacts& workload = context.workload;
  const std::string name = workload.ref.to_string();
  if (!workload.known) {
    return wait(check::kWorkloadUnknown, fmt::format("{} has not been seen yet: waiting until it is", name));
  }
  if (workload.deleting) {
    return refuse(check::kWorkloadDeleting, fmt::format("{} is being deleted", name));
  }
  // An evicted pod comes back from the revision that it was of. Everything else replaces all pods, of which a paused or
  // stuck rollout would bring back another mix than there was, or none.
  const bool whole = context.choice.strategy != Strategy::kEvictPods;
  if (workload.paused && whole) {
    return refuse(check::kRolloutPaused,
                  fmt::format("the {} is paused (spec.paused): run kubectl rollout resume first", workload.ref.kind));
  }
  if (workload.stuck && whole) {
    return refuse(
        check::kRolloutStuck,
        fmt::format("the {}'s present rollout is stuck: another one would not get through either; see kubectl "
                    "rollout status",
                    workload.ref.kind));
  }
  if (workload.replicas == 0) {
    return refuse(check::kScaledToZero, fmt::format("{} has 0 replicas: there is nothing to restart", name));
  }
  if (workload.on_delete && context.choice.strategy == Strategy::kRolloutRestart) {
    return refuse(check::kOnDelete,
                  fmt::format("the {}'s updateStrategy is OnDelete: a rollout would replace no pod; EvictPods would",
                              workload.ref.kind));
  }
  return std::nullopt;
}

}  // namespace remint::policy

#include <fmt/format.h>

#include <utility>

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

/// The values that the workload, its pod template and its namespace have for a key, and whose each is.
std::vector<std::pair<std::string_view, std::string>> annotations(const WorkloadFacts& workload, std::string_view key) {
  std::vector<std::pair<std::string_view, std::string>> values;
  const auto add = [&](std::string_view whose, const Labels& labels) {
    if (const auto found = labels.find(key); found != labels.end()) {
      values.emplace_back(whose, found->second);
    }
  };
  add("its", workload.annotations);
  add("its pod template's", workload.template_annotations);
  add("its namespace's", workload.namespace_annotations);
  return values;
}

}  // namespace

std::optional<Decision> check_ignored(const Context& context) {
  for (const auto& [whose, value] : annotations(context.workload, "remint.dev/ignore")) {
    if (value == "true") {
      return refuse(check::kIgnored, fmt::format(R"({} annotation remint.dev/ignore is "true")", whose));
    }
    if (value != "false") {
      // Somebody wanted something; leaving it alone is the reading that harms nobody.
      return refuse(check::kIgnored,
                    fmt::format(R"({} annotation remint.dev/ignore is "{}": taken as "true"; write "true" or "false")",
                                whose, sanitize(value, 80)));
    }
  }
  return std::nullopt;
}

std::optional<Decision> check_paused_until(const Context& context) {
  for (const auto& [whose, value] : annotations(context.workload, "remint.dev/paused-until")) {
    const auto until = parse_rfc3339(value);
    if (!until) {
      return refuse(
          check::kPausedUntil,
          fmt::format(
              R"({} annotation remint.dev/paused-until is "{}", not a time such as 2026-07-01T06:00:00Z: left alone)",
              whose, sanitize(value, 80)));
    }
    if (context.now < *until) {
      return wait(
          check::kPausedUntil,
          fmt::format("{} annotation remint.dev/paused-until says to wait until {}", whose, format_rfc3339(*until)),
          until);
    }
  }
  return std::nullopt;
}

std::optional<Decision> check_suspended(const Context& context) {
  if (const std::string& who = context.question.suspended; !who.empty()) {
    return wait(check::kSuspended, fmt::format("Remint is suspended in this cluster, by {}: nothing is begun", who));
  }
  const Effective& policy = context.policy;
  if (!policy.spec.suspend) {
    return std::nullopt;
  }
  const bool itself = !policy.ceiling || !policy.ceiling->suspended;
  return wait(check::kSuspended, fmt::format("{} is suspended: nothing is begun (policy: suspend true)",
                                             itself ? policy.reference : policy.ceiling->reference));
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
  if (!signals.uncorroborated.empty()) {
    return refuse(check::kUncorroborated, signals.uncorroborated);
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
  // What a pod's own log says suffices whether or not somebody else's requests are ascribed to it as well.
  const double confidence =
      std::max(context.facts.confidence, context.signals.by_clues ? context.facts.clue_confidence : 0);
  if (confidence >= context.policy.spec.min_confidence) {
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

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"

namespace remint::policy {
namespace {

// What detection keeps per pod; as many mean "or more".
constexpr std::size_t kMaxRejectionsKept = 128;

/// One pod against one signal.
struct PodSignal {
  bool met = false;
  std::string why;
  std::optional<Time> not_before;
  Time since{};
  bool rejected = false;
  bool clue = false;
};

PodSignal weigh_rejections(const RejectedTokenSignal& signal, const PodFacts& pod, Time now) {
  // Times ahead of `now` count as well: the API server's clock may be ahead of ours, and what it told of has happened.
  const auto in_window = static_cast<std::size_t>(
      std::ranges::count_if(pod.rejections, [&](Time time) { return time > now - signal.within; }));
  const Time since = *pod.failing_since;
  const std::size_t total = pod.rejections.size();
  PodSignal result;
  result.since = since;
  result.rejected = true;
  result.why = fmt::format("{}{} of pod {} answered 401 since {} (policy: {} within {}, failing for {})",
                           total >= kMaxRejectionsKept ? "at least " : "",
                           total == 1 ? std::string("1 request") : fmt::format("{} requests", total),
                           pod.name + (total == 1 ? " was" : " were"), when(since, now), signal.count,
                           format_duration(signal.within), format_duration(signal.for_));
  if (in_window < signal.count) {
    return result;  // only another rejected request can change that
  }
  if (now - since < signal.for_) {
    result.not_before = since + signal.for_;
    return result;
  }
  result.met = true;
  return result;
}

PodSignal weigh_staleness(const StaleTokenSignal& signal, const PodFacts& pod, Time now) {
  PodSignal result;
  result.since = *pod.stale_since;
  const auto breaks = pod.breaks_at ? fmt::format(" and will be refused from {}", when(*pod.breaks_at, now)) : "";
  result.why = fmt::format("pod {} uses a token that has been stale since {}{} (policy: stale for longer than {})",
                           pod.name, when(result.since, now), breaks, format_duration(signal.after));
  // A token that would break meanwhile does not wait.
  const bool too_late_then = pod.breaks_at && *pod.breaks_at <= result.since + signal.after;
  const Time due = too_late_then ? result.since : result.since + signal.after;
  result.met = now > due;
  if (!result.met) {
    result.not_before = due + Duration(1);
  }
  return result;
}

PodSignal weigh_distrust(const TrustChangeSignal& signal, const PodFacts& pod, Time now) {
  PodSignal result;
  result.since = *pod.distrusted_since;
  result.why = fmt::format(
      "pod {} has not been accepted since what its token or connection hangs on was replaced, {} "
      "(policy: trustChange after {})",
      pod.name, when(result.since, now), format_duration(signal.after));
  result.met = now - result.since >= signal.after;
  if (!result.met) {
    result.not_before = result.since + signal.after;
  }
  return result;
}

/// Where clues count by themselves, they do as rejections do.
struct ClueSignal {
  std::string_view field;   ///< of the policy
  std::string_view source;  ///< for people
  bool enabled, sufficient;
  const std::vector<Time>& times;
};

PodSignal weigh_clues(const ClueSignal& signal, const RejectedTokenSignal& thresholds, const PodFacts& pod, Time now) {
  PodFacts as_rejected;
  as_rejected.rejections = signal.times;
  as_rejected.failing_since = signal.times.front();
  PodSignal result = weigh_rejections(thresholds, as_rejected, now);
  result.clue = true;
  result.why = fmt::format(
      "{} {} of pod {} since {} that its token is refused (policy: {}.sufficient, {} within {}, "
      "for {})",
      signal.source, signal.times.size() == 1 ? "says once" : fmt::format("says {} times", signal.times.size()),
      pod.name, when(result.since, now), signal.field, thresholds.count, format_duration(thresholds.within),
      format_duration(thresholds.for_));
  return result;
}

std::string not_sufficient(const ClueSignal& signal, const PodFacts& pod, Time now) {
  return fmt::format(
      "only {} says that the token of pod {} is refused, since {}, and no audit event does: signals.{}"
      ".sufficient true would act upon it",
      signal.source, pod.name, when(signal.times.front(), now), signal.field);
}

}  // namespace

SignalState weigh_signals(const Spec& spec, const CaseFacts& facts, Time now) {
  SignalState state;
  std::size_t met = 0;
  std::string pending_why;
  std::string uncorroborated;
  for (const PodFacts& pod : facts.pods) {
    std::vector<PodSignal> signals;
    if (spec.rejected_token.enabled && pod.failing_since && !pod.rejections.empty()) {
      signals.push_back(weigh_rejections(spec.rejected_token, pod, now));
    }
    if (spec.stale_token.enabled && pod.stale_since) {
      signals.push_back(weigh_staleness(spec.stale_token, pod, now));
    }
    const ClueSignal clue_signals[]{
        {"podLog", "the pod's own log", spec.pod_log.enabled, spec.pod_log.sufficient, pod.log_clues},
        {"kubernetesEvent", "a Kubernetes Event", spec.kubernetes_event.enabled, spec.kubernetes_event.sufficient,
         pod.event_clues},
    };
    for (const ClueSignal& clues : clue_signals) {
      if (!clues.enabled || clues.times.empty()) continue;
      if (clues.sufficient) {
        signals.push_back(weigh_clues(clues, spec.rejected_token, pod, now));
      } else {
        state.any_enabled = true;
        if (uncorroborated.empty()) uncorroborated = not_sufficient(clues, pod, now);
      }
    }
    std::optional<Time> breaks_at = pod.breaks_at;
    // Secrets are watched when any policy wants it; this one may not.
    const bool unasked = facts.diagnosis == Diagnosis::kSecretRegenerated && !spec.trust_change.secrets;
    if (spec.trust_change.enabled && pod.distrusted_since && !unasked) {
      signals.push_back(weigh_distrust(spec.trust_change, pod, now));
      breaks_at = pod.distrusted_since;  // broken, most likely: no window is waited for
    }
    bool pod_met = false;
    for (PodSignal& signal : signals) {
      state.any_enabled = true;
      if (signal.met) {
        state.by_clues = state.by_clues || signal.clue;
        if (!pod_met) {
          state.accused.push_back({pod.name, pod.created, signal.since, false, breaks_at});
        }
        state.accused.back().rejected = state.accused.back().rejected || signal.rejected;
        state.accused.back().since = std::max(state.accused.back().since, signal.since);
        if (state.why.empty()) {
          state.why = std::move(signal.why);
        }
        pod_met = true;
        continue;
      }
      const bool sooner = signal.not_before && (!state.not_before || *signal.not_before < *state.not_before);
      if (sooner) {
        state.not_before = signal.not_before;
      }
      if (sooner || pending_why.empty()) {
        pending_why = std::move(signal.why);
      }
    }
    met += pod_met ? 1U : 0U;
  }
  state.met = met > 0;
  if (!state.met) {
    // What may still be met is waited for.
    if (pending_why.empty()) state.uncorroborated = std::move(uncorroborated);
    state.why = std::move(pending_why);
  } else {
    state.not_before.reset();
    if (met > 1) {
      state.why += fmt::format("; {} more {} likewise", met - 1, met == 2 ? "pod" : "pods");
    }
  }
  return state;
}

}  // namespace remint::policy

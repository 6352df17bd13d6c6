// Checks against past restarts. They know nothing but WorkloadRestart objects, so a restart of Remint or a change of
// leader does not make them forget.

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "own_restarts.hpp"
#include "select.hpp"

namespace remint::policy {
namespace {

bool same_cause(const PastRestart& restart, const CaseFacts& facts) {
  return !facts.cause.empty() && restart.cause == facts.cause;
}

/// Is it a pod of before, which that restart was to take away?
bool lingers(const AccusedPod& pod, const PastRestart& restart) {
  // An eviction takes the pods that were named; everything else takes all.
  const bool meant =
      restart.strategy != Strategy::kEvictPods || std::ranges::find(restart.pods, pod.name) != restart.pods.end();
  return meant && pod.created < restart.created && pod.since <= ended(restart);
}

/// A limit and whose it is.
struct Bound {
  const std::string& reference;
  const Match* match;  ///< of a cluster policy: its limits are for all restarts in the namespaces it matches
  const Limits& limits;
};

std::vector<Bound> bounds(const Effective& policy) {
  // A cluster policy's reference has one '/', a namespaced one's two.
  const bool cluster = std::ranges::count(policy.reference, '/') == 1;
  std::vector<Bound> all{{policy.reference, cluster ? &policy.spec.match : nullptr, policy.spec.limits}};
  if (policy.ceiling) {
    all.push_back({policy.ceiling->reference, &policy.ceiling->match, policy.ceiling->limits});
  }
  return all;
}

bool counts_for(const Bound& bound, const PastRestart& restart) {
  if (restart.policy == bound.reference) {
    return true;
  }
  // The labels of other namespaces are not known here; taking them as matching errs on the strict side.
  return bound.match != nullptr && restart.policy.starts_with("TokenRefreshPolicy/") &&
         namespace_named(*bound.match, restart.workload.ns);
}

}  // namespace

std::optional<Decision> check_running(const Context& context) {
  for (const PastRestart* restart : own_restarts(context.restarts, context.workload.ref)) {
    if (is_final(restart->phase)) {
      continue;
    }
    if (same_cause(*restart, context.facts)) {
      return wait(check::kAlreadyRestarting,
                  fmt::format("{} is already restarting it ({})", restart->name, to_string(restart->phase)));
    }
    return wait(check::kRestartRunning,
                fmt::format("another restart of it is under way: {} ({})", restart->name, to_string(restart->phase)));
  }
  return std::nullopt;
}

std::optional<Decision> check_already_restarted(const Context& context) {
  const PastRestart* last = nullptr;
  for (const PastRestart* restart : own_restarts(context.restarts, context.workload.ref)) {
    if (restart->phase == Phase::kSucceeded && same_cause(*restart, context.facts) &&
        (last == nullptr || ended(*restart) > ended(*last))) {
      last = restart;
    }
  }
  if (last == nullptr ||
      !std::ranges::all_of(context.signals.accused, [last](const AccusedPod& pod) { return lingers(pod, *last); })) {
    return std::nullopt;
  }
  return wait(
      check::kAlreadyRestarted,
      fmt::format(
          "{} restarted it for the same cause and ended {}: what is seen began before that, in pods that linger",
          last->name, when(ended(*last), context.now)));
}

std::optional<Decision> check_cooldown(const Context& context) {
  const PastRestart* last = nullptr;
  for (const PastRestart* restart : own_restarts(context.restarts, context.workload.ref)) {
    // One whose strategy does not suit the workload found that out before it touched anything: the next one may begin.
    if (!restart->unfit && (last == nullptr || ended(*restart) > ended(*last))) {
      last = restart;
    }
  }
  if (last == nullptr) {
    return std::nullopt;
  }
  const Time until = ended(*last) + context.policy.spec.limits.cooldown;
  if (context.now >= until) {
    return std::nullopt;
  }
  return wait(
      check::kCooldown,
      fmt::format("in cooldown until {}: last restart {} ended {} (policy: {})", when(until, context.now), last->name,
                  when(ended(*last), context.now), format_duration(context.policy.spec.limits.cooldown)),
      until);
}

std::optional<Decision> check_max_per_hour(const Context& context) {
  constexpr Duration kHour = std::chrono::hours(1);
  for (const Bound& bound : bounds(context.policy)) {
    std::vector<Time> begun;
    for (const PastRestart& restart : context.restarts) {
      // A cancelled one touched nothing.
      if (counts_for(bound, restart) && restart.phase != Phase::kCancelled && restart.created > context.now - kHour) {
        begun.push_back(restart.created);
      }
    }
    if (begun.size() < bound.limits.max_per_hour) {
      continue;
    }
    std::ranges::sort(begun);
    const Time until = begun[begun.size() - bound.limits.max_per_hour] + kHour;
    return wait(check::kMaxPerHour,
                fmt::format("{} began {} restarts in the last hour (policy: maxPerHour {}): the next at {}",
                            bound.reference, begun.size(), bound.limits.max_per_hour, when(until, context.now)),
                until);
  }
  return std::nullopt;
}

std::optional<Decision> check_max_concurrent(const Context& context) {
  for (const Bound& bound : bounds(context.policy)) {
    const auto running = std::ranges::count_if(context.restarts, [&](const PastRestart& restart) {
      return !is_final(restart.phase) && counts_for(bound, restart);
    });
    if (running >= static_cast<std::ptrdiff_t>(bound.limits.max_concurrent)) {
      return wait(
          check::kMaxConcurrent,
          fmt::format("{} {} under way for {} (policy: maxConcurrent {}): waiting for one to end", running,
                      running == 1 ? "restart is" : "restarts are", bound.reference, bound.limits.max_concurrent));
    }
  }
  return std::nullopt;
}

}  // namespace remint::policy

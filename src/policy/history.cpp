// Checks against past restarts. They know nothing but WorkloadRestart objects, so a restart of Remint or a change of
// leader does not make them forget.

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "own_restarts.hpp"

namespace remint::policy {
namespace {

/// Is it a pod of before, which that restart was to take away?
bool lingers(const AccusedPod& pod, const PastRestart& restart) {
  // An eviction takes the pods that were named; everything else takes all.
  const bool meant =
      restart.strategy != Strategy::kEvictPods || std::ranges::find(restart.pods, pod.name) != restart.pods.end();
  return meant && pod.created < restart.created && pod.since <= ended(restart);
}

/// Does its end count for the cooldown?
bool cools_down(const PastRestart& restart) {
  if (restart.standing() || restart.unfit) {
    return false;  // it has not begun; or found out before it touched anything that it cannot, and the next one may
  }
  // Whose question lapsed was told of it, and is not asked again at once.
  const PastRestart::Approval& approval = restart.approval;
  const bool lapsed = approval.state == PastRestart::Approval::State::kAwaited && approval.expires &&
                      ended(restart) >= *approval.expires;
  return !restart.withdrawn || lapsed;
}

}  // namespace

std::optional<Decision> check_running(const Context& context) {
  for (const PastRestart* restart : own_restarts(context.restarts, context.workload.ref)) {
    if (!restart->under_way()) {
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
    if (cools_down(*restart) && (last == nullptr || ended(*restart) > ended(*last))) {
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

}  // namespace remint::policy

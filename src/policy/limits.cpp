// How many, and how many at once. They know nothing but WorkloadRestart objects, so a restart of Remint or a change of
// leader does not make them forget. What stands and waits to be allowed counts for none of them.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "bounds.hpp"
#include "checks.hpp"

namespace remint::policy {
namespace {

/// "1 restart is", "2 restarts are"
std::string restarts_are(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "restart is" : "restarts are");
}

/// One is always allowed, or a small cluster would allow none; and no more where nobody has counted. All of them are no
/// limit, however many were counted.
std::size_t share(std::uint32_t percent, std::size_t count) {
  return percent >= 100 ? std::numeric_limits<std::size_t>::max() : std::max<std::size_t>(1, count * percent / 100);
}

}  // namespace

std::optional<Decision> check_max_per_hour(const Context& context) {
  constexpr Duration kHour = std::chrono::hours(1);
  for (const Bound& bound : bounds(context.policy)) {
    std::vector<Time> begun;
    for (const PastRestart& restart : context.restarts) {
      // A cancelled one touched nothing.
      const bool counts = !restart.standing() && restart.phase != Phase::kCancelled && bound.counts(restart);
      if (counts && restart.begun() > context.now - kHour) {
        begun.push_back(restart.begun());
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
    const std::size_t running = bound.under_way(context.restarts);
    if (running >= bound.limits.max_concurrent) {
      return wait(check::kMaxConcurrent,
                  fmt::format("{} under way for {} (policy: maxConcurrent {}): waiting for one to end",
                              restarts_are(running), bound.reference, bound.limits.max_concurrent));
    }
  }
  return std::nullopt;
}

std::optional<Decision> check_max_workloads_percent(const Context& context) {
  const std::size_t total = context.question.counts.total;
  for (const Bound& bound : bounds(context.policy)) {
    const std::size_t running = bound.under_way(context.restarts);
    const std::size_t allowed = share(bound.limits.max_workloads_percent, total);
    if (running >= allowed) {
      return wait(
          check::kMaxWorkloadsPercent,
          fmt::format("{} under way for {}, and {} of the cluster's {} workloads may be at once (policy: "
                      "limits.maxWorkloadsPercent {}): waiting for one to end",
                      restarts_are(running), bound.reference, allowed, total, bound.limits.max_workloads_percent));
    }
  }
  return std::nullopt;
}

std::optional<Decision> check_max_namespace_percent(const Context& context) {
  const std::string& ns = context.workload.ref.ns;
  const std::size_t count = context.question.counts.in_namespace;
  for (const Bound& bound : bounds(context.policy)) {
    const auto running = static_cast<std::size_t>(std::ranges::count_if(context.restarts, [&](const auto& restart) {
      return restart.under_way() && restart.workload.ns == ns && bound.counts(restart);
    }));
    const std::size_t allowed = share(bound.limits.max_namespace_percent, count);
    if (running >= allowed) {
      return wait(
          check::kMaxNamespacePercent,
          fmt::format("{} under way in namespace {} for {}, and {} of its {} workloads may be at once (policy: "
                      "limits.maxNamespacePercent {}): waiting for one to end",
                      restarts_are(running), ns, bound.reference, allowed, count, bound.limits.max_namespace_percent));
    }
  }
  return std::nullopt;
}

}  // namespace remint::policy

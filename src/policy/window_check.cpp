// A token that is still accepted can wait for the hour at which a restart hurts nobody; a dead one cannot.

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"

namespace remint::policy {
namespace {

// Who opens a window for weeks does not want a restart to wait for weeks.
constexpr Duration kSpreadAtMost = std::chrono::days(7);

std::optional<Time> breaks_at(const Context& context) {
  std::optional<Time> first = context.facts.breaks_at;
  for (const AccusedPod& pod : context.signals.accused) {
    if (pod.breaks_at) {
      first = std::min(first.value_or(*pod.breaks_at), *pod.breaks_at);
    }
  }
  return first;
}

std::string describe(const std::vector<WindowSet>& sets) {
  std::string text;
  for (const WindowSet& set : sets) {
    text += (text.empty() ? "" : "; and ") + policy::describe(set);
  }
  return text;
}

/// When its turn is in an opening.
Time place(const Opening& opening, const Context& context) {
  // Between two blackouts there is nothing to spread over: who gave no windows wants no waiting.
  const bool windows =
      std::ranges::any_of(context.policy.windows, [](const auto& set) { return !set.windows.empty(); });
  if (!windows) {
    return opening.begin;
  }
  const Opening spread{opening.begin, std::min(opening.end, opening.begin + kSpreadAtMost)};
  const ObjectRef& workload = context.workload.ref;
  return place_in(spread, workload.uid.empty() ? workload.to_string() : workload.uid,
                  context.policy.spec.limits.spread_percent);
}

}  // namespace

std::optional<Decision> check_window(const Context& context) {
  const Spec& spec = context.policy.spec;
  const bool dead = std::ranges::any_of(context.signals.accused, &AccusedPod::rejected);
  const auto breaks = breaks_at(context);
  if (context.policy.windows.empty() || dead || (breaks && *breaks <= context.now + spec.urgent_before)) {
    return std::nullopt;
  }
  const auto opening = opening_at_or_after(context.policy.windows, context.now);
  std::optional<Time> due = opening ? std::optional(place(*opening, context)) : std::nullopt;
  if (due && opening->begin <= context.now && *due <= context.now) {
    return std::nullopt;
  }
  std::string why = !opening ? "no window opens in the next 400 days"
                    : opening->begin <= context.now
                        ? fmt::format("the window is open; its place in it is {}", when(*due, context.now))
                        : fmt::format("outside the window, which opens {}; its place in it is {}",
                                      when(opening->begin, context.now), when(*due, context.now));
  if (breaks && (!due || *breaks - spec.urgent_before < *due)) {
    due = *breaks - spec.urgent_before;
    why += fmt::format("; but its token breaks {}, so it waits until {} at most", when(*breaks, context.now),
                       when(*due, context.now));
  }
  Decision decision =
      wait(check::kOutsideWindow,
           fmt::format("{} (policy: spreadPercent {}, urgentBefore {}, windows {})", why, spec.limits.spread_percent,
                       format_duration(spec.urgent_before), describe(context.policy.windows)),
           due);
  // In mode Observe nothing stands: there is nothing to come. Nor where it can never come.
  decision.standing = spec.mode != Mode::kObserve && due.has_value();
  return decision;
}

}  // namespace remint::policy

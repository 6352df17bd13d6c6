#include <fmt/format.h>

#include <algorithm>

#include "bounds.hpp"
#include "checks.hpp"

namespace remint::policy {
namespace {

std::optional<Decision> wait_for_a_person(const Bound& bound, const Storm& storm, Time now) {
  const std::string name = bound.reference.substr(bound.reference.find('/') + 1);
  return wait(check::kStormBrake,
              fmt::format("a storm since {}: {} of {} workloads of {} broke, so it is hardly the workloads. Nothing is "
                          "begun until a person says so: remint resume {} (policy: storm.percent {}, within {})",
                          when(storm.since, now), storm.broken, storm.workloads, bound.reference, name,
                          bound.storm.percent, format_duration(bound.storm.within)));
}

/// One at a time, one in each `pace`.
std::optional<Decision> pace(const Bound& bound, const Storm& storm, const Context& context) {
  const std::string what = fmt::format("a storm since {}: {} of {} workloads of {} broke",
                                       when(storm.since, context.now), storm.broken, storm.workloads, bound.reference);
  const std::string paced = fmt::format("(policy: storm.then Pace, pace {})", format_duration(bound.storm.pace));
  if (bound.under_way(context.restarts) > 0) {
    return wait(check::kStormBrake,
                fmt::format("{}; one at a time is restarted, and one is under way {}", what, paced));
  }
  std::optional<Time> last;
  for (const PastRestart& restart : context.restarts) {
    // A cancelled one touched nothing.
    if (!restart.standing() && restart.phase != Phase::kCancelled && bound.counts(restart)) {
      last = std::max(last.value_or(restart.begun()), restart.begun());
    }
  }
  if (!last || context.now >= *last + bound.storm.pace) {
    return std::nullopt;
  }
  const Time until = *last + bound.storm.pace;
  return wait(check::kStormBrake, fmt::format("{}; the next restart at {} {}", what, when(until, context.now), paced),
              until);
}

}  // namespace

std::optional<Decision> check_storm(const Context& context) {
  if (context.question.storms == nullptr) {
    return std::nullopt;
  }
  for (const Bound& bound : bounds(context.policy)) {
    const auto storm = context.question.storms->find(bound.reference);
    if (storm == context.question.storms->end() || bound.storm.percent == 0) {
      continue;
    }
    const bool asks = bound.storm.then == StormSpec::Then::kAsk;
    if (auto objection =
            asks ? wait_for_a_person(bound, storm->second, context.now) : pace(bound, storm->second, context)) {
      return objection;
    }
  }
  return std::nullopt;
}

}  // namespace remint::policy

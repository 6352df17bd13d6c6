#include "remint/policy/storm.hpp"

#include <algorithm>

namespace remint::policy {
namespace {

/// Does the brake that was on end?
bool ends(const StormSpec& spec, const Storm& storm, std::size_t broken, std::optional<Time> resumed) {
  return (resumed && *resumed >= storm.since) || (spec.then == StormSpec::Then::kPace && broken == 0);
}

}  // namespace

std::string_view to_string(StormSpec::Then then) { return then == StormSpec::Then::kPace ? "Pace" : "Ask"; }

std::optional<StormSpec::Then> parse_storm_then(std::string_view text) {
  for (const auto then : {StormSpec::Then::kAsk, StormSpec::Then::kPace}) {
    if (text == to_string(then)) {
      return then;
    }
  }
  return std::nullopt;
}

std::optional<Storm> assess_storm(const StormSpec& spec, std::span<const Broken> broken, std::size_t workloads,
                                  const std::optional<Storm>& before, std::optional<Time> resumed, Time now) {
  if (spec.percent == 0) {
    return std::nullopt;
  }
  // Times ahead of `now` count as well: the API server's clock may be ahead of ours.
  const auto count = static_cast<std::size_t>(std::ranges::count_if(
      broken, [&](const Broken& one) { return one.since > now - spec.within && (!resumed || one.since >= *resumed); }));
  if (before && !ends(spec, *before, count, resumed)) {
    // Remembered of a leader that had not counted yet, it would speak of more than there are.
    const bool uncounted = before->workloads < before->broken;
    if (count <= before->broken && !uncounted) {
      return *before;
    }
    return Storm{before->since, std::max(count, before->broken), workloads};
  }
  if (count == 0 || count < spec.min_workloads || count * 100 <= workloads * spec.percent) {
    return std::nullopt;
  }
  return Storm{now, count, workloads};
}

bool is_system_namespace(std::string_view ns) { return ns.starts_with("kube-") || ns.starts_with("openshift-"); }

}  // namespace remint::policy

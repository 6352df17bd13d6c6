#pragma once
// The storm brake: when many workloads break in a short time it is not the workloads (a signing key, a CA, a clock),
// and restarting them all at once would be the second outage. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "remint/base/object.hpp"
#include "remint/base/time.hpp"

namespace remint::policy {

struct StormSpec {
  enum class Then : std::uint8_t {
    kAsk,   ///< nothing is begun until a person says so (remint resume)
    kPace,  ///< one at a time, one in each `pace`
  };
  std::uint32_t percent = 10;        ///< of the workloads that the policy speaks for; 0 switches the brake off
  std::uint32_t min_workloads = 10;  ///< fewer are no storm, whatever their share is
  Duration within = std::chrono::minutes(10);
  Then then = Then::kAsk;
  Duration pace = std::chrono::minutes(1);
  friend bool operator==(const StormSpec&, const StormSpec&) = default;
};
[[nodiscard]] std::string_view to_string(StormSpec::Then then);
[[nodiscard]] std::optional<StormSpec::Then> parse_storm_then(std::string_view text);

/// A workload whose tokens are refused (not: will be), and clearly enough for the policy.
struct Broken {
  ObjectRef workload;
  Time since{};
};

/// A brake that is on. Kept in the policy's status, so that it outlives the leader.
struct Storm {
  Time since{};
  std::size_t broken = 0;     ///< workloads that broke within the window of time, at most so many at once so far
  std::size_t workloads = 0;  ///< of so many
  friend bool operator==(const Storm&, const Storm&) = default;
};

/// The brake after `now`. On when at least min_workloads and more than `percent` of `workloads` broke within `within`;
/// what broke before `resumed` does not count. A brake stays on until somebody resumed after it began; with kPace also
/// until nothing has been broken for `within`. Off when the spec switches it off.
[[nodiscard]] std::optional<Storm> assess_storm(const StormSpec& spec, std::span<const Broken> broken,
                                                std::size_t workloads, const std::optional<Storm>& before,
                                                std::optional<Time> resumed, Time now);

/// Namespaces whose workloads go last in a storm: "kube-" and "openshift-" and what begins with them.
[[nodiscard]] bool is_system_namespace(std::string_view ns);

}  // namespace remint::policy

#pragma once
// The checks of decide(), each a pure function of what was gathered beforehand. None means: no objection.

#include <string_view>

#include "remint/policy/decide.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {

/// Names of the checks as they appear in metrics and Events.
namespace check {
inline constexpr std::string_view kOwnNamespace = "OwnNamespace";
inline constexpr std::string_view kNoPolicy = "NoPolicy";
inline constexpr std::string_view kIgnored = "Ignored";
inline constexpr std::string_view kPausedUntil = "PausedUntil";
inline constexpr std::string_view kSuspended = "Suspended";
inline constexpr std::string_view kSignalDisabled = "SignalDisabled";
inline constexpr std::string_view kThresholds = "Thresholds";
inline constexpr std::string_view kUncorroborated = "Uncorroborated";
inline constexpr std::string_view kNotCurable = "NotCurable";
inline constexpr std::string_view kLowConfidence = "LowConfidence";
inline constexpr std::string_view kNoStrategy = "NoStrategy";
inline constexpr std::string_view kMirrorPod = "MirrorPod";
inline constexpr std::string_view kPodHasController = "PodHasController";
inline constexpr std::string_view kBadStrategy = "BadStrategy";
inline constexpr std::string_view kReverted = "Reverted";
inline constexpr std::string_view kStrategiesUnfit = "StrategiesUnfit";
inline constexpr std::string_view kWorkloadUnknown = "WorkloadUnknown";
inline constexpr std::string_view kWorkloadDeleting = "WorkloadDeleting";
inline constexpr std::string_view kRolloutPaused = "RolloutPaused";
inline constexpr std::string_view kRolloutStuck = "RolloutStuck";
inline constexpr std::string_view kScaledToZero = "ScaledToZero";
inline constexpr std::string_view kOnDelete = "OnDelete";
inline constexpr std::string_view kAlreadyRestarting = "AlreadyRestarting";
inline constexpr std::string_view kAlreadyRestarted = "AlreadyRestarted";
inline constexpr std::string_view kRestartRunning = "RestartRunning";
inline constexpr std::string_view kBreakerOpen = "BreakerOpen";
inline constexpr std::string_view kPolicyBreakerOpen = "PolicyBreakerOpen";
inline constexpr std::string_view kCooldown = "Cooldown";
inline constexpr std::string_view kStormBrake = "StormBrake";
inline constexpr std::string_view kAwaitingApproval = "AwaitingApproval";
inline constexpr std::string_view kDenied = "Denied";
inline constexpr std::string_view kOutsideWindow = "OutsideWindow";
inline constexpr std::string_view kMaxPerHour = "MaxPerHour";
inline constexpr std::string_view kMaxConcurrent = "MaxConcurrent";
inline constexpr std::string_view kMaxWorkloadsPercent = "MaxWorkloadsPercent";
inline constexpr std::string_view kMaxNamespacePercent = "MaxNamespacePercent";
inline constexpr std::string_view kObserveMode = "ObserveMode";
inline constexpr std::string_view kAllowed = "Allowed";
}  // namespace check

/// A pod that meets a signal.
struct AccusedPod {
  std::string name;
  Time created{};
  Time since{};           ///< in trouble
  bool rejected = false;  ///< its token is refused already
  std::optional<Time> breaks_at;
};

/// How a case stands against the thresholds of a policy's signals.
struct SignalState {
  bool met = false;
  bool by_clues = false;           ///< what logs or Events say meets them, and the policy calls that sufficient
  bool any_enabled = false;        ///< at least one accused pod shows a signal that the policy listens to
  std::string why;                 ///< a sentence about the pod that meets them, or comes nearest
  std::optional<Time> not_before;  ///< when time alone will have met them
  /// Nothing but clues that the policy does not act upon by themselves: a sentence about them.
  std::string uncorroborated;
  std::vector<AccusedPod> accused;  ///< those that meet one
};
[[nodiscard]] SignalState weigh_signals(const Spec& spec, const CaseFacts& facts, Time now);

struct Context {
  const Question& question;
  const WorkloadFacts& workload;
  const CaseFacts& facts;
  std::span<const PastRestart> restarts;
  std::span<const Policy> policies;
  const Effective& policy;
  const SignalState& signals;
  const Choice& choice;
  Time now;
};

using Check = std::optional<Decision> (*)(const Context&);

// eligibility.cpp
std::optional<Decision> check_ignored(const Context& context);
std::optional<Decision> check_paused_until(const Context& context);
std::optional<Decision> check_suspended(const Context& context);
std::optional<Decision> check_thresholds(const Context& context);
std::optional<Decision> check_curable(const Context& context);
std::optional<Decision> check_confidence(const Context& context);
std::optional<Decision> check_strategy(const Context& context);
std::optional<Decision> check_workload(const Context& context);
// history.cpp
std::optional<Decision> check_running(const Context& context);
std::optional<Decision> check_already_restarted(const Context& context);
std::optional<Decision> check_cooldown(const Context& context);
// breaker.cpp, policy_breaker.cpp
std::optional<Decision> check_breaker(const Context& context);
std::optional<Decision> check_policy_breaker(const Context& context);
// storm_brake.cpp
std::optional<Decision> check_storm(const Context& context);
// approval.cpp
std::optional<Decision> check_approval(const Context& context);
// window_check.cpp
std::optional<Decision> check_window(const Context& context);
// limits.cpp
std::optional<Decision> check_max_per_hour(const Context& context);
std::optional<Decision> check_max_concurrent(const Context& context);
std::optional<Decision> check_max_workloads_percent(const Context& context);
std::optional<Decision> check_max_namespace_percent(const Context& context);

[[nodiscard]] Decision refuse(std::string_view check, std::string reason);
[[nodiscard]] Decision wait(std::string_view check, std::string reason, std::optional<Time> not_before = std::nullopt);
/// "10:27:28Z" on the day of `now`, else with its date.
[[nodiscard]] std::string when(Time time, Time now);

}  // namespace remint::policy

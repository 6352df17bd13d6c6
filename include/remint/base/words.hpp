#pragma once
// The design's words that appear in custom resources, metrics, logs and decisions, with their spellings.

#include <cstdint>
#include <optional>
#include <string_view>

namespace remint {

/// The class of failure; decides whether a restart can help at all.
enum class Diagnosis : std::uint8_t {
  kStaleToken,    ///< accepted, but past its warning threshold: will expire
  kNotReloading,  ///< same credential id long after the kubelet renewed it
  kExpired,
  kSigningKeyChanged,
  kCaChanged,
  kServiceAccountRecreated,
  kSecretRegenerated,
  kBoundObjectChanged,
  kPodTerminating,
  kNotYetValid,
  kWrongAudience,
  kForbidden,
  kNoToken,
  kUnknown,  ///< rejected, reason not known
};
/// "StaleToken", "Expired", "CAChanged", ...
std::string_view to_string(Diagnosis diagnosis);
std::optional<Diagnosis> parse_diagnosis(std::string_view text);

enum class DecisionKind : std::uint8_t { kRestart, kWait, kAsk, kObserve, kRefuse };
/// "Restart", "Wait", "Ask", "Observe", "Refuse"
std::string_view to_string(DecisionKind kind);

enum class Strategy : std::uint8_t { kNone, kRolloutRestart, kEvictPods, kScaleToZero, kRollingReplace, kRecreate };
/// "" for kNone, "RolloutRestart", ...
std::string_view to_string(Strategy strategy);
std::optional<Strategy> parse_strategy(std::string_view text);

enum class Phase : std::uint8_t {
  kPending,
  kAwaitingApproval,
  kScheduled,
  kRunning,
  kVerifying,
  kSucceeded,
  kFailed,
  kCancelled
};
std::string_view to_string(Phase phase);
std::optional<Phase> parse_phase(std::string_view text);
/// Succeeded, Failed and Cancelled never change again.
[[nodiscard]] constexpr bool is_final(Phase phase) {
  return phase == Phase::kSucceeded || phase == Phase::kFailed || phase == Phase::kCancelled;
}

enum class Outcome : std::uint8_t { kNone, kCured, kNotCured, kUnverified };
/// "" for kNone, "Cured", "NotCured", "Unverified"
std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

}  // namespace remint

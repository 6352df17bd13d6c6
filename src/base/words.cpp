#include "remint/base/words.hpp"

#include <array>
#include <cstddef>

namespace remint {
namespace {

// Each table is in the order of its enum; the assertions keep a new value from being forgotten.
constexpr std::array<std::string_view, 14> kDiagnoses{"StaleToken",        "NotReloading",
                                                      "Expired",           "SigningKeyChanged",
                                                      "CAChanged",         "ServiceAccountRecreated",
                                                      "SecretRegenerated", "BoundObjectChanged",
                                                      "PodTerminating",    "NotYetValid",
                                                      "WrongAudience",     "Forbidden",
                                                      "NoToken",           "Unknown"};
static_assert(kDiagnoses.size() == static_cast<std::size_t>(Diagnosis::kUnknown) + 1);

constexpr std::array<std::string_view, 5> kDecisions{"Restart", "Wait", "Ask", "Observe", "Refuse"};
static_assert(kDecisions.size() == static_cast<std::size_t>(DecisionKind::kRefuse) + 1);

constexpr std::array<std::string_view, 6> kStrategies{
    "", "RolloutRestart", "EvictPods", "ScaleToZero", "RollingReplace", "Recreate"};
static_assert(kStrategies.size() == static_cast<std::size_t>(Strategy::kRecreate) + 1);

constexpr std::array<std::string_view, 8> kPhases{"Pending",   "AwaitingApproval", "Scheduled", "Running",
                                                  "Verifying", "Succeeded",        "Failed",    "Cancelled"};
static_assert(kPhases.size() == static_cast<std::size_t>(Phase::kCancelled) + 1);

constexpr std::array<std::string_view, 4> kOutcomes{"", "Cured", "NotCured", "Unverified"};
static_assert(kOutcomes.size() == static_cast<std::size_t>(Outcome::kUnverified) + 1);

template <class Enum, std::size_t N>
std::string_view spell(const std::array<std::string_view, N>& table, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? table[index] : std::string_view("?");
}

template <class Enum, std::size_t N>
std::optional<Enum> read(const std::array<std::string_view, N>& table, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (table[i] == text) {
      return static_cast<Enum>(i);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Diagnosis diagnosis) { return spell(kDiagnoses, diagnosis); }
std::optional<Diagnosis> parse_diagnosis(std::string_view text) { return read<Diagnosis>(kDiagnoses, text); }

std::string_view to_string(DecisionKind kind) { return spell(kDecisions, kind); }

std::string_view to_string(Strategy strategy) { return spell(kStrategies, strategy); }
std::optional<Strategy> parse_strategy(std::string_view text) { return read<Strategy>(kStrategies, text); }

std::string_view to_string(Phase phase) { return spell(kPhases, phase); }
std::optional<Phase> parse_phase(std::string_view text) { return read<Phase>(kPhases, text); }

std::string_view to_string(Outcome outcome) { return spell(kOutcomes, outcome); }
std::optional<Outcome> parse_outcome(std::string_view text) { return read<Outcome>(kOutcomes, text); }

}  // namespace remint

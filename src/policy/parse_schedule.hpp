#pragma once
// When and how much: the parts of a policy's spec that bound what it does. Errors go to the reader.

#include "remint/base/json.hpp"
#include "remint/policy/spec.hpp"

namespace remint::policy {

// parse_schedule.cpp
[[nodiscard]] std::vector<Window> parse_windows(const JsonReader& reader);
[[nodiscard]] std::vector<Blackout> parse_blackouts(const JsonReader& reader);
inline constexpr std::size_t kMaxWindows = 20;
inline constexpr std::size_t kMaxBlackouts = 50;
// parse_limits.cpp
[[nodiscard]] Limits parse_limits(const JsonReader& reader);
[[nodiscard]] Gentle parse_gentle(const JsonReader& reader);
[[nodiscard]] Breaker parse_breaker(const JsonReader& reader);
[[nodiscard]] StormSpec parse_storm(const JsonReader& reader);
[[nodiscard]] ApprovalSpec parse_approval(const JsonReader& reader);

}  // namespace remint::policy

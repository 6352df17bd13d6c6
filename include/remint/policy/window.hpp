#pragma once
// Windows in which planned restarts may begin: days and times of the clock in an IANA time zone. Pure but for the time
// zone database, which is read from disk once.
//
// A window belongs to the day on which it starts: "Fri 22:00-04:00" ends on Saturday at four. What the clock does to
// it: a time that does not exist (clocks go forward) means the moment at which they do; of a time that comes twice
// (clocks go back) a start means the first and an end the second, so the window is an hour longer. A window that lies
// in the gap as a whole is left out that day.

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/time.hpp"

namespace remint::policy {

struct Window {
  std::uint8_t days = 0x7F;           ///< bit 0 is Monday
  std::chrono::minutes start{0};      ///< of the day
  std::chrono::minutes end{24 * 60};  ///< of the day, up to 24:00; not after `start`: on the next day
  std::string time_zone = "UTC";      ///< as the IANA time zone database has it
  friend bool operator==(const Window&, const Window&) = default;
};

/// Whole days on which no window is open, not even one that started the day before.
struct Blackout {
  std::chrono::year_month_day from{}, to{};  ///< both included
  std::string time_zone = "UTC";
  std::string reason;
  friend bool operator==(const Blackout&, const Blackout&) = default;
};

/// No windows: always open, but for the blackouts.
struct WindowSet {
  std::vector<Window> windows;
  std::vector<Blackout> blackouts;
  [[nodiscard]] bool always_open() const { return windows.empty() && blackouts.empty(); }
  friend bool operator==(const WindowSet&, const WindowSet&) = default;
};

struct Opening {
  Time begin{}, end{};  ///< open at begin, closed at end
  friend bool operator==(const Opening&, const Opening&) = default;
};

/// How far ahead is looked for one.
inline constexpr auto kWindowHorizon = std::chrono::days(400);

/// The opening in which all sets are open at `from`, or the next one. Its `begin` is before `from` when it is open then
/// (at most kWindowHorizon before). Nothing: none opens within kWindowHorizon. Linear in windows and blackouts, not in
/// time.
[[nodiscard]] std::optional<Opening> opening_at_or_after(std::span<const WindowSet> sets, Time from);

/// Why the database does not know it, or nothing.
[[nodiscard]] std::optional<std::string> check_time_zone(std::string_view name);

/// The moment at which a workload's planned restart is due in an opening: deterministic by `identity`, evenly spread
/// over the first `spread_percent` of it.
[[nodiscard]] Time place_in(const Opening& opening, std::string_view identity, std::uint32_t spread_percent);

/// "Mon-Thu 02:00-05:00 Europe/Berlin, not 2026-12-24 to 2026-12-27 (holidays)"
[[nodiscard]] std::string describe(const WindowSet& set);

}  // namespace remint::policy

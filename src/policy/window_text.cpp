// Windows for people.

#include <fmt/format.h>

#include <array>

#include "remint/base/text.hpp"
#include "remint/policy/window.hpp"

namespace remint::policy {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/// "Mon-Thu, Sat"
std::string days_of(std::uint8_t days) {
  std::string text;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    std::size_t last = day;
    while (last < kDays.size() && (static_cast<unsigned>(days) >> last & 1U) != 0) {
      ++last;
    }
    if (last == day) {
      continue;
    }
    text += fmt::format("{}{}", text.empty() ? "" : ", ", kDays.at(day));
    if (last > day + 1) {
      text += fmt::format("{}{}", last > day + 2 ? "-" : ", ", kDays.at(last - 1));
    }
    day = last;
  }
  return text.empty() ? "never" : text;
}

std::string clock(std::chrono::minutes time) {
  return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

std::string date(std::chrono::year_month_day day) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace

std::string describe(const WindowSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.windows.size(); ++i) {
    const Window& window = set.windows[i];
    // A zone that several windows in a row share is named once.
    const bool zone_follows = i + 1 < set.windows.size() && set.windows[i + 1].time_zone == window.time_zone;
    text += fmt::format("{}{} {}-{}{}", i == 0 ? "" : " or ", days_of(window.days), clock(window.start),
                        clock(window.end), zone_follows ? "" : " " + sanitize(window.time_zone, 64));
  }
  if (text.empty()) {
    text = "always";
  }
  const std::string zone = set.windows.empty() ? "" : set.windows.front().time_zone;
  for (const Blackout& blackout : set.blackouts) {
    text += fmt::format(", not {}", date(blackout.from));
    if (blackout.to != blackout.from) {
      text += fmt::format(" to {}", date(blackout.to));
    }
    if (blackout.time_zone != zone) {
      text += " " + sanitize(blackout.time_zone, 64);
    }
    if (!blackout.reason.empty()) {
      text += fmt::format(" ({})", sanitize(blackout.reason, 200));
    }
  }
  return text;
}

}  // namespace remint::policy

#pragma once
// Another way to the same answers: the C library's clock, and windows minute by minute. Shares no code with Remint.

#include <stdlib.h>
#include <time.h>

#include <string>
#include <vector>

#include "remint/policy/window.hpp"

namespace remint::policy {

inline constexpr std::int64_t kMinute = 60;
inline constexpr std::int64_t kDay = 24 * 60 * kMinute;

/// The C library in a time zone, for as long as this lives. Not for threads.
class WallClock {
 public:
  explicit WallClock(const std::string& zone) {
    const char* before = ::getenv("TZ");
    had_ = before != nullptr;
    before_ = had_ ? before : "";
    ::setenv("TZ", (":" + zone).c_str(), 1);
    ::tzset();
  }
  ~WallClock() {
    had_ ? ::setenv("TZ", before_.c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  /// Seconds that the clock is ahead of UTC.
  [[nodiscard]] std::int64_t ahead(std::int64_t utc) const {
    const ::time_t time = utc;
    ::tm parts{};
    return ::localtime_r(&time, &parts) == nullptr ? 0 : parts.tm_gmtoff;
  }
  /// What it shows, as seconds since it showed the beginning of 1970.
  [[nodiscard]] std::int64_t shows(std::int64_t utc) const { return utc + ahead(utc); }

  /// The first second of each new offset in [from, to).
  [[nodiscard]] std::vector<std::int64_t> jumps(std::int64_t from, std::int64_t to) const {
    std::vector<std::int64_t> found;
    for (std::int64_t time = from; time < to; time += kDay / 2) {
      std::int64_t low = time;
      std::int64_t high = std::min(time + kDay / 2, to);
      if (ahead(low) == ahead(high)) {
        continue;
      }
      while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (ahead(middle) == ahead(low) ? low : high) = middle;
      }
      found.push_back(high);
    }
    return found;
  }

 private:
  bool had_ = false;
  std::string before_;
};

/// [begin, end) in seconds; nothing is open when begin is not before end.
struct Stretch {
  std::int64_t begin = 0, end = 0;
};

/// Steps through the minutes of [from, to): open from the first one at which the clock shows `start` or more, until
/// the last one at which it shows `end`, or where it never does after the last one with less. Both are what the clock
/// shows, with the date.
template <class Shows>
Stretch step_through(std::int64_t from, std::int64_t to, std::int64_t start, std::int64_t end, const Shows& shows) {
  Stretch open{to, from};
  for (std::int64_t time = from; time < to; time += kMinute) {
    const std::int64_t wall = shows(time);
    if (wall >= start && open.begin == to) {
      open.begin = time;
    }
    if (wall < end) {
      open.end = time + kMinute;
    } else if (wall == end) {
      open.end = time;
    }
  }
  return open;
}

inline std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
inline Time time_of(std::int64_t utc) { return Time(std::chrono::seconds(utc)); }
/// Bit 0 is Monday.
inline unsigned weekday_bit(std::int64_t wall) {
  const std::int64_t day = (wall >= 0 ? wall : wall - kDay + 1) / kDay;
  return 1U << static_cast<unsigned>(((day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
}

}  // namespace remint::policy

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "remint/base/text.hpp"
#include "remint/base/time.hpp"

namespace remint {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Longer names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\u00b5s", 1'000},  // both signs that Go takes for micro
                                      {"\u03bcs", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};
// Twice this still fits into 64 bits, so one addition cannot overflow before it is checked.
constexpr std::int64_t kMaxNanoseconds = std::int64_t{100} * 365 * 24 * 3'600 * 1'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> bad_duration(std::string_view text, std::string_view problem) {
  return fail(ErrorCode::kInvalid,
              fmt::format("\"{}\" {}; write a duration such as 30s, 1h30m or 250ms", sanitize(text, 60), problem));
}

/// "1500" or "2.5" with `precision` fraction digits at most, trailing zeros dropped.
std::string decimal(std::int64_t value, std::int64_t per_unit, int precision) {
  std::string text = fmt::format("{}.{:0{}}", value / per_unit, value % per_unit, precision);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) {
    return bad_duration(text, "is empty");
  }
  if (text.front() == '-' || text.front() == '+') {
    return bad_duration(text, "has a sign, which is not allowed");
  }
  if (text == "0") {
    return Duration{};
  }
  std::int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::int64_t whole = 0;
    std::size_t whole_digits = 0;
    for (; whole_digits < rest.size() && is_digit(rest[whole_digits]); ++whole_digits) {
      if (whole > kMaxNanoseconds / 10 - 1) {
        return bad_duration(text, "is longer than 100 years");
      }
      whole = whole * 10 + (rest[whole_digits] - '0');
    }
    rest.remove_prefix(whole_digits);
    std::string_view fraction;
    if (!rest.empty() && rest.front() == '.') {
      std::size_t count = 1;
      while (count < rest.size() && is_digit(rest[count])) {
        ++count;
      }
      fraction = rest.substr(1, count - 1);
      rest.remove_prefix(count);
    }
    if (whole_digits == 0 && fraction.empty()) {
      return bad_duration(text, "is not a duration");
    }
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (rest.starts_with(candidate.name)) {
        unit = &candidate;
        break;
      }
    }
    if (unit == nullptr) {
      return bad_duration(text, rest.empty() ? "has a number without a unit" : "has an unknown unit");
    }
    rest.remove_prefix(unit->name.size());
    if (whole > kMaxNanoseconds / unit->nanoseconds) {
      return bad_duration(text, "is longer than 100 years");
    }
    total += whole * unit->nanoseconds;
    std::int64_t place = unit->nanoseconds;
    for (const char digit : fraction) {
      place /= 10;
      total += place * (digit - '0');
    }
    if (total > kMaxNanoseconds) {
      return bad_duration(text, "is longer than 100 years");
    }
  }
  return std::chrono::floor<Duration>(std::chrono::nanoseconds(total));
}

std::string format_duration(Duration duration) {
  if (duration < Duration{}) {
    return "-" + format_duration(-std::max(duration, -Duration::max()));
  }
  const std::int64_t us = duration.count();
  if (us == 0) {
    return "0s";
  }
  if (us < 1'000) {
    return fmt::format("{}us", us);
  }
  if (us < 1'000'000) {
    return decimal(us, 1'000, 3) + "ms";
  }
  const std::int64_t hours = us / 3'600'000'000;
  const std::int64_t minutes = us / 60'000'000 % 60;
  const std::int64_t rest = us % 60'000'000;
  std::string text;
  if (hours > 0) {
    text += fmt::format("{}h", hours);
  }
  if (minutes > 0) {
    text += fmt::format("{}m", minutes);
  }
  if (rest > 0) {
    text += decimal(rest, 1'000'000, 6) + "s";
  }
  return text;
}

std::string humanize(Duration duration) {
  if (duration < Duration{}) {
    return "-" + humanize(-std::max(duration, -Duration::max()));
  }
  struct Step {
    std::int64_t seconds;
    std::string_view name;
  };
  constexpr std::array<Step, 4> kSteps{{{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}}};
  const std::int64_t seconds = duration.count() / 1'000'000;
  if (seconds == 0) {
    const std::int64_t ms = duration.count() / 1'000;
    return ms == 0 ? "0 s" : fmt::format("{} ms", ms);
  }
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    if (seconds < kSteps[i].seconds) {
      continue;
    }
    std::string text = fmt::format("{} {}", seconds / kSteps[i].seconds, kSteps[i].name);
    if (i + 1 < kSteps.size()) {
      const std::int64_t next = seconds % kSteps[i].seconds / kSteps[i + 1].seconds;
      if (next > 0) {
        text += fmt::format(" {} {}", next, kSteps[i + 1].name);
      }
    }
    return text;
  }
  return "0 s";
}

}  // namespace remint

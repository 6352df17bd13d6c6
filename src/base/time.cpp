#include "remint/base/time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace remint {
namespace {

constexpr Time kFirst{};
constexpr Time kEnd = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);

/// Eats digits and separators from the front; `ok` turns false at the first surprise and stays so.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    if (rest.size() < count) {
      ok = false;
      return 0;
    }
    int value = 0;
    for (const char c : rest.substr(0, count)) {
      ok = ok && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    rest.remove_prefix(count);
    return ok ? value : 0;
  }
  int digits(std::size_t count, int min, int max) {
    const int value = digits(count);
    ok = ok && value >= min && value <= max;
    return value;
  }
  bool eat(char a, char b) {
    if (rest.empty() || (rest.front() != a && rest.front() != b)) {
      return false;
    }
    rest.remove_prefix(1);
    return true;
  }
  void need(char a, char b) { ok = eat(a, b) && ok; }
};

Duration parse_fraction(Scanner& in) {
  std::int64_t microseconds = 0;
  std::size_t count = 0;
  for (; count < 9 && !in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9'; ++count) {
    if (count < 6) {
      microseconds = microseconds * 10 + (in.rest.front() - '0');
    }
    in.rest.remove_prefix(1);
  }
  in.ok = in.ok && count > 0;
  for (std::size_t place = count; place < 6; ++place) {
    microseconds *= 10;
  }
  return Duration(microseconds);
}

/// What must be subtracted to reach UTC.
Duration parse_offset(Scanner& in) {
  if (in.eat('Z', 'z')) {
    return {};
  }
  const bool west = in.eat('-', '-');
  if (!west) {
    in.need('+', '+');
  }
  const std::chrono::hours hours(in.digits(2, 0, 23));
  in.need(':', ':');
  const std::chrono::minutes minutes(in.digits(2, 0, 59));
  return west ? -Duration(hours + minutes) : Duration(hours + minutes);
}

struct Parts {
  int year;
  unsigned month, day;
  std::int64_t hour, minute, second, microsecond;
};

/// Times outside of what RFC 3339 can write are shown as the nearest one it can.
Parts split(Time time) {
  time = std::clamp(time, kFirst, kEnd - Duration(1));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()), clock.hours().count(),
          clock.minutes().count(),           clock.seconds().count(),
          clock.subseconds().count()};
}

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
  Scanner in{text};
  const std::chrono::year year(in.digits(4));
  in.need('-', '-');
  const std::chrono::month month(static_cast<unsigned>(in.digits(2)));
  in.need('-', '-');
  const std::chrono::day day(static_cast<unsigned>(in.digits(2)));
  in.need('T', 't');
  const std::chrono::hours hours(in.digits(2, 0, 23));
  in.need(':', ':');
  const std::chrono::minutes minutes(in.digits(2, 0, 59));
  in.need(':', ':');
  // 60 is a leap second; it becomes the first second of the next minute.
  const std::chrono::seconds seconds(in.digits(2, 0, 60));
  const Duration fraction = in.eat('.', '.') ? parse_fraction(in) : Duration{};
  const Duration offset = parse_offset(in);
  const auto date = year / month / day;
  if (!in.ok || !in.rest.empty() || !date.ok()) {
    return std::nullopt;
  }
  const Time time = std::chrono::sys_days(date) + hours + minutes + seconds + fraction - offset;
  if (time < kFirst || time >= kEnd) {
    return std::nullopt;
  }
  return time;
}

std::string format_rfc3339(Time time) {
  const Parts p = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", p.year, p.month, p.day, p.hour, p.minute, p.second);
}

std::string format_rfc3339_micro(Time time) {
  const Parts p = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", p.year, p.month, p.day, p.hour, p.minute, p.second,
                     p.microsecond);
}

}  // namespace remint

#include "klog_time.hpp"

#include <array>
#include <chrono>

#include "ascii.hpp"

namespace remint::detect {
namespace {

// Zones are whole quarters of an hour, from UTC-12 to UTC+14.
constexpr Duration kWidestZone = std::chrono::hours(15);

/// Two digits from `at` on; 99, which is out of every range here, when they are none.
unsigned two(std::string_view text, std::size_t at) {
  if (!is_digit(text[at]) || !is_digit(text[at + 1])) {
    return 99;
  }
  return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

struct Stamp {
  std::chrono::month month;
  std::chrono::day day;
  Duration of_day;
};

std::optional<Stamp> read_stamp(std::string_view text) {
  if (text.size() != kKlogTimeSize || text[4] != ' ' || text[7] != ':' || text[10] != ':' || text[13] != '.') {
    return std::nullopt;
  }
  const std::array<unsigned, 5> parts{two(text, 5), two(text, 8), two(text, 11), two(text, 14), two(text, 16)};
  const unsigned last = two(text, 18);
  const bool in_range = parts[0] < 24 && parts[1] < 60 && parts[2] < 60;
  const bool fraction = is_digit(text[14]) && is_digit(text[15]) && is_digit(text[16]) && is_digit(text[17]) &&
                        is_digit(text[18]) && is_digit(text[19]);
  if (!in_range || !fraction) {
    return std::nullopt;
  }
  const Stamp stamp{std::chrono::month(two(text, 0)), std::chrono::day(two(text, 2)),
                    std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) + std::chrono::seconds(parts[2]) +
                        Duration(parts[3] * 10'000 + parts[4] * 100 + last)};
  return stamp;
}

/// In the year that brings it closest to `reference`. Feb 29 exists in few of them.
std::optional<Time> closest(const Stamp& stamp, Duration utc_offset, Time reference) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(reference));
  std::optional<Time> best;
  for (const int step : {0, -1, 1}) {
    const auto date = (today.year() + std::chrono::years(step)) / stamp.month / stamp.day;
    if (!date.ok()) {
      continue;
    }
    const Time time = std::chrono::sys_days(date) + stamp.of_day - utc_offset;
    if (!best || std::chrono::abs(time - reference) < std::chrono::abs(*best - reference)) {
      best = time;
    }
  }
  return best;
}

}  // namespace

std::optional<Time> read_klog_time(std::string_view text, std::optional<Time> written, const LogClock& clock) {
  const auto stamp = read_stamp(text);
  if (!stamp) {
    return std::nullopt;
  }
  const auto time = closest(*stamp, clock.utc_offset, written.value_or(clock.reference));
  if (!time) {
    return written;  // Feb 29, or no date at all, but the runtime knows better
  }
  if (!written) {
    return time;
  }
  // The runtime stamps a line moments after klog did. What is left beside whole quarters of an hour is that moment; the
  // quarters are a zone that nobody told us, and anything wider is no time to build on.
  const Duration apart = *time - *written;
  const Duration zone = std::chrono::round<std::chrono::duration<std::int64_t, std::ratio<900>>>(apart);
  return std::chrono::abs(zone) <= kWidestZone ? *time - zone : *written;
}

}  // namespace remint::detect

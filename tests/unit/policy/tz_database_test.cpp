// Every zone of the time zone database, every jump of its clock from 2024 to 2030, windows around each: against the C
// library, which reads the same files with other code.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "wall_clock.hpp"

namespace remint::policy {
namespace {

constexpr const char* kZones = "/usr/share/zoneinfo";
constexpr std::int64_t k2024 = 1'704'067'200;
constexpr std::int64_t k2031 = 1'924'992'000;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kZones)) {
    const std::string name = entry.path().string().substr(std::string_view(kZones).size() + 1);
    // Copies of all zones, and files beside them that are no zones. Factory is the zone of a machine that has none.
    const bool other = name.starts_with("posix/") || name.starts_with("right/") || name == "posixrules" ||
                       name == "localtime" || name == "Factory";
    if (!other && entry.is_regular_file() && content(entry.path()).starts_with("TZif")) {
      names.push_back(name);
    }
  }
  return names;
}

struct Counts {
  int zones = 0, twins = 0, jumps = 0, windows = 0, left_out = 0, blackouts = 0, questions = 0;
};

/// One jump, and the clock within two days of it.
struct Jump {
  std::string zone;
  std::int64_t at = 0, ahead_before = 0, ahead_after = 0;
  [[nodiscard]] std::int64_t shows(std::int64_t utc) const { return utc + (utc < at ? ahead_before : ahead_after); }
};

void expect(const WindowSet& set, std::int64_t asked, const Stretch& open, Counts& counts) {
  ++counts.questions;
  const auto found = opening_at_or_after(std::span(&set, 1), time_of(asked));
  INFO("asked at " << asked << ", expected " << open.begin << " to " << open.end << ", found "
                   << (found ? seconds_of(found->begin) : 0) << " to " << (found ? seconds_of(found->end) : 0));
  if (!found || seconds_of(found->begin) != open.begin || seconds_of(found->end) != open.end) {
    CHECK(found);
    CHECK(false);
  }
}

/// A window on one weekday, from `start` to `end` as the clock shows them; less than a day long.
void check_window(const Jump& jump, std::int64_t start, std::int64_t end, Counts& counts) {
  const auto of_day = [](std::int64_t wall) { return std::chrono::minutes((wall % kDay + kDay) % kDay / kMinute); };
  Window window{static_cast<std::uint8_t>(weekday_bit(start)), of_day(start), of_day(end), jump.zone};
  if (window.end == std::chrono::minutes(0)) {
    window.end = std::chrono::hours(24);
  }
  const WindowSet set{{window}, {}};
  INFO(describe(set) << " around " << jump.at);
  ++counts.windows;
  // No longer than it must be: an hour more on both sides.
  const Stretch open = step_through(start - std::max(jump.ahead_before, jump.ahead_after) - 3600,
                                    end - std::min(jump.ahead_before, jump.ahead_after) + 3600, start, end,
                                    [&](std::int64_t utc) { return jump.shows(utc); });
  if (open.begin >= open.end) {
    ++counts.left_out;
    ++counts.questions;
    const auto found = opening_at_or_after(std::span(&set, 1), time_of(jump.at - kDay));
    CHECK((found && seconds_of(found->begin) > jump.at + 4 * kDay));
    return;
  }
  expect(set, open.begin - kMinute, open, counts);
  expect(set, open.end - 1, open, counts);
}

/// The day of the jump, as the clock has it: closed from its first second to its last.
void check_blackout(const Jump& jump, std::int64_t wall, Counts& counts) {
  const std::int64_t day = wall / kDay;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const WindowSet set{{}, {{date, date, jump.zone, ""}}};
  INFO(describe(set) << " around " << jump.at);
  ++counts.blackouts;
  const Stretch closed = step_through(jump.at - 30 * 3600, jump.at + 30 * 3600, day * kDay, (day + 1) * kDay,
                                      [&](std::int64_t utc) { return jump.shows(utc); });
  const auto after = opening_at_or_after(std::span(&set, 1), time_of(closed.begin));
  CHECK((after && seconds_of(after->begin) == closed.end));
  const auto before = opening_at_or_after(std::span(&set, 1), time_of(closed.begin - 1));
  CHECK((before && seconds_of(before->end) == closed.begin));
  counts.questions += 2;
}

void check_jump(const Jump& jump, bool twin, Counts& counts) {
  ++counts.jumps;
  // What the clock skips, or shows twice.
  const std::int64_t low = jump.at + std::min(jump.ahead_before, jump.ahead_after);
  const std::int64_t high = jump.at + std::max(jump.ahead_before, jump.ahead_after);
  const std::int64_t half = (high - low) / 2 / kMinute * kMinute;
  check_window(jump, low - 90 * kMinute, low + half, counts);  // ends in it
  if (twin) {
    return;  // the same clock by another name
  }
  check_window(jump, low, high, counts);                                  // it and nothing else
  check_window(jump, low + half, high + 30 * kMinute, counts);            // begins in it
  check_window(jump, low - 60 * kMinute, low, counts);                    // ends where it begins
  check_window(jump, low + 5 * kMinute, high - 5 * kMinute, counts);      // lies in it
  check_window(jump, low - 180 * kMinute, high + 180 * kMinute, counts);  // goes beyond it on both sides
  check_window(jump, high, low + kDay, counts);                           // all but it, into the next day
  check_blackout(jump, jump.at + jump.ahead_after, counts);
}

TEST_CASE("windows are right in every time zone, at every jump of its clock from 2024 to 2030") {
  Counts counts;
  std::set<std::string> seen;
  for (const std::string& zone : zone_names()) {
    INFO(zone);
    ++counts.zones;
    const bool twin = !seen.insert(content(std::filesystem::path(kZones) / zone)).second;
    counts.twins += twin ? 1 : 0;
    CHECK_FALSE(check_time_zone(zone));
    const WallClock clock(zone);
    for (const std::int64_t at : clock.jumps(k2024, k2031)) {
      check_jump({zone, at, clock.ahead(at - 1), clock.ahead(at)}, twin, counts);
    }
    // On an ordinary day, too: many zones have no jumps.
    const std::int64_t noon = (k2024 + k2031) / 2 / kDay * kDay + kDay / 2;
    const Jump none{zone, noon, clock.ahead(noon), clock.ahead(noon)};
    check_window(none, none.shows(noon), none.shows(noon) + 3600, counts);
  }
  WARN(counts.zones << " zones (" << counts.twins << " other names of one), " << counts.jumps << " jumps, "
                    << counts.windows << " windows (" << counts.left_out << " left out in a gap), " << counts.blackouts
                    << " blackouts, " << counts.questions << " questions");
  CHECK(counts.zones > 500);
  CHECK(counts.jumps > 2000);
  CHECK(counts.windows > 9000);
  CHECK(counts.left_out > 1000);
  CHECK(counts.questions > 18'000);
}

}  // namespace
}  // namespace remint::policy

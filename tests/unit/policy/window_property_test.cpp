// Any sets of windows and blackouts, in zones whose clocks jump in all ways, against a walk through the minutes.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "wall_clock.hpp"

namespace remint::policy {
namespace {

constexpr std::int64_t kSpan = 24 * kDay;

/// What the clocks of some zones show in each minute of some weeks.
struct Weeks {
  std::int64_t from = 0;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> zones;
  [[nodiscard]] std::size_t minutes() const { return zones.front().second.size(); }
};

Weeks weeks_around(std::int64_t time, const std::vector<std::string>& zones) {
  Weeks weeks{(time - kSpan / 2) / kDay * kDay, {}};
  for (const std::string& zone : zones) {
    const WallClock clock(zone);
    auto& [name, shows] = weeks.zones.emplace_back(zone, std::vector<std::int64_t>{});
    for (std::int64_t at = weeks.from; at < weeks.from + kSpan; at += kMinute) {
      shows.push_back(clock.shows(at));
    }
  }
  return weeks;
}

void paint(std::vector<char>& minutes, const std::vector<std::int64_t>& shows, std::int64_t start, std::int64_t end,
           bool value) {
  // A clock never jumps by more than two hours here: it shows `start` near the minute in which it would without jumps.
  const auto size = static_cast<std::int64_t>(shows.size());
  const auto near = [&](std::int64_t wall, int hours) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>((wall - shows.front()) / kMinute + hours * 60, 0, size));
  };
  std::size_t first = near(start, 4);
  for (std::size_t i = near(start, -4); i < first; ++i) {
    if (shows[i] >= start) first = i;
  }
  std::size_t last = near(end, -4);
  for (std::size_t i = last; i < near(end, 4); ++i) {
    if (shows[i] <= end) last = shows[i] == end ? i : i + 1;
  }
  for (std::size_t i = first; i < last; ++i) {
    minutes[i] = value;
  }
}

const std::vector<std::int64_t>& clock_of(const Weeks& weeks, const std::string& zone) {
  return std::ranges::find(weeks.zones, zone, [](const auto& one) { return one.first; })->second;
}

std::vector<char> open_minutes(const Weeks& weeks, const WindowSet& set) {
  std::vector<char> open(weeks.minutes(), set.windows.empty() ? 1 : 0);
  for (const Window& window : set.windows) {
    const auto& shows = clock_of(weeks, window.time_zone);
    for (std::int64_t day = shows.front() / kDay - 2; day <= shows.back() / kDay + 1; ++day) {
      if ((window.days & weekday_bit(day * kDay)) != 0) {
        const auto end = window.end > window.start ? window.end : window.end + std::chrono::hours(24);
        paint(open, shows, day * kDay + window.start.count() * kMinute, day * kDay + end.count() * kMinute, 1);
      }
    }
  }
  for (const Blackout& blackout : set.blackouts) {
    const auto day = [](std::chrono::year_month_day date) {
      return std::chrono::sys_days(date).time_since_epoch().count();
    };
    paint(open, clock_of(weeks, blackout.time_zone), day(blackout.from) * kDay, (day(blackout.to) + 1) * kDay, 0);
  }
  return open;
}

WindowSet any_set(const Weeks& weeks, std::mt19937& dice) {
  const auto below = [&](int end) { return static_cast<int>(dice() % static_cast<unsigned>(end)); };
  const auto zone = [&] { return weeks.zones[dice() % weeks.zones.size()].first; };
  WindowSet set;
  for (int i = 0, size = below(4); i < size; ++i) {
    const std::chrono::minutes start(below(2) == 0 ? below(1440) : below(9) * 30);
    const std::chrono::minutes end(below(2) == 0 ? 1 + below(1440) : 30 + below(9) * 30);
    if (start != end) {
      set.windows.push_back({static_cast<std::uint8_t>(1 + below(127)), start, end, zone()});
    }
  }
  for (int i = 0, size = below(3); i < size; ++i) {
    const std::chrono::sys_days from(std::chrono::days(weeks.from / kDay + below(24)));
    set.blackouts.push_back({from, from + std::chrono::days(below(3)), zone(), ""});
  }
  return set;
}

TEST_CASE("any windows and blackouts of any sets are open in just the minutes in which a walk through them finds so") {
  const std::vector<std::string> zones{"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe",
                                       "Africa/Cairo",  "Pacific/Chatham",  "America/Santiago",
                                       "Asia/Gaza",     "Antarctica/Troll", "UTC"};
  std::mt19937 dice(7);
  int cases = 0;
  int questions = 0;
  int closed = 0;
  for (const std::int64_t time : {1'774'746'000, 1'775'300'000, 1'792'886'400, 1'788'000'000, 1'793'500'000}) {
    const Weeks weeks = weeks_around(time, zones);
    for (int i = 0; i < 30; ++i, ++cases) {
      std::vector<WindowSet> sets;
      for (unsigned n = 0, size = 1 + dice() % 2; n < size; ++n) {
        sets.push_back(any_set(weeks, dice));
      }
      std::vector<char> open(weeks.minutes(), 1);
      for (const WindowSet& set : sets) {
        const auto one = open_minutes(weeks, set);
        for (std::size_t minute = 0; minute < open.size(); ++minute) {
          open[minute] &= one[minute];
        }
      }
      for (int asked = 0; asked < 20; ++asked, ++questions) {
        // Away from the ends of what was walked through.
        const std::size_t at = 3 * 1440 + dice() % (open.size() - 6 * 1440);
        std::size_t begin = at;
        while (begin < open.size() && open[begin] == 0) ++begin;
        std::size_t end = begin;
        while (end < open.size() && open[end] != 0) ++end;
        while (open[at] != 0 && begin > 0 && open[begin - 1] != 0) --begin;
        closed += open[at] != 0 ? 0 : 1;
        const auto found = opening_at_or_after(sets, time_of(weeks.from + static_cast<std::int64_t>(at) * kMinute));
        INFO(describe(sets.front()) << " / " << describe(sets.back()) << ", asked in minute " << at);
        const auto time_at = [&](std::size_t minute) {
          return time_of(weeks.from + static_cast<std::int64_t>(minute) * kMinute);
        };
        if (begin == open.size()) {
          CHECK((!found || found->begin >= time_at(open.size())));
          continue;
        }
        REQUIRE(found);
        if (begin > 0) CHECK(found->begin == time_at(begin));
        if (end < open.size()) CHECK(found->end == time_at(end));
      }
    }
  }
  WARN(cases << " sets of windows, " << questions << " questions, " << closed << " of them while closed");
  CHECK(questions == 3000);
  CHECK(closed > 500);
}

}  // namespace
}  // namespace remint::policy

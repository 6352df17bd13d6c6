#include <algorithm>

#include "fixture.hpp"

namespace remint::policy {
namespace {

constexpr std::uint8_t kEveryDay = 0x7F;
enum Day : std::uint8_t { kMon = 1, kTue = 2, kWed = 4, kThu = 8, kFri = 16, kSat = 32, kSun = 64 };

Window window(unsigned days, int start_hour, int end_hour, const char* zone = "UTC") {
  return {static_cast<std::uint8_t>(days), hours(start_hour), hours(end_hour), zone};
}

Blackout blackout(const char* from, const char* to, const char* zone = "UTC", const char* reason = "") {
  const auto day = [](const char* text) {
    return std::chrono::year_month_day(
        std::chrono::floor<std::chrono::days>(at((std::string(text) + "T00:00:00Z").c_str())));
  };
  return {day(from), day(to), zone, reason};
}

std::string opening(const std::vector<WindowSet>& sets, const char* from) {
  const auto found = opening_at_or_after(sets, at(from));
  return found ? format_rfc3339(found->begin) + " " + format_rfc3339(found->end) : "none";
}

TEST_CASE("windows open and close as people read them") {
  struct Row {
    const char* what;
    std::vector<WindowSet> sets;
    const char* from;
    const char* opening;
  };
  const std::vector<Row> rows{
      {"today, later",
       {{{window(kEveryDay, 2, 5)}, {}}},
       "2026-07-01T01:00:00Z",
       "2026-07-01T02:00:00Z 2026-07-01T05:00:00Z"},
      {"open now",
       {{{window(kEveryDay, 2, 5)}, {}}},
       "2026-07-01T04:59:59Z",
       "2026-07-01T02:00:00Z 2026-07-01T05:00:00Z"},
      {"open at its begin",
       {{{window(kEveryDay, 2, 5)}, {}}},
       "2026-07-01T02:00:00Z",
       "2026-07-01T02:00:00Z 2026-07-01T05:00:00Z"},
      {"closed at its end",
       {{{window(kEveryDay, 2, 5)}, {}}},
       "2026-07-01T05:00:00Z",
       "2026-07-02T02:00:00Z 2026-07-02T05:00:00Z"},
      {"next week", {{{window(kTue, 2, 5)}, {}}}, "2026-07-01T01:00:00Z", "2026-07-07T02:00:00Z 2026-07-07T05:00:00Z"},
      {"in Berlin's summer",
       {{{window(kEveryDay, 2, 5, "Europe/Berlin")}, {}}},
       "2026-07-01T00:30:00Z",
       "2026-07-01T00:00:00Z 2026-07-01T03:00:00Z"},
      {"over night it belongs to the day on which it starts",
       {{{window(kFri, 22, 4)}, {}}},
       "2026-07-04T03:00:00Z",
       "2026-07-03T22:00:00Z 2026-07-04T04:00:00Z"},
      {"so it does not open on Saturday evening",
       {{{window(kFri, 22, 4)}, {}}},
       "2026-07-04T22:00:00Z",
       "2026-07-10T22:00:00Z 2026-07-11T04:00:00Z"},
      {"until midnight",
       {{{window(kFri, 22, 24)}, {}}},
       "2026-07-03T22:00:00Z",
       "2026-07-03T22:00:00Z 2026-07-04T00:00:00Z"},
      {"00:00 is that midnight, too",
       {{{window(kFri, 22, 0)}, {}}},
       "2026-07-03T22:00:00Z",
       "2026-07-03T22:00:00Z 2026-07-04T00:00:00Z"},
      {"windows that touch are one opening",
       {{{window(kFri, 22, 24), window(kSat, 0, 6)}, {}}},
       "2026-07-04T03:00:00Z",
       "2026-07-03T22:00:00Z 2026-07-04T06:00:00Z"},
      {"windows that overlap are one opening",
       {{{window(kEveryDay, 1, 4), window(kEveryDay, 3, 6)}, {}}},
       "2026-07-01T05:00:00Z",
       "2026-07-01T01:00:00Z 2026-07-01T06:00:00Z"},
      {"both sets must be open",
       {{{window(kEveryDay, 1, 4)}, {}}, {{window(kEveryDay, 3, 6)}, {}}},
       "2026-07-01T02:00:00Z",
       "2026-07-01T03:00:00Z 2026-07-01T04:00:00Z"},
      {"in two zones",
       {{{window(kEveryDay, 2, 6, "Europe/Berlin")}, {}}, {{window(kEveryDay, 22, 24, "America/New_York")}, {}}},
       "2026-07-01T00:00:00Z",
       "2026-07-01T02:00:00Z 2026-07-01T04:00:00Z"},
      {"sets that are never open together",
       {{{window(kMon, 1, 4)}, {}}, {{window(kTue, 1, 4)}, {}}},
       "2026-07-01T00:00:00Z",
       "none"},
      {"not on a day of a blackout",
       {{{window(kEveryDay, 2, 5)}, {blackout("2026-12-24", "2026-12-27")}}},
       "2026-12-24T00:00:00Z",
       "2026-12-28T02:00:00Z 2026-12-28T05:00:00Z"},
      {"not even what began the day before",
       {{{window(kEveryDay, 22, 4)}, {blackout("2026-12-24", "2026-12-24")}}},
       "2026-12-23T23:00:00Z",
       "2026-12-23T22:00:00Z 2026-12-24T00:00:00Z"},
      {"and what goes on after it begins there",
       {{{window(kEveryDay, 22, 4)}, {blackout("2026-12-24", "2026-12-24")}}},
       "2026-12-24T10:00:00Z",
       "2026-12-25T00:00:00Z 2026-12-25T04:00:00Z"},
      {"a blackout's day is its own zone's",
       {{{window(kEveryDay, 0, 24)}, {blackout("2026-12-24", "2026-12-24", "Asia/Tokyo")}}},
       "2026-12-23T15:00:00Z",
       "2026-12-24T15:00:00Z 2028-01-27T15:00:00Z"},
      {"blackouts alone",
       {{{}, {blackout("2026-12-24", "2026-12-27")}}},
       "2026-12-25T00:00:00Z",
       "2026-12-28T00:00:00Z 2028-01-29T00:00:00Z"},
      {"blackouts that overlap",
       {{{}, {blackout("2026-12-20", "2026-12-25"), blackout("2026-12-24", "2026-12-27")}}},
       "2026-12-21T00:00:00Z",
       "2026-12-28T00:00:00Z 2028-01-25T00:00:00Z"},
      {"a blackout of the other set",
       {{{window(kEveryDay, 2, 5)}, {}}, {{}, {blackout("2026-07-01", "2026-07-01")}}},
       "2026-07-01T03:00:00Z",
       "2026-07-02T02:00:00Z 2026-07-02T05:00:00Z"},
      {"a blackout of years",
       {{{window(kEveryDay, 2, 5)}, {blackout("2026-01-01", "9999-12-31")}}},
       "2026-07-01T03:00:00Z",
       "none"},
      {"over a leap day",
       {{{window(kEveryDay, 22, 4)}, {blackout("2028-02-29", "2028-02-29")}}},
       "2028-02-29T12:00:00Z",
       "2028-03-01T00:00:00Z 2028-03-01T04:00:00Z"},
      {"over the end of a year",
       {{{window(kThu, 22, 4, "Europe/Berlin")}, {}}},
       "2026-12-31T23:30:00Z",
       "2026-12-31T21:00:00Z 2027-01-01T03:00:00Z"},
      {"clocks go forward over its start: it opens when they do",
       {{{window(kSun, 2, 5, "Europe/Berlin")}, {}}},
       "2026-03-29T00:00:00Z",
       "2026-03-29T01:00:00Z 2026-03-29T03:00:00Z"},
      {"clocks go forward over its end",
       {{{window(kSun, 1, 2, "Europe/Berlin")}, {}}},
       "2026-03-29T00:00:00Z",
       "2026-03-29T00:00:00Z 2026-03-29T01:00:00Z"},
      {"in the gap as a whole: left out",
       {{{window(kSun, 2, 3, "Europe/Berlin")}, {}}},
       "2026-03-29T00:00:00Z",
       "2026-04-05T00:00:00Z 2026-04-05T01:00:00Z"},
      {"clocks go back: an hour longer",
       {{{window(kSun, 2, 3, "Europe/Berlin")}, {}}},
       "2026-10-25T00:00:00Z",
       "2026-10-25T00:00:00Z 2026-10-25T02:00:00Z"},
      {"clocks go back to its very end: the second one",
       {{{window(kSun, 1, 2, "Europe/Berlin")}, {}}},
       "2026-10-25T00:00:00Z",
       "2026-10-24T23:00:00Z 2026-10-25T01:00:00Z"},
      {"half an hour's jump",
       {{{window(kSun, 1, 3, "Australia/Lord_Howe")}, {}}},
       "2026-10-03T12:00:00Z",
       "2026-10-03T14:30:00Z 2026-10-03T16:00:00Z"},
      {"a day that was left out",
       {{{window(kEveryDay, 8, 9, "Pacific/Apia")}, {}}},
       "2011-12-29T19:00:00Z",
       "2011-12-30T18:00:00Z 2011-12-30T19:00:00Z"},
      {"a zone that nobody knows never opens",
       {{{window(kEveryDay, 0, 24, "Mars/Olympus")}, {}}},
       "2026-07-01T00:00:00Z",
       "none"},
      {"and its blackouts hold wherever it may be",
       {{{}, {blackout("2026-07-02", "2026-07-02", "Mars/Olympus")}}},
       "2026-07-01T00:00:00Z",
       "2026-07-04T00:00:00Z 2027-08-05T00:00:00Z"},
      {"no days at all", {{{window(0, 0, 24)}, {}}}, "2026-07-01T00:00:00Z", "none"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(opening(row.sets, row.from) == row.opening);
  }
}

TEST_CASE("what is always open has been for as far as is looked back, and will be") {
  const Time now = at("2026-07-01T00:00:00Z");
  for (const auto& sets : {std::vector<WindowSet>{}, {{}}, {{{window(kEveryDay, 0, 24, "Europe/Berlin")}, {}}}}) {
    CHECK(opening_at_or_after(sets, now) == Opening{now - kWindowHorizon, now + kWindowHorizon});
  }
}

TEST_CASE("only names of the IANA database are time zones") {
  for (const char* good : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"}) {
    CHECK_FALSE(check_time_zone(good));
  }
  const std::string longest(65, 'a');
  for (const char* bad : {"", "Berlin", "europe/berlin", "CEST", "localtime", "posixrules", "../../etc/passwd",
                          "posix/UTC", "right/UTC", "Europe/", "UTC\n", ":UTC", "tzdata.zi", longest.c_str()}) {
    const auto why = check_time_zone(bad);
    REQUIRE(why);
    CHECK_THAT(*why, Catch::Contains("is no time zone: write the name of an IANA time zone such as Europe/Berlin"));
    CHECK_THAT(*why, !Catch::Contains("\n"));
  }
}

TEST_CASE("each workload has its own place in a window, and they are evenly spread over its first part") {
  const Opening opening{at("2026-07-01T02:00:00Z"), at("2026-07-01T05:00:00Z")};
  std::array<int, 8> eighths{};
  constexpr int kWorkloads = 8000;
  for (int i = 0; i < kWorkloads; ++i) {
    const std::string uid = "uid-" + std::to_string(i);
    const Time place = place_in(opening, uid, 80);
    CHECK(place == place_in(opening, uid, 80));
    CHECK(std::chrono::floor<seconds>(place) == place);
    const auto share = (place - opening.begin) * 8 / (minutes(144));
    REQUIRE(share >= 0);
    REQUIRE(share < 8);
    ++eighths.at(static_cast<std::size_t>(share));
    CHECK(place_in(opening, uid, 0) == opening.begin);
    CHECK(place_in(opening, uid, 100) < opening.end);
    CHECK(place_in(opening, uid, 100) >= place);
  }
  for (const int count : eighths) {
    CHECK(count > kWorkloads / 8 * 9 / 10);
    CHECK(count < kWorkloads / 8 * 11 / 10);
  }
  CHECK(place_in(opening, "uid-cart", 80) == at("2026-07-01T02:28:09Z"));  // the same in every build
}

TEST_CASE("windows are described for people") {
  CHECK(describe({}) == "always");
  CHECK(describe({{window(kMon | kTue | kWed | kThu, 2, 5, "Europe/Berlin")},
                  {blackout("2026-12-24", "2026-12-27", "Europe/Berlin", "holidays")}}) ==
        "Mon-Thu 02:00-05:00 Europe/Berlin, not 2026-12-24 to 2026-12-27 (holidays)");
  CHECK(describe({{window(kMon | kTue | kFri, 22, 24), window(kSat | kSun | kMon, 0, 4, "Asia/Tokyo")},
                  {blackout("2026-12-24", "2026-12-24", "Asia/Tokyo")}}) ==
        "Mon, Tue, Fri 22:00-24:00 UTC or Mon, Sat, Sun 00:00-04:00 Asia/Tokyo, not 2026-12-24 Asia/Tokyo");
  CHECK(describe({{window(kEveryDay, 1, 2), window(kWed, 3, 4)}, {}}) == "Mon-Sun 01:00-02:00 or Wed 03:00-04:00 UTC");
  CHECK(describe({{}, {blackout("2026-12-24", "2026-12-24", "UTC", "a\x1b[31m\nb")}}).find('\x1b') ==
        std::string::npos);
}

}  // namespace
}  // namespace remint::policy

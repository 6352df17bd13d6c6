#include "parse_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace remint::policy {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::size_t kMaxReason = 200;

/// A number of exactly these digits.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<minutes> parse_clock(std::string_view text, bool may_be_24) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3));
  const bool good = hour && minute && ((*hour < 24 && *minute < 60) || (may_be_24 && *hour == 24 && *minute == 0));
  return good ? std::optional(minutes(*hour * 60 + *minute)) : std::nullopt;
}

minutes clock(const JsonReader& reader, minutes default_value, bool is_end) {
  if (!reader.present()) {
    return default_value;
  }
  const std::string text = reader.string();
  const auto parsed = parse_clock(text, is_end);
  if (!parsed && reader.json().is_string()) {
    reader.error(fmt::format("must be a time of the day such as 02:00, from 00:00 to {}", is_end ? "24:00" : "23:59"));
  }
  return parsed.value_or(default_value);
}

std::string time_zone(const JsonReader& reader) {
  const std::string name = reader.string("UTC");
  if (!reader.present() || reader.json().is_string()) {
    if (const auto why = check_time_zone(name)) {
      reader.error(*why);
    }
  }
  return name;
}

std::uint8_t days(const JsonReader& reader) {
  if (!reader.present()) {
    return Window{}.days;
  }
  unsigned days = 0;
  const auto items = reader.items();
  if (reader.json().is_array() && items.empty()) {
    reader.error("must name at least one day, such as Mon; absent means every day");
  }
  if (items.size() > kDays.size()) {
    reader.error(fmt::format("at most 7 days, has {}", items.size()));
    return Window{}.days;
  }
  for (const JsonReader& item : items) {
    const std::string name = item.string();
    if (!item.json().is_string()) {
      continue;  // reported
    }
    const auto* const day = std::ranges::find(kDays, name);
    if (day == kDays.end()) {
      item.error("must be Mon, Tue, Wed, Thu, Fri, Sat or Sun");
      continue;
    }
    const unsigned bit = 1U << static_cast<unsigned>(day - kDays.begin());
    if ((days & bit) != 0) {
      item.error("is named twice");
    }
    days |= bit;
  }
  return static_cast<std::uint8_t>(days);
}

/// "2026-12-24", a day that there is.
std::optional<std::chrono::year_month_day> date(const JsonReader& reader) {
  const std::string text = reader.string();
  if (reader.present() && !reader.json().is_string()) {
    return std::nullopt;  // reported
  }
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const auto year = digits(std::string_view(text).substr(0, 4));
    const auto month = digits(std::string_view(text).substr(5, 2));
    const auto day = digits(std::string_view(text).substr(8));
    if (year && month && day && *year >= 1970) {
      const std::chrono::year_month_day parsed(std::chrono::year(*year),
                                               std::chrono::month(static_cast<unsigned>(*month)),
                                               std::chrono::day(static_cast<unsigned>(*day)));
      if (parsed.ok()) {
        return parsed;
      }
    }
  }
  reader.error("must be a date such as 2026-12-24, in a year from 1970 on");
  return std::nullopt;
}

/// As the CRD's maxLength counts them.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Window parse_window(const JsonReader& reader) {
  Window window;
  reader.only({"days", "start", "end", "timeZone"});
  window.days = days(reader.at("days"));
  window.start = clock(reader.at("start"), window.start, false);
  window.end = clock(reader.at("end"), window.end, true);
  if (window.start == window.end) {
    reader.error("start and end are the same: write start 00:00 and end 24:00 for the whole day");
  }
  window.time_zone = time_zone(reader.at("timeZone"));
  return window;
}

Blackout parse_blackout(const JsonReader& reader) {
  Blackout blackout;
  reader.only({"from", "to", "timeZone", "reason"});
  const auto from = date(reader.at("from"));
  const auto to = date(reader.at("to"));
  if (from && to && *from > *to) {
    reader.error("from is after to: write the earlier day as from, and the same day twice for a single one");
  }
  blackout.from = from.value_or(blackout.from);
  blackout.to = to.value_or(blackout.to);
  blackout.time_zone = time_zone(reader.at("timeZone"));
  const JsonReader reason = reader.at("reason");
  blackout.reason = reason.string();
  if (const std::size_t size = characters(blackout.reason); size > kMaxReason) {
    reason.error(fmt::format("at most {} characters, has {}", kMaxReason, size));
  }
  return blackout;
}

template <class Item, class Parse>
std::vector<Item> parse_list(const JsonReader& reader, std::size_t max, std::string_view what, const Parse& parse) {
  std::vector<Item> list;
  const auto items = reader.items();
  if (items.size() > max) {
    reader.error(fmt::format("at most {} {}, has {}", max, what, items.size()));
    return list;
  }
  for (const JsonReader& item : items) {
    list.push_back(parse(item));
  }
  return list;
}

}  // namespace

std::vector<Window> parse_windows(const JsonReader& reader) {
  return parse_list<Window>(reader, kMaxWindows, "windows", parse_window);
}

std::vector<Blackout> parse_blackouts(const JsonReader& reader) {
  return parse_list<Blackout>(reader, kMaxBlackouts, "blackouts", parse_blackout);
}

}  // namespace remint::policy

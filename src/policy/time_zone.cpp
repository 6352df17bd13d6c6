#include "time_zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>

#include "remint/base/text.hpp"
#include "remint/policy/window.hpp"

namespace remint::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kMaxName = 64;

/// Files that lie beside the zones and are none: the machine's own zone, and a template for old programs.
bool is_no_zone(std::string_view name) { return name == "localtime" || name == "posixrules"; }

bool is_zone_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
}

const date::time_zone* find_zone(std::string_view name, std::string* why) {
  if (!is_zone_name(name) || is_no_zone(name)) {
    return nullptr;
  }
  try {
    const date::time_zone* zone = date::locate_zone(name);
    static_cast<void>(zone->get_info(sys_seconds{}));  // reads its file, which must not fail later
    return zone;
  } catch (const std::exception& error) {
    // The library's words for a missing zone and for an unreadable database are all that tells the two apart.
    if (why != nullptr) {
      *why = error.what();
    }
    return nullptr;
  }
}

date::local_seconds to_date(WallTime wall) { return date::local_seconds(wall.time_since_epoch()); }

}  // namespace

std::optional<ZoneClock> ZoneClock::of(std::string_view zone) {
  const date::time_zone* found = find_zone(zone, nullptr);
  return found == nullptr ? std::nullopt : std::optional(ZoneClock(found));
}

std::chrono::local_days ZoneClock::day_of(Time time) const {
  const auto at = std::chrono::floor<seconds>(time);
  return std::chrono::floor<std::chrono::days>(WallTime(at.time_since_epoch() + zone_->get_info(at).offset));
}

Time ZoneClock::first(WallTime wall) const { return at(wall, Which::kFirst); }
Time ZoneClock::last(WallTime wall) const { return at(wall, Which::kLast); }

Time ZoneClock::at(WallTime wall, Which which) const {
  // No two offsets of a zone are further apart than a day and two hours: deep within one, the time is unambiguous.
  constexpr auto kDeep = hours(26);
  const sys_seconds guess(wall.time_since_epoch() - ahead_);
  if (guess >= since_ + kDeep && guess < until_ - kDeep) {
    return guess;
  }
  const date::local_info info = zone_->get_info(to_date(wall));
  const bool second = which == Which::kLast && info.result == date::local_info::ambiguous;
  const date::sys_info& span = second ? info.second : info.first;
  if (info.result == date::local_info::nonexistent) {
    return info.first.end;
  }
  since_ = span.begin;
  until_ = span.end;
  ahead_ = span.offset;
  return sys_seconds(wall.time_since_epoch() - span.offset);
}

std::optional<std::string> check_time_zone(std::string_view name) {
  std::string why;
  if (find_zone(name, &why) != nullptr) {
    return std::nullopt;
  }
  constexpr std::string_view kInstead = "write the name of an IANA time zone such as Europe/Berlin or UTC";
  if (is_zone_name(name) && why.find("not found in timezone database") == std::string::npos && !is_no_zone(name)) {
    return fmt::format("the time zone database cannot be read: {}", sanitize(why, 200));
  }
  return fmt::format(R"("{}" is no time zone: {})", sanitize(name, 80), kInstead);
}

}  // namespace remint::policy

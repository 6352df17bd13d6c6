#include "remint/policy/window.hpp"

#include <algorithm>

#include "time_zone.hpp"

namespace remint::policy {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;

/// The openings of one window, in the order of time.
class Occurrences {
 public:
  Occurrences(const Window& window, Time start, Time limit) : window_(window), clock_(ZoneClock::of(window.time_zone)) {
    if (clock_) {
      // One that began the evening before may still be open; one day more, since the clock itself may jump by one.
      day_ = clock_->day_of(start) - days(2);
      last_day_ = clock_->day_of(limit) + days(1);
    }
  }

  /// The first that ends after `time`, or none. Asked for times that do not go back.
  const Opening* at(Time time) {
    while (current_.end <= time || current_.begin >= current_.end) {  // what lies in a gap as a whole is empty
      if (!next()) {
        return nullptr;
      }
    }
    return &current_;
  }

 private:
  bool next() {
    for (; clock_ && day_ <= last_day_; day_ += days(1)) {
      const unsigned weekday = std::chrono::weekday(day_).iso_encoding() - 1;
      if ((window_.days >> weekday & 1U) != 0) {
        const auto end = window_.end > window_.start ? window_.end : window_.end + days(1);
        current_ = {clock_->first(day_ + window_.start), clock_->last(day_ + end)};
        day_ += days(1);
        return true;
      }
    }
    current_ = {};
    return false;
  }

  const Window& window_;
  std::optional<ZoneClock> clock_;  ///< none: a zone that nobody knows; its window never opens
  local_days day_{}, last_day_{};   ///< the next to look at
  Opening current_{};
};

Opening closed_by(const Blackout& blackout) {
  const local_days from(std::chrono::sys_days(blackout.from).time_since_epoch());
  const local_days end(std::chrono::sys_days(blackout.to).time_since_epoch() + days(1));
  if (const auto clock = ZoneClock::of(blackout.time_zone)) {
    return {clock->first(from), clock->last(end)};
  }
  // Wherever it may be, its days lie within these.
  return {Time((from - days(1)).time_since_epoch()), Time((end + days(1)).time_since_epoch())};
}

struct State {
  bool open = false;
  Time until{};  ///< it does not open (does not close) before
};

/// One set, or several, along the time.
class Sweep {
 public:
  Sweep(std::span<const WindowSet> sets, Time start, Time limit) {
    sets_.reserve(sets.size());
    for (const WindowSet& set : sets) {
      OneSet& one = sets_.emplace_back();
      one.any_time = set.windows.empty();
      for (const Window& window : set.windows) {
        one.windows.emplace_back(window, start, limit);
      }
      for (const Blackout& blackout : set.blackouts) {
        one.blackouts.push_back(closed_by(blackout));
      }
    }
  }

  /// Asked for times that do not go back.
  State at(Time time) {
    State all{true, Time::max()};
    for (OneSet& set : sets_) {
      const State one = at(set, time);
      if (one.open == all.open) {
        all.until = all.open ? std::min(all.until, one.until) : std::max(all.until, one.until);
      } else if (!one.open) {
        all = one;
      }
    }
    return all;
  }

 private:
  struct OneSet {
    bool any_time = false;
    std::vector<Occurrences> windows;
    std::vector<Opening> blackouts;
  };

  static State at(OneSet& set, Time time) {
    Time blackout = Time::max();
    for (const Opening& closed : set.blackouts) {
      if (closed.begin <= time && time < closed.end) {
        return {false, closed.end};
      }
      blackout = closed.begin > time && closed.begin < closed.end ? std::min(blackout, closed.begin) : blackout;
    }
    if (set.any_time) {
      return {true, blackout};
    }
    State state{false, Time::max()};
    for (Occurrences& window : set.windows) {
      const Opening* opening = window.at(time);
      if (opening == nullptr) {
        continue;
      }
      if (opening->begin <= time) {
        state = {true, state.open ? std::max(state.until, opening->end) : opening->end};
      } else if (!state.open) {
        state.until = std::min(state.until, opening->begin);
      }
    }
    return state.open ? State{true, std::min(state.until, blackout)} : state;
  }

  std::vector<OneSet> sets_;
};

/// As seen from `start`: an opening that began before it seems to begin there.
std::optional<Opening> opening_seen_from(Time start, std::span<const WindowSet> sets, Time from) {
  const Time limit = from + kWindowHorizon;
  Sweep sweep(sets, start, limit);
  std::optional<Time> begin;
  for (Time time = start; time < limit;) {
    const State state = sweep.at(time);
    if (state.open) {
      begin = begin.value_or(time);
    } else if (begin && time > from) {
      return Opening{*begin, time};
    } else {
      begin.reset();
    }
    time = std::min(state.until, limit);
  }
  return begin ? std::optional(Opening{*begin, limit}) : std::nullopt;
}

std::uint64_t hash(std::string_view text) {
  // FNV-1a, then stirred: not std::hash, since every build must find the same place.
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const char c : text) {
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  value = (value ^ (value >> 33U)) * 0xFF51AFD7ED558CCDU;
  return value ^ (value >> 33U);
}

}  // namespace

std::optional<Opening> opening_at_or_after(std::span<const WindowSet> sets, Time from) {
  // Most openings began today or yesterday: to look back far costs more than to look twice.
  for (const auto back : {days(8), days(64)}) {
    const auto opening = opening_seen_from(from - back, sets, from);
    if (!opening || opening->begin > from - back) {
      return opening;
    }
  }
  return opening_seen_from(from - kWindowHorizon, sets, from);
}

Time place_in(const Opening& opening, std::string_view identity, std::uint32_t spread_percent) {
  constexpr std::int64_t kPlaces = 1 << 16;
  const auto share = static_cast<std::int64_t>(hash(identity) % kPlaces);
  const std::int64_t length = (opening.end - opening.begin).count() / 100 * std::min(spread_percent, 100U);
  const Duration offset(length / kPlaces * share + length % kPlaces * share / kPlaces);
  // Whole seconds: that is what the journal can keep.
  return opening.begin + std::chrono::floor<seconds>(offset);
}

}  // namespace remint::policy

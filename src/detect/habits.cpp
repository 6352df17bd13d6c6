#include "habits.hpp"

#include <algorithm>

namespace remint::detect {
namespace {

constexpr Duration kSample = std::chrono::seconds(1);

}  // namespace

bool Habits::learn(Fold address, Fold agent, Fold shape, Time at, Time ended) {
  bool known_there = false;
  for (Habit& habit : habits_) {
    if (habit.address != address || habit.agent != agent) {
      continue;
    }
    known_there = true;
    if (habit.shape == shape) {
      const bool counts = at - habit.counted >= kSample || habit.first - at >= kSample;
      habit.count += counts ? 1U : 0U;
      habit.counted = counts ? std::max(habit.counted, at) : habit.counted;
      habit.first = std::min(habit.first, at);
      habit.last = std::max(habit.last, at);
      habit.ended = std::max(habit.ended, ended);
      return false;
    }
  }
  const Habit fresh{address, agent, shape, 1, at, at, at, ended};
  if (habits_.size() < kMax) {
    habits_.reserve(habits_.empty() ? 2 : std::min(kMax, habits_.size() + 2));  // most pods have one or two
    habits_.push_back(fresh);
  } else {
    const auto oldest = std::ranges::min_element(habits_, {}, &Habit::last);
    if (oldest->last >= at) {
      return false;
    }
    *oldest = fresh;
  }
  return !known_there;
}

void Habits::restore(const Habit& habit) {
  const auto known = std::ranges::find_if(habits_, [&](const Habit& one) {
    return one.address == habit.address && one.agent == habit.agent && one.shape == habit.shape;
  });
  if (known != habits_.end()) {
    // What both have heard counts once: the interval would come out too short.
    known->count = habit.last < known->first ? known->count + habit.count : std::max(known->count, habit.count);
    known->first = std::min(known->first, habit.first);
    known->last = std::max(known->last, habit.last);
    known->ended = std::max(known->ended, habit.ended);
  } else if (habits_.size() < kMax) {
    habits_.push_back(habit);
  }
}

std::optional<Time> Habits::last_of(Fold agent) const {
  std::optional<Time> last;
  for (const Habit& habit : habits_) {
    if (habit.agent == agent) {
      last = std::max(last.value_or(habit.last), habit.last);
    }
  }
  return last;
}

void Habits::forget_before(Time before) {
  std::erase_if(habits_, [before](const Habit& habit) { return habit.last < before; });
}

Resemblance resemblance(const Habits& habits, Fold address, Fold agent, Fold shape) {
  using Match = Resemblance::Match;
  Resemblance found;
  Time first = Time::max();
  for (const Habit& habit : habits.all()) {
    if (habit.agent != agent) {
      continue;
    }
    const Match match = habit.address != address ? Match::kAgentElsewhere
                        : habit.shape == shape   ? Match::kExact
                                                 : Match::kAgentHere;
    found.match = std::max(found.match, match);
    found.last = std::max(found.last, habit.last);
    found.ended = std::max(found.ended, habit.ended);
    first = std::min(first, habit.first);
    found.heard += habit.count;
  }
  if (found.heard > 1) {
    found.interval = (found.last - first) / (found.heard - 1);
  }
  return found;
}

}  // namespace remint::detect

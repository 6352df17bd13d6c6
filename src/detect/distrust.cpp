#include "distrust.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "remint/base/text.hpp"
#include "weigh.hpp"

namespace remint::detect {
namespace {

// Shorter silences are daily life, also of clients that call by the second. When to act is the policy's: `after`.
constexpr Duration kQuiet = std::chrono::seconds(30);
// A slow client may be as silent for other reasons: it is named, but below what a policy acts upon by default.
constexpr double kLeastSure = 0.5;
constexpr double kMostSure = 0.95;

Time last_accepted(const PodState& state) {
  Time last = state.last_success;
  for (const Habit& habit : state.habits.all()) {
    last = std::max(last, habit.last);
  }
  return last;
}

/// Of the client in it whose silence is the least likely.
double chance(const Habits& habits, const TrustChange& change, const Listening& listening) {
  double least = 1;
  for (const Habit& habit : habits.all()) {
    const Resemblance seen = resemblance(habits, habit.address, habit.agent, habit.shape);
    const double since =
        chance_of_silence(seen, listening.newest - std::max({seen.last, change.until, listening.since}));
    // Who was silent for too long before the change already says nothing by going on with it: a client that reads
    // three things at its start, and nothing ever after.
    const double before = chance_of_silence(seen, change.from - seen.last);
    least = std::min(least, 1 - (1 - since) * before);
  }
  return least;
}

}  // namespace

bool went_quiet(const PodState& state, const Listening& listening) {
  return listening.newest != Time::min() && !state.habits.empty() && !state.leaving &&
         listening.newest - std::max(last_accepted(state), listening.since) >= kQuiet;
}

std::optional<Distrust> distrust(const PodView& view, const PodState& state, const TrustChange& change,
                                 const Listening& listening) {
  const Time last = last_accepted(state);
  const bool forgotten = listening.newest - change.until > kTrustMemory;
  if (!went_quiet(state, listening) || view.pod.deleting || view.pod.finished || last >= change.until || forgotten ||
      listening.newest - std::max(change.until, listening.since) < kQuiet) {
    return std::nullopt;
  }
  Distrust found;
  found.diagnosis = change.diagnosis;
  found.since = change.until;
  found.confidence = std::clamp(1 - chance(state.habits, change, listening) * (1 - kLeastSure), kLeastSure, kMostSure);
  found.what = sanitize(fmt::format("{} (between {} and {}); pod {}/{} was last accepted at {}, and not since",
                                    change.what, format_rfc3339(change.from), format_rfc3339(change.until), view.pod.ns,
                                    view.pod.name, format_rfc3339(last)));
  return found;
}

}  // namespace remint::detect

#include "log_agreement.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "pod_state.hpp"

namespace remint::detect {
namespace {

// Between the API server's answer and the line's time: two clocks, and a client that thinks before it prints.
constexpr Duration kSameMoment = std::chrono::seconds(2);
// A line of a client's own rejection is that near to it; else it was held back.
constexpr double kSaidAtOnce = 0.95;
// Healthy programs seldom print one of the known lines at all, and hardly in the same seconds; but what they print may
// be of something else than Kubernetes, or another program's line repeated.
constexpr double kMost = 15;
constexpr std::int64_t kHour = 60;   // minutes
constexpr std::ptrdiff_t kMany = 5;  // of them, in which it said so

/// The share of a run's time that is near one of its rejections: so often a line of any other cause would be near one.
double near_by_chance(const FailingRun& run) {
  const auto& times = run.times();
  Duration covered = 2 * kSameMoment;
  for (std::size_t i = 1; i < times.size(); ++i) {
    covered += std::min(times[i] - times[i - 1], 2 * kSameMoment);
  }
  return static_cast<double>(covered.count()) /
         static_cast<double>((times.back() - times.front() + 2 * kSameMoment).count());
}

std::int64_t minute_of(Time at) { return std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count(); }

}  // namespace

void LogCries::add(Time said) {
  minutes_.insert(minute_of(said));
  while (*minutes_.begin() < *minutes_.rbegin() - kHour) {
    minutes_.erase(minutes_.begin());
  }
}

bool LogCries::many(Time at, Time last_success) const {
  const auto contradicted = std::ranges::count_if(minutes_, [&](std::int64_t minute) {
    return minute > minute_of(at) - kHour && minute < minute_of(last_success);
  });
  return contradicted >= kMany;
}

double log_agreement(const PodState& state, const FailingRun& run) {
  if (!state.accusation || state.accusation->log_clues.empty() ||
      (state.cries && state.cries->many(run.last(), state.last_success))) {
    return 1;
  }
  const double chance = std::min(near_by_chance(run), kSaidAtOnce);
  double logarithm = 0;
  for (const Time said : state.accusation->log_clues.times()) {
    if (said < run.times().front() - kSameMoment || said > run.last() + kSameMoment) {
      continue;
    }
    const auto next = std::ranges::lower_bound(run.times(), said - kSameMoment);
    const bool near = next != run.times().end() && *next <= said + kSameMoment;
    logarithm += std::log(near ? kSaidAtOnce / chance : (1 - kSaidAtOnce) / (1 - chance));
  }
  return std::clamp(std::exp(logarithm), 1.0, kMost);
}

}  // namespace remint::detect

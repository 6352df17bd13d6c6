#include "pod_state.hpp"

#include <algorithm>
#include <tuple>

namespace remint::detect {

void FailingRun::add(Time at) {
  times_.insert(std::ranges::upper_bound(times_, at), at);
  if (times_.size() > kMaxTimes) {
    times_.erase(times_.begin());
  }
  ++count_;
  since_ = std::min(since_, at);
}

void FailingRun::add_note(Evidence note) {
  const auto key = [](const Evidence& e) { return std::tie(e.time, e.text); };
  notes_.insert(std::ranges::upper_bound(notes_, key(note), {}, key), std::move(note));
  if (notes_.size() > kMaxNotes) {
    notes_.erase(notes_.begin());
  }
}

void FailingRun::succeeded(Time at) {
  if (times_.empty() || at < since_) {
    return;
  }
  times_.erase(times_.begin(), std::ranges::upper_bound(times_, at));
  std::erase_if(notes_, [at](const Evidence& note) { return note.time <= at; });
  count_ = times_.size();
  since_ = times_.empty() ? Time::max() : times_.front();
}

Time PodState::last_heard() const { return std::max(last_success, failing() ? accusation->run.last() : kNever); }

void PodState::accepted(Time at, std::int64_t seconds_stale) {
  last_success = std::max(last_success, at);
  if (accusation) {
    accusation->run.succeeded(at);
  }
  if (seconds_stale < 0) {
    last_fresh = std::max(last_fresh, at);
  } else if (std::tie(at, seconds_stale) > std::tie(last_stale, stale_seconds)) {
    last_stale = at;
    stale_seconds = seconds_stale;
  }
}

}  // namespace remint::detect

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

void FailingRun::add_window(RequestWindow window) {
  const auto key = [](const RequestWindow& w) { return std::tie(w.received, w.audit_id); };
  if (windows_.size() == kMaxWindows) {
    if (key(window) <= key(windows_.front())) {
      return;
    }
    windows_.erase(windows_.begin());
  }
  windows_.insert(std::ranges::upper_bound(windows_, key(window), {}, key), std::move(window));
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
  std::erase_if(windows_, [at](const RequestWindow& window) { return window.received <= at; });
  count_ = times_.size();
  since_ = times_.empty() ? Time::max() : times_.front();
}

Time PodState::last_heard() const { return std::max(last_success, failing() ? accusation->run.last() : kNever); }

const Credential* PodState::kept_credential() const {
  constexpr Duration kInUse = std::chrono::minutes(10);
  if (token_lifetime <= std::chrono::seconds::zero()) {
    return nullptr;
  }
  const Credential* const longest = credentials.longest(last_success, kInUse);
  return longest != nullptr && longest->last - longest->first > renewed_within(token_lifetime) ? longest : nullptr;
}

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

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

bool FailingRun::take_out(const RequestWindow& window) {
  const auto [first, last] = std::ranges::equal_range(times_, window.received);
  if (first == last) {
    return false;
  }
  times_.erase(first);
  std::erase_if(windows_, [&](const RequestWindow& kept) { return kept.audit_id == window.audit_id; });
  const auto note = std::ranges::find(notes_, window.received, &Evidence::time);
  if (note != notes_.end()) {
    notes_.erase(note);
  }
  --count_;
  since_ = times_.empty() ? Time::max() : window.received == since_ ? times_.front() : since_;
  return true;
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

FailingRun& FailingRuns::of(Fold agent) {
  const auto known = std::ranges::find(runs_, agent, &AgentRun::agent);
  if (known != runs_.end()) {
    return known->run;
  }
  if (runs_.size() == kMax) {
    return runs_.back().run;
  }
  return runs_.emplace_back(agent, FailingRun()).run;
}

void FailingRuns::succeeded(Fold agent, Time at, const Habits& habits) {
  for (AgentRun& one : runs_) {
    if (one.agent == agent || !habits.know(one.agent)) {
      one.run.succeeded(at);
    }
  }
}

bool FailingRuns::empty() const {
  return std::ranges::all_of(runs_, [](const AgentRun& one) { return one.run.empty(); });
}

Time FailingRuns::last() const {
  Time last = Time::min();
  for (const AgentRun& one : runs_) {
    last = one.run.empty() ? last : std::max(last, one.run.last());
  }
  return last;
}

bool PodState::calls_from(const IpAddress& address) {
  const bool known = std::ranges::find(shared_addresses, address) != shared_addresses.end();
  if (!known && shared_addresses.size() < kMaxShared) {
    shared_addresses.push_back(address);
    return true;
  }
  return known;
}

Time PodState::last_heard() const {
  Time last = last_success;
  if (accusation) {
    last = std::max({last, accusation->runs.last(), accusation->joined.last()});
    for (const ClueRun* const clues : {&accusation->log_clues, &accusation->event_clues}) {
      last = clues->empty() ? last : std::max(last, clues->last());
    }
  }
  return last;
}

Time PodState::healthy_until(Fold agent) const {
  const auto last = habits.last_of(agent);
  return last.value_or(last_success);
}

const Credential* PodState::kept_credential() const {
  constexpr Duration kInUse = std::chrono::minutes(10);
  if (token_lifetime <= std::chrono::seconds::zero()) {
    return nullptr;
  }
  const Credential* const longest = credentials.longest(last_success, kInUse);
  return longest != nullptr && longest->last - longest->first > renewed_within(token_lifetime) ? longest : nullptr;
}

void PodState::accepted(Time at, Fold agent, std::int64_t seconds_stale) {
  last_success = std::max(last_success, at);
  if (accusation) {
    accusation->runs.succeeded(agent, at, habits);
    accusation->joined.succeeded(agent, at, habits);
    accusation->log_clues.forget(at);
    if (accusation->distrust && at >= accusation->distrust->since) {
      accusation->distrust.reset();
    }
  }
  if (seconds_stale < 0) {
    last_fresh = std::max(last_fresh, at);
  } else if (std::tie(at, seconds_stale) > std::tie(last_stale, stale_seconds)) {
    last_stale = at;
    stale_seconds = seconds_stale;
  }
}

}  // namespace remint::detect

#include "pod_log_tails.hpp"

#include <algorithm>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::sources {
namespace {

using std::chrono::nanoseconds;

constexpr unsigned kTailLines = 200, kLookLines = 500;
constexpr std::size_t kTailBytes = 64U << 10U, kLookBytes = 256U << 10U, kMaxLooks = 256;
constexpr std::chrono::minutes kAfterFailure{2};
constexpr std::chrono::seconds kLookBack{600};

metrics::Counter& tails(metrics::Registry& metrics, const std::string& result) {
  return metrics.counter("remint_pod_log_tails_total", "Pods' logs of which the end was read once, by what came.",
                         {{"result", result}});
}

}  // namespace

PodLogTails::PodLogTails(const PodLogSettings& settings, PodLogTailsParts parts, metrics::Registry& metrics,
                         const Clock& clock)
    : settings_(settings),
      parts_(parts),
      clock_(clock),
      read_(tails(metrics, "read")),
      failed_(tails(metrics, "failed")),
      looked_(tails(metrics, "looked")) {}

void PodLogTails::start() {
  for (std::size_t i = 0; i < settings_.tail_workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void PodLogTails::stop() {
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();
}

void PodLogTails::add(const std::string& key, PodLogPlace place) {
  const std::lock_guard lock(mutex_);
  const auto known = places_.find(key);
  const bool queued = known != places_.end() && known->second.queued;
  place.queued = true;
  places_.insert_or_assign(key, std::move(place));
  if (!queued) turn_.push_back(key);
}

std::optional<PodLogPlace> PodLogTails::remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::erase(turn_, key);  // or it would stand there twice when it comes back
  auto node = places_.extract(key);
  return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
}

void PodLogTails::arrange(std::map<std::string, PodLogPlace>&& wanted) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady_now();
  std::erase_if(places_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  std::erase_if(turn_, [&](const auto& key) { return !wanted.contains(key); });
  for (auto& [key, place] : wanted) {
    if (const auto known = places_.find(key); known != places_.end()) {
      known->second.target = std::move(place.target);
      known->second.patterns = std::move(place.patterns);
    } else {
      place.queued = true;
      place.read = now;
      places_.emplace(key, std::move(place));
      turn_.push_back(key);
    }
  }
}

void PodLogTails::look(PodLogPlace place) {
  const std::lock_guard lock(mutex_);
  if (looks_.size() == kMaxLooks) {
    if (parts_.look_failed) parts_.look_failed(looks_.front().target.uid);
    looks_.pop_front();
  }
  place.look = true;
  looks_.push_back(std::move(place));
  changed_.notify_one();
}

void PodLogTails::clear() {
  const std::lock_guard lock(mutex_);
  places_.clear();
  turn_.clear();
  looks_.clear();
}

nanoseconds PodLogTails::oldest() const {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady_now();
  nanoseconds longest{0};
  for (const auto& [key, place] : places_) longest = std::max(longest, now - place.read);
  return longest;
}

std::optional<PodLogTails::Job> PodLogTails::take_due(nanoseconds now) {
  if (now < next_start_) return std::nullopt;
  if (!looks_.empty()) {
    Job job{.key = {}, .place = std::move(looks_.front())};
    looks_.pop_front();
    return job;
  }
  // In turn, so the first one is the one that has waited longest; those that failed are let wait.
  for (auto key = turn_.begin(); key != turn_.end(); ++key) {
    PodLogPlace& place = places_.at(*key);
    if (place.not_before > now) continue;
    Job job{.key = *key, .place = place};
    place.queued = false;
    turn_.erase(key);
    return job;
  }
  return std::nullopt;
}

std::optional<PodLogTails::Job> PodLogTails::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = clock_.steady_now();
    if (auto job = take_due(now)) {
      next_start_ = now + nanoseconds(static_cast<std::int64_t>(1e9 / settings_.tails_per_second));
      return job;
    }
    constexpr nanoseconds kIdle = std::chrono::milliseconds(200);
    // Its turn has come and there is nothing to read: that is looked at again now and then, not all the time.
    const auto wait = next_start_ > now ? std::min(next_start_ - now, kIdle) : kIdle;
    (void)changed_.wait_for(lock, stop, wait, [] { return false; });
  }
  return std::nullopt;
}

void PodLogTails::work(const std::stop_token& stop) {
  while (auto job = next(stop)) {
    const auto bytes = read(job->place, stop);
    const std::lock_guard lock(mutex_);
    next_start_ += nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(bytes) /
                                                         static_cast<double>(settings_.tail_bytes_per_second)));
    const auto place = places_.find(job->key);
    if (job->place.look || place == places_.end()) continue;
    place->second.cursor = std::move(job->place.cursor);
    place->second.read = job->place.read;
    place->second.not_before = job->place.not_before;
    if (!std::exchange(place->second.queued, true)) turn_.push_back(job->key);
  }
}

std::size_t PodLogTails::read(PodLogPlace& place, const std::stop_token& stop) {
  kube::LogOptions options;
  options.container = place.target.container;
  options.tail_lines = place.look ? kLookLines : kTailLines;
  options.limit_bytes = place.look ? kLookBytes : kTailBytes;
  if (place.look) {
    options.since_seconds = kLookBack.count();
  } else {
    const auto first = std::max(place.target.started, clock_.now() - Duration(settings_.look_back));
    options.since_time = place.cursor.newest() ? std::max(place.cursor.newest()->time, first) : first;
  }
  const auto text = parts_.client.logs(place.target.pod, options, stop);
  const auto now = clock_.steady_now();
  place.not_before = now + (text ? nanoseconds(settings_.tail_again) : nanoseconds(kAfterFailure));
  if (!text) {
    if (!stop.stop_requested()) note_failure(place, text.error());
    return 0;
  }
  place.read = now;
  (place.look ? looked_ : read_).add();
  PodLogReading reading({place.target.uid, place.target.container, place.target.started}, place.patterns, parts_.outbox,
                        parts_.counters);
  place.cursor.resume();
  place.cursor.feed(*text, [&](std::string_view bytes) { reading.feed(bytes, now); });
  reading.settle(now);
  return text->size();
}

void PodLogTails::note_failure(const PodLogPlace& place, const Error& why) {
  failed_.add();
  if (place.look && parts_.look_failed) parts_.look_failed(place.target.uid);
  // Said once: where the right is missing it is so of all, in turn.
  if (!told_.exchange(true)) {
    log::warn("The log of a pod could not be read; further ones are counted in remint_pod_log_tails_total",
              {{"error", why}});
  } else {
    log::debug("The log of a pod could not be read", {{"error", why}});
  }
}

}  // namespace remint::sources

#include "remint/runtime/work_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

namespace remint::runtime {
namespace {

// Waiting longer than this at a time gains nothing, and very long waits overflow the library's deadline.
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::minutes(10);

}  // namespace

// Where a key is: `waiting` (ready or again) and `delayed` never hold the same key. A key being worked on is in
// `working`; when it is added meanwhile it goes to `again`, and done() moves it to `ready`.
struct WorkQueue::Impl {
  using Nanoseconds = std::chrono::nanoseconds;

  Impl(const Clock& time, metrics::Registry& metrics, const std::string& name, BackoffSettings settings)
      : clock(time),
        backoff(settings),
        depth(metrics.gauge("remint_workqueue_depth", "Keys that are ready and wait for a worker.", {{"queue", name}})),
        adds(metrics.counter("remint_workqueue_adds_total", "Keys added, repeated ones included.", {{"queue", name}})),
        retries(
            metrics.counter("remint_workqueue_retries_total", "Keys added again after a failure.", {{"queue", name}})),
        latency(metrics.histogram("remint_workqueue_latency_seconds", "Time from ready to handed out.",
                                  {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60}, {{"queue", name}})) {}

  // All of these are called with the lock.

  void make_ready(const ObjectKey& key) {
    undelay(key);
    if (working.contains(key)) {
      again.insert(key);
      return;
    }
    if (!queued.emplace(key, clock.steady_now()).second) return;
    ready.push_back(key);
    depth.set(static_cast<double>(ready.size()));
  }

  void undelay(const ObjectKey& key) {
    const auto it = delayed.find(key);
    if (it == delayed.end()) return;
    by_time.erase({it->second, key});
    delayed.erase(it);
  }

  void delay(const ObjectKey& key, std::chrono::milliseconds by) {
    if (by.count() <= 0) return make_ready(key);
    if (queued.contains(key) || again.contains(key)) return;
    const auto at = clock.steady_now() + std::min<std::chrono::milliseconds>(by, kLongestDelay);
    const auto it = delayed.find(key);
    if (it != delayed.end() && it->second <= at) return;
    undelay(key);
    delayed.emplace(key, at);
    by_time.emplace(at, key);
  }

  void release_due() {
    const auto now = clock.steady_now();
    while (!by_time.empty() && by_time.begin()->first <= now) make_ready(ObjectKey(by_time.begin()->second));
  }

  ObjectKey hand_out() {
    auto key = std::move(ready.front());
    ready.pop_front();
    depth.set(static_cast<double>(ready.size()));
    const auto it = queued.find(key);
    latency.observe(std::chrono::duration<double>(clock.steady_now() - it->second).count());
    queued.erase(it);
    working.insert(key);
    return key;
  }

  const Clock& clock;
  const BackoffSettings backoff;
  metrics::Gauge& depth;
  metrics::Counter& adds;
  metrics::Counter& retries;
  metrics::Histogram& latency;

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  bool down = false;
  std::deque<ObjectKey> ready;
  std::unordered_map<ObjectKey, Nanoseconds> queued;  ///< the keys in `ready`, and since when
  std::set<ObjectKey> working;
  std::set<ObjectKey> again;
  std::map<ObjectKey, Nanoseconds> delayed;
  std::set<std::pair<Nanoseconds, ObjectKey>> by_time;
  std::unordered_map<ObjectKey, Backoff> failing;
};

WorkQueue::WorkQueue(const Clock& clock, metrics::Registry& metrics, const std::string& name, BackoffSettings backoff)
    : impl_(std::make_unique<Impl>(clock, metrics, name, backoff)) {}

WorkQueue::~WorkQueue() = default;

void WorkQueue::add(const ObjectKey& key) { add_after(key, std::chrono::milliseconds(0)); }

void WorkQueue::add_after(const ObjectKey& key, std::chrono::milliseconds delay) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->down) return;
    impl_->adds.add();
    impl_->delay(key, delay);
  }
  impl_->changed.notify_one();
}

void WorkQueue::add_rate_limited(const ObjectKey& key) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->down) return;
    impl_->adds.add();
    impl_->retries.add();
    if (impl_->failing.size() >= kMaxFailing && !impl_->failing.contains(key)) impl_->failing.clear();
    auto& backoff = impl_->failing.try_emplace(key, impl_->backoff).first->second;
    impl_->delay(key, backoff.next(random_unit()));
  }
  impl_->changed.notify_one();
}

void WorkQueue::forget(const ObjectKey& key) {
  const std::lock_guard lock(impl_->mutex);
  impl_->failing.erase(key);
}

std::optional<ObjectKey> WorkQueue::get(const std::stop_token& stop) {
  std::unique_lock lock(impl_->mutex);
  while (true) {
    if (impl_->down || stop.stop_requested()) {
      // A notify_one() may have woken this worker, which leaves, instead of one that stays.
      impl_->changed.notify_one();
      return std::nullopt;
    }
    impl_->release_due();
    if (!impl_->ready.empty()) {
      auto key = impl_->hand_out();
      // Somebody else must take over the watch of what is still to come: the others may have gone to sleep before those
      // keys were added.
      if (!impl_->ready.empty() || !impl_->by_time.empty()) impl_->changed.notify_one();
      return key;
    }
    auto wait = kLongestWait;
    if (!impl_->by_time.empty()) wait = std::min(wait, impl_->by_time.begin()->first - impl_->clock.steady_now());
    // The predicate says "wait" once and "woken" ever after: woken early, late or for nothing, the loop looks again.
    impl_->changed.wait_for(lock, stop, wait, [woken = false]() mutable { return std::exchange(woken, true); });
  }
}

void WorkQueue::done(const ObjectKey& key) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->working.erase(key);
    if (impl_->again.erase(key) == 0 || impl_->down) return;
    impl_->make_ready(key);
  }
  impl_->changed.notify_one();
}

void WorkQueue::shut_down() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->down = true;
    impl_->ready.clear();
    impl_->queued.clear();
    impl_->again.clear();
    impl_->delayed.clear();
    impl_->by_time.clear();
    impl_->depth.set(0);
  }
  impl_->changed.notify_all();
}

void WorkQueue::wake() { impl_->changed.notify_all(); }

std::size_t WorkQueue::size() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->ready.size() + impl_->again.size() + impl_->delayed.size();
}

}  // namespace remint::runtime

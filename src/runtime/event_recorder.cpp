#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "call_deadline.hpp"
#include "event_json.hpp"
#include "event_series.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"
#include "remint/runtime/events.hpp"

namespace remint::runtime {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(10);
constexpr BackoffSettings kBackoff{.initial = std::chrono::milliseconds(200), .max = std::chrono::seconds(5)};
// An Event is not worth waiting for longer, whatever Retry-After says.
constexpr std::chrono::milliseconds kLongestPause = std::chrono::seconds(10);

bool may_pass(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kTooMany;
}

}  // namespace

struct EventRecorder::Impl {
  Impl(kube::Client& api, std::string instance_name, const Clock& time, metrics::Registry& metrics)
      : client(api),
        instance(std::move(instance_name)),
        clock(time),
        series(instance),
        created(sent(metrics, "created")),
        updated(sent(metrics, "updated")),
        queue_full(dropped(metrics, "queue_full")),
        refused(dropped(metrics, "refused")),
        failed(dropped(metrics, "failed")),
        stopped(dropped(metrics, "stopped")) {}

  static metrics::Counter& sent(metrics::Registry& metrics, const std::string& result) {
    return metrics.counter("remint_events_total", "Kubernetes Events written.", {{"result", result}});
  }
  static metrics::Counter& dropped(metrics::Registry& metrics, const std::string& reason) {
    return metrics.counter("remint_events_dropped_total", "Kubernetes Events not written, or not counted up.",
                           {{"reason", reason}});
  }

  void run() {
    while (auto note = next()) {
      if (!note->reason.empty()) send(*note);
      for (const auto& update : series.due(clock.steady_now())) count_up(update);
    }
    for (const auto& update : series.due(clock.steady_now(), true)) count_up(update);
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  // The next note; one without a reason when it is time to look at what is held back; nothing at the end.
  std::optional<EventNote> next() {
    std::unique_lock lock(mutex);
    const auto due = series.next_due();
    const auto something = [this] { return stopping || !queue.empty(); };
    if (!due) {
      changed.wait(lock, something);
    } else if (!changed.wait_for(lock, *due - clock.steady_now(), something)) {
      return EventNote{};
    }
    if (queue.empty() || hard_stop.stop_requested()) return std::nullopt;
    auto note = std::move(queue.front());
    queue.pop_front();
    return note;
  }

  void send(const EventNote& note) {
    auto write = series.observe(note, clock.steady_now(), clock.now());
    if (const auto* update = std::get_if<EventSeries::Update>(&write)) {
      if (count_up(*update)) return;
      // The Event is gone (they live for an hour, and people delete them): say it anew, once.
      write = series.observe(note, clock.steady_now(), clock.now());
    }
    if (const auto* create = std::get_if<EventSeries::Create>(&write)) say(*create);
  }

  void say(const EventSeries::Create& event) {
    const auto body = event_body(event, instance);
    const auto result = with_retries(
        [&](const std::stop_token& stop) { return client.create(kube::kEvents, event.event.ns, body, stop); });
    // AlreadyExists: an earlier try whose answer was lost. The name is ours alone.
    if (result || result.error().code == ErrorCode::kAlreadyExists) return created.add();
    series.forget(event.event);
    give_up(result.error(), event.event);
  }

  // False when the Event does not exist any more.
  bool count_up(const EventSeries::Update& update) {
    const auto body = series_patch(update);
    const auto result = with_retries([&](const std::stop_token& stop) {
      return client.patch(kube::kEvents, update.event, kube::PatchType::kMerge, body, stop);
    });
    if (result) {
      updated.add();
      return true;
    }
    if (result.error().code == ErrorCode::kNotFound) {
      series.forget(update.event);
      return false;
    }
    give_up(result.error(), update.event);
    return true;
  }

  template <class Call>
  Result<std::string> with_retries(const Call& call) {
    Backoff backoff(kBackoff);
    while (true) {
      const CallDeadline deadline(kCallTimeout, hard_stop.get_token());
      auto result = call(deadline.token());
      if (result) return result;
      if (deadline.expired()) result = fail(ErrorCode::kTimeout, "no answer within " + format_duration(kCallTimeout));
      const auto pause = backoff.next(random_unit());
      if (!may_pass(result.error().code) || backoff.attempts() >= kTries) return result;
      const auto asked = std::chrono::milliseconds(std::chrono::seconds(result.error().retry_after_seconds));
      if (!sleep_for(std::min(std::max(pause, asked), kLongestPause), hard_stop.get_token())) return result;
    }
  }

  void give_up(const Error& error, const ObjectKey& event) {
    if (hard_stop.stop_requested()) return stopped.add();
    (may_pass(error.code) ? failed : refused).add();
    // A role that lacks the verb fails for each Event in the same way: told once. (The message names the Event, so the
    // code is what is compared.)
    if (std::exchange(last_failure, error.code) == error.code) return;
    log::warn("An Event could not be written", {{"event", event.to_string()}, {"error", error}});
  }

  kube::Client& client;
  const std::string instance;
  const Clock& clock;

  // The thread's own.
  EventSeries series;
  std::optional<ErrorCode> last_failure;

  metrics::Counter& created;
  metrics::Counter& updated;
  metrics::Counter& queue_full;
  metrics::Counter& refused;
  metrics::Counter& failed;
  metrics::Counter& stopped;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<EventNote> queue;
  bool stopping = false;
  bool finished = false;
  std::stop_source hard_stop;
  std::thread thread;
};

EventRecorder::EventRecorder(kube::Client& client, std::string instance, const Clock& clock, metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(client, std::move(instance), clock, metrics)) {}

EventRecorder::~EventRecorder() { stop(std::chrono::milliseconds(0)); }

void EventRecorder::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

void EventRecorder::stop(std::chrono::milliseconds deadline) {
  {
    std::unique_lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
    if (impl_->thread.joinable()) impl_->changed.wait_for(lock, deadline, [this] { return impl_->finished; });
  }
  impl_->hard_stop.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  const std::lock_guard lock(impl_->mutex);
  impl_->stopped.add(static_cast<double>(impl_->queue.size()));
  impl_->queue.clear();
}

void EventRecorder::record(EventNote note) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return impl_->stopped.add();
    if (impl_->queue.size() >= kQueueSize) return impl_->queue_full.add();
    impl_->queue.push_back(std::move(note));
  }
  impl_->changed.notify_all();
}

}  // namespace remint::runtime

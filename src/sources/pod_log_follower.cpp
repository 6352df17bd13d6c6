#include "remint/sources/pod_log_follower.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "followed_log.hpp"
#include "pod_log_reading.hpp"
#include "pod_log_tails.hpp"
#include "remint/base/log.hpp"

namespace remint::sources {
namespace {

constexpr std::chrono::milliseconds kTick{200};
/// What a log said last waits so long for the rest of an error of several lines.
constexpr std::chrono::milliseconds kSettle{700};
constexpr std::size_t kMany = 1000;

std::string key_of(const PodLogTarget& target) { return log_name(target.uid, target.container); }

}  // namespace

struct PodLogFollower::Impl {
  struct Stream {
    PodLogPlace place;
    std::shared_ptr<PodLogReading> reading;
    std::unique_ptr<FollowedLog> log;
  };

  Impl(PodLogSettings chosen, PodLogHooks given, kube::Client& api, metrics::Registry& metrics, const Clock& time)
      : settings(chosen),
        hooks(std::move(given)),
        client(api),
        clock(time),
        targets_gauge(metrics.gauge("remint_pod_log_targets", "Containers whose logs are to be read.")),
        round(metrics.gauge("remint_pod_log_round_seconds",
                            "For how long the log that has waited longest, of those that are read in turn, has "
                            "not been read.")),
        follow(metrics, "remint_pod_log", "pods"),
        counters(metrics),
        outbox(counters),
        left_out(metrics),
        tails(settings, {client, outbox, counters, hooks.look_failed}, metrics, clock) {}

  void run(const std::stop_token& stop) {
    auto next_ask = clock.steady_now();
    do {
      const auto now = clock.steady_now();
      if (!hooks.may_act()) {
        drop_all();
        next_ask = now;
        continue;
      }
      if (now >= next_ask) {
        hooks.ask();
        next_ask = now + settings.refresh * (wanted_count > kMany ? 5 : 1);
      }
      take_over();
      for (auto& [key, stream] : streams) stream.reading->settle(now - kSettle);
      (void)outbox.send(hooks.deliver);
    } while (sleep_for(kTick, stop));
    drop_all();
  }

  void drop_all() {
    {
      const std::lock_guard lock(mutex);
      news.reset();
      looks.clear();
    }
    for (auto& [key, stream] : streams) stream.log->request_stop();
    streams.clear();
    tails.clear();
    outbox.clear();
    targets_gauge.set(0);
    round.set(0);
    left_out.set(0);
  }

  /// What was asked for has come.
  void take_over() {
    std::optional<std::vector<PodLogTarget>> targets;
    std::vector<PodLogTarget> wanted_looks;
    {
      const std::lock_guard lock(mutex);
      targets = std::exchange(news, std::nullopt);
      wanted_looks = std::exchange(looks, {});
    }
    if (targets) arrange(*targets);
    for (auto& target : wanted_looks) {
      if (streams.contains(key_of(target))) continue;  // it is being listened to
      if (target.container.empty()) {
        if (hooks.look_failed) hooks.look_failed(target.uid);  // what runs in it is not known yet
        continue;
      }
      auto patterns = compiled.get(target.patterns);
      tails.look({.target = std::move(target), .patterns = std::move(patterns)});
    }
  }

  void arrange(std::vector<PodLogTarget>& targets) {
    wanted_count = targets.size();
    targets_gauge.set(static_cast<double>(targets.size()));
    std::map<std::string, PodLogTarget*> followed;
    std::map<std::string, PodLogPlace> in_turn;
    std::erase_if(targets, [](const auto& target) { return target.container.empty(); });
    for (auto& target : targets) {
      if (followed.size() < settings.streams) {
        followed.emplace(key_of(target), &target);
      } else {
        auto key = key_of(target);  // before the target is moved away
        auto patterns = compiled.get(target.patterns);
        in_turn.emplace(std::move(key), PodLogPlace{.target = std::move(target), .patterns = std::move(patterns)});
      }
    }
    leave(followed);
    for (auto& [key, target] : followed) {
      if (streams.contains(key) || begin(key, *target)) continue;
      auto patterns = compiled.get(target->patterns);
      in_turn.emplace(key, PodLogPlace{.target = std::move(*target), .patterns = std::move(patterns)});
    }
    tails.arrange(std::move(in_turn));
    compiled.sweep();
    round.set(std::chrono::duration<double>(tails.oldest()).count());
  }

  /// Streams that are not wanted any more, or are of a life that is over. How far they came is kept for their turn.
  void leave(const std::map<std::string, PodLogTarget*>& followed) {
    std::vector<std::string> gone;
    for (auto& [key, stream] : streams) {
      const auto wanted = followed.find(key);
      if (wanted != followed.end() && wanted->second->started == stream.place.target.started &&
          wanted->second->patterns == stream.place.target.patterns) {
        continue;
      }
      stream.log->request_stop();
      gone.push_back(key);
    }
    for (const auto& key : gone) {
      auto node = streams.extract(key);
      auto& place = node.mapped().place;
      place.cursor = node.mapped().log->join();
      place.read = clock.steady_now();
      tails.add(key, std::move(place));
    }
  }

  /// False: no thread can be had for it.
  bool begin(const std::string& key, const PodLogTarget& of) {
    auto known = tails.remove(key);
    Stream stream;
    stream.place.target = of;
    stream.place.patterns = compiled.get(of.patterns);
    stream.reading = std::make_shared<PodLogReading>(detect::LogOrigin{of.uid, of.container, of.started},
                                                     stream.place.patterns, outbox, counters);
    FollowedLogOptions options;
    options.pod = of.pod;
    options.container = of.container;
    options.since = std::max(of.started, clock.now() - Duration(settings.look_back));
    options.silence = settings.silence;
    options.bytes_per_second = std::max<std::size_t>(64U << 10U, settings.stream_bytes_per_second / settings.streams);
    const auto reading = stream.reading;
    try {
      stream.log = std::make_unique<FollowedLog>(
          std::move(options), known ? std::move(known->cursor) : LogCursor(),
          FollowedLog::Hooks{[reading] { reading->begin(); },
                             [reading, this](std::string_view bytes) { reading->feed(bytes, clock.steady_now()); }},
          client, follow, clock);
    } catch (const std::system_error& error) {
      log::warn("No thread can be had to follow a pod's log; it is read in turn", {{"reason", error.what()}});
      return false;
    }
    streams.emplace(key, std::move(stream));
    return true;
  }

  const PodLogSettings settings;
  const PodLogHooks hooks;
  kube::Client& client;
  const Clock& clock;
  metrics::Gauge &targets_gauge, &round;
  FollowCounters follow;
  PodLogCounters counters;
  ClueOutbox outbox;
  LeftOut left_out;
  PatternCache compiled;
  PodLogTails tails;
  std::map<std::string, Stream> streams;  ///< of the director's thread
  std::size_t wanted_count = 0;
  std::mutex mutex;  ///< guards what comes from outside
  std::optional<std::vector<PodLogTarget>> news;
  std::vector<PodLogTarget> looks;
  std::jthread thread;
};

PodLogFollower::PodLogFollower(PodLogSettings settings, PodLogHooks hooks, kube::Client& client,
                               metrics::Registry& metrics, const Clock& clock)
    : impl_(std::make_unique<Impl>(settings, std::move(hooks), client, metrics, clock)) {}
PodLogFollower::~PodLogFollower() { stop(); }

void PodLogFollower::start() {
  impl_->tails.start();
  impl_->thread = std::jthread([this](const std::stop_token& stop) { impl_->run(stop); });
}

void PodLogFollower::stop() {
  impl_->thread.request_stop();
  impl_->tails.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void PodLogFollower::set_targets(std::vector<PodLogTarget> targets, std::size_t left_out) {
  impl_->left_out.set(left_out);
  const std::lock_guard lock(impl_->mutex);
  impl_->news = std::move(targets);
}

void PodLogFollower::look_into(std::vector<PodLogTarget> targets) {
  const std::lock_guard lock(impl_->mutex);
  std::ranges::move(targets, std::back_inserter(impl_->looks));
}

}  // namespace remint::sources

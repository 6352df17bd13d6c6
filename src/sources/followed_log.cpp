#include "followed_log.hpp"

#include <algorithm>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::sources {
namespace {

/// A stream that lived so long is begun anew at once; a shorter one may be a crash loop, or a kubelet that refuses.
constexpr std::chrono::seconds kHealthyLife{30};

metrics::Counter& opens(metrics::Registry& metrics, const std::string& prefix, const std::string& whose,
                        const std::string& result) {
  return metrics.counter(prefix + "_opens_total", "Logs of " + whose + " that were opened, by how that ended.",
                         {{"result", result}});
}

}  // namespace

FollowCounters::FollowCounters(metrics::Registry& metrics, const std::string& prefix, const std::string& whose)
    : streams(metrics.gauge(prefix + "_streams", "Logs of " + whose + " that are being followed.")),
      lag(metrics.gauge(prefix + "_lag_seconds", "Age of the newest line of the logs of " + whose + " when it came.")),
      ended(opens(metrics, prefix, whose, "ended")),
      silent(opens(metrics, prefix, whose, "silent")),
      cut(opens(metrics, prefix, whose, "cut")),
      gone(opens(metrics, prefix, whose, "gone")),
      not_started(opens(metrics, prefix, whose, "not_started")),
      forbidden(opens(metrics, prefix, whose, "forbidden")),
      failed(opens(metrics, prefix, whose, "failed")) {}

metrics::Counter& FollowCounters::of(const Result<void>& end) {
  if (end) return ended;
  switch (end.error().code) {
    case ErrorCode::kTimeout:
      return silent;
    case ErrorCode::kUnavailable:
      return cut;
    case ErrorCode::kNotFound:
      return gone;
    case ErrorCode::kInvalid:
      return not_started;
    case ErrorCode::kForbidden:
      return forbidden;
    default:
      return failed;
  }
}

FollowedLog::FollowedLog(FollowedLogOptions options, LogCursor cursor, Hooks hooks, kube::Client& client,
                         FollowCounters& counters, const Clock& clock)
    : options_(std::move(options)),
      cursor_(std::move(cursor)),
      hooks_(std::move(hooks)),
      client_(client),
      counters_(counters),
      clock_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

LogCursor FollowedLog::join() {
  if (thread_.joinable()) thread_.join();
  return std::move(cursor_);
}

void FollowedLog::run(const std::stop_token& stop) {
  Backoff backoff(options_.backoff);
  counters_.streams.add(1);
  while (!stop.stop_requested()) {
    const auto begin = clock_.steady_now();
    const auto ended = follow(stop);
    if (stop.stop_requested()) break;
    counters_.of(ended).add();
    log::debug("A log that is followed has ended", {{"pod", options_.pod.to_string()},
                                                    {"container", options_.container},
                                                    {"why", ended ? "its end" : ended.error().message}});
    const bool silent = !ended && ended.error().code == ErrorCode::kTimeout;
    if (silent || clock_.steady_now() - begin > kHealthyLife) backoff.reset();
    if (!silent && !sleep_for(backoff.next(random_unit()), stop)) break;
  }
  counters_.streams.add(-1);
  finished_.store(true);
}

Result<void> FollowedLog::follow(const std::stop_token& stop) {
  cursor_.resume();
  hooks_.begin();
  kube::FollowOptions follow;
  follow.container = options_.container;
  follow.silence = options_.silence;
  follow.since_time = cursor_.newest() ? cursor_.newest()->time : options_.since;
  auto room = static_cast<double>(options_.bytes_per_second);
  auto before = clock_.steady_now();
  return client_.follow_logs(
      options_.pod, follow,
      [&](std::string_view bytes) -> Result<void> {
        cursor_.feed(bytes, hooks_.bytes);
        if (cursor_.newest()) {
          counters_.lag.set(std::chrono::duration<double>(clock_.now() - cursor_.newest()->time).count());
        }
        // Who writes more than this waits: nobody may drown Remint, and what is old by then is judged by its own time.
        const auto now = clock_.steady_now();
        const auto rate = static_cast<double>(options_.bytes_per_second);
        room = std::min(rate, room + rate * std::chrono::duration<double>(now - before).count());
        before = now;
        room -= static_cast<double>(bytes.size());
        if (room < 0) (void)sleep_for(Duration(static_cast<std::int64_t>(-room / rate * 1e6)), stop);
        return {};
      },
      stop);
}

}  // namespace remint::sources

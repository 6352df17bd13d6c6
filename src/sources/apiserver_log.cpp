#include "remint/sources/apiserver_log.hpp"

#include <algorithm>
#include <stop_token>
#include <thread>
#include <utility>

#include "apiserver_log_lines.hpp"
#include "remint/base/log.hpp"
#include "remint/sources/file_tail.hpp"

namespace remint::sources {
struct ApiServerLogFollower::Impl final : TailSink {
  Impl(ApiServerLogOptions chosen, Deliver to, metrics::Registry& metrics, const Clock& machine)
      : options(std::move(chosen)),
        deliver(std::move(to)),
        clock(machine),
        lines(metrics),
        skipped(metrics.counter("remint_apiserver_log_skipped_bytes_total",
                                "Bytes of API servers' logs that were not read, since reading was too far behind.")),
        open(metrics.gauge("remint_apiserver_log_open", "1 while the API server's log file can be followed.",
                           {{"file", options.path}})),
        lag(metrics.gauge("remint_apiserver_log_lag_seconds",
                          "Age of the newest line that matters of the API server's log, when it was read.",
                          {{"file", options.path}})),
        tail({.path = options.path, .initial_bytes = options.initial_bytes}),
        keep([this](detect::ApiServerLine&& line) { take(std::move(line)); }) {}

  [[nodiscard]] detect::LogClock log_clock() const {
    return {.reference = clock.now(), .utc_offset = options.utc_offset};
  }

  void begin(bool within_line) override {
    if (within_line) {
      parser.begin_within_line();
    }
  }
  void bytes(std::string_view bytes) override { parser.feed(bytes, log_clock(), keep); }
  void end() override { parser.finish(log_clock(), keep); }

  void take(detect::ApiServerLine&& line) {
    batch.push_back(std::move(line));
    if (batch.size() >= options.batch_lines) {
      hand_over();
    }
  }

  void hand_over() {
    if (batch.empty()) {
      return;
    }
    const auto newest = std::ranges::max(batch, {}, &detect::ApiServerLine::time).time;
    lag.set(std::chrono::duration<double>(clock.now() - newest).count());
    deliver(std::exchange(batch, {}));
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const TailRound round = tail.round(*this);
      hand_over();
      lines.add(parser.counts(), counted);
      skipped.add(static_cast<double>(round.skipped));
      open.set(tail.is_open() ? 1 : 0);
      say(round);
      if (!round.more) {
        sleep_for(options.poll, stop);
      }
    }
  }

  void say(const TailRound& round) const {
    if (round.problem) {
      log::warn("Cannot follow the API server's log", {{"file", options.path}, {"error", *round.problem}});
    }
    if (round.opened) {
      log::info("Following the API server's log", {{"file", options.path}});
    }
    if (round.skipped > 0) {
      log::warn("Skipped a part of the API server's log, being too far behind",
                {{"file", options.path}, {"bytes", round.skipped}});
    }
  }

  const ApiServerLogOptions options;
  const Deliver deliver;
  const Clock& clock;
  LineCounters lines;
  metrics::Counter& skipped;
  metrics::Gauge& open;
  metrics::Gauge& lag;
  FileTail tail;
  detect::ApiServerLogParser parser;
  const detect::ApiServerLogParser::Visitor keep;
  detect::ApiServerLogCounts counted;
  std::vector<detect::ApiServerLine> batch;
  std::jthread thread;  ///< last: it uses all the rest
};

ApiServerLogFollower::ApiServerLogFollower(ApiServerLogOptions options, Deliver deliver, metrics::Registry& metrics,
                                           const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(deliver), metrics, clock)) {}
ApiServerLogFollower::~ApiServerLogFollower() { stop(); }

void ApiServerLogFollower::start() {
  impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void ApiServerLogFollower::stop() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) {
    impl_->thread.join();
  }
}

}  // namespace remint::sources

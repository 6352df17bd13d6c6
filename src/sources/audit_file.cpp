#include "remint/sources/audit_file.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "audit_file_lines.hpp"
#include "audit_file_state.hpp"
#include "remint/base/log.hpp"
#include "remint/sources/file_tail.hpp"

namespace remint::sources {
namespace {

struct FileMetrics {
  FileMetrics(metrics::Registry& m, const std::string& file)
      : open(m.gauge("remint_audit_file_open", "1 while the audit log file can be followed.", {{"file", file}})),
        lag(m.gauge("remint_audit_file_lag_seconds",
                    "Age of the newest event of interest of the audit log file, when it was read.", {{"file", file}})),
        events(m.counter("remint_audit_file_events_total", "Audit events read from the file.", {{"file", file}})),
        invalid(m.counter("remint_audit_file_invalid_lines_total",
                          "Lines of the audit log file that are no audit events.", {{"file", file}})),
        too_long(m.counter("remint_audit_file_too_long_lines_total",
                           "Lines of the audit log file that were dropped for their length.", {{"file", file}})),
        skipped(m.counter("remint_audit_file_skipped_bytes_total",
                          "Bytes of the audit log file that were not read: being too far behind, or holes.",
                          {{"file", file}})),
        broken(m.counter("remint_audit_file_broken_archives_total",
                         "Compressed files of the audit log that could not be unpacked to their end.",
                         {{"file", file}})) {}
  metrics::Gauge &open, &lag;
  metrics::Counter &events, &invalid, &too_long, &skipped, &broken;
};

/// Adds what `now` has grown by since it was asked last.
void add_grown(metrics::Counter& counter, std::uint64_t now, std::uint64_t& before) {
  counter.add(static_cast<double>(now - std::exchange(before, now)));
}

void add_to(detect::AuditReport& sum, const detect::AuditReport& more) {
  // Of one line that is not JSON from its first byte on, nothing else is known: an event that nobody can read.
  const std::uint64_t broken = more.broken ? 1 : 0;
  sum.events += more.events + broken;
  sum.rejected += more.rejected;
  sum.stale += more.stale;
  sum.ignored += more.ignored;
  sum.invalid += more.invalid + broken;
}

}  // namespace

struct AuditFileFollower::Impl final : TailSink {
  Impl(AuditFileOptions chosen, BatchQueue& to, metrics::Registry& m, const Clock& machine)
      : options(std::move(chosen)), queue(to), clock(machine), metrics(m, options.path), lines(options.line_bytes) {
    if (!options.state_dir.empty()) {
      state.emplace(options.state_dir, options.path);
    }
  }

  void begin(bool within_line) override { lines.begin(within_line); }
  void bytes(std::string_view bytes) override {
    lines.feed(bytes, [this](std::string_view whole) { decode(whole); });
  }
  void end() override {
    lines.finish([this](std::string_view line) { decode(line); });
  }

  void decode(std::string_view whole) {
    if (!filling) {
      filling = queue.take_empty();
    }
    add_to(filling->report, decoder.decode_lines(whole, filling->batch));
  }

  /// Hands over what the round decoded, and waits where the queue has no room: what is to come waits in the file.
  /// False when a stop came first.
  bool hand_over(const std::stop_token& stop) {
    if (!filling) {
      return true;
    }
    const auto& records = filling->batch.records;
    if (!records.empty()) {
      const auto newest = std::ranges::max(records, {}, &detect::AuditRecord::staged).staged;
      metrics.lag.set(std::chrono::duration<double>(clock.now() - newest).count());
    }
    const auto report = filling->report;
    filling->received_ns = clock.steady_now().count();
    filling->taken = taken;
    while (!queue.offer(filling)) {
      if (stop.stop_requested()) {
        return false;  // not remembered as read
      }
      sleep_for(options.poll, stop);
    }
    ++handed_over;
    metrics.events.add(static_cast<double>(report.events));
    metrics.invalid.add(static_cast<double>(report.invalid));
    return true;
  }

  /// Where reading would have to begin for what is not handed over yet.
  void note_position() {
    auto position = tail->position();
    if (!position) {
      return;
    }
    position->offset -= std::min(position->offset, lines.held());
    if (!waiting.empty() && waiting.back().first == handed_over) {
      waiting.back().second = std::move(*position);
    } else {
      waiting.emplace_back(handed_over, std::move(*position));
    }
  }

  void settle() {
    while (!waiting.empty() && waiting.front().first <= taken->load()) {
      settled = std::move(waiting.front().second);
      waiting.pop_front();
    }
  }

  void save() {
    settle();
    if (!state || !settled || settled == saved) {
      return;
    }
    next_save = clock.steady_now() + options.save_every;
    const auto ok = state->save(*settled);
    if (!ok && ok.error().message != save_problem) {
      log::warn("Cannot remember how far the audit log was read", {{"file", options.path}, {"error", ok.error()}});
    }
    save_problem = ok ? std::string() : ok.error().message;
    if (ok) {
      saved = settled;
    }
  }

  void run(const std::stop_token& stop) {
    begin_tail();
    while (!stop.stop_requested()) {
      const TailRound round = tail->round(*this);
      if (!hand_over(stop)) {
        break;
      }
      note_position();
      settle();
      if (clock.steady_now() >= next_save) {
        save();
      }
      add_grown(metrics.too_long, lines.too_long(), counted_too_long);
      add_grown(metrics.skipped, lines.hole_bytes(), counted_holes);
      metrics.skipped.add(static_cast<double>(round.skipped));
      metrics.broken.add(round.broken ? 1 : 0);
      metrics.open.set(tail->is_open() ? 1 : 0);
      say(round);
      if (!round.more) {
        sleep_for(options.poll, stop);
      }
    }
    finish();
  }

  void begin_tail() {
    std::optional<TailPosition> resume;
    if (state) {
      auto loaded = state->load();
      if (loaded) {
        resume = std::move(*loaded);
      } else {
        log::warn("Beginning with the end of the audit log", {{"file", options.path}, {"error", loaded.error()}});
      }
    }
    saved = settled = resume;
    tail.emplace(
        FileTailOptions{.path = options.path, .initial_bytes = options.initial_bytes, .resume = std::move(resume)});
  }

  /// Detection stops after us: what it has not taken by then is read again, another time.
  void finish() {
    const auto patience = std::chrono::steady_clock::now() + options.last_wait;
    while (state && taken->load() < handed_over && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    save();
    tail.reset();
    filling.reset();
  }

  void say(const TailRound& round) const {
    if (round.problem) {
      log::warn("Cannot follow the audit log", {{"file", options.path}, {"error", *round.problem}});
    }
    if (round.opened && tail->position()) {  // it may have been read to its end, and closed, in the same round
      log::info("Following the audit log", {{"file", options.path}, {"offset", tail->position()->offset}});
    }
    if (round.skipped > 0) {
      log::warn("Skipped a part of the audit log, being too far behind",
                {{"file", options.path}, {"bytes", round.skipped}});
    }
  }

  const AuditFileOptions options;
  BatchQueue& queue;
  const Clock& clock;
  FileMetrics metrics;
  std::optional<AuditFileState> state;
  std::optional<FileTail> tail;
  LineCutter lines;
  detect::AuditDecoder decoder;
  std::unique_ptr<AuditDelivery> filling;
  std::shared_ptr<std::atomic<std::uint64_t>> taken = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::uint64_t handed_over = 0;                               ///< deliveries
  std::deque<std::pair<std::uint64_t, TailPosition>> waiting;  ///< positions behind so many deliveries
  std::optional<TailPosition> settled, saved;
  std::chrono::nanoseconds next_save{0};
  std::string save_problem;
  std::uint64_t counted_too_long = 0, counted_holes = 0;
  std::jthread thread;  ///< last: it uses all the rest
};

AuditFileFollower::AuditFileFollower(AuditFileOptions options, BatchQueue& queue, metrics::Registry& metrics,
                                     const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), queue, metrics, clock)) {}
AuditFileFollower::~AuditFileFollower() { stop(); }

void AuditFileFollower::start() {
  impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void AuditFileFollower::stop() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) {
    impl_->thread.join();
  }
}

}  // namespace remint::sources

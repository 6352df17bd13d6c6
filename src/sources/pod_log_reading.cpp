#include "pod_log_reading.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::sources {
namespace {

metrics::Counter& lines(metrics::Registry& metrics, const std::string& result) {
  return metrics.counter("remint_pod_log_lines_total", "Lines of pods' logs, by what became of them.",
                         {{"result", result}});
}

}  // namespace

PodLogCounters::PodLogCounters(metrics::Registry& metrics)
    : matched(lines(metrics, "matched")),
      earlier(lines(metrics, "earlier")),
      untimed(lines(metrics, "untimed")),
      oversize(lines(metrics, "oversize")),
      other(lines(metrics, "other")),
      dropped(metrics.counter("remint_pod_log_dropped_total",
                              "Clues of pods' logs for which there was no room, as one log said too much at once or "
                              "detection was behind.")) {}

void PodLogCounters::add(const detect::PodLogCounts& now, detect::PodLogCounts& before) {
  const auto grown = [](std::uint64_t after, std::uint64_t past) { return static_cast<double>(after - past); };
  const double told = grown(now.matched, before.matched), past = grown(now.earlier, before.earlier);
  const double without = grown(now.untimed, before.untimed), cut = grown(now.oversize, before.oversize);
  matched.add(told);
  earlier.add(past);
  untimed.add(without);
  oversize.add(cut);
  other.add(std::max(0.0, grown(now.lines, before.lines) - told - past - without - cut));
  before = now;
}

void ClueOutbox::add(std::vector<detect::Clue>&& clues) {
  std::size_t kept = std::min(clues.size(), kAtOnce);
  const std::lock_guard lock(mutex_);
  kept = std::min(kept, kRoom - clues_.size());
  counters_.dropped.add(static_cast<double>(clues.size() - kept));
  // The newest ones: what a log says now is what counts.
  clues_.insert(clues_.end(), std::move_iterator(clues.end() - static_cast<std::ptrdiff_t>(kept)),
                std::move_iterator(clues.end()));
}

void ClueOutbox::send(const std::function<bool(std::vector<detect::Clue>&&)>& deliver) {
  const std::lock_guard lock(mutex_);
  if (clues_.empty()) return;
  auto copy = clues_;  // what the other side refuses may be gone
  if (deliver(std::move(copy))) clues_.clear();
}

void ClueOutbox::clear() {
  const std::lock_guard lock(mutex_);
  clues_.clear();
}

std::shared_ptr<const detect::LinePatterns> PatternCache::get(
    const std::shared_ptr<const std::vector<std::string>>& list) {
  const auto known = compiled_.find(list);
  if (known != compiled_.end()) return known->second;
  if (list && !list->empty() && compiled_.size() >= kMaxLists) {
    if (!std::exchange(told_, true)) {
      log::warn(
          "Too many policies have patterns of their own for pods' logs: of some only the known lines are looked for",
          {{"most", kMaxLists}});
    }
    return get(nullptr);
  }
  const auto own = list ? std::span<const std::string>(*list) : std::span<const std::string>();
  auto made = detect::LinePatterns::compile(own);
  if (!made) {
    log::warn("A policy's patterns for pods' logs cannot be used, the known ones are", {{"error", made.error()}});
    made = detect::LinePatterns::compile({});
  }
  return compiled_.emplace(list, made.value_or(nullptr)).first->second;
}

void PatternCache::sweep() {
  std::erase_if(compiled_, [](const auto& entry) { return entry.first.use_count() == 1; });
}

PodLogReading::PodLogReading(detect::LogOrigin origin, std::shared_ptr<const detect::LinePatterns> patterns,
                             ClueOutbox& outbox, PodLogCounters& counters)
    : origin_(std::move(origin)),
      patterns_(std::move(patterns)),
      outbox_(outbox),
      counters_(counters),
      reader_(origin_, patterns_) {}

void PodLogReading::begin() {
  const std::lock_guard lock(mutex_);
  std::vector<detect::Clue> clues;
  reader_.flush(clues);
  tell(std::move(clues));
  // Half a line comes again, whole.
  reader_ = detect::PodLogReader(origin_, patterns_);
  counted_ = {};
  unsettled_ = false;
}

void PodLogReading::feed(std::string_view bytes, std::chrono::nanoseconds now) {
  const std::lock_guard lock(mutex_);
  std::vector<detect::Clue> clues;
  reader_.feed(bytes, clues);
  fed_ = now;
  unsettled_ = true;
  tell(std::move(clues));
}

void PodLogReading::settle(std::chrono::nanoseconds before) {
  // Who is being fed is not idle, and must not hold up the others.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !unsettled_ || fed_ > before) return;
  unsettled_ = false;
  std::vector<detect::Clue> clues;
  reader_.flush(clues);
  tell(std::move(clues));
}

void PodLogReading::tell(std::vector<detect::Clue>&& clues) {
  counters_.add(reader_.counts(), counted_);
  if (!clues.empty()) outbox_.add(std::move(clues));
}

}  // namespace remint::sources

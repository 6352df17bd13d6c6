#include "pod_log_reading.hpp"

#include <fmt/format.h>

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

std::string log_name(std::string_view pod_uid, std::string_view container) {
  return fmt::format("{}/{}", pod_uid, container);
}

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

void ClueOutbox::trim(std::vector<detect::Clue>& clues) {
  if (clues.size() <= share_) return;
  const std::size_t many = clues.size() - share_;
  counters_.dropped.add(static_cast<double>(many));
  // The newest ones stay: what a log says now is what counts.
  clues.erase(clues.begin(), clues.begin() + static_cast<std::ptrdiff_t>(many));
}

void ClueOutbox::add(const std::string& log, std::vector<detect::Clue>&& clues) {
  if (clues.empty()) return;
  const std::lock_guard lock(mutex_);
  auto& held = clues_[log];
  count_ -= held.size();
  std::ranges::move(clues, std::back_inserter(held));
  trim(held);
  count_ += held.size();
  while (count_ > kRoom && share_ > 1) {  // seven times between two sends at most
    share_ /= 2;
    count_ = 0;
    for (auto& [name, others] : clues_) {
      trim(others);
      count_ += others.size();
    }
  }
  if (count_ <= kRoom) return;
  // One clue of each of 4096 logs: whose came last has to wait for its next line.
  counters_.dropped.add(static_cast<double>(held.size()));
  count_ -= held.size();
  clues_.erase(log);
}

bool ClueOutbox::send(const std::function<bool(std::vector<detect::Clue>&&)>& deliver) {
  const std::lock_guard lock(mutex_);
  if (clues_.empty()) return true;
  std::vector<detect::Clue> copy;  // what the other side refuses may be gone
  copy.reserve(count_);
  for (const auto& [log, clues] : clues_) copy.insert(copy.end(), clues.begin(), clues.end());
  if (!deliver(std::move(copy))) return false;
  clues_.clear();
  count_ = 0;
  share_ = kOfOneLog;
  return true;
}

void ClueOutbox::clear() {
  const std::lock_guard lock(mutex_);
  clues_.clear();
  count_ = 0;
  share_ = kOfOneLog;
}

LeftOut::LeftOut(metrics::Registry& metrics)
    : gauge_(metrics.gauge("remint_pod_log_left_out",
                           "Pods whose logs policies want to be read and that are not, being too many.")) {}

void LeftOut::set(std::size_t pods) {
  gauge_.set(static_cast<double>(pods));
  if (pods == 0 || told_.exchange(true)) return;
  log::warn("More pods' logs are to be read than there is room for: the others are left out, those of suspects last",
            {{"left_out", pods}});
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
      name_(log_name(origin_.pod_uid, origin_.container)),
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
  outbox_.add(name_, std::move(clues));
}

}  // namespace remint::sources

#pragma once
// What reading a container's log comes to, whichever way it is read: clues, and numbers.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/pod_log.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/pod_log_follower.hpp"

namespace remint::sources {

/// Shared by all that read pods' logs. Thread-safe.
struct PodLogCounters {
  explicit PodLogCounters(metrics::Registry& metrics);
  /// Adds what was counted since `before`, and remembers.
  void add(const detect::PodLogCounts& now, detect::PodLogCounts& before);

  metrics::Counter &matched, &earlier, &untimed, &oversize, &other, &dropped;
};

/// Clues on their way to the detection thread: one message for all that came within a moment. Thread-safe, bounded.
class ClueOutbox {
 public:
  static constexpr std::size_t kRoom = 4096;
  /// Of one read: a log that says the same a hundred times over says no more than once.
  static constexpr std::size_t kAtOnce = 100;

  explicit ClueOutbox(PodLogCounters& counters) : counters_(counters) {}
  void add(std::vector<detect::Clue>&& clues);
  /// What finds no room there waits here.
  void send(const std::function<bool(std::vector<detect::Clue>&&)>& deliver);
  void clear();

 private:
  PodLogCounters& counters_;
  std::mutex mutex_;
  std::vector<detect::Clue> clues_;
};

/// Compiled patterns, by the list that they are made of. Not thread-safe.
class PatternCache {
 public:
  static constexpr std::size_t kMaxLists = 16;  ///< some MB each; of further ones the known lines alone are looked for
  /// Patterns that do not compile are left out, all of a list together: the policy's status has said so.
  [[nodiscard]] std::shared_ptr<const detect::LinePatterns> get(
      const std::shared_ptr<const std::vector<std::string>>& list);
  /// Forgets those whose lists nobody else holds any more.
  void sweep();

 private:
  std::map<std::shared_ptr<const std::vector<std::string>>, std::shared_ptr<const detect::LinePatterns>> compiled_;
  bool told_ = false;  ///< that there are too many
};

/// One stream of one container's log. Thread-safe: one thread feeds it, another one looks after its silences.
class PodLogReading {
 public:
  PodLogReading(detect::LogOrigin origin, std::shared_ptr<const detect::LinePatterns> patterns, ClueOutbox& outbox,
                PodLogCounters& counters);
  void begin();
  void feed(std::string_view bytes, std::chrono::nanoseconds now);
  /// Tells what waits for its next line, if none has come since `before`.
  void settle(std::chrono::nanoseconds before);

 private:
  void tell(std::vector<detect::Clue>&& clues);

  const detect::LogOrigin origin_;
  const std::shared_ptr<const detect::LinePatterns> patterns_;
  ClueOutbox& outbox_;
  PodLogCounters& counters_;
  std::mutex mutex_;
  detect::PodLogReader reader_;
  detect::PodLogCounts counted_;
  std::chrono::nanoseconds fed_{0};
  bool unsettled_ = false;
};

}  // namespace remint::sources

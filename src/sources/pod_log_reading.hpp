#pragma once
// What reading a container's log comes to, whichever way it is read: clues, and numbers.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/pod_log.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/pod_log_follower.hpp"

namespace remint::sources {

/// What tells logs apart.
[[nodiscard]] std::string log_name(std::string_view pod_uid, std::string_view container);

/// Shared by all that read pods' logs. Thread-safe.
struct PodLogCounters {
  explicit PodLogCounters(metrics::Registry& metrics);
  /// Adds what was counted since `before`, and remembers.
  void add(const detect::PodLogCounts& now, detect::PodLogCounts& before);

  metrics::Counter &matched, &earlier, &untimed, &oversize, &other, &dropped;
};

/// Clues on their way to the detection thread: one message for all that came within a moment. Thread-safe, bounded, and
/// fair: when there is no room left, every log keeps half as many, so that those that say much take it from nobody.
class ClueOutbox {
 public:
  static constexpr std::size_t kRoom = 4096;
  /// Of one log, the newest: one that says the same a hundred times over says no more than once.
  static constexpr std::size_t kOfOneLog = 100;

  explicit ClueOutbox(PodLogCounters& counters) : counters_(counters) {}
  void add(const std::string& log, std::vector<detect::Clue>&& clues);
  /// What finds no room there waits here.
  bool send(const std::function<bool(std::vector<detect::Clue>&&)>& deliver);
  void clear();

 private:
  void trim(std::vector<detect::Clue>& clues);

  PodLogCounters& counters_;
  std::mutex mutex_;                                        ///< guards what follows
  std::map<std::string, std::vector<detect::Clue>> clues_;  ///< by log; none is empty
  std::size_t count_ = 0;
  std::size_t share_ = kOfOneLog;  ///< what one log may hold, until all is sent
};

/// Of the pods whose logs are to be read, how many are left out; said once in the log.
class LeftOut {
 public:
  explicit LeftOut(metrics::Registry& metrics);
  void set(std::size_t pods);

 private:
  metrics::Gauge& gauge_;
  std::atomic<bool> told_ = false;
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
  const std::string name_;  ///< of the log, in the outbox
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

#pragma once
// The tails of many logs, read in turn by a few threads, at a pace that no API server minds.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log_cursor.hpp"
#include "pod_log_reading.hpp"

namespace remint::sources {

/// One container to read; how far that is.
struct PodLogPlace {
  PodLogTarget target;
  std::shared_ptr<const detect::LinePatterns> patterns;
  LogCursor cursor{};
  std::chrono::nanoseconds read{0};  ///< when it was read last, or else came here
  std::chrono::nanoseconds not_before{0};
  bool look = false;    ///< once, and further back
  bool queued = false;  ///< waits for its turn
};

/// What tails are read with. All of it outlives them.
struct PodLogTailsParts {
  kube::Client& client;
  ClueOutbox& outbox;
  PodLogCounters& counters;
  const std::function<void(const std::string& uid)>& look_failed;  ///< may be empty
};

/// Thread-safe but for start() and stop().
class PodLogTails {
 public:
  PodLogTails(const PodLogSettings& settings, PodLogTailsParts parts, metrics::Registry& metrics, const Clock& clock);
  ~PodLogTails() { stop(); }
  void start();
  void stop();

  /// Puts a place at the end of the turn.
  void add(const std::string& key, PodLogPlace place);
  /// Takes it out. One that is being read just now leaves without how far that will come.
  [[nodiscard]] std::optional<PodLogPlace> remove(const std::string& key);
  /// From now on these, and no others; of those that were there before it is remembered how far they were read.
  void arrange(std::map<std::string, PodLogPlace>&& wanted);
  /// One look, before all tails; at most so many wait, and the oldest ones fail.
  void look(PodLogPlace place);
  void clear();
  /// For how long the one that has waited longest was not read.
  [[nodiscard]] std::chrono::nanoseconds oldest() const;

 private:
  struct Job {
    std::string key;
    PodLogPlace place;
  };
  void work(const std::stop_token& stop);
  [[nodiscard]] std::optional<Job> next(const std::stop_token& stop);
  [[nodiscard]] std::optional<Job> take_due(std::chrono::nanoseconds now);
  std::size_t read(PodLogPlace& place, const std::stop_token& stop);
  void note_failure(const PodLogPlace& place, const Error& why);

  const PodLogSettings settings_;
  const PodLogTailsParts parts_;
  const Clock& clock_;
  metrics::Counter &read_, &failed_, &looked_;
  std::atomic<bool> told_ = false;  ///< that one could not be read
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, PodLogPlace> places_;
  std::deque<std::string> turn_;  ///< keys of places_, each at most once
  std::deque<PodLogPlace> looks_;
  std::chrono::nanoseconds next_start_{0};
  std::vector<std::jthread> workers_;
};

}  // namespace remint::sources

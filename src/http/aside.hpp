#pragma once
// A thread beside the I/O threads, for routes whose handlers may take long (Route::aside).

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace remint::http {

/// One job at a time, in the order in which they came. Thread-safe.
class Aside {
 public:
  static constexpr std::size_t kMostJobs = 64;  ///< waiting or running

  /// The jobs' bodies together have `most_bytes` at most; one that is larger is taken when it is the only one.
  explicit Aside(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}
  ~Aside() { stop(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  void start();
  /// Drops the jobs that wait, and takes no more. Idempotent.
  void close();
  /// close(), and waits for the job that is running. Idempotent.
  void stop();
  /// False, and nothing taken, when there is no room.
  [[nodiscard]] bool add(std::uint64_t bytes, std::function<void()> job);
  /// A hint, for turning a request away before it is received.
  [[nodiscard]] bool would_take(std::uint64_t bytes) const;

 private:
  struct Job {
    std::uint64_t bytes;
    std::function<void()> run;
  };
  void work(const std::stop_token& stop);
  [[nodiscard]] bool has_room(std::uint64_t bytes) const {
    return count_ == 0 || (count_ < kMostJobs && bytes <= most_bytes_ && bytes_ <= most_bytes_ - bytes);
  }

  const std::uint64_t most_bytes_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::deque<Job> waiting_;
  std::size_t count_ = 0;  ///< with the one that is running
  std::uint64_t bytes_ = 0;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace remint::http

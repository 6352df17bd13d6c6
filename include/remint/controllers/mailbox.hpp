#pragma once
// How others reach the detection thread: by messages that it runs itself. Bounded; who posts to a full box waits, so
// that the first lists of a large cluster cannot outrun their consumer.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>

#include "remint/base/time.hpp"

namespace remint::controllers {

class DetectionEngine;

/// Thread-safe.
class Mailbox {
 public:
  using Message = std::function<void(DetectionEngine&, Time now)>;
  explicit Mailbox(std::size_t capacity = 64) : capacity_(capacity) {}

  /// Waits while the box is full. False once closed: the message will never run.
  bool post(Message message);
  /// The same for who must not wait: false when the box is full, too.
  bool try_post(Message message);
  /// Rings the owner without a message: something else than the box has work for it.
  void ring();
  /// Takes all messages; waits for the first one, a ring, the deadline, or close().
  [[nodiscard]] std::deque<Message> wait(std::chrono::steady_clock::time_point deadline);
  void close();

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable not_empty_, not_full_;
  std::deque<Message> messages_;
  bool rung_ = false, closed_ = false;
};

}  // namespace remint::controllers

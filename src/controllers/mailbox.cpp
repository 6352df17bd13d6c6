#include "remint/controllers/mailbox.hpp"

#include <utility>

namespace remint::controllers {

bool Mailbox::post(Message message) {
  {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [&] { return closed_ || messages_.size() < capacity_; });
    if (closed_) return false;
    messages_.push_back(std::move(message));
  }
  not_empty_.notify_one();
  return true;
}

bool Mailbox::try_post(Message message) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || messages_.size() >= capacity_) return false;
    messages_.push_back(std::move(message));
  }
  not_empty_.notify_one();
  return true;
}

void Mailbox::ring() {
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  not_empty_.notify_one();
}

std::deque<Mailbox::Message> Mailbox::wait(std::chrono::steady_clock::time_point deadline) {
  std::deque<Message> taken;
  {
    std::unique_lock lock(mutex_);
    not_empty_.wait_until(lock, deadline, [&] { return closed_ || rung_ || !messages_.empty(); });
    rung_ = false;
    taken.swap(messages_);
  }
  not_full_.notify_all();
  return taken;
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    // Messages that nobody will run may hold promises that somebody waits for: dropping them wakes the waiters.
    messages_.clear();
  }
  not_empty_.notify_all();
  not_full_.notify_all();
}

}  // namespace remint::controllers

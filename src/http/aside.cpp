#include "aside.hpp"

#include <exception>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::http {

void Aside::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Aside::close() {
  std::deque<Job> dropped;  // with the lock released: a job may hold the last reference to its connection
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  dropped.swap(waiting_);
}

void Aside::stop() {
  close();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool Aside::add(std::uint64_t bytes, std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || !has_room(bytes)) return false;
  ++count_;
  bytes_ += bytes;
  waiting_.push_back({bytes, std::move(job)});
  changed_.notify_one();
  return true;
}

bool Aside::would_take(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  return !stopped_ && has_room(bytes);
}

void Aside::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      job.run();
    } catch (const std::exception& error) {  // in practice: out of memory; its connection is gone with it
      log::error("HTTP request failed", {{"error", error.what()}});
    }
    job.run = nullptr;  // it holds its connection, whose end must not wait for the next job
    lock.lock();
    --count_;
    bytes_ -= job.bytes;
  }
}

}  // namespace remint::http

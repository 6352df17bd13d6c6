#include "exchange.hpp"

#include <utility>

namespace remint::kube {
namespace {

// How much waits between the two threads: enough to keep both busy, little enough to stay in a core's cache.
constexpr std::size_t kHighWater = 256U << 10U;

}  // namespace

void Exchange::put_head(ResponseHead head) {
  const std::scoped_lock lock(mutex_);
  head_ = head;
  changed_.notify_all();
}

Exchange::Put Exchange::put(std::string_view bytes, Resume resume) {
  const std::scoped_lock lock(mutex_);
  if (abandoned_) {
    return Put::kRefused;
  }
  pending_.append(bytes);
  changed_.notify_all();
  if (pending_.size() < kHighWater) {
    return Put::kTaken;
  }
  resume_ = std::move(resume);
  return Put::kWait;
}

void Exchange::finish(std::optional<Error> failure) {
  const std::scoped_lock lock(mutex_);
  if (!done_) {
    done_ = true;
    failure_ = std::move(failure);
  }
  changed_.notify_all();
}

template <class Ready>
Result<void> Exchange::wait(std::unique_lock<std::mutex>& lock, Deadline deadline, const std::stop_token& stop,
                            Ready ready) {
  // Asked first, because a stream that never pauses would never wait.
  if (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline &&
      changed_.wait_until(lock, stop, deadline, ready)) {
    return {};
  }
  return stop.stop_requested() ? fail(ErrorCode::kCancelled, "stopped")
                               : fail(ErrorCode::kTimeout, "no answer in time");
}

Result<ResponseHead> Exchange::wait_head(Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (auto waited = wait(lock, deadline, stop, [&] { return head_.has_value() || done_; }); !waited) {
    return std::unexpected(waited.error());
  }
  if (!head_) {
    return std::unexpected(failure_.value_or(Error{ErrorCode::kInternal, "the response ended before it began", 0}));
  }
  return *head_;
}

Result<void> Exchange::wait_piece(std::string& piece, Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (auto waited = wait(lock, deadline, stop, [&] { return !pending_.empty() || done_; }); !waited) {
    return std::unexpected(waited.error());
  }
  // What came before a failure is still delivered, then the failure.
  if (pending_.empty() && failure_) {
    return std::unexpected(*failure_);
  }
  piece.clear();
  piece.swap(pending_);
  const Resume resume = std::exchange(resume_, {});
  lock.unlock();
  if (resume) {
    resume(true);
  }
  return {};
}

void Exchange::abandon() {
  std::unique_lock lock(mutex_);
  abandoned_ = true;
  pending_.clear();
  const Resume resume = std::exchange(resume_, {});
  lock.unlock();
  if (resume) {
    resume(false);
  }
}

}  // namespace remint::kube

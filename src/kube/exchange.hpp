#pragma once
// The hand-over between the library's threads, which deliver one response, and the calling thread, which waits for it.
// The caller can leave at any time (deadline, stop): what comes later is refused, and nothing of the caller is touched.
// That is what keeps deadlines exact even where the library cannot be interrupted, such as in getaddrinfo().

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint::kube {

struct ResponseHead {
  int status = 0;
  std::uint32_t retry_after_seconds = 0;
};

class Exchange {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  /// Called once, from the caller's thread, when there is room again (true) or nobody reads any more (false).
  using Resume = std::function<void(bool)>;
  enum class Put : std::uint8_t { kTaken, kWait, kRefused };

  // Producer: any thread.
  void put_head(ResponseHead head);
  /// kWait: taken, but send no more before `resume` is called (backpressure).
  [[nodiscard]] Put put(std::string_view bytes, Resume resume);
  /// The end: a complete body, or why there is none. Only the first call counts.
  void finish(std::optional<Error> failure);

  // Consumer: one thread.
  [[nodiscard]] Result<ResponseHead> wait_head(Deadline deadline, const std::stop_token& stop);
  /// The next piece of the body; empty at its end. The two sides trade buffers, so that a long body needs two and not
  /// one for each piece.
  [[nodiscard]] Result<void> wait_piece(std::string& piece, Deadline deadline, const std::stop_token& stop);
  void abandon();

 private:
  template <class Ready>
  [[nodiscard]] Result<void> wait(std::unique_lock<std::mutex>& lock, Deadline deadline, const std::stop_token& stop,
                                  Ready ready);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<ResponseHead> head_;
  std::string pending_;
  Resume resume_;
  std::optional<Error> failure_;
  bool done_ = false, abandoned_ = false;
};

}  // namespace remint::kube

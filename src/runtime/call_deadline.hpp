#pragma once
// A deadline for one call of the API client, which takes a stop token and knows only its own, longer, time limits.

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "remint/base/clock.hpp"

namespace remint::runtime {

/// Its token is stopped when `timeout` has passed or when `outer` is stopped. Costs one short-lived thread.
class CallDeadline {
 public:
  CallDeadline(Duration timeout, const std::stop_token& outer)
      : forward_(outer, [this] { source_.request_stop(); }), timer_([this, timeout](const std::stop_token& over) {
          if (!sleep_for(timeout, over)) return;
          expired_ = true;
          source_.request_stop();
        }) {}
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool expired() const { return expired_; }

 private:
  std::stop_source source_;
  std::atomic<bool> expired_ = false;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;  // last: it uses the others
};

}  // namespace remint::runtime

#pragma once
// A clock that stands still until the test moves it.

#include <atomic>

#include "remint/base/clock.hpp"

namespace remint::testing {

/// Thread-safe. Wall-clock and steady time move together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'750'000'000))) : start_(start) {}
  [[nodiscard]] Time now() const override { return start_ + std::chrono::floor<Duration>(steady_now()); }
  [[nodiscard]] std::chrono::nanoseconds steady_now() const override {
    return std::chrono::nanoseconds(steady_.load());
  }
  void advance(std::chrono::nanoseconds by) { steady_ += by.count(); }

 private:
  const Time start_;
  std::atomic<std::int64_t> steady_ = 1'000'000'000;
};

}  // namespace remint::testing

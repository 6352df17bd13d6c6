#pragma once
// Capped exponential backoff with jitter. Pure: the caller passes the random number.

#include <chrono>
#include <cstdint>

namespace remint {

struct BackoffSettings {
  std::chrono::milliseconds initial{800};
  std::chrono::milliseconds max{30'000};
  double factor = 2.0;
  double jitter = 0.5;  ///< the delay is multiplied by a number from [1 - jitter, 1 + jitter], then capped
};

/// Not thread-safe; each retry loop owns one.
class Backoff {
 public:
  explicit Backoff(BackoffSettings settings = {}) : settings_(settings) {}
  /// The next delay. `random` is in [0, 1).
  [[nodiscard]] std::chrono::milliseconds next(double random);
  /// After success or a long quiet time.
  void reset() { attempts_ = 0; }
  [[nodiscard]] std::uint32_t attempts() const { return attempts_; }

 private:
  BackoffSettings settings_;
  std::uint32_t attempts_ = 0;
};

/// A random number in [0, 1) for the shell. Thread-safe.
[[nodiscard]] double random_unit();

}  // namespace remint

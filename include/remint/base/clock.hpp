#pragma once
// The only door to the machine's clocks. Only the shell owns a Clock; the pure layers take a Time.

#include <stop_token>

#include "remint/base/time.hpp"

namespace remint {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time: for timestamps and for comparing with what others wrote.
  [[nodiscard]] virtual Time now() const = 0;
  /// Never goes back: for deadlines and for the lease. The zero point has no meaning.
  [[nodiscard]] virtual std::chrono::nanoseconds steady_now() const = 0;
};

/// The machine's clocks; one object serves the whole process.
[[nodiscard]] const Clock& system_clock();

/// Sleeps, but wakes at once when a stop is requested. Returns false when it was.
bool sleep_for(Duration duration, const std::stop_token& stop);

}  // namespace remint

#include "remint/base/clock.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace remint {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  [[nodiscard]] std::chrono::nanoseconds steady_now() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

// Longer waits would overflow the nanoseconds in which the deadline is computed.
constexpr Duration kLongestSleep = std::chrono::years(100);

}  // namespace

const Clock& system_clock() {
  static const SystemClock kClock;
  return kClock;
}

bool sleep_for(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, std::min(duration, kLongestSleep), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace remint

#pragma once
// Waiting for something to become true, instead of sleeping and hoping.

#include <chrono>
#include <thread>

namespace remint::testing {

/// True as soon as `condition()` is; false after the time. Under sanitizers a test may be 20 times slower: be generous,
/// it costs nothing when all goes well.
template <class Condition>
[[nodiscard]] bool wait_until(const Condition& condition,
                              std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace remint::testing

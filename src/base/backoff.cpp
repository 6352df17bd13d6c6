#include "remint/base/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace remint {

std::chrono::milliseconds Backoff::next(double random) {
  const auto max = static_cast<double>(settings_.max.count());
  // pow() reaches infinity after a thousand attempts, which min() handles.
  const double plain =
      std::min(max, static_cast<double>(settings_.initial.count()) * std::pow(settings_.factor, attempts_));
  if (attempts_ < std::numeric_limits<std::uint32_t>::max()) {
    ++attempts_;
  }
  const double spread = 1.0 - settings_.jitter + 2.0 * settings_.jitter * std::clamp(random, 0.0, 1.0);
  return std::chrono::milliseconds(std::llround(std::clamp(plain * spread, 0.0, max)));
}

double random_unit() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace remint

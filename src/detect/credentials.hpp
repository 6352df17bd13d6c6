#pragma once
// How long a pod keeps using one credential id (JTI). The kubelet puts a new token into the pod in good time; a client
// that goes on with the old one does not re-read it. Facts: kubernetes.md 6.1.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "remint/base/time.hpp"

namespace remint::detect {

/// One token, by its credential id, as long as it was seen in use.
struct Credential {
  std::uint64_t id = 0;  ///< hash
  Time first{}, last{};
};

/// Of one pod. The same uses in any order leave the same credentials, as long as they are no more than kMax.
class Credentials {
 public:
  static constexpr std::size_t kMax = 4;  ///< clients of one pod may hold different tokens; the longest unused one goes

  /// For how long this one has been seen in use by now.
  Duration used(std::uint64_t id, Time at);
  /// The one that was used for longest, of those in use within `recently` before `now`; nullptr: none.
  [[nodiscard]] const Credential* longest(Time now, Duration recently) const;

 private:
  std::vector<Credential> credentials_;
};

/// For how long a client in good health may be seen with one token: until the kubelet renews it (at 80 % of its life,
/// or after a day), the volume is written again, and the client reads the file (within a minute; the oldest ones:
/// five). Of a life of minutes less is allowed for, so that a quarter of it remains to act in.
[[nodiscard]] constexpr Duration renewed_within(std::chrono::seconds lifetime) {
  constexpr Duration kWriteAndRead = std::chrono::seconds(390);
  const Duration life = lifetime;
  return std::min<Duration>(life * 4 / 5, std::chrono::hours(24)) + std::min<Duration>(kWriteAndRead, life / 4);
}

}  // namespace remint::detect

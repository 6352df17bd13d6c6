#pragma once
// How far a pod's own log says that a caller's rejections are the pod's.

#include <cstddef>
#include <cstdint>
#include <set>

#include "remint/base/time.hpp"

namespace remint::detect {

class FailingRun;
struct PodState;

/// When a pod's log said 401. A client that reads its token again prints such a line once in a token's life; who was
/// accepted after many of them is refused by somebody else. In any order the same lines leave the same.
class LogCries {
 public:
  void add(Time said);
  /// So often, in the hour before `at`, and before it was accepted for the last time, that another such line says
  /// nothing.
  [[nodiscard]] bool many(Time at, Time last_success) const;

 private:
  std::set<std::int64_t> minutes_;  ///< since the epoch; of the hour before the newest
};

/// How much likelier it is that the log says what it says if these rejections are the pod's own than if they are not:
/// from 1 (it says nothing, or nothing in their moments) to 15. Each line in the moment of a rejection speaks for it,
/// the less the more of the time is near one; each other line meanwhile speaks against it.
[[nodiscard]] double log_agreement(const PodState& state, const FailingRun& run);

}  // namespace remint::detect

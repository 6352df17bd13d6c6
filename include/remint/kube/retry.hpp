#pragma once
// Whether to try again, and when: a pure decision, so that "a write is never sent twice blindly" can be tested by a
// table.

#include <chrono>
#include <cstdint>
#include <optional>

#include "remint/base/backoff.hpp"
#include "remint/base/result.hpp"

namespace remint::kube {

enum class RetryClass : std::uint8_t {
  kRead,      ///< may be repeated
  kWrite,     ///< only when the server certainly did not act on it
  kEviction,  ///< as kWrite, but 429 is an answer (a PodDisruptionBudget), not overload
};

struct RetryQuestion {
  RetryClass kind = RetryClass::kRead;
  Error error;                             ///< of the attempt that just failed
  bool credentials_renewed = false;        ///< it was a 401, and there are newer credentials
  bool renewed_before = false;             ///< that reason has been used up
  std::chrono::milliseconds backoff{0};    ///< the next delay of the caller's Backoff
  std::chrono::milliseconds remaining{0};  ///< until the deadline of the whole call
};

/// How long to wait before the next attempt; nullopt: give up, the error is the answer. Retry-After is never undercut,
/// and no wait goes beyond the deadline.
[[nodiscard]] std::optional<std::chrono::milliseconds> decide_retry(const RetryQuestion& question);

}  // namespace remint::kube

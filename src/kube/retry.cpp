#include "remint/kube/retry.hpp"

#include <algorithm>

namespace remint::kube {
namespace {

bool may_repeat(const RetryQuestion& question) {
  const Error& error = question.error;
  switch (error.code) {
    case ErrorCode::kCancelled:
    case ErrorCode::kRefused:
      return false;
    case ErrorCode::kTooMany:
      // Refused before it was looked at (API Priority and Fairness).
      return question.kind != RetryClass::kEviction;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
      return question.kind == RetryClass::kRead || error.unsent;
    default:
      return false;
  }
}

}  // namespace

std::optional<std::chrono::milliseconds> decide_retry(const RetryQuestion& question) {
  // A 401 is given before anything is done, so even a write may follow it once.
  if (question.error.code == ErrorCode::kUnauthorized && question.credentials_renewed && !question.renewed_before) {
    return std::chrono::milliseconds(0);
  }
  if (!may_repeat(question)) {
    return std::nullopt;
  }
  const std::chrono::milliseconds asked = std::chrono::seconds(question.error.retry_after_seconds);
  // Added, not replaced: all clients that were sent away together must not come back together.
  const auto delay = asked.count() > 0 ? asked + question.backoff / 4 : question.backoff;
  if (delay >= question.remaining) {
    return std::nullopt;
  }
  return delay;
}

}  // namespace remint::kube

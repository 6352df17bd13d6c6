#pragma once
// Errors as values. Every function of Remint that can fail for a reason outside the program returns Result<T>;
// exceptions stay inside the few .cpp files that wrap a throwing library.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace remint {

/// What kind of failure it is, for code that must decide; people read Error::message.
enum class ErrorCode : std::uint8_t {
  kInvalid,        ///< the input is wrong: file, flag, body, policy
  kNotFound,       ///< the named thing does not exist (HTTP 404)
  kConflict,       ///< somebody else changed it first (HTTP 409)
  kAlreadyExists,  ///< HTTP 409 with reason AlreadyExists
  kGone,           ///< the resourceVersion is too old (HTTP 410): list again
  kUnauthorized,   ///< HTTP 401
  kForbidden,      ///< HTTP 403
  kTooLarge,       ///< a cap was exceeded
  kTooMany,        ///< HTTP 429
  kTimeout,        ///< a deadline passed
  kUnavailable,    ///< could not connect, connection lost, HTTP 5xx: may pass by itself
  kCancelled,      ///< a stop was requested
  kRefused,        ///< we decided not to (no lease, unsafe option)
  kInternal,       ///< a bug, or a library that broke its word
};

/// The code's name as used in logs and metrics, such as "NotFound".
std::string_view to_string(ErrorCode code);

/// A failure: what failed, where, and what to do. Value type.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  /// Seconds that the server asked to wait before another try (HTTP Retry-After); 0 when it did not say.
  std::uint32_t retry_after_seconds = 0;
  /// A request that failed before the other side can have acted on it: even a write may be sent again.
  bool unsent = false;

  /// The same error with "context: " in front of its message.
  [[nodiscard]] Error in(std::string_view context) const;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail(ErrorCode::kInvalid, "...")`.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message), 0});
}

/// Passes a failure upwards with context: `if (!x) return fail_in(x.error(), "kubeconfig " + path)`.
[[nodiscard]] inline std::unexpected<Error> fail_in(const Error& error, std::string_view context) {
  return std::unexpected(error.in(context));
}

}  // namespace remint

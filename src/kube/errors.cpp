// HTTP statuses and Status objects to Errors.
#include "errors.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/client.hpp"

namespace remint::kube {
namespace {

constexpr std::size_t kMaxMessage = 512;
constexpr std::uint32_t kMaxRetryAfter = 86'400;

struct StatusBody {
  bool valid = false;
  int code = 0;
  std::string reason, message;
  std::uint32_t retry_after_seconds = 0;
};

StatusBody parse_status(std::string_view text) {
  StatusBody out;
  const auto document = parse_json(text, 64U << 10U);
  if (!document || !document->is_object()) {
    return out;
  }
  FieldErrors ignored;  // a Status with odd fields is still the best that is known of the failure
  const JsonReader status(*document, ignored);
  out.valid = status.at("kind").string() == "Status";
  out.code = static_cast<int>(status.at("code").integer(0, 0, 999));
  out.reason = sanitize(status.at("reason").string(), 64);
  std::string message = status.at("message").string();
  // Why an eviction is refused, and by which PodDisruptionBudget, is only in the causes.
  for (const JsonReader& cause : status.at("details").at("causes").items()) {
    const std::string why = cause.at("message").string();
    if (message.size() < kMaxMessage && message.find(why) == std::string::npos) {
      message += "; " + why;
    }
  }
  out.message = sanitize(message, kMaxMessage);
  out.retry_after_seconds =
      static_cast<std::uint32_t>(status.at("details").at("retryAfterSeconds").integer(0, 0, kMaxRetryAfter));
  return out;
}

ErrorCode code_of(int status, std::string_view reason) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
      return ErrorCode::kUnavailable;
    case 409:
      return reason == "AlreadyExists" ? ErrorCode::kAlreadyExists : ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 413:
      return ErrorCode::kTooLarge;
    case 429:
      return ErrorCode::kTooMany;
    default:
      return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
  }
}

Error make_error(int status, const StatusBody& body, std::string_view fallback, std::string_view what) {
  const std::string reason = body.reason.empty() ? "" : " " + body.reason;
  std::string message = body.message;
  if (message.empty()) {
    message = status >= 300 && status < 400
                  ? "the server wants to redirect us, which is not followed; is its address right?"
              : fallback.empty() ? "the server gave no reason"
                                 : sanitize(fallback, 200);
  }
  return Error{code_of(status, body.reason), fmt::format("{}: {} (HTTP {}{})", what, message, status, reason),
               body.retry_after_seconds};
}

}  // namespace

Error to_error(const Response& response, std::string_view what) {
  const StatusBody body = parse_status(response.body);
  Error error = make_error(response.status, body, body.valid ? std::string_view{} : response.body, what);
  if (response.retry_after_seconds > 0) {
    error.retry_after_seconds = response.retry_after_seconds;
  }
  return error;
}

Error status_to_error(std::string_view status_object, std::string_view what) {
  const StatusBody body = parse_status(status_object);
  // An ERROR event without a code has been seen from proxies: treated as a failing server, so that it is tried again.
  return make_error(body.code == 0 ? 500 : body.code, body, status_object, what);
}

}  // namespace remint::kube

#include "remint/base/result.hpp"

namespace remint {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "Invalid";
    case ErrorCode::kNotFound:
      return "NotFound";
    case ErrorCode::kConflict:
      return "Conflict";
    case ErrorCode::kAlreadyExists:
      return "AlreadyExists";
    case ErrorCode::kGone:
      return "Gone";
    case ErrorCode::kUnauthorized:
      return "Unauthorized";
    case ErrorCode::kForbidden:
      return "Forbidden";
    case ErrorCode::kTooLarge:
      return "TooLarge";
    case ErrorCode::kTooMany:
      return "TooMany";
    case ErrorCode::kTimeout:
      return "Timeout";
    case ErrorCode::kUnavailable:
      return "Unavailable";
    case ErrorCode::kCancelled:
      return "Cancelled";
    case ErrorCode::kRefused:
      return "Refused";
    case ErrorCode::kInternal:
      return "Internal";
  }
  return "Internal";
}

Error Error::in(std::string_view context) const {
  Error outer = *this;
  outer.message.insert(0, ": ").insert(0, context);
  return outer;
}

}  // namespace remint

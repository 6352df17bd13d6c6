#pragma once
// What is the same for every endpoint that takes records: which content is taken, and how it is unpacked.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"
#include "remint/http/server.hpp"

namespace remint::sources {

/// Why a request's Content-Type or Content-Encoding is not taken; nothing when both are. JSON in all its names, among
/// them those that log shippers use, and plain text, which some of them call JSON lines.
[[nodiscard]] std::optional<std::string> unsupported_content(const http::Request& request);

[[nodiscard]] bool is_blank(std::string_view body);

/// The body, unpacked where the header says so or it looks so. The view is into the request or into what this holds.
class PostedBody {
 public:
  /// kTooLarge beyond `max_bytes`, kInvalid for what is no gzip.
  [[nodiscard]] static Result<PostedBody> unpack(const http::Request& request, std::size_t max_bytes);
  [[nodiscard]] std::string_view text() const { return unpacked_ ? std::string_view(*unpacked_) : raw_; }

 private:
  std::string_view raw_;
  std::optional<std::string> unpacked_;
};

}  // namespace remint::sources

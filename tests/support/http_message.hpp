#pragma once
// The parts of HTTP that need no socket.

#include <string>
#include <string_view>

#include "support/http_listener.hpp"

namespace remint::testing {

[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space);
/// Fills path and query from a request target.
void split_target(std::string_view target, HttpRequest& request);
[[nodiscard]] const char* reason_phrase(int status);
/// Status line and headers. `length`: Content-Length; nothing: chunked.
[[nodiscard]] std::string response_head(int status, const Headers& headers, std::optional<std::size_t> length);

}  // namespace remint::testing

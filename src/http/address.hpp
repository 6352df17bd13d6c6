#pragma once
// Listen addresses as people write them: "127.0.0.1:8443", "[::]:8080", ":8080" (every address).

#include <cstdint>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint::http {

struct ListenAddress {
  std::string address;  ///< an IP address without brackets
  std::uint16_t port = 0;
};

/// Only addresses: a name could resolve to something else tomorrow, and where we listen is a matter of trust.
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace remint::http

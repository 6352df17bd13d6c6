#include "address.hpp"

#include <charconv>

#include "remint/base/ip.hpp"

namespace remint::http {

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, "listen address \"" + std::string(text) + "\": " + std::string(why) +
                                         "; write it as 127.0.0.1:8443, [::1]:8443 or :8443 for every address");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("there is no port");

  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size())
    return bad("the port is not a number from 0 to 65535");

  auto host = text.substr(0, colon);
  if (host.empty()) return ListenAddress{"::", port};
  if (host.front() == '[') {
    if (host.back() != ']') return bad("the closing bracket is missing");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address needs brackets");
  }
  if (!IpAddress::parse(host)) return bad("not an IP address");
  return ListenAddress{std::string(host), port};
}

}  // namespace remint::http

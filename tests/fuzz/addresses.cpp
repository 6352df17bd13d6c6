// Addresses: of pods and callers, of API servers, and where to listen.
#include <arpa/inet.h>

#include <array>
#include <string>

#include "address.hpp"
#include "fuzz.hpp"
#include "remint/base/ip.hpp"
#include "remint/kube/server_url.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

void ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  const std::string copy(text);
  if (copy.find_first_of(std::string_view("%\0", 2)) == std::string::npos) {  // zones, and the end of C's strings
    std::array<unsigned char, 16> bytes{};
    const bool known =
        inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1;
    check(known == address.has_value(), "what is an address is what the C library says");
    check(!known || address->is_v4() || std::ranges::equal(bytes, address->bytes()),
          "an address is the one that the C library reads");
  }
  if (address) {
    check(IpAddress::parse(address->to_string()) == address, "an address that was written is read as it was");
  }
}

void listen(std::string_view text) {
  if (const auto where = http::parse_listen(text)) {
    check(IpAddress::parse(where->address).has_value(), "one listens on addresses only");
  }
}

void server(std::string_view text) {
  const auto url = kube::parse_server_url(text);
  if (!url) {
    check(!url.error().message.empty(), "an error says what is wrong");
    return;
  }
  const auto again = kube::parse_server_url(url->to_string());
  check(again && again->to_string() == url->to_string(), "a server's address that was written is read as it was");
  check(again->host == url->host && again->port == url->port && again->path == url->path && again->tls == url->tls &&
            again->is_loopback() == url->is_loopback(),
        "a server's address says the same when it is read again");
  check(!url->host.empty() && url->host.find_first_of("@/?#\\ \r\n") == std::string::npos,
        "a host is nothing but a host");
}

}  // namespace

void fuzz_addresses(std::string_view input) {
  ip(input);
  listen(input);
  server(input);
}

}  // namespace remint::fuzz

#include "address.hpp"

#include <catch2/catch.hpp>

namespace remint::http {

TEST_CASE("a listen address is an IP address and a port") {
  CHECK(parse_listen("127.0.0.1:8443")->address == "127.0.0.1");
  CHECK(parse_listen("127.0.0.1:8443")->port == 8443);
  CHECK(parse_listen("[::1]:0")->address == "::1");
  CHECK(parse_listen(":8080")->address == "::");
  CHECK(parse_listen("[::]:65535")->port == 65535);
}

TEST_CASE("a bad listen address is refused with an example of a good one") {
  for (const auto* text : {"", "8443", "localhost:8443", "::1:8443", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:80a", "[::1:80", "[]:80", "256.0.0.1:80"}) {
    INFO(text);
    const auto parsed = parse_listen(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("127.0.0.1:8443") != std::string::npos);
  }
}

}  // namespace remint::http

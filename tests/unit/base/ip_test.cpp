#include "remint/base/ip.hpp"

#include <catch2/catch.hpp>
#include <unordered_set>

namespace remint {
namespace {

TEST_CASE("addresses are read and printed in their canonical form") {
  const auto [text, printed] = GENERATE(table<std::string, std::string>({
      {"10.0.0.1", "10.0.0.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"::FFFF:0a00:0001", "10.0.0.1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::", "::"},
      {"fe80::1%eth0", "fe80::1"},
  }));
  const auto address = IpAddress::parse(text);
  REQUIRE(address);
  CHECK(address->to_string() == printed);
}

TEST_CASE("an IPv4 address and its v4-mapped form are one address") {
  CHECK(IpAddress::parse("10.0.0.1") == IpAddress::parse("::ffff:10.0.0.1"));
  CHECK(IpAddress::parse("10.0.0.1")->is_v4());
  CHECK_FALSE(IpAddress::parse("2001:db8::1")->is_v4());
  CHECK_FALSE(IpAddress::parse("::10.0.0.1")->is_v4());  // the deprecated "compatible" form is another address
}

TEST_CASE("what is not exactly an address is refused") {
  const std::string text = GENERATE(
      as<std::string>(), "", " ", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1:443",
      "10.0.0.0/8", "[::1]", "::1::", "1:2:3:4:5:6:7:8:9", "12345::", "localhost", "10.0.0.1%eth0", "fe80::1%", "%eth0",
      "0x7f.1", "2130706433", std::string("10.0.0.1\0", 9), std::string(5000, ':'), "10.0.0.1,10.0.0.2");
  CAPTURE(text);
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("loopback is 127/8 and ::1") {
  CHECK(IpAddress::parse("127.0.0.1")->is_loopback());
  CHECK(IpAddress::parse("127.8.9.10")->is_loopback());
  CHECK(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("::")->is_loopback());
}

TEST_CASE("the addresses of a cluster spread over hash buckets") {
  std::unordered_set<std::size_t> low_bits;
  for (int third = 0; third < 16; ++third) {
    for (int fourth = 0; fourth < 256; ++fourth) {
      const auto address = IpAddress::parse("10.0." + std::to_string(third) + "." + std::to_string(fourth));
      low_bits.insert(std::hash<IpAddress>()(*address) % 65536);
    }
  }
  CHECK(low_bits.size() > 3800);  // of 4096; random numbers give about 3970
}

}  // namespace
}  // namespace remint

#include "remint/base/ip.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace remint {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (const auto zone = text.find('%'); zone != std::string_view::npos) {
    // Only IPv6 addresses have zones, and an empty one is a mistake.
    if (zone + 1 == text.size() || text.find(':') >= zone) {
      return std::nullopt;
    }
    text = text.substr(0, zone);
  }
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::ranges::copy(text, terminated.begin());
  IpAddress address;
  if (text.find(':') == std::string_view::npos) {
    std::ranges::copy(kV4Prefix, address.bytes_.begin());
    if (::inet_pton(AF_INET, terminated.data(), address.bytes_.data() + kV4Prefix.size()) != 1) {
      return std::nullopt;
    }
    return address;
  }
  if (::inet_pton(AF_INET6, terminated.data(), address.bytes_.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes_.data() + kV4Prefix.size(), text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  }
  return text.data();
}

bool IpAddress::is_v4() const { return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes_.begin()); }

bool IpAddress::is_loopback() const {
  constexpr std::array<std::uint8_t, 16> kV6Loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return is_v4() ? bytes_[kV4Prefix.size()] == 127 : bytes_ == kV6Loopback;
}

}  // namespace remint

std::size_t std::hash<remint::IpAddress>::operator()(const remint::IpAddress& address) const noexcept {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.bytes().data(), sizeof high);
  std::memcpy(&low, address.bytes().data() + sizeof high, sizeof low);
  // Neighbours differ in the last bytes only, which are the highest bits here, and a product carries upwards only: fold
  // before each product.
  std::uint64_t mixed = low ^ (high * 0x9e3779b97f4a7c15U);
  mixed = (mixed ^ (mixed >> 32U)) * 0xff51afd7ed558ccdU;
  mixed = (mixed ^ (mixed >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return static_cast<std::size_t>(mixed ^ (mixed >> 33U));
}

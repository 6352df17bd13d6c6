#pragma once
// IP addresses as values: 16 bytes, IPv4 as v4-mapped, so that "10.0.0.1" and "::ffff:10.0.0.1" are one address.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace remint {

class IpAddress {
 public:
  /// Accepts IPv4 dotted quad and IPv6 text (with optional zone, which is dropped). No port, no brackets, no prefix.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace remint

template <>
struct std::hash<remint::IpAddress> {
  std::size_t operator()(const remint::IpAddress& address) const noexcept;
};

#include "base64.hpp"

#include <cstdint>

namespace remint::kube {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned digits = 0;
  unsigned padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
      continue;
    }
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      out.push_back(static_cast<char>((bits >> 16U) & 0xFFU));
      out.push_back(static_cast<char>((bits >> 8U) & 0xFFU));
      out.push_back(static_cast<char>(bits & 0xFFU));
      bits = 0;
    }
  }
  const unsigned rest = digits % 4;
  if (rest == 1 || (rest == 0 && padding != 0) || (rest != 0 && rest + padding != 4)) {
    return std::nullopt;
  }
  if (rest >= 2) {
    bits <<= 6U * (4 - rest);
    out.push_back(static_cast<char>((bits >> 16U) & 0xFFU));
    if (rest == 3) {
      out.push_back(static_cast<char>((bits >> 8U) & 0xFFU));
    }
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> std::uint32_t {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const std::uint32_t bits = (byte(i) << 16U) | (byte(i + 1) << 8U) | byte(i + 2);
    out.push_back(kAlphabet[(bits >> 18U) & 63U]);
    out.push_back(kAlphabet[(bits >> 12U) & 63U]);
    out.push_back(i + 1 < bytes.size() ? kAlphabet[(bits >> 6U) & 63U] : '=');
    out.push_back(i + 2 < bytes.size() ? kAlphabet[bits & 63U] : '=');
  }
  return out;
}

}  // namespace remint::kube

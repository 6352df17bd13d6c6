#include <array>
#include <cstdint>

#include "shipped_pieces.hpp"

namespace remint::detect {
namespace {

constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values.at(static_cast<unsigned char>(kAlphabet[i])) = static_cast<std::uint8_t>(i);
  }
  values.at('-') = 62;
  values.at('_') = 63;
  return values;
}
constexpr auto kValues = make_values();

}  // namespace

Result<std::string> decode_base64(std::string_view text, std::size_t max_bytes) {
  while (!text.empty() && (text.back() == '=' || text.back() == '\n' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  if (text.size() / 4 * 3 > max_bytes) {
    return fail(ErrorCode::kTooLarge, "base64 unpacks to more than " + std::to_string(max_bytes) + " bytes");
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) {
      if (c == '\n' || c == '\r') {
        continue;
      }
      return fail(ErrorCode::kInvalid, "data is neither base64 nor JSON");
    }
    bits = (bits << 6U) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(static_cast<std::uint8_t>(bits >> held)));
    }
  }
  if (held == 6) {
    return fail(ErrorCode::kInvalid, "base64 is cut off");
  }
  return out;
}

}  // namespace remint::detect

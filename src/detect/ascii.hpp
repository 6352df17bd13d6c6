#pragma once
// Characters of logs and identifiers: ASCII, whatever the locale says.

#include <algorithm>
#include <string_view>

namespace remint::detect {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] inline bool equals_nocase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}
[[nodiscard]] inline bool starts_with_nocase(std::string_view text, std::string_view prefix) {
  return equals_nocase(text.substr(0, prefix.size()), prefix);
}

}  // namespace remint::detect

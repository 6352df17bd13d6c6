#include "klog_text.hpp"

#include <algorithm>
#include <cstdint>

#include "ascii.hpp"
#include "klog_time.hpp"

namespace remint::detect {
namespace {

// "       1 endpoints/filters/authentication.go:75]": a thread and a path.
constexpr std::size_t kLongestPlace = 256;

/// `count` digits of the base at the front of `rest`, eaten.
std::optional<char32_t> eat_number(std::string_view& rest, std::size_t count, unsigned base) {
  if (rest.size() < count) {
    return std::nullopt;
  }
  char32_t value = 0;
  for (const char c : rest.substr(0, count)) {
    const char small = lower(c);
    const unsigned digit = is_digit(c)                    ? static_cast<unsigned>(c - '0')
                           : small >= 'a' && small <= 'f' ? static_cast<unsigned>(small - 'a' + 10)
                                                          : base;
    if (digit >= base) {
      return std::nullopt;
    }
    value = value * base + digit;
  }
  rest.remove_prefix(count);
  return value;
}

void append_character(std::string& out, char32_t c) {
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(static_cast<std::uint8_t>(value))); };
  if (c < 0x80) {
    byte(c);
    return;
  }
  if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
  } else {
    if (c < 0x10000) {
      byte(0xE0U | (c >> 12U));
    } else {
      byte(0xF0U | ((c >> 18U) & 0x7U));
      byte(0x80U | ((c >> 12U) & 0x3FU));
    }
    byte(0x80U | ((c >> 6U) & 0x3FU));
  }
  byte(0x80U | (c & 0x3FU));
}

/// What follows a backslash, eaten.
bool append_escape(std::string& out, std::string_view& rest) {
  if (rest.empty()) {
    return false;
  }
  const char kind = rest.front();
  constexpr std::string_view kLetters = "abfnrtv\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
  if (const auto simple = kLetters.find(kind); simple != std::string_view::npos) {
    out.push_back(kMeanings[simple]);
    rest.remove_prefix(1);
    return true;
  }
  if (is_digit(kind)) {
    const auto byte = eat_number(rest, 3, 8);
    out.push_back(static_cast<char>(byte.value_or(0)));
    return byte && *byte < 256;
  }
  rest.remove_prefix(1);
  const auto number = kind == 'x'   ? eat_number(rest, 2, 16)
                      : kind == 'u' ? eat_number(rest, 4, 16)
                      : kind == 'U' ? eat_number(rest, 8, 16)
                                    : std::nullopt;
  if (!number) {
    return false;
  }
  if (kind == 'x') {
    out.push_back(static_cast<char>(*number));  // a byte that was no UTF-8
  } else {
    append_character(out, *number);
  }
  return true;
}

}  // namespace

std::optional<KlogHeader> read_klog_header(std::string_view line) {
  constexpr std::string_view kSeverities = "IWEF";
  if (line.size() < kKlogTimeSize + 4 || kSeverities.find(line[0]) == std::string_view::npos ||
      line[1 + kKlogTimeSize] != ' ') {
    return std::nullopt;
  }
  KlogHeader header{.time = line.substr(1, kKlogTimeSize), .message = line.substr(kKlogTimeSize + 2)};
  const std::size_t end = header.message.substr(0, kLongestPlace).find(']');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  header.message.remove_prefix(end + 1);
  header.message.remove_prefix(std::min(header.message.find_first_not_of(' '), header.message.size()));
  return header;
}

std::optional<std::string> eat_go_string(std::string_view& rest) {
  rest.remove_prefix(1);
  std::string out;
  for (;;) {
    const std::size_t plain = rest.find_first_of("\"\\");
    if (plain == std::string_view::npos) {
      return std::nullopt;
    }
    out += rest.substr(0, plain);
    const bool over = rest[plain] == '"';
    rest.remove_prefix(plain + 1);
    if (over) {
      return out;
    }
    if (!append_escape(out, rest)) {
      return std::nullopt;
    }
  }
}

bool KeyValues::next() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
  const std::size_t sign = rest_.find_first_of("= \"");
  if (sign == std::string_view::npos || sign == 0 || rest_[sign] != '=') {
    return false;
  }
  key_ = rest_.substr(0, sign);
  rest_.remove_prefix(sign + 1);
  if (!rest_.starts_with('"')) {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    value_ = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }
  auto value = eat_go_string(rest_);
  if (!value) {
    broken_ = true;
    return false;
  }
  value_ = std::move(*value);
  return true;
}

}  // namespace remint::detect

#include "json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace remint::detect {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The longest prefix of at most `cap` bytes that does not end inside a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t cap) {
  if (text.size() <= cap) {
    return text;
  }
  while (cap > 0 && (static_cast<unsigned char>(text[cap]) & 0xC0U) == 0x80U) {
    --cap;
  }
  return text.substr(0, cap);
}

std::optional<char32_t> read_hex4(std::string_view text) {
  if (text.size() < 4) {
    return std::nullopt;
  }
  char32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const bool digit = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!digit && (lower < 'a' || lower > 'f')) {
      return std::nullopt;
    }
    value = value * 16 + static_cast<char32_t>(digit ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(static_cast<std::uint8_t>(value))); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
    byte(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    byte(0xE0U | (c >> 12U));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  } else {
    byte(0xF0U | (c >> 18U));
    byte(0x80U | ((c >> 12U) & 0x3FU));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  }
}

/// Reads what follows `\u`, a second half included; eats it from `rest`.
std::optional<char32_t> read_unicode(std::string_view& rest) {
  const auto first = read_hex4(rest);
  if (!first) {
    return std::nullopt;
  }
  rest.remove_prefix(4);
  const bool high = *first >= 0xD800 && *first < 0xDC00;
  const bool low = *first >= 0xDC00 && *first < 0xE000;
  if (!high) {
    return low ? kReplacement : *first;
  }
  if (!rest.starts_with("\\u")) {
    return kReplacement;
  }
  const auto second = read_hex4(rest.substr(2));
  if (!second) {
    return std::nullopt;
  }
  if (*second < 0xDC00 || *second >= 0xE000) {
    return kReplacement;  // the second escape is read as a character of its own
  }
  rest.remove_prefix(6);
  return 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00);
}

std::optional<char> simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return std::nullopt;
  }
}

}  // namespace

bool append_unescaped(std::string& out, std::string_view raw, std::size_t cap) {
  if (is_plain(raw)) {
    out.append(cut(raw, cap));
    return true;
  }
  const std::size_t begin = out.size();
  // Text beyond the cap is neither kept nor checked.
  while (!raw.empty() && out.size() - begin < cap) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    out.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty()) {
      break;
    }
    const char kind = raw.size() > 1 ? raw[1] : '\0';
    raw.remove_prefix(std::min<std::size_t>(2, raw.size()));
    std::optional<char32_t> c;
    if (kind == 'u') {
      c = read_unicode(raw);
    } else if (const auto simple = simple_escape(kind)) {
      c = static_cast<char32_t>(*simple);
    }
    if (!c) {
      out.resize(begin);
      return false;
    }
    append_utf8(out, *c);
  }
  if (out.size() - begin > cap) {
    out.resize(begin + cut(std::string_view(out).substr(begin), cap).size());
  }
  return true;
}

}  // namespace remint::detect

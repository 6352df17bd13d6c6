#include "remint/base/text.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace remint {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< 0: not valid UTF-8
};

/// The first character of a non-empty text. Overlong forms, surrogates and values above U+10FFFF are invalid.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) {
    return {};
  }
  std::uint32_t value = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) {
      return {};
    }
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
    return {};
  }
  return {value, length};
}

bool is_control(std::uint32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029; }

/// Characters that are not seen but change how others are shown: marks and overrides of writing direction, zero-width
/// ones, the byte order mark, and tags.
bool is_deceptive(std::uint32_t c) {
  return c == 0x61c || c == 0xfeff || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || (c >= 0xe0000 && c <= 0xe007f);
}

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.length == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD, one for each bad byte
      text.remove_prefix(1);
      continue;
    }
    if (c.value == '\t' || c.value == '\n' || c.value == '\r') {
      out += ' ';
    } else if (is_control(c.value)) {
      out += fmt::format("\\u{:04x}", c.value);
    } else if (!is_deceptive(c.value)) {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

/// `text` is valid UTF-8.
std::size_t floor_to_character(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0U) == 0x80U) {
    --bytes;
  }
  return bytes;
}

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += fmt::format("{:02x}", byte);
  }
  return hex;
}

}  // namespace

std::string sanitize(std::string_view text, std::size_t max_bytes) {
  // A line of 100 MB must not cost more than a line of the size that will be kept. The part that is looked at is larger
  // than that, because cleaning and redacting shorten it.
  const std::size_t looked_at = 4 * std::min<std::size_t>(max_bytes, 1U << 24U) + 4096;
  const bool cut_before = text.size() > looked_at;
  std::string safe = redact(clean(text.substr(0, looked_at)));
  if (safe.size() <= max_bytes && !cut_before) {
    return safe;
  }
  constexpr std::string_view kMark = "...";
  const std::size_t room = max_bytes - std::min(max_bytes, kMark.size());
  if (safe.size() > room) {
    safe.resize(floor_to_character(safe, room));
  }
  safe += kMark.substr(0, max_bytes);
  return safe;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.length == 0) {
      return false;
    }
    text.remove_prefix(c.length);
  }
  return true;
}

std::string sha256_hex(std::string_view text, std::size_t bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_hex({digest.data(), std::min(bytes, digest.size())});
}

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned int length = 0;
  // OpenSSL hashes keys longer than a block itself, as RFC 2104 has it; no key of ours comes near the range of an int.
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  return to_hex(digest);
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string dns_name(std::string_view text, std::size_t max) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  std::string name;
  for (char c : text) {
    if (name.size() >= max) {
      break;
    }
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (alphanumeric(c)) {
      name += c;
    } else if (!name.empty()) {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') {
    name.pop_back();
  }
  return name.empty() ? "x" : name;
}

}  // namespace remint

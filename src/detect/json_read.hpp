#pragma once
// Small things that every reader of simdjson's values here needs.

#include <simdjson.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace remint::detect {

/// Compares a raw key with a literal. Reads past the key's end, but never past the buffer's padding (64 bytes), which
/// is longer than any literal here. A key written with escapes is an unknown key: no Kubernetes component writes one.
template <std::size_t N>
[[nodiscard]] bool is(const char* key, const char (&literal)[N]) {
  static_assert(N <= simdjson::SIMDJSON_PADDING);
  // The first byte tells nearly all keys apart; comparing longer literals is a call.
  return key[0] == literal[0] && std::memcmp(key, literal, N - 1) == 0 && key[N - 1] == '"';
}

/// A scalar as it stands in the text, quotes included. Of an object or array: its bracket.
[[nodiscard]] inline std::string_view trimmed_token(simdjson::ondemand::value value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') {
    token.remove_suffix(1);
  }
  return token;
}

/// Go writes and reads null as "not there".
[[nodiscard]] inline bool is_null(simdjson::ondemand::value value) { return trimmed_token(value) == "null"; }

/// What stands between the quotes of a string token; false when it is no string.
[[nodiscard]] inline bool unquote(std::string_view token, std::string_view& out) {
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') {
    return false;
  }
  out = token.substr(1, token.size() - 2);
  return true;
}

}  // namespace remint::detect

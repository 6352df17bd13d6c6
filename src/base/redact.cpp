// Finding secrets in free text. Rather one word too many than one secret too few: what is left is read by people, in
// logs, Events and chat, and a live token there is a breach. Linear in the length of the text.
#include <algorithm>
#include <array>

#include "remint/base/text.hpp"

namespace remint {
namespace {

constexpr std::string_view kRedacted = "[redacted]";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
/// RFC 7235's token68, of which base64 and base64url are parts.
bool is_token68(char c) { return is_word(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '='; }

bool starts_with_nocase(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() && std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                                                          [](char a, char b) { return a == lower(b); });
}

template <class Predicate>
std::size_t run(std::string_view text, std::size_t from, Predicate predicate) {
  while (from < text.size() && predicate(text[from])) {
    ++from;
  }
  return from;
}

/// A stretch of `text` to be replaced; `end` is 0 when there is none.
struct Stretch {
  std::size_t begin = 0, end = 0;
};

/// At the start of a word: "eyJ" begins the base64 of `{"`. Also when it was cut off after the header or within a part.
Stretch find_jwt(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("eyJ")) {
    return {};
  }
  constexpr std::size_t kShortest = 16;
  const std::size_t end = run(text, at, [](char c) { return is_word(c) || c == '.'; });
  const std::string_view word = text.substr(at, end - at);
  return word.size() >= kShortest || word.find('.') != std::string_view::npos ? Stretch{at, end} : Stretch{};
}

/// "Bearer <value>" and "Basic <value>", but not prose such as "invalid bearer token".
Stretch find_scheme(std::string_view text, std::size_t at) {
  const std::string_view here = text.substr(at);
  const std::size_t scheme = starts_with_nocase(here, "bearer") ? 6 : starts_with_nocase(here, "basic") ? 5 : 0;
  if (scheme == 0) {
    return {};
  }
  const std::size_t begin = run(text, at + scheme, is_space);
  const std::size_t end = run(text, begin, is_token68);
  if (begin == at + scheme || end == begin) {
    return {};
  }
  const std::string_view value = text.substr(begin, end - begin);
  constexpr std::array<std::string_view, 8> kProse{"token",  "auth",       "realm", "scheme",
                                                   "header", "credential", "error", "is"};
  const bool prose =
      std::ranges::any_of(kProse, [&](std::string_view word) { return starts_with_nocase(value, word); });
  // "Basic" is a common word, so its value must look like base64 of "user:password".
  const bool basic_prose =
      scheme == 5 &&
      (value.size() < 8 || std::ranges::all_of(value, [](char c) { return lower(c) == c && is_letter(c); }));
  return prose || basic_prose ? Stretch{} : Stretch{begin, end};
}

/// password=x, "token": "x", clientSecret: x ... where `at` is the start of a word.
Stretch find_assignment(std::string_view text, std::size_t at) {
  const std::size_t word_end = run(text, at, is_word);
  std::size_t name_length = word_end - at;
  constexpr std::size_t kLongestName = 64;
  if (name_length > kLongestName) {
    return {};
  }
  std::string name;
  for (const char c : text.substr(at, name_length)) {
    if (c != '_' && c != '-') {
      name += lower(c);
    }
  }
  constexpr std::array<std::string_view, 8> kNames{"password", "passwd", "pwd",       "token",
                                                   "secret",   "apikey", "accesskey", "authorization"};
  if (std::ranges::none_of(kNames, [&](std::string_view suffix) { return name.ends_with(suffix); })) {
    return {};
  }
  const auto is_quote = [](char c) { return c == '"' || c == '\'' || c == '\\'; };
  std::size_t position = run(text, word_end, is_quote);
  const bool quoted_name = position > word_end;
  position = run(text, position, is_space);
  if (position == text.size() || (text[position] != '=' && text[position] != ':')) {
    return {};
  }
  const bool colon = text[position] == ':';
  const std::size_t after_sign = position + 1;
  position = run(text, after_sign, is_space);
  const bool spaced = position > after_sign;
  const std::size_t begin = run(text, position, is_quote);
  const bool quoted = begin > position;
  const auto is_bare = [](char c) {
    return !is_space(c) && c != '&' && c != ',' && c != ';' && c != '"' && c != '\'' && c != '}';
  };
  std::size_t end = run(text, begin, [&](char c) { return quoted ? c != '"' && c != '\'' && c != '\\' : is_bare(c); });
  // "Authorization: Basic dXNlcjpwYXNz": the value is the second word. Not what was redacted before: texts are made
  // safe more than once, and must not lose a word each time.
  if (name.ends_with("authorization") && !quoted && text.substr(begin, end - begin) != kRedacted) {
    end = run(text, run(text, end, is_space), is_bare);
  }
  // Prose: "verifying the token: service account token has expired".
  const bool prose = colon && spaced && !quoted && !quoted_name && name == "token" &&
                     std::ranges::none_of(text.substr(begin, end - begin), is_digit) && end - begin < 20;
  return end == begin || prose ? Stretch{} : Stretch{begin, end};
}

/// The password of "scheme://user:password@host", where `at` is the colon after the scheme.
Stretch find_url_password(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://")) {
    return {};
  }
  const std::size_t user = at + 3;
  const std::size_t end = run(text, user, [](char c) { return !is_space(c) && c != '/' && c != '@' && c != '"'; });
  const std::size_t colon = text.substr(0, end).find(':', user);
  const bool found = end < text.size() && text[end] == '@' && colon != std::string_view::npos && colon + 1 < end;
  return found ? Stretch{colon + 1, end} : Stretch{};
}

}  // namespace

std::string redact(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    Stretch secret;
    const bool word_start = is_word(text[at]) && (at == copied || !is_word(text[at - 1]));
    if (text[at] == ':') {
      secret = find_url_password(text, at);
    } else if (word_start) {
      secret = find_jwt(text, at);
      if (secret.end == 0) {
        secret = find_scheme(text, at);
      }
      if (secret.end == 0) {
        secret = find_assignment(text, at);
      }
    }
    if (secret.end == 0) {
      ++at;
      continue;
    }
    out += text.substr(copied, secret.begin - copied);
    out += kRedacted;
    at = copied = secret.end;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace remint

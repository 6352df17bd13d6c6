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

/// After what is no letter and no digit: "eyJ" begins the base64 of `{"`. Also when it was cut off after the header or
/// within a part.
Stretch find_jwt(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("eyJ")) {
    return {};
  }
  constexpr std::size_t kShortest = 16;
  const std::size_t end = run(text, at, [](char c) { return is_word(c) || c == '.'; });
  const std::string_view word = text.substr(at, end - at);
  return word.size() >= kShortest || word.find('.') != std::string_view::npos ? Stretch{at, end} : Stretch{};
}

/// Tokens that say by their first letters what they are: GitHub's, Slack's, AWS's key ids.
Stretch find_known_prefix(std::string_view text, std::size_t at) {
  const std::string_view here = text.substr(at);
  constexpr std::array<std::string_view, 7> kPrefixes{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"};
  constexpr std::size_t kShortestRest = 4;  // it may have been cut off
  const auto known = std::ranges::find_if(kPrefixes, [&](std::string_view prefix) { return here.starts_with(prefix); });
  const bool slack = here.size() > 5 && here.starts_with("xox") && is_letter(here[3]) && here[4] == '-';
  if (known != kPrefixes.end() || slack) {
    const std::size_t rest = at + (slack ? 5 : known->size());
    const std::size_t end = run(text, rest, is_word);
    return end - rest >= kShortestRest ? Stretch{at, end} : Stretch{};
  }
  if (here.starts_with("AKIA") || here.starts_with("ASIA")) {
    constexpr std::size_t kShortest = 16;
    const std::size_t end = run(text, at, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
    return end - at >= kShortest ? Stretch{at, end} : Stretch{};
  }
  return {};
}

/// The body of "-----BEGIN ... PRIVATE KEY-----", up to its end or that of the text.
Stretch find_private_key(std::string_view text, std::size_t at) {
  constexpr std::string_view kBegin = "-----BEGIN ", kDashes = "-----";
  if (!text.substr(at).starts_with(kBegin)) {
    return {};
  }
  constexpr std::size_t kLongestLabel = 64;
  const std::string_view label = text.substr(at + kBegin.size(), kLongestLabel);
  const std::size_t label_end = label.find(kDashes);
  if (label_end == std::string_view::npos || label.substr(0, label_end).find("PRIVATE KEY") == std::string_view::npos) {
    return {};
  }
  const std::size_t begin = at + kBegin.size() + label_end + kDashes.size();
  const std::size_t end = std::min(text.find("-----END", begin), text.size());
  return end == begin ? Stretch{} : Stretch{begin, end};
}

/// "Bearer <value>" and "Basic <value>", but not prose such as "invalid bearer token". A value may have a colon within:
/// Rancher's are "token-abcde:secret".
Stretch find_scheme(std::string_view text, std::size_t at) {
  const std::string_view here = text.substr(at);
  const std::size_t scheme = starts_with_nocase(here, "bearer") ? 6 : starts_with_nocase(here, "basic") ? 5 : 0;
  if (scheme == 0) {
    return {};
  }
  const std::size_t begin = run(text, at + scheme, is_space);
  const std::size_t end = run(text, begin, [](char c) { return is_token68(c) || c == ':'; });
  if (begin == at + scheme || end == begin) {
    return {};
  }
  // What ends a sentence, or begins the value of a challenge's parameter, is no part of the word.
  std::string_view word = text.substr(begin, end - begin);
  word = word.substr(0, word.find_last_not_of(".:=") + 1);
  // Only the whole word: tokens begin with "token-", too.
  constexpr std::array<std::string_view, 15> kProse{
      "token",  "tokens", "auth",    "authentication", "authorization", "authenticator", "authn", "realm",
      "scheme", "header", "headers", "credential",     "credentials",   "error",         "is"};
  const bool prose = word.empty() || std::ranges::any_of(kProse, [&](std::string_view one) {
                       return word.size() == one.size() && starts_with_nocase(word, one);
                     });
  // "Basic" is a common word, so its value must look like base64 of "user:password".
  const bool basic_prose =
      scheme == 5 &&
      (word.size() < 8 || std::ranges::all_of(word, [](char c) { return lower(c) == c && is_letter(c); }));
  return prose || basic_prose ? Stretch{} : Stretch{begin, end};
}

/// Whether a word is the name of a secret: db_password, clientSecret, X-Api-Key.
bool names_secret(std::string_view word, std::string& name) {
  constexpr std::size_t kLongestName = 64;
  if (word.size() > kLongestName) {
    return false;
  }
  for (const char c : word) {
    if (c != '_' && c != '-') {
      name += lower(c);
    }
  }
  constexpr std::array<std::string_view, 13> kNames{
      "password", "passwd",    "pwd",        "passphrase", "token",   "secret",       "secretkey",
      "apikey",   "accesskey", "accountkey", "privatekey", "keydata", "authorization"};
  return std::ranges::any_of(kNames, [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool ends_value(char c) { return std::string_view(",;:&)]}").find(c) != std::string_view::npos; }
bool is_quote(char c) { return c == '"' || c == '\''; }
bool is_quote_or_escape(char c) { return is_quote(c) || c == '\\'; }

/// Where a value ends whose quote stands at `quote`, after `escapes` backslashes: JSON in JSON has one before each of
/// its quotes, and three before one that is part of the value.
std::size_t quoted_end(std::string_view text, std::size_t quote, std::size_t escapes) {
  std::size_t before = 0;
  for (std::size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++before;
      continue;
    }
    // Fewer: the text around it ends here.
    if (text[i] == text[quote] && (before < escapes || before % (2 * (escapes + 1)) == escapes)) {
      return i - std::min(before, escapes);
    }
    before = 0;
  }
  return text.size();
}

/// The value behind that quote. Two of them are nothing, or CSV, which doubles them.
Stretch find_quoted(std::string_view text, std::size_t quote, std::size_t escapes) {
  std::size_t begin = quote + 1;
  std::size_t end = quoted_end(text, quote, escapes);
  const std::size_t closing = run(text, begin, [](char c) { return c == '\\'; });
  if (end == begin && closing < text.size()) {
    escapes = closing - begin;
    begin = closing + 1;
    if (begin == text.size() || is_space(text[begin]) || ends_value(text[begin])) {
      return {};
    }
    end = quoted_end(text, begin - 1, escapes);
  }
  return end <= begin ? Stretch{} : Stretch{begin, end};
}

/// Without a quote before it. One ends such a value only where nothing of it can follow.
std::size_t bare_end(std::string_view text, std::size_t from) {
  std::size_t at = from;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_space(c) || c == '&' || c == ',' || c == ';' || c == '}') {
      break;
    }
    if (is_quote(c) && (at + 1 == text.size() || is_space(text[at + 1]) || ends_value(text[at + 1]) ||
                        is_quote_or_escape(text[at + 1]))) {
      break;
    }
  }
  return at;
}

/// password=x, "token": "x", clientSecret: x ... where `at` is the start of a word.
Stretch find_assignment(std::string_view text, std::size_t at) {
  const std::size_t word_end = run(text, at, is_word);
  std::string name;
  if (!names_secret(text.substr(at, word_end - at), name)) {
    return {};
  }
  std::size_t position = run(text, word_end, is_quote_or_escape);
  const bool quoted_name = position > word_end;
  position = run(text, position, is_space);
  if (position == text.size()) {
    return {};
  }
  if (text[position] != '=' && text[position] != ':') {
    // "--token abc"
    const bool argument = text.substr(at).starts_with("--") || (at > 1 && text.substr(at - 2).starts_with("--"));
    if (!argument || quoted_name || position == word_end || text[position] == '-') {
      return {};
    }
  }
  const bool colon = text[position] == ':';
  const std::size_t after_sign = run(text, position, [](char c) { return c == '=' || c == ':' || c == '>'; });
  position = run(text, after_sign, is_space);
  const bool spaced = position > after_sign;
  const std::size_t quote = run(text, position, [](char c) { return c == '\\'; });
  if (quote < text.size() && is_quote(text[quote])) {
    return find_quoted(text, quote, quote - position);
  }
  if (const Stretch key = find_private_key(text, position); key.end != 0) {
    return key;
  }
  std::size_t end = bare_end(text, position);
  const std::string_view first = text.substr(position, end - position);
  // "Authorization: Basic dXNlcjpwYXNz": the value is the second word.
  const bool scheme = (first.size() == 6 && starts_with_nocase(first, "bearer")) ||
                      (first.size() == 5 && starts_with_nocase(first, "basic"));
  if ((name.ends_with("authorization") || scheme) && first != kRedacted) {
    end = bare_end(text, run(text, end, is_space));
  }
  // Prose: "verifying the token: service account token has expired".
  std::string_view word = text.substr(position, end - position);
  word.remove_suffix(word.ends_with('.') || word.ends_with(':') ? 1 : 0);
  const bool prose =
      colon && spaced && !quoted_name && name == "token" && word.size() < 20 && std::ranges::all_of(word, is_letter);
  return end == position || prose ? Stretch{} : Stretch{position, end};
}

/// The password of "scheme://user:password@host", where `at` is the colon after the scheme. It may have an @ itself.
Stretch find_url_password(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://")) {
    return {};
  }
  const std::size_t user = at + 3;
  const std::size_t stop = run(text, user, [](char c) { return !is_space(c) && c != '/' && c != '"'; });
  const std::string_view authority = text.substr(user, stop - user);
  const std::size_t end = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  // One that has been redacted in part held what ends an address.
  const bool found = end != std::string_view::npos && colon < end && colon + 1 < end &&
                     authority.substr(colon, end - colon).find(kRedacted) == std::string_view::npos;
  return found ? Stretch{user + colon + 1, user + end} : Stretch{};
}

/// What stands before is an escape ("\n" in a log line that is JSON, "%3D" in a URL), whose letters are not of the
/// word.
bool follows_escape(std::string_view text, std::size_t at) {
  constexpr std::string_view kEscapes = "nrt";
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  return (at > 1 && text[at - 2] == '\\' && kEscapes.contains(text[at - 1])) ||
         (at > 2 && text[at - 3] == '%' && kHex.contains(text[at - 2]) && kHex.contains(text[at - 1]));
}

}  // namespace

std::string redact(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    Stretch secret;
    const auto starts = [&](auto part) {
      return part(text[at]) && (at == copied || !part(text[at - 1]) || follows_escape(text, at));
    };
    if (text[at] == ':') {
      secret = find_url_password(text, at);
    } else if (text[at] == '-') {
      secret = find_private_key(text, at);
    } else if (starts([](char c) { return is_letter(c) || is_digit(c); })) {
      secret = find_jwt(text, at);
      if (secret.end == 0) {
        secret = find_known_prefix(text, at);
      }
    }
    if (secret.end == 0 && starts(is_word)) {
      secret = find_scheme(text, at);
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

// Making hostile text safe.
#include "remint/base/text.hpp"

#include <string>

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// A JWT, or the beginning of one, that stands by itself.
bool shows_jwt(std::string_view text) {
  for (auto at = text.find("eyJ"); at != std::string_view::npos; at = text.find("eyJ", at + 1)) {
    const auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_word);
    if ((at == 0 || !is_word(text[at - 1])) && end - (text.begin() + static_cast<std::ptrdiff_t>(at)) >= 16) {
      return true;
    }
  }
  return false;
}

/// Control characters, and those that are not seen but change how others are shown.
bool shows_control(std::string_view text) {
  constexpr std::string_view kDeceptive[] = {"\u202e", "\u200b", "\ufeff", "\u2066", "\u0085", "\U000e0041"};
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) ||
         std::ranges::any_of(kDeceptive, [&](auto bad) { return text.find(bad) != std::string_view::npos; });
}

}  // namespace

void fuzz_text(std::string_view input) {
  const std::size_t room = choice(input);
  const std::string safe = sanitize(input, room);
  check(safe.size() <= room, "a text is cut to its room");
  check(is_valid_utf8(safe) && !shows_control(safe), "a text is safe to print");
  check(!shows_jwt(sanitize(input, 4096)), "no token is printed");
  const std::string redacted = redact(input);
  check(!shows_jwt(redacted), "no token is left");
  check(redact(redacted) == redacted, "redacting twice is redacting once");
  check(!is_valid_utf8(input) || is_valid_utf8(redacted), "redacting breaks no characters");
  const std::string name = dns_name(input, 1 + room % 63);
  check(!name.empty() && name.size() <= 1 + room % 63 && name.front() != '-' && name.back() != '-' &&
            std::ranges::all_of(name, [](char c) { return is_word(c) && c != '_' && (c < 'A' || c > 'Z'); }),
        "a name is a DNS label");
}

}  // namespace remint::fuzz

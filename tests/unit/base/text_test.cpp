#include "remint/base/text.hpp"

#include <catch2/catch.hpp>

namespace remint {
namespace {

const std::string kValid[] = {
    "", "plain", "\u00e4\u20ac", "\U0001f600", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", std::string("\0", 1)};
const std::string kInvalid[] = {
    "\x80",
    "\xff",
    "\xc0\x80",
    "\xc1\xbf",
    "\xe0\x80\x80",
    "\xed\xa0\x80",
    "\xf0\x80\x80\x80",
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xc3",
    "\xe2\x82",
    "\xf0\x9f\x98",
    "a\xc3(",
    "\xe2\x28\xa1",
};

TEST_CASE("UTF-8 is told from what only looks like it") {
  for (const std::string& text : kValid) {
    CAPTURE(text);
    CHECK(is_valid_utf8(text));
  }
  for (const std::string& text : kInvalid) {
    CAPTURE(text);
    CHECK_FALSE(is_valid_utf8(text));
  }
}

TEST_CASE("sanitized text is always valid UTF-8 within its bound, whatever came in") {
  std::string every_pair;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 3) {
      every_pair += static_cast<char>(a);
      every_pair += static_cast<char>(b);
    }
  }
  for (std::size_t max : {0U, 1U, 2U, 3U, 4U, 7U, 100U, 512U, 1'000'000U}) {
    const std::string safe = sanitize(every_pair, max);
    CHECK(safe.size() <= max);
    CHECK(is_valid_utf8(safe));
    CHECK(std::ranges::none_of(safe, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }));
  }
  for (const std::string& text : kInvalid) {
    CHECK(is_valid_utf8(sanitize(text)));
  }
}

TEST_CASE("control characters become visible and line breaks become spaces") {
  CHECK(sanitize("a\nb\tc\rd") == "a b c d");
  CHECK(sanitize("\x1b[31mred\x1b[0m") == "\\u001b[31mred\\u001b[0m");
  CHECK(sanitize(std::string("nul\0!", 5)) == "nul\\u0000!");
  CHECK(sanitize("\x7f") == "\\u007f");
  CHECK(sanitize("\u0085 \u009b31m") == "\\u0085 \\u009b31m");  // C1: next line, and a one-character escape sequence
  CHECK(sanitize("one\u2028two") == "one\\u2028two");
}

TEST_CASE("characters that hide or reorder others are removed") {
  CHECK(sanitize("pod-\u202egnp.exe") == "pod-gnp.exe");
  CHECK(sanitize("a\u200bb\u2066c\u2069d\ufeff") == "abcd");
  CHECK(sanitize("x\U000e0041y") == "xy");
  CHECK(sanitize("gr\u00fc\u00dfe \u4f60\u597d \U0001f600") == "gr\u00fc\u00dfe \u4f60\u597d \U0001f600");
}

TEST_CASE("each bad byte becomes one replacement character") {
  CHECK(sanitize("a\xff\xfe"
                 "b") == "a\ufffd\ufffdb");
  CHECK(sanitize("\xe2\x82") == "\ufffd\ufffd");
}

TEST_CASE("long text is cut on a character boundary and says so") {
  CHECK(sanitize("12345678", 8) == "12345678");
  CHECK(sanitize("123456789", 8) == "12345...");
  CHECK(sanitize("1234\u20ac6789", 8) == "1234...");
  CHECK(sanitize("12345", 2) == "..");
  CHECK(sanitize(std::string(200'000, 'x'), 100).size() == 100);
}

TEST_CASE("text that shrinks when cleaned still says that its end was cut off") {
  std::string invisible;
  for (int i = 0; i < 100'000; ++i) {
    invisible += "\u200b";
  }
  CHECK(sanitize("start" + invisible + "end", 100) == "start...");
}

TEST_CASE("a secret cannot hide from redaction behind invisible characters or a line break") {
  CHECK(sanitize("Bea\u200brer abc123def") == "Bearer [redacted]");
  CHECK(sanitize("Authorization: Bearer\n  abc123def") == "Authorization: [redacted]");
}

TEST_CASE("SHA-256 is the real one, cut to the bytes asked for") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc", 4) == "ba7816bf");
  CHECK(sha256_hex("abc", 100).size() == 64);
}

TEST_CASE("any text becomes a valid DNS-1123 label") {
  const auto [text, max, expected] = GENERATE(table<std::string, std::size_t, std::string>({
      {"cart", 253, "cart"},
      {"Cart_Service.v2", 253, "cart-service-v2"},
      {"--a--", 253, "a"},
      {"", 253, "x"},
      {"///", 253, "x"},
      {"abc-def", 4, "abc"},
      {"\u00e4b", 253, "b"},
      {std::string(300, 'a'), 63, std::string(63, 'a')},
  }));
  CHECK(dns_name(text, max) == expected);
}

TEST_CASE("HMAC-SHA256 gives the codes of RFC 4231") {
  const auto bytes = [](std::size_t count, char byte) { return std::string(count, byte); };
  CHECK(hmac_sha256_hex(bytes(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(bytes(20, '\xaa'), bytes(50, '\xdd')) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  std::string counting;
  for (char byte = 1; byte <= 25; ++byte) {
    counting += byte;
  }
  CHECK(hmac_sha256_hex(counting, bytes(50, '\xcd')) ==
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  CHECK(hmac_sha256_hex(bytes(20, '\x0c'), "Test With Truncation").substr(0, 32) == "a3b6167473100ee06e0c796c2955552b");
  CHECK(hmac_sha256_hex(bytes(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hmac_sha256_hex(bytes(131, '\xaa'),
                        "This is a test using a larger than block-size key and a larger than block-size data. The key "
                        "needs to be hashed before being used by the HMAC algorithm.") ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
  // The example for empty key and text, as widely printed.
  CHECK(hmac_sha256_hex("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("two secrets are the same only when every byte is") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK_FALSE(same_secret("", "a"));
  CHECK_FALSE(same_secret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace remint

#include <catch2/catch.hpp>

#include "remint/base/text.hpp"

namespace remint {
namespace {

const std::string kJwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIiwic3ViIjoicyJ9.c2lnbmF0dXJl-X_";

TEST_CASE("secrets are redacted and what stands around them stays") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {kJwt, "[redacted]"},
      {"token " + kJwt + " is dead", "token [redacted] is dead"},
      {"(" + kJwt + ")", "([redacted])"},
      {"a " + kJwt + " b " + kJwt, "a [redacted] b [redacted]"},
      {kJwt.substr(0, 60), "[redacted]"},
      {"cut off: " + kJwt.substr(0, 20), "cut off: [redacted]"},
      {"x=" + kJwt, "x=[redacted]"},
      {"Authorization: Bearer " + kJwt, "Authorization: [redacted]"},
      {"Bearer xyz", "Bearer [redacted]"},
      {"bearer   opaque-token_1", "bearer   [redacted]"},
      {"BEARER abcdef.0123456789abcdef,", "BEARER [redacted],"},
      {"Authorization: Basic dXNlcjpwYXNz", "Authorization: [redacted]"},
      {"-H 'Basic dXNlcjpwYXNz'", "-H 'Basic [redacted]'"},
      {"password=hunter2&user=me", "password=[redacted]&user=me"},
      {"password: hunter2", "password: [redacted]"},
      {"PASSWORD = hunter2 next", "PASSWORD = [redacted] next"},
      {"db_password='two words' x", "db_password='[redacted]' x"},
      {R"({"clientSecret":"s3cr3t","a":1})", R"({"clientSecret":"[redacted]","a":1})"},
      {R"({\"token\": \"s3cr3t\"})", R"({\"token\": \"[redacted]\"})"},
      {"?access_token=abc&x=1", "?access_token=[redacted]&x=1"},
      {"api-key: 12345", "api-key: [redacted]"},
      {"token: 12ab34", "token: [redacted]"},
      {"https://user:pa55@host/path", "https://user:[redacted]@host/path"},
  }));
  CAPTURE(text);
  CHECK(redact(text) == expected);
}

TEST_CASE("prose about tokens is left alone") {
  const std::string text =
      GENERATE(as<std::string>(), "", "Unauthorized", "Token has expired.", "service account token has expired",
               R"("Unable to authenticate the request" err="[invalid bearer token, Token has expired.]")",
               "invalid bearer token", "Bearer authentication is required", "WWW-Authenticate: Bearer realm=\"x\"",
               "basic auth is off", "a basic question", "error verifying token: service account token has expired",
               "verifying token: expired", "https://host:8080/path@2", "https://user@host/", "eye", "eyJ",
               "heyJude12345678901234", "image: registry/token-service:1.2", "tokens=3", "secretName: cart",
               "the secret is out", "bearer");
  CHECK(redact(text) == text);
}

// A message that went through a journal twice lost the word behind "Authorization: [redacted]".
TEST_CASE("redacting what is redacted changes nothing") {
  const auto text = GENERATE(as<std::string>(), "Authorization: Basic dXNlcjpwYXNz was refused",
                             "Authorization: Bearer abc\xa5.def.ghi was refused", "token=abc, next",
                             "https://u:pw@host/ failed", "Bearer abc.def.ghi for shop", "\"password\": \"x y\" z");
  const std::string once = redact(text);
  CHECK(once != text);
  CHECK(redact(once) == once);
}

TEST_CASE("redaction takes time in proportion to the text, whatever the text") {
  // Each of these made a naive scan read on to the end from every position.
  const std::string unit =
      GENERATE(as<std::string>(), "eyJ", "://a:", "token=", "bearer ", "a", "-", "password:\"", "://", "=", "token: ");
  std::string text;
  while (text.size() < 300'000) {
    text += unit;
  }
  CHECK(redact(text).size() <= text.size() * 4);
}

}  // namespace
}  // namespace remint

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
      {"https://user:p@55@host/path", "https://user:[redacted]@host/path"},
      {"redis://:pa55@host", "redis://:[redacted]@host"},
      {"Bearer token-k5zf9:secret", "Bearer [redacted]"},
      {"Bearer auth0-abc", "Bearer [redacted]"},
      {"Bearer isolated, x", "Bearer [redacted], x"},
      {"Authorization: Bearer kubeconfig-u-x:secret next", "Authorization: [redacted] next"},
      {"Authorization: Bearer a!b", "Authorization: [redacted]"},
      {"access_token=Bearer abc", "access_token=[redacted]"},
      {R"({"password":"ab'cd","a":1})", R"({"password":"[redacted]","a":1})"},
      {R"({"password":"ab\"cd","a":1})", R"({"password":"[redacted]","a":1})"},
      {R"({"password":"ab\\","a":1})", R"({"password":"[redacted]","a":1})"},
      {R"({\"password\":\"ab\\\"cd'ef\",\"a\":1})", R"({\"password\":\"[redacted]\",\"a\":1})"},
      {R"("{\"token\":\"cut" off)", R"("{\"token\":\"[redacted]" off)"},
      {R"(password='it"s' x)", R"(password='[redacted]' x)"},
      {R"("token"":""abc"",""a"")", R"("token"":""[redacted]"",""a"")"},
      {R"({"password":"","a":"b"})", R"({"password":"","a":"b"})"},
      {R"({\"password\":\"\",\"a\":\"b\"})", R"({\"password\":\"\",\"a\":\"b\"})"},
      {R"("password":"cut off)", R"("password":"[redacted])"},
      {"password=ab'cd next", "password=[redacted] next"},
      {"'password=abc' next", "'password=[redacted]' next"},
      {R"(password => "abc")", R"(password => "[redacted]")"},
      {"secret_key=abc", "secret_key=[redacted]"},
      {"private_key: abc", "private_key: [redacted]"},
      {"SSH_PASSPHRASE=abc", "SSH_PASSPHRASE=[redacted]"},
      {"client-key-data: LS0tLS1CRUdJTg==", "client-key-data: [redacted]"},
      {"aws_secret_access_key=wJalr/K7 AKIAIOSFODNN7EXAMPLE.", "aws_secret_access_key=[redacted] [redacted]."},
      {"cloned with ghp_16C7e42F292c6912E7710c838347Ae178B4a", "cloned with [redacted]"},
      {"gho_16C7e42F;github_pat_11ABC_def", "[redacted];[redacted]"},
      {"as xoxb-1234-5678-abcd or xoxp-1234", "as [redacted] or [redacted]"},
      {"of-" + kJwt, "of-[redacted]"},
      {"a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY----- b",
       "a -----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY----- b"},
      {"-----BEGIN PRIVATE KEY----- MIIE cut off", "-----BEGIN PRIVATE KEY-----[redacted]"},
      {"private_key=-----BEGIN PRIVATE KEY-----\nMIIE\nabc", "private_key=-----BEGIN PRIVATE KEY-----[redacted]"},
  }));
  CAPTURE(text);
  CHECK(redact(text) == expected);
  CHECK(redact(expected) == expected);
}

TEST_CASE("prose about tokens is left alone") {
  const std::string text =
      GENERATE(as<std::string>(), "", "Unauthorized", "Token has expired.", "service account token has expired",
               R"("Unable to authenticate the request" err="[invalid bearer token, Token has expired.]")",
               "invalid bearer token", "Bearer authentication is required", "WWW-Authenticate: Bearer realm=\"x\"",
               "basic auth is off", "a basic question", "error verifying token: service account token has expired",
               "verifying token: expired", "https://host:8080/path@2", "https://user@host/", "eye", "eyJ",
               "heyJude12345678901234", "image: registry/token-service:1.2", "tokens=3", "secretName: cart",
               "the secret is out", "bearer", "bearer tokens are refused", "Bearer error=\"invalid_token\"",
               "invalid bearer token.", "Basic authentication: off", "AKIA is a prefix",
               "-----BEGIN CERTIFICATE----- MIIE", "https://host:8080/?mail=a@b");
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

TEST_CASE("what is redacted once is not changed by redacting it again, however secrets stand together") {
  const std::vector<std::string> parts{kJwt,
                                       "Bearer ",
                                       "Basic dXNlcjpwYXNz",
                                       "Authorization: ",
                                       "token: ",
                                       "\"password\":\"",
                                       "secret=",
                                       "\\\"token\\\": ",
                                       "\"",
                                       "\\\"",
                                       "'",
                                       "ab",
                                       "[redacted]",
                                       " ",
                                       ":",
                                       "://u:",
                                       "@",
                                       "ghp_abcdef",
                                       "\\",
                                       ",",
                                       "-----BEGIN PRIVATE KEY-----",
                                       "-----END PRIVATE KEY-----",
                                       "-",
                                       "1!"};
  for (const auto& a : parts) {
    for (const auto& b : parts) {
      for (const auto& c : parts) {
        for (const auto& d : parts) {
          const auto once = redact(a + b + c + d);
          if (redact(once) != once) FAIL_CHECK(a + b + c + d << " => " << once << " => " << redact(once));
        }
      }
    }
  }
}

TEST_CASE("a secret behind an escape, or as an argument of a command, is one") {
  const std::string jwt = kJwt;
  CHECK(redact("first\\n" + jwt) == "first\\n[redacted]");
  CHECK(redact("\\tghp_abcdefghijklmnopqrstuvwxyz0123456789 x") == "\\t[redacted] x");
  CHECK(redact("id%3D" + jwt) == "id%3D[redacted]");
  CHECK(redact("kubectl --token abcdef get pods") == "kubectl --token [redacted] get pods");
  CHECK(redact("mysql --password 's3 cr3t' shop") == "mysql --password '[redacted]' shop");
  CHECK(redact("run --token --verbose") == "run --token --verbose");
}

TEST_CASE("redaction takes time in proportion to the text, whatever the text") {
  // Each of these made a naive scan read on to the end from every position.
  const std::string unit = GENERATE(as<std::string>(), "eyJ", "://a:", "token=", "bearer ", "a", "-", "password:\"",
                                    "://", "=", "token: ", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----", "\\",
                                    "token=\\\"", "token=\"\",", "token='\\", "ghp_", "AKIA", "xoxb-",
                                    "authorization: ", "basic a:", "secret_key=-----BEGIN PRIVATE KEY-----");
  std::string text;
  while (text.size() < 300'000) {
    text += unit;
  }
  CHECK(redact(text).size() <= text.size() * 4);
}

}  // namespace
}  // namespace remint

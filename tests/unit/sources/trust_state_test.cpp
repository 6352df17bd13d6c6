// What tokens and connections hang on: when a difference is a change, and what of it outlives the process.
#include "remint/sources/trust_state.hpp"

#include <catch2/catch.hpp>

using namespace remint;
using namespace remint::sources;
using namespace std::chrono_literals;

namespace {

const Time kStart = parse_rfc3339("2026-07-01T10:00:00Z").value();
using Ids = std::vector<std::string>;

/// Looked at once a minute.
struct Watched {
  TrustState state;
  Time now = kStart;
  std::optional<detect::TrustChange> keys(Ids ids) {
    now += 1min;
    return note_signing_keys(state, {std::move(ids), true}, now);
  }
  std::optional<detect::TrustChange> ca(Ids ids) {
    now += 1min;
    return note_ca(state, std::move(ids), now);
  }
};

}  // namespace

TEST_CASE("what is seen for the first time is no change") {
  Watched watched;
  CHECK_FALSE(watched.keys({"a"}));
  CHECK_FALSE(watched.ca({"x"}));
}

TEST_CASE("a signing key that is gone is a change, between the two looks; one that is new is none") {
  Watched watched;
  (void)watched.keys({"a"});
  CHECK_FALSE(watched.keys({"a", "b"}));
  const auto change = watched.keys({"b"});
  REQUIRE(change);
  CHECK(change->diagnosis == Diagnosis::kSigningKeyChanged);
  CHECK(change->from == kStart + 2min);
  CHECK(change->until == kStart + 3min);
  CHECK_THAT(change->what, Catch::Contains("signing key a any more"));
  CHECK_FALSE(watched.keys({"b"}));
}

TEST_CASE("a CA bundle that differs is a change, whether something is gone or new") {
  Watched watched;
  (void)watched.ca({"x"});
  const auto more = watched.ca({"x", "y"});
  REQUIRE(more);
  CHECK(more->diagnosis == Diagnosis::kCaChanged);
  CHECK_THAT(more->what, Catch::Contains("0 certificates gone, 1 new"));
  CHECK(watched.ca({"y"}));
}

TEST_CASE("key ids are read from a JWKS, and from nothing else") {
  CHECK(
      signing_keys_of(R"({"keys":[{"kid":"b","kty":"RSA","n":"..."},{"kid":"a"},{"kid":"b"},{"kty":"EC"}]})").value() ==
      SigningKeys{{"a", "b"}, false});
  for (const char* text : {"", "{}", "[]", R"({"keys":[]})", R"({"keys":{}})", R"({"keys":[{"kid":7}]})", "<html>"}) {
    CAPTURE(text);
    CHECK_FALSE(signing_keys_of(text));
  }
}

TEST_CASE("legacy tokens come out the same where one RSA key signs them all, and are not known to otherwise") {
  const auto repeat = [](const std::string& keys) {
    return signing_keys_of(R"({"keys":[)" + keys + "]}").value().tokens_repeat;
  };
  CHECK(repeat(R"({"kid":"a","kty":"RSA","alg":"RS256","use":"sig","n":"...","e":"AQAB"})"));
  for (const char* keys :
       {R"({"kid":"a","kty":"EC","alg":"ES256"})", R"({"kid":"a","kty":"RSA","alg":"PS256"})", R"({"kid":"a"})",
        R"({"kid":"a","kty":"RSA"})", R"({"kid":"a","kty":"RSA","alg":"RS256"},{"kid":"b","kty":"RSA","alg":"RS256"})",
        R"({"kid":"a","kty":"RSA","alg":"RS256"},{"kty":"EC","alg":"ES256"})"}) {
    CAPTURE(keys);
    CHECK_FALSE(repeat(keys));
  }
}

TEST_CASE("certificates are known by what they are, not by how their lines are broken") {
  const std::string one = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
  const std::string other = "-----BEGIN CERTIFICATE-----\r\nAAAABBBB\r\n-----END CERTIFICATE-----";
  const auto ids = certificates_of(one);
  REQUIRE(ids);
  CHECK(ids->size() == 1);
  CHECK(certificates_of("# a comment\n" + other + one).value() == *ids);
  CHECK_FALSE(certificates_of("-----BEGIN CERTIFICATE-----\nAAAA"));
  CHECK_FALSE(certificates_of(""));
}

TEST_CASE("what is written is read again, with the changes of which somebody may still have to be told") {
  Watched watched;
  (void)watched.keys({"a"});
  (void)watched.keys({"b"});
  (void)watched.ca({"x"});
  CHECK(read_trust(write_trust(watched.state), watched.now).value() == watched.state);
  // The next leader finds another key.
  auto next = read_trust(write_trust(watched.state), watched.now).value();
  CHECK(next.tokens_repeat);
  CHECK(note_signing_keys(next, {{"c"}, false}, watched.now + 1h));
  CHECK_FALSE(next.tokens_repeat);
}

TEST_CASE("a written state that somebody has spoilt is refused, or does no harm") {
  for (const char* text : {"", "[]", R"({"signingKeys":7})", R"({"ca":{"ids":"x"}})", R"({"changes":{}})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_trust(text, kStart));
  }
  const auto odd =
      read_trust(R"({"changes":[{"diagnosis":"Expired","from":"2026-07-01T09:00:00Z","until":"2026-07-01T09:01:00Z"},
    {"diagnosis":"CAChanged","from":"2026-07-01T09:02:00Z","until":"2026-07-01T09:01:00Z"},
    {"diagnosis":"CAChanged","from":"2026-07-01T09:00:00Z","until":"2027-07-01T09:00:00Z"}]})",
                 kStart);
  REQUIRE(odd);
  CHECK(odd->changes.empty());
}

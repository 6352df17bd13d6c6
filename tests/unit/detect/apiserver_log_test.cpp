// Every text and form of kubernetes.md section 1 and control-plane.md, "Real dead tokens".
#include "remint/detect/apiserver_log.hpp"

#include <catch2/catch.hpp>

#include "apiserver_log_reader.hpp"

namespace remint::detect {
namespace {

using namespace testing;

struct Row {
  const char* cause;
  std::string error;
  Diagnosis diagnosis;
  std::string pod_uid = {}, service_account_uid = {}, service_account = {};
};

const std::string kNew = "0f3c4d2e-1111-4222-8333-944455556666";
const std::string kOld = "9e8d7c6b-1111-4222-8333-944455556666";

std::vector<Row> table() {
  const std::string uids = "UID (" + kNew + ") does not match ";
  const std::string legacy =
      "the token in secret shop/cart-token-x2x7p for service account shop/cart has been marked invalid. Use tokens "
      "from the TokenRequest API or manually created secret-based tokens, or remove the "
      "'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token";
  return {
      {"expired, old", "Token has expired.", Diagnosis::kExpired},
      {"expired", "service account token has expired", Diagnosis::kExpired},
      {"not yet valid, old: also said of anything else", "Token could not be validated.", Diagnosis::kUnknown},
      {"not yet valid", "service account token is not valid yet", Diagnosis::kNotYetValid},
      {"issued in the future", "service account token is issued in the future", Diagnosis::kNotYetValid},
      {"other claims", "service account token claims could not be validated: x", Diagnosis::kUnknown},
      {"other claims, unexpected",
       "service account token claims could not be validated due to unexpected validation error", Diagnosis::kUnknown},
      {"other claims, private", "service account token claims could not be validated due to unexpected private claim",
       Diagnosis::kUnknown},
      {"bound object gone, old", "Token has been invalidated", Diagnosis::kBoundObjectChanged},
      {"bound object gone", "service account token has been invalidated", Diagnosis::kBoundObjectChanged},
      {"pod recreated, old", "Pod " + uids + "claim (" + kOld + ")", Diagnosis::kBoundObjectChanged, kNew},
      {"pod recreated", "pod " + uids + "service account pod ref claim (" + kOld + ")", Diagnosis::kBoundObjectChanged,
       kNew},
      {"Secret recreated, old", "Secret " + uids + "claim (" + kOld + ")", Diagnosis::kBoundObjectChanged},
      {"Secret recreated", "secret " + uids + "service account secret ref claim (" + kOld + ")",
       Diagnosis::kBoundObjectChanged},
      {"node recreated", "node " + uids + "service account node ref claim (" + kOld + ")",
       Diagnosis::kBoundObjectChanged},
      {"ServiceAccount missing, client", "serviceaccounts \"cart\" not found", Diagnosis::kServiceAccountRecreated},
      {"ServiceAccount missing, lister", "serviceaccount \"cart\" not found", Diagnosis::kServiceAccountRecreated},
      {"ServiceAccount deleted, old", "ServiceAccount shop/cart has been deleted", Diagnosis::kServiceAccountRecreated,
       "", "", "shop/cart"},
      {"ServiceAccount deleted", "service account shop/cart has been deleted", Diagnosis::kServiceAccountRecreated, "",
       "", "shop/cart"},
      {"ServiceAccount recreated, old", "ServiceAccount " + uids + "claim (" + kOld + ")",
       Diagnosis::kServiceAccountRecreated, "", kNew},
      {"ServiceAccount recreated", "service account " + uids + "claim (" + kOld + ")",
       Diagnosis::kServiceAccountRecreated, "", kNew},
      {"audience",
       R"(token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc"])",
       Diagnosis::kWrongAudience},
      {"signature, until 1.32", "square/go-jose: error in cryptographic primitive", Diagnosis::kSigningKeyChanged},
      {"signature, since 1.33", "go-jose/go-jose: error in cryptographic primitive", Diagnosis::kSigningKeyChanged},
      {"signature, very old", "crypto/rsa: verification error", Diagnosis::kSigningKeyChanged},
      {"key unknown, since 1.31", "invalid signature, no keys found", Diagnosis::kSigningKeyChanged},
      {"issuer", "token issuer \"https://a\" is invalid", Diagnosis::kUnknown},
      {"legacy, Secret's content changed", "Token does not match server's copy", Diagnosis::kSecretRegenerated},
      {"legacy, cleaned up", legacy, Diagnosis::kSecretRegenerated, "", "", "shop/cart"},
      {"legacy, malformed", "secretName claim is missing", Diagnosis::kUnknown},
      {"legacy, malformed subject", "sub claim is invalid", Diagnosis::kUnknown},
      {"OIDC", "oidc: verify token: oidc: token is expired (Token Expiry: 2024-11-26 00:00:00 +0000 UTC)",
       Diagnosis::kUnknown},
  };
}

}  // namespace

TEST_CASE("each text of the fact tables gives its diagnosis and names what it names, in every format") {
  for (const Row& row : table()) {
    INFO(row.cause << ": " << row.error);
    for (const auto& text : {structured(listed(row.error)), unstructured(listed(row.error)), as_json(listed(row.error)),
                             structured(row.error), unstructured(row.error), as_json(row.error)}) {
      INFO(text);
      const auto log = read_log(text);
      REQUIRE(log.lines.size() == 1);
      const ApiServerLine& line = log.lines[0];
      CHECK(line.kind == ApiServerLine::Kind::kReason);
      CHECK(to_string(line.diagnosis) == to_string(row.diagnosis));
      CHECK(line.text == row.error);
      CHECK(line.pod_uid == row.pod_uid);
      CHECK(line.service_account_uid == row.service_account_uid);
      CHECK(line.service_account == row.service_account);
      CHECK(line.time == at("2024-11-26T03:38:26.776766Z"));
      CHECK(log.counts.lines == 1);
      CHECK(log.counts.reasons == 1);
    }
  }
}

TEST_CASE("texts are matched in any case of letters") {
  for (std::string error : {"SERVICE ACCOUNT TOKEN HAS EXPIRED", "token has Expired"}) {
    CHECK(read_log(structured(listed(error))).lines.at(0).diagnosis == Diagnosis::kExpired);
  }
  const auto log = read_log(kHeader + "\"unable to Authenticate the request\" err=\"Token has expired.\"\n" + kHeader +
                            "unable to authenticate the request due to an error: token has expired\n");
  REQUIRE(log.lines.size() == 2);
  CHECK(log.lines[1].diagnosis == Diagnosis::kExpired);
}

TEST_CASE("an error without the list, and a list within the list") {
  CHECK(read_log(structured("invalid bearer token")).lines.at(0).text == "invalid bearer token");
  CHECK(read_log(structured("invalid bearer token")).lines.at(0).diagnosis == Diagnosis::kUnknown);
  const auto nested = read_log(structured(listed(listed("square/go-jose: error in cryptographic primitive"))));
  CHECK(nested.lines.at(0).text == "square/go-jose: error in cryptographic primitive");
  CHECK(nested.lines.at(0).diagnosis == Diagnosis::kSigningKeyChanged);
  const auto three = read_log(structured(listed("Token has expired., oidc: something")));
  CHECK(three.lines.at(0).text == "Token has expired., oidc: something");
  CHECK(three.lines.at(0).diagnosis == Diagnosis::kExpired);
}

TEST_CASE("failures that are not about ServiceAccount tokens are Unknown") {
  const std::string x509 =
      "verifying certificate SN=1, SKID=, AKID= failed: x509: certificate has expired or is not yet valid";
  CHECK(read_log(structured(x509)).lines.at(0).diagnosis == Diagnosis::kUnknown);
  CHECK(read_log(structured(x509)).lines.at(0).text == x509);
}

TEST_CASE("an audience that does not match after all is a line of its own kind") {
  const std::string message = "unable to match the audience: [vault] , accepted: [https://kubernetes.default.svc]";
  for (const auto& text :
       {kHeader + message + "\n", R"({"ts":1732592306776.766,"msg":")" + message + "\",\"v\":0}\n"}) {
    const auto log = read_log(text);
    REQUIRE(log.lines.size() == 1);
    CHECK(log.lines[0].diagnosis == Diagnosis::kWrongAudience);
    CHECK(log.lines[0].text == message);
  }
}

TEST_CASE("the httplog line of an answer 401, in the forms of all versions") {
  const std::string since_1_22 =
      "I1126 03:38:26.776766       1 httplog.go:132] \"HTTP\" verb=\"LIST\" "
      "URI=\"/api/v1/namespaces/x/pods?limit=500\" "
      "latency=\"1.2ms\" userAgent=\"foo/v0.0.0\" audit-ID=\"3f6c1c2e-0000-4000-8000-000000000001\" "
      "srcIP=\"10.244.1.7:53422\" apf_pl=\"workload-low\" apf_fs=\"service-accounts\" resp=401\n";
  const std::string since_1_19 =
      "I1126 03:38:26.776766       1 httplog.go:89] \"HTTP\" verb=\"GET\" URI=\"/api\" latency=\"1.2ms\" "
      "userAgent=\"foo\" srcIP=\"[fd00::7]:53422\" resp=401\n";
  const std::string until_1_18 =
      "I1126 03:38:26.776766       1 httplog.go:90] verb=\"GET\" URI=\"/api/v1/pods\" latency=1.2ms resp=401 "
      "UserAgent=\"a b\" srcIP=\"10.0.0.1:53422\": \n";
  const std::string json =
      R"({"ts":1732592306776.766,"caller":"httplog/httplog.go:132","msg":"HTTP","verb":"LIST","URI":"/x","latency":"1ms",)"
      R"("userAgent":"foo","audit-ID":"id-1","srcIP":"10.244.1.7:53422","apf_pl":"x","resp":401})"
      "\n";
  const auto log = read_log(since_1_22 + since_1_19 + until_1_18 + json);
  REQUIRE(log.lines.size() == 4);
  CHECK(log.counts.requests == 4);
  for (const auto& line : log.lines) {
    CHECK(line.kind == ApiServerLine::Kind::kRequest);
    CHECK(line.time == at("2024-11-26T03:38:26.776766Z"));
  }
  CHECK(log.lines[0].audit_id == "3f6c1c2e-0000-4000-8000-000000000001");
  CHECK(log.lines[0].source == IpAddress::parse("10.244.1.7"));
  CHECK(log.lines[1].audit_id.empty());
  CHECK(log.lines[1].source == IpAddress::parse("fd00::7"));
  CHECK(log.lines[2].source == IpAddress::parse("10.0.0.1"));
  CHECK(log.lines[3].audit_id == "id-1");
  CHECK(log.lines[3].source == IpAddress::parse("10.244.1.7"));
}

TEST_CASE("other answers, other lines and lines of -v=4 do not matter") {
  const auto log = read_log(
      "I1126 03:38:26.776766       1 httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/x?resp=401\" srcIP=\"10.0.0.1:1\" "
      "resp=200\n"
      "I1126 03:38:26.776766       1 httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/\" srcIP=\"10.0.0.1:1\" resp=4011\n"
      "I1126 03:38:26.776766       1 claims.go:99] Pod UID no longer matches shop/cart: x\n"
      "I1126 03:38:26.776766       1 x.go:1] \"Started\" port=401\n"
      "{\"ts\":1732592306776.766,\"msg\":\"HTTP\",\"resp\":200,\"latency\":\"401ms\"}\n"
      "{\"ts\":1732592306776.766,\"msg\":\"HTTP\",\"resp\":\"401\"}\n"
      "{\"ts\":1732592306776.766,\"msg\":\"Started\"}\n"
      "I1126 03:38:26.776766       1 x.go:1] \"Unable to authenticate the requester\" err=\"Token has expired.\"\n"
      "\n");
  CHECK(log.lines.empty());
  CHECK(log.counts.lines == 9);
  CHECK(log.counts.ignored == 9);
}

TEST_CASE("a source that is no address is left out") {
  for (const std::string source : {"", "@", "pipe", "10.0.0.1.2:3", "[fd00::7", "[]:1", ":1"}) {
    INFO(source);
    const auto log =
        read_log("I1126 03:38:26.776766       1 httplog.go:1] \"HTTP\" srcIP=" + quoted(source) + " resp=401\n");
    REQUIRE(log.lines.size() == 1);
    CHECK_FALSE(log.lines[0].source);
  }
  for (const std::string source : {"fd00::7", "[fe80::7%eth0]:443", "10.0.0.1"}) {
    CHECK(read_log("I1126 03:38:26.776766       1 httplog.go:1] \"HTTP\" srcIP=" + quoted(source) + " resp=401\n")
              .lines.at(0)
              .source);
  }
}

}  // namespace remint::detect

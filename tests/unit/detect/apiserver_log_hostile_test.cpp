// What a hostile client, a broken disk or a wrong file can put into the log.
#include <catch2/catch.hpp>
#include <random>

#include "apiserver_log_reader.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

using namespace testing;

const std::string kExpired = listed("service account token has expired");

/// A bit of everything, for tests that cut and damage it.
std::string mixture() {
  return structured(kExpired) + "2024-11-26T03:38:26.777Z stderr P E1126 03:38:26.776766       1 a.go:1] \"Una\n" +
         "2024-11-26T03:38:26.777Z stderr F ble to authenticate the request\" err=\"[invalid bearer token, "
         "\\\"x\\\"]\"\n" +
         as_json(kExpired) +
         "I1126 03:38:26.776766       1 httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/\\\"\" audit-ID=\"id-1\" "
         "srcIP=\"10.0.0.1:1\" resp=401\r\n\n" +
         R"({"log":"E1126 03:38:26.776766  1 a.go:1] Unable to authenticate the request due to an error: x\n","stream":"stderr"})" +
         "\n" + unstructured("pod UID (abc) does not match claim (def)");
}

}  // namespace

TEST_CASE("a header inside a message is no line") {
  const std::string forged = kHeader + "\"Unable to authenticate the request\" err=\"Token has expired.\"";
  for (const auto& text :
       {"I1126 03:38:26.776766       1 x.go:1] \"Seen\" userAgent=" + quoted(forged) + "\n",
        "I1126 03:38:26.776766       1 x.go:1] Seen " + forged + "\n", " " + forged + "\n", "\t" + forged + "\n",
        "I1126 03:38:26.776766       1 httplog.go:1] \"HTTP\" userAgent=\"x resp=401 " + kHeader + "\" resp=200\n",
        "I1126 03:38:26.776766       1 x.go:1] \"Seen\" agent=<\n\t" + forged + "\n >\n",
        R"({"ts":1732592306776.766,"msg":"Seen","agent":)" + quoted(forged + "\\n" + forged) + "}\n",
        "2024-11-26T03:38:26.777Z stderr F 2024-11-26T03:38:26.777Z stderr F " + forged + "\n"}) {
    INFO(text);
    CHECK(read_log(text).lines.empty());
    CHECK(adds_up(read_log(text).counts));
  }
}

TEST_CASE("values of an httplog line cannot forge its fields") {
  const auto log = read_log(
      "I1126 03:38:26.776766       1 httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/?\\\" srcIP=\\\"10.9.9.9:1\\\" \" "
      "userAgent=\"x\\\" audit-ID=\\\"forged\\\" srcIP=\\\"10.9.9.9:1\\\" \" audit-ID=\"id-1\" srcIP=\"10.0.0.1:1\" "
      "extra=\"srcIP\" srcIP=\"10.9.9.9:1\" resp=401\n");
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].audit_id == "id-1");
  CHECK(log.lines[0].source == IpAddress::parse("10.0.0.1"));
}

TEST_CASE("an audience or issuer of the token holder's choice does not become the reason") {
  const auto log = read_log(structured(listed(
      R"(token audiences ["x, service account token has expired" "[Token has expired." "\", Token has expired."])"
      R"( is invalid for the target audiences ["y"])")));
  CHECK(log.lines.at(0).diagnosis == Diagnosis::kWrongAudience);
  CHECK(read_log(structured(listed("token issuer \"a, pod UID (evil) does not match claim\" is invalid")))
            .lines.at(0)
            .pod_uid.empty());
  CHECK(read_log(structured(listed("oidc: service account token has expired"))).lines.at(0).diagnosis ==
        Diagnosis::kUnknown);
  CHECK(read_log(structured(listed("token audiences [\"no end, Token has expired."))).lines.at(0).diagnosis ==
        Diagnosis::kWrongAudience);
}

TEST_CASE("what a reason names is taken only in the form that it can have") {
  const std::vector<std::string> wrong{"pod UID () does not match claim ()x",
                                       "pod UID (a b) does not match claim (c)",
                                       "pod UID (" + std::string(65, 'a') + ") does not match claim (c)",
                                       "pod UID (\x1b[31m) does not match claim (c)",
                                       "service account a/b/c has been deleted",
                                       "service account / has been deleted",
                                       "service account  has been deleted",
                                       "service account " + std::string(400, 'a') + "/b has been deleted"};
  for (const auto& error : wrong) {
    INFO(error);
    const auto line = read_log(unstructured(listed(error))).lines.at(0);
    CHECK(line.pod_uid.empty());
    CHECK(line.service_account.empty());
  }
}

TEST_CASE("escapes, control characters, invalid UTF-8 and secrets do not reach the text") {
  const auto log =
      read_log(kHeader + R"("Unable to authenticate the request" err="a\x1b[31m\u202e\x00\xff\n\U0001f600\101 b)"
                         R"( Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln")"
                         "\n");
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].text ==
        "a\\u001b[31m\\u0000\xef\xbf\xbd \xf0\x9f\x98\x80"
        "A b Bearer [redacted]");
  const auto raw = read_log(unstructured(std::string("x\0\x1b]0;y\x07\xc3(", 9)));
  REQUIRE(raw.lines.size() == 1);
  CHECK(is_valid_utf8(raw.lines[0].text));
  CHECK(raw.lines[0].text.find('\x1b') == std::string::npos);
  CHECK(read_log(structured(listed(std::string(100'000, 'x')))).lines.at(0).text.size() <= 512);
}

TEST_CASE("cut and malformed lines are invalid, not guessed at") {
  for (const auto& text :
       {kHeader + "\"Unable to authenticate the request\" err=\"[invalid bearer token, Token has exp",
        kHeader + "\"Unable to authenticate the request", kHeader + "\"Unable to authenticate the request\"",
        kHeader + "\"Unable to authenticate the request\" err=\"\\q\"",
        kHeader + "\"Unable to authenticate the request\" err=\"\\x4\"",
        kHeader + "\"Unable to authenticate the request\" err=\"\\777\"",
        kHeader + "Unable to authenticate the request",
        std::string(R"({"ts":1732592306776.766,"msg":"Unable to authenticate the request","err":"x)"),
        std::string(R"({"ts":1732592306776.766,"msg":"Unable to authenticate the request"})"),
        std::string("I1126 03:38:26.776766       1 h.go:1] \"HTTP\" resp=401 srcIP=\"10.0.0.1")}) {
    INFO(text);
    const auto log = read_log(text + "\n");
    CHECK(log.lines.empty());
    CHECK(log.counts.invalid == 1);
    CHECK(log.counts.lines == 1);
  }
  CHECK(read_log("{401" + std::string(100'000, '[')).counts.invalid == 1);
  CHECK(read_log(kHeader + "\"Unable to authenticate the request\" err=<\n\tx\n >\n").lines.at(0).text ==
        "an error of several lines");
}

TEST_CASE("lines beyond the bound are skipped and counted, whatever the size of the pieces") {
  const std::string huge = kHeader + std::string(10U << 20U, 'x') + structured(kExpired);
  for (const std::size_t size : {huge.size() * 2, std::size_t{4096}}) {
    ApiServerLogParser parser;
    std::size_t seen = 0;
    const auto count = [&](ApiServerLine&&) { ++seen; };
    const std::string text = huge + structured(kExpired);
    for (std::size_t i = 0; i < text.size(); i += size) parser.feed(text.substr(i, size), in_november(), count);
    CHECK(seen == 1);
    CHECK(parser.counts().too_long == 1);
    CHECK(parser.counts().lines == 2);
    parser.feed(std::string(1U << 20U, '\0'), in_november(), count);
    parser.finish(in_november(), count);
    CHECK(parser.counts().too_long == 2);
    parser.feed(structured(kExpired), in_november(), count);
    CHECK(seen == 2);
  }
}

TEST_CASE("a file that begins within a line loses that line only") {
  ApiServerLogParser parser;
  std::size_t seen = 0;
  const auto count = [&](ApiServerLine&&) { ++seen; };
  parser.begin_within_line();
  parser.feed(structured(kExpired), in_november(), count);
  CHECK(seen == 0);
  CHECK(parser.counts().lines == 0);
  parser.feed(structured(kExpired), in_november(), count);
  CHECK(seen == 1);
  parser.begin_within_line();
  parser.feed("no end", in_november(), count);
  parser.finish(in_november(), count);
  CHECK(parser.counts().lines == 1);
}

TEST_CASE("where the bytes are cut makes no difference") {
  const std::string text = mixture();
  const auto whole = read_log(text);
  REQUIRE(whole.lines.size() == 6);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ApiServerLogParser parser;
    std::vector<ApiServerLine> lines;
    const auto keep = [&](ApiServerLine&& line) { lines.push_back(std::move(line)); };
    parser.feed(std::string_view(text).substr(0, cut), in_november(), keep);
    parser.feed(std::string_view(text).substr(cut), in_november(), keep);
    parser.finish(in_november(), keep);
    REQUIRE(std::ranges::equal(lines, whole.lines, same));
    REQUIRE(parser.counts().lines == whole.counts.lines);
  }
}

TEST_CASE("damaged logs neither crash nor miscount") {
  std::mt19937 random(20241126);
  const std::string good = mixture();
  const std::string_view spice = "\"\\\n\r{}[]=<> \x00\x1b\xff:]E401PF";
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    const std::size_t damages = 1 + random() % 12;
    for (std::size_t i = 0; i < damages; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = spice[random() % spice.size()];
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 60));
          break;
        default:
          text[at] = static_cast<char>(random() % 256);
      }
    }
    const auto log = read_log(text, in_november(), {.line_bytes = 64 + random() % 400});
    REQUIRE(adds_up(log.counts));
    REQUIRE(log.lines.size() == log.counts.reasons + log.counts.requests);
    for (const auto& line : log.lines) {
      REQUIRE(line.text.size() <= 512);
      REQUIRE(is_valid_utf8(line.text));
      REQUIRE(line.pod_uid.size() <= 64);
    }
  }
}

TEST_CASE("a binary file has no lines that matter") {
  std::mt19937 random(7);
  std::string noise(1U << 20U, '\0');
  for (char& c : noise) c = static_cast<char>(random() % 256);
  const auto log = read_log(noise);
  CHECK(log.lines.empty());
  CHECK(adds_up(log.counts));
}

}  // namespace remint::detect

// From a container's log to clues.
#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "known_lines.hpp"
#include "pod_log_samples.hpp"
#include "remint/base/text.hpp"
#include "remint/detect/pod_log.hpp"

namespace remint::detect {
namespace {

using samples::stamped;

std::shared_ptr<const LinePatterns> patterns(const std::vector<std::string>& own = {}) {
  auto compiled = LinePatterns::compile(own);
  REQUIRE(compiled);
  return *compiled;
}

Time at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  REQUIRE(time);
  return *time;
}

PodLogReader reader_with(const std::vector<std::string>& own = {}, Time started = Time::min()) {
  return {{.pod_uid = "uid-1", .container = "main", .started = started}, patterns(own)};
}

/// All that a text gives, to its end.
std::vector<Clue> clues_of(std::string_view text, const std::vector<std::string>& own = {}) {
  auto reader = reader_with(own);
  std::vector<Clue> clues;
  reader.feed(text, clues);
  reader.flush(clues);
  return clues;
}

std::string second(int number) { return fmt::format("2026-11-22T07:{:02}:{:02}Z", number / 60, number % 60); }

/// The error of another request.
std::string with_id(std::string text, int number) {
  for (auto id = text.find(samples::kAuditId); id != std::string::npos; id = text.find(samples::kAuditId)) {
    text.replace(id, 2, fmt::format("{:02}", number));
  }
  return text;
}

const std::string kRefused = "error: You must be logged in to the server (Unauthorized)";

}  // namespace

TEST_CASE("each known client's error is one clue, with the Audit-Id that it prints") {
  for (const auto& error : samples::client_errors()) {
    INFO(error.text);
    const auto clues = clues_of(stamped("starting up\n" + error.text + "\ngoing on"));
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].what == error.what);
    CHECK(clues[0].audit_id == (error.names_id ? samples::kAuditId : ""));
    CHECK(clues[0].source == ClueSource::kPodLog);
    CHECK(clues[0].pod_uid == "uid-1");
    CHECK(clues[0].time == at("2026-11-22T07:40:00.123456Z"));
    CHECK(clues[0].text.size() <= Clue::kMaxText);
    CHECK_FALSE(clues[0].text.empty());
  }
}

TEST_CASE("errors that come one after the other are told one by one") {
  for (const auto& error : samples::client_errors()) {
    INFO(error.text);
    std::string all;
    for (int i = 0; i < 3; ++i) all += stamped(with_id(error.text, i));
    CHECK(clues_of(all).size() == 3);
  }
}

TEST_CASE("every row of the table has a sample") {
  std::set<std::string> seen;
  for (const auto& error : samples::client_errors()) seen.insert(error.what);
  for (const auto& known : known_lines()) {
    INFO(known.what);
    CHECK(seen.contains(std::string(known.what)));
    CHECK_FALSE(known.source.empty());
  }
}

TEST_CASE("a 401 of somebody else than the API server is no clue") {
  for (const auto& text : samples::other_lines()) {
    INFO(text);
    CHECK(clues_of(stamped(text + "\ngoing on")).empty());
  }
  std::string all;
  for (const auto& text : samples::other_lines()) all += stamped(text);
  CHECK(clues_of(all).empty());
}

TEST_CASE("wherever the bytes are cut, the clues are the same") {
  std::string all;
  for (std::size_t i = 0; i < samples::client_errors().size(); ++i) {
    all += stamped(with_id(samples::client_errors()[i].text, static_cast<int>(i)), second(static_cast<int>(3 * i)));
    all += stamped(samples::other_lines()[i % samples::other_lines().size()], second(static_cast<int>(3 * i)));
  }
  const auto whole = clues_of(all, {"no such user"});
  CHECK(whole.size() > samples::client_errors().size());
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    auto reader = reader_with({"no such user"});
    std::vector<Clue> clues;
    for (std::size_t from = 0; from < all.size();) {
      const std::size_t length = 1 + random() % (round % 2 == 0 ? 7 : 3000);
      reader.feed(std::string_view(all).substr(from, length), clues);
      from += length;
    }
    reader.flush(clues);
    REQUIRE(clues.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      REQUIRE(clues[i].what == whole[i].what);
      REQUIRE(clues[i].text == whole[i].text);
      REQUIRE(clues[i].audit_id == whole[i].audit_id);
      REQUIRE(clues[i].time == whole[i].time);
    }
  }
}

TEST_CASE("an error of one line is told at once") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(stamped(kRefused), clues);
  CHECK(clues.size() == 1);
}

TEST_CASE("an error of several lines is told with its Audit-Id, on a flush, or when later lines show that it is over") {
  const std::string head = stamped("kubernetes.client.rest.ApiException: (401)\nReason: Unauthorized", second(0));
  const std::string headers =
      "HTTP response headers: HTTPHeaderDict({'Audit-Id': '" + std::string(samples::kAuditId) + "'})";
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(head, clues);
  CHECK(clues.empty());
  SECTION("the Audit-Id, also behind other threads' lines") {
    reader.feed(stamped("another thread\nand one more\n" + headers, second(0)), clues);
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].audit_id == samples::kAuditId);
    CHECK(clues[0].text == "kubernetes.client.rest.ApiException: (401)");
    reader.feed(stamped("HTTP response body: " + samples::kStatusBody, second(0)), clues);
    CHECK(clues.size() == 1);
  }
  SECTION("a flush; what comes later is still the same error") {
    reader.flush(clues);
    CHECK(clues.size() == 1);
    reader.feed(stamped(headers + "\nHTTP response body: " + samples::kStatusBody, second(0)), clues);
    reader.flush(clues);
    CHECK(clues.size() == 1);
  }
  SECTION("a later line") {
    reader.feed(stamped("there are 3 ConfigMaps", second(3)), clues);
    CHECK(clues.size() == 1);
  }
  SECTION("many other lines") {
    for (int i = 0; i < 20; ++i) reader.feed(stamped("there are 3 ConfigMaps", second(0)), clues);
    CHECK(clues.size() == 1);
  }
}

TEST_CASE("an object that never ends is an error of its first 400 lines") {
  std::string text = stamped("{\n    statusCode: 401,\n");
  for (int i = 0; i < 1000; ++i) text += stamped("    more");
  text += stamped("    kind: 'Status',");
  CHECK(clues_of(text).empty());
}

TEST_CASE("lines of an earlier life of the container are known as such") {
  auto reader = reader_with({}, at(second(10)));
  std::vector<Clue> clues;
  reader.feed(stamped(kRefused, second(9)) + stamped(kRefused, second(10)), clues);
  REQUIRE(clues.size() == 1);
  CHECK(clues[0].time == at(second(10)));
  CHECK(reader.counts().earlier == 1);
  CHECK(reader.counts().matched == 1);
  reader.restarted(at(second(20)));
  reader.feed(stamped(kRefused, second(19)), clues);
  CHECK(clues.size() == 1);
  reader.feed(stamped(kRefused, second(21)), clues);
  CHECK(clues.size() == 2);
}

TEST_CASE("an error that the container's end cut off is of its earlier life") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(stamped("kubernetes.client.rest.ApiException: (401)", second(0)), clues);
  reader.restarted(at(second(1)));
  reader.feed(stamped("Reason: Unauthorized", second(1)), clues);
  reader.flush(clues);
  CHECK(clues.empty());
}

TEST_CASE("lines without a time that can be read are counted, and not judged") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(kRefused + "\n" + "2026-13-22T07:00:00Z " + kRefused + "\n\n \n", clues);
  reader.flush(clues);
  CHECK(clues.empty());
  CHECK(reader.counts().lines == 4);
  CHECK(reader.counts().untimed == 4);
  CHECK(reader.newest() == Time::min());
}

TEST_CASE("a line is judged by its first 16 KiB") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  const std::string filler(20'000, 'x');
  reader.feed(stamped(kRefused + filler) + stamped(filler + kRefused) + stamped(kRefused), clues);
  CHECK(clues.size() == 2);
  CHECK(reader.counts().oversize == 2);
  CHECK(reader.counts().lines == 3);
  SECTION("a line that never ends takes no more memory than that, and is one line") {
    for (int i = 0; i < 1000; ++i) reader.feed(filler, clues);
    reader.feed("\n" + stamped(kRefused), clues);
    CHECK(clues.size() == 3);
    CHECK(reader.counts().untimed == 1);
  }
}

TEST_CASE("a line that has not ended counts at a flush, once") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(second(0) + " " + kRefused, clues);
  CHECK(clues.empty());
  reader.flush(clues);
  CHECK(clues.size() == 1);
  reader.feed(" and more " + kRefused + "\n" + stamped(kRefused), clues);
  reader.flush(clues);
  CHECK(clues.size() == 2);
}

TEST_CASE("after a new connection, lines that are known are skipped") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed(stamped(kRefused, second(0)) + stamped(kRefused, second(1)) + second(2) + " cut in its mid", clues);
  CHECK(reader.newest() == at(second(1)));
  reader.reconnected();
  reader.feed(stamped(kRefused, second(0)) + stamped(kRefused, second(1)) + stamped(kRefused, second(2)), clues);
  REQUIRE(clues.size() == 3);
  CHECK(clues[2].time == at(second(2)));
  CHECK(reader.counts().lines == 3);
}

TEST_CASE("lines whose time came beside them") {
  auto reader = reader_with();
  std::vector<Clue> clues;
  reader.feed_line(at(second(5)), kRefused, clues);
  REQUIRE(clues.size() == 1);
  CHECK(clues[0].time == at(second(5)));
  CHECK(reader.newest() == at(second(5)));
}

TEST_CASE("what is kept of a line is safe to show") {
  SECTION("terminal escapes and tokens") {
    const auto clues =
        clues_of(stamped("\x1b[31mkubernetes.client.rest.ApiException: (401)\x1b[0m token=abc \x1b]0;x\x07"
                         "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA \xff\xfe"));
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].text.find('\x1b') == std::string::npos);
    CHECK(clues[0].text.find("eyJ") == std::string::npos);
    CHECK(clues[0].text.find("token=abc") == std::string::npos);
    CHECK(is_valid_utf8(clues[0].text));
  }
  SECTION("a long line: the place that matched, and never the rest of a token that was cut") {
    const std::string secret(600, 'Q');
    const auto clues =
        clues_of(stamped("{\"request\":\"Authorization: Bearer " + secret + "\",\"trace\":\"" + std::string(3000, 'x') +
                         " Bearer " + secret + "ZZZ\",\"error\":\"" + kRefused + "\"}"));
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].text.find("You must be logged in to the server") != std::string::npos);
    CHECK(clues[0].text.find("QQ") == std::string::npos);
    CHECK(clues[0].text.find("ZZZ") == std::string::npos);
    CHECK(clues[0].text.size() <= Clue::kMaxText);
  }
  SECTION("the Bearer token that client-node prints is in no clue") {
    for (const auto& error : samples::client_errors()) {
      for (const auto& clue : clues_of(stamped(error.text))) CHECK(clue.text.find("eyJ") == std::string::npos);
    }
  }
}

TEST_CASE("an error that is printed again with the same Audit-Id is the same error") {
  const auto& errors = samples::client_errors();
  const auto python = std::ranges::find_if(errors, [](const auto& e) { return e.names_id; });
  CHECK(clues_of(stamped(python->text) + stamped("The above exception was caught\n" + python->text)).size() == 1);
}

TEST_CASE("an Audit-Id of another request is not taken") {
  const std::string id(samples::kAuditId);
  for (const auto& before :
       {"I1122 07:52:21.6 1 httplog.go:132] \"HTTP\" verb=\"GET\" audit-ID=\"" + id + "\" resp=200",
        "audit-id: " + id}) {
    const auto clues = clues_of(stamped(before + "\n" + kRefused));
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].audit_id.empty());
  }
  const auto clues = clues_of(stamped("'audit-id': '" + id + "'", second(0)) +
                              stamped("  statusCode: 401,\n  kind: 'Status'", second(5)));
  REQUIRE(clues.size() == 1);
  CHECK(clues[0].audit_id.empty());
}

TEST_CASE("a policy's own patterns count beside the known lines") {
  const std::vector<std::string> own = {"(?i)token (?:rejected|refused)", "no entry"};
  auto clues = clues_of(stamped("no entry: TOKEN refused"), own);
  REQUIRE(clues.size() == 1);
  CHECK(clues[0].what == "podLog.patterns[0]");
  clues = clues_of(stamped("no entry"), own);
  REQUIRE(clues.size() == 1);
  CHECK(clues[0].what == "podLog.patterns[1]");
  CHECK(clues_of(stamped("all is well"), own).empty());
  SECTION("a known line keeps its name") {
    clues = clues_of(stamped(kRefused), {"logged in"});
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].what == "kubectl");
  }
  SECTION("a line that alone would not be enough is, when a pattern says so") {
    clues =
        clues_of(stamped("pet_client.exceptions.UnauthorizedException: (401)\nReason: Unauthorized"), {"Reason: U"});
    REQUIRE(clues.size() == 1);
    CHECK(clues[0].what == "podLog.patterns[0]");
    CHECK(clues_of(stamped("shop: (401)\nReason: Unauthorized"), {R"(shop: \(401\))"}).size() == 1);
  }
  SECTION("the lines of one error are told once") {
    for (const auto& error : samples::client_errors()) {
      INFO(error.text);
      CHECK(clues_of(stamped(error.text), {"(?i)unauthorized|401"}).size() <= 2);
    }
  }
}

TEST_CASE("patterns that are wrong or too costly are refused, all of them, by their place") {
  const std::vector<std::string> bad = {
      "ok", "(", "x*", std::string(600, 'a'), "(?:a{0,900}b{0,900}){20}", "(?=x)", R"([\pL\pN]{900})"};
  const auto problems = LinePatterns::problems(bad);
  REQUIRE(problems.size() == 6);
  CHECK(problems[0].starts_with("podLog.patterns[1]: is no RE2 pattern: "));
  CHECK(problems[1] == "podLog.patterns[2]: matches the empty line, and so every line");
  CHECK(problems[2] == "podLog.patterns[3]: is longer than 512 bytes");
  CHECK(problems[3].starts_with("podLog.patterns[4]: is "));
  CHECK(problems[4].starts_with("podLog.patterns[5]: is no RE2 pattern: "));
  CHECK(problems[5] == "podLog.patterns[6]: is too costly: make its repetitions shorter");
  const auto compiled = LinePatterns::compile(bad);
  REQUIRE_FALSE(compiled);
  CHECK(compiled.error().message == problems[0]);
  CHECK(LinePatterns::problems(std::vector<std::string>(31, "x")).size() == 1);
  CHECK(LinePatterns::problems(std::vector<std::string>(30, "x{1000}")).size() == 1);
  CHECK(LinePatterns::problems(std::vector<std::string>(30, "(?i)some words of a library that was refused")).empty());
  SECTION("a pattern cannot reach into the next one") {
    CHECK(clues_of(stamped("b"), {R"(\Qa)", "b"}).size() == 1);
    CHECK_FALSE(LinePatterns::compile(std::vector<std::string>{"a)(b"}));
  }
}

TEST_CASE("random bytes, and known errors with damage, do no harm and cost bounded memory") {
  std::mt19937 random(11);
  std::string all;
  for (const auto& error : samples::client_errors()) all += stamped(error.text);
  for (const auto& text : samples::other_lines()) all += stamped(text);
  for (int round = 0; round < 60; ++round) {
    std::string text = all;
    for (int i = 0; i < 200; ++i) {
      const std::size_t where = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[where] = static_cast<char>(random());
          break;
        case 1:
          text.erase(where, random() % 80);
          break;
        case 2:
          text.insert(where, text.substr(random() % text.size(), random() % 80));
          break;
        default:
          text.insert(where, 1, "\n\0\r\x1b"[random() % 4]);
          break;
      }
    }
    auto once = reader_with();
    auto cut = reader_with();
    std::vector<Clue> expected;
    std::vector<Clue> clues;
    once.feed(text, expected);
    once.flush(expected);
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t length = 1 + random() % 500;
      cut.feed(std::string_view(text).substr(from, length), clues);
      from += length;
    }
    cut.flush(clues);
    REQUIRE(clues.size() == expected.size());
    for (const auto& clue : clues) {
      REQUIRE(clue.text.size() <= Clue::kMaxText);
      REQUIRE(is_valid_utf8(clue.text));
    }
    REQUIRE(once.counts().lines == cut.counts().lines);
    REQUIRE(once.counts().untimed == cut.counts().untimed);
  }
}

}  // namespace remint::detect

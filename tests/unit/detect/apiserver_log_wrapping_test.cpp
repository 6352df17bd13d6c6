// Container runtimes' wrappers, and the time that klog does not tell.
#include <catch2/catch.hpp>

#include "apiserver_log_reader.hpp"

namespace remint::detect {
namespace {

using namespace testing;

const std::string kLine = structured(listed("service account token has expired"));
const std::string kBare = kLine.substr(0, kLine.size() - 1);

/// As docker's json-file driver writes it.
std::string docker(std::string_view text, bool ends = true) {
  const std::string open = quoted(text);
  return R"({"log":)" + open.substr(0, open.size() - 1) + (ends ? "\\n" : "") +
         R"(","stream":"stderr","time":"2024-11-26T03:38:26.777123456Z"})" + "\n";
}

Time time_of(std::string_view stamp, const LogClock& clock) {
  std::string line = kLine;
  line.replace(1, stamp.size(), stamp);
  return read_log(line, clock).lines.at(0).time;
}

}  // namespace

TEST_CASE("the prefix of CRI logs, of kubectl logs --timestamps, and docker's wrapper") {
  for (const auto& text :
       {"2024-11-26T03:38:26.777123456Z stderr F " + kLine, "2024-11-26T03:38:26.777123456Z stdout F:x " + kLine,
        "2024-11-26T05:38:26.777123456+02:00 stderr F " + kLine, "2024-11-26T03:38:26.777123456Z " + kLine,
        "2024-11-26T03:38:26.777Z stderr F " + as_json(listed("service account token has expired")), docker(kBare),
        kBare + "\r\n"}) {
    INFO(text);
    const auto log = read_log(text);
    REQUIRE(log.lines.size() == 1);
    CHECK(log.lines[0].diagnosis == Diagnosis::kExpired);
    CHECK(log.lines[0].time == at("2024-11-26T03:38:26.776766Z"));
  }
}

TEST_CASE("the runtime's time settles year and zone, klog's gives the microseconds") {
  const auto read = [](const std::string& text, Duration offset = {}) {
    return read_log(text, {.reference = at("2031-06-01T00:00:00Z"), .utc_offset = offset}).lines.at(0).time;
  };
  const Time expected = at("2024-11-26T03:38:26.776766Z");
  CHECK(read("2024-11-26T03:38:26.900000000Z stderr F " + kLine) == expected);
  CHECK(read("2024-11-26T03:38:56.900000000Z stderr F " + kLine) == expected);  // read late
  CHECK(read("2024-11-26T03:38:26.900000000Z stderr F " + kLine, std::chrono::hours(5)) == expected);
  // klog in a zone that nobody told us of: +05:45, -08:00
  CHECK(read("2024-11-25T21:53:26.900000000Z stderr F " + kLine) == at("2024-11-25T21:53:26.776766Z"));
  CHECK(read("2024-11-26T11:38:26.900000000Z stderr F " + kLine) == at("2024-11-26T11:38:26.776766Z"));
  // no zone explains this
  CHECK(read("2024-12-24T03:38:26.900000999Z stderr F " + kLine) == at("2024-12-24T03:38:26.900000Z"));
}

TEST_CASE("without it the year is the one that comes closest, and the zone is told") {
  const auto reference = [](std::string_view text) { return LogClock{.reference = at(text)}; };
  CHECK(time_of("1231 23:59:59.999999", reference("2027-01-01T00:00:05Z")) == at("2026-12-31T23:59:59.999999Z"));
  CHECK(time_of("0101 00:00:00.000001", reference("2026-12-31T23:59:59Z")) == at("2027-01-01T00:00:00.000001Z"));
  CHECK(time_of("0701 00:00:00.000000", reference("2026-07-02T00:00:00Z")) == at("2026-07-01T00:00:00Z"));
  CHECK(time_of("0229 12:00:00.000000", reference("2027-06-01T00:00:00Z")) == at("2028-02-29T12:00:00Z"));
  const LogClock east{.reference = at("2026-07-01T00:00:00Z"), .utc_offset = std::chrono::hours(2)};
  CHECK(time_of("0701 01:30:00.000000", east) == at("2026-06-30T23:30:00Z"));
  const LogClock west{.reference = at("2027-01-01T03:00:00Z"), .utc_offset = std::chrono::hours(-5)};
  CHECK(time_of("1231 22:00:00.000000", west) == at("2027-01-01T03:00:00Z"));
}

TEST_CASE("JSON's milliseconds keep their microseconds, cut and not rounded") {
  const auto read = [](std::string ts) {
    return read_log(R"({"ts":)" + ts + R"(,"msg":"Unable to authenticate the request","err":"x"})").lines.at(0).time;
  };
  CHECK(read("1732592306776.766") == at("2024-11-26T03:38:26.776766Z"));
  CHECK(read("1732592306776.7668") == at("2024-11-26T03:38:26.776766Z"));
  CHECK(read("1732592306776") == at("2024-11-26T03:38:26.776Z"));
  for (int i = 0; i < 1000; ++i) {
    const Time expected = at("2024-11-26T03:38:26Z") + Duration(i);
    std::string digits = std::to_string(i);
    digits.insert(0, 3 - digits.size(), '0');
    CHECK(read("1732592306000." + digits) == expected);
  }
}

TEST_CASE("a line without a usable time is invalid") {
  for (const std::string stamp :
       {"1326 03:38:26.776766", "0026 03:38:26.776766", "1100 03:38:26.776766", "1131 03:38:26.776766",
        "1126 24:38:26.776766", "1126 03:60:26.776766", "1126 03:38:61.776766", "1126 03:38:26.77676x",
        "0230 03:38:26.776766", "---- --:--:--.------"}) {
    INFO(stamp);
    std::string line = kLine;
    line.replace(1, stamp.size(), stamp);
    const auto log = read_log(line);
    CHECK(log.lines.empty());
    CHECK(log.counts.invalid == 1);
  }
  for (const std::string ts : {"null", "\"x\"", "-1", "1e300", "0", "[]"}) {
    INFO(ts);
    const auto log = read_log(R"({"ts":)" + ts + R"(,"msg":"Unable to authenticate the request","err":"x"})");
    CHECK(log.lines.empty());
    CHECK(log.counts.invalid == 1);
  }
  CHECK(read_log(R"({"msg":"Unable to authenticate the request","err":"x"})").counts.invalid == 1);
}

TEST_CASE("pieces that the runtime cut are one line; the streams' pieces are kept apart") {
  const std::string first = kBare.substr(0, 70);
  const std::string second = kBare.substr(70, 20);
  const std::string third = kBare.substr(90);
  const std::string prefix = "2024-11-26T03:38:26.777Z ";
  const auto log = read_log(prefix + "stderr P " + first + "\n" + prefix + "stdout P something else\n" + prefix +
                            "stderr P " + second + "\n" + prefix + "stdout F \n" + prefix + "stderr F " + third + "\n");
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].diagnosis == Diagnosis::kExpired);
  CHECK(log.counts.lines == 2);

  const auto joined =
      read_log(docker(first, false) + docker(second, false) + docker(third) + docker("I1126 quite another line"));
  REQUIRE(joined.lines.size() == 1);
  CHECK(joined.lines[0].diagnosis == Diagnosis::kExpired);
  CHECK(joined.counts.lines == 2);
}

TEST_CASE("pieces without an end are bounded, and read at the end") {
  const std::string prefix = "2024-11-26T03:38:26.777Z stderr P ";
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += prefix + std::string(100, 'x') + "\n";
  const auto log =
      read_log(endless + "2024-11-26T03:38:26.777Z stderr F x\n" + prefix + kLine, in_november(), {.line_bytes = 1000});
  CHECK(log.counts.too_long == 1);
  CHECK(log.counts.lines == 2);
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].diagnosis == Diagnosis::kExpired);
}

}  // namespace remint::detect

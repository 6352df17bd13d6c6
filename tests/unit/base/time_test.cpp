#include "remint/base/time.hpp"

#include <catch2/catch.hpp>

namespace remint {
namespace {

std::int64_t micros(std::string_view text) {
  const auto time = parse_rfc3339(text);
  INFO("text: " << text);
  REQUIRE(time);
  return time->time_since_epoch().count();
}

TEST_CASE("RFC 3339 times are read to the microsecond") {
  CHECK(micros("1970-01-01T00:00:00Z") == 0);
  CHECK(micros("2026-07-01T10:27:28Z") == 1'782'901'648'000'000);
  CHECK(micros("2026-07-01T10:27:28.826058Z") == 1'782'901'648'826'058);
  CHECK(micros("2026-07-01t10:27:28z") == micros("2026-07-01T10:27:28Z"));
}

TEST_CASE("a fraction has one to nine digits, and what is finer than a microsecond is cut") {
  const std::int64_t whole = micros("2026-07-01T10:27:28Z");
  CHECK(micros("2026-07-01T10:27:28.1Z") == whole + 100'000);
  CHECK(micros("2026-07-01T10:27:28.000001Z") == whole + 1);
  CHECK(micros("2026-07-01T10:27:28.123456789Z") == whole + 123'456);
  CHECK(micros("2026-07-01T10:27:28.999999999Z") == whole + 999'999);
}

TEST_CASE("offsets are subtracted, also over midnight and the turn of the year") {
  CHECK(micros("2026-07-01T12:27:28+02:00") == micros("2026-07-01T10:27:28Z"));
  CHECK(micros("2026-07-01T00:00:00-00:00") == micros("2026-07-01T00:00:00Z"));
  CHECK(micros("2025-12-31T23:30:00-01:00") == micros("2026-01-01T00:30:00Z"));
  CHECK(micros("2026-01-01T05:44:59+05:45") == micros("2025-12-31T23:59:59Z"));
}

TEST_CASE("leap days and leap seconds are known") {
  CHECK(micros("2024-02-29T00:00:00Z") + 86'400'000'000 == micros("2024-03-01T00:00:00Z"));
  CHECK(micros("2000-02-29T00:00:00Z") > 0);
  CHECK(micros("2016-12-31T23:59:60Z") == micros("2017-01-01T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2023-02-29T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2100-02-29T00:00:00Z"));
}

TEST_CASE("what is not an RFC 3339 time is refused") {
  const std::string text = GENERATE(
      as<std::string>(), "", "2026", "2026-07-01", "2026-07-01T10:27Z", "2026-07-01 10:27:28Z", "2026-07-01T10:27:28",
      "2026-07-01T10:27:28ZZ", "2026-07-01T10:27:28Z ", " 2026-07-01T10:27:28Z", "2026-7-01T10:27:28Z",
      "2026-13-01T10:27:28Z", "2026-00-01T10:27:28Z", "2026-04-31T10:27:28Z", "2026-07-00T10:27:28Z",
      "2026-07-01T24:00:00Z", "2026-07-01T10:60:00Z", "2026-07-01T10:27:61Z", "2026-07-01T10:27:28.Z",
      "2026-07-01T10:27:28.1234567890Z", "2026-07-01T10:27:28+2:00", "2026-07-01T10:27:28+02",
      "2026-07-01T10:27:28+0200", "2026-07-01T10:27:28+24:00", "2026-07-01T10:27:28+02:60", "2026-07-01T10:27:28,5Z",
      "-026-07-01T10:27:28Z", "+2026-07-01T10:27:28Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01", std::string("2026-07-01T10:27:28Z\0", 21),
      "20\xff"
      "6-07-01T10:27:28Z");
  CAPTURE(text);
  CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("times are printed as Kubernetes prints them") {
  const Time time = parse_rfc3339("2026-07-01T10:27:28.000058Z").value();
  CHECK(format_rfc3339(time) == "2026-07-01T10:27:28Z");
  CHECK(format_rfc3339_micro(time) == "2026-07-01T10:27:28.000058Z");
  CHECK(format_rfc3339(Time{}) == "1970-01-01T00:00:00Z");
}

TEST_CASE("a printed time is read back as the same time") {
  const std::int64_t step = 123'456'789'012'345;  // a prime-like stride of about four years over the whole range
  for (std::int64_t us = 0; us < 253'402'300'800'000'000; us += step) {
    const Time time{Duration(us)};
    REQUIRE(parse_rfc3339(format_rfc3339_micro(time)) == time);
  }
}

TEST_CASE("times that RFC 3339 cannot write are printed as the nearest that it can") {
  CHECK(format_rfc3339(Time::min()) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339_micro(Time::max()) == "9999-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace remint

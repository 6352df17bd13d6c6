#include <catch2/catch.hpp>

#include "remint/base/time.hpp"

namespace remint {
namespace {

using namespace std::chrono_literals;

TEST_CASE("durations are read as Go reads them") {
  const auto [text, expected] = GENERATE(table<std::string, Duration>({
      {"0", 0s},
      {"0s", 0s},
      {"30s", 30s},
      {"1h30m", 90min},
      {"1.5h", 90min},
      {".5s", 500ms},
      {"5.s", 5s},
      {"250ms", 250ms},
      {"1h0m0.25s", 1h + 250ms},
      {"10us", 10us},
      {"10\u00b5s", 10us},
      {"10\u03bcs", 10us},
      {"1500ns", 1us},
      {"999ns", 0us},
      {"30m1h", 90min},
      {"72h", 72h},
      {"876000h", 876'000h},
      {"0.000001s", 1us},
      {"1.0000000000000000000000000000000000001s", 1s},
  }));
  CAPTURE(text);
  const auto parsed = parse_duration(text);
  REQUIRE(parsed);
  CHECK(*parsed == expected);
}

TEST_CASE("what is not a duration is refused with advice") {
  const std::string text =
      GENERATE(as<std::string>(), "", " ", "30", "1h30", "-1h", "+1h", "1d", "1 h", "1h ", "h", ".", ".s", "1..5s",
               "1,5s", "1e3s", "0x10s", "inf", "nan", "876001h", "9223372036854775807s", "99999999999999999999999h",
               "876000h1m", "1H", "1hs", std::string("1h\0", 3), "1\xff", std::string(100'000, '9') + "s");
  CAPTURE(text.substr(0, 40));
  const auto parsed = parse_duration(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == ErrorCode::kInvalid);
  CHECK(parsed.error().message.size() < 250);
  CHECK((parsed.error().message.find("write a duration such as 30s") != std::string::npos));
}

TEST_CASE("each mistake in a duration is named") {
  CHECK(parse_duration("30").error().message.starts_with("\"30\" has a number without a unit"));
  CHECK(parse_duration("1d").error().message.starts_with("\"1d\" has an unknown unit"));
  CHECK(parse_duration("-1h").error().message.starts_with("\"-1h\" has a sign"));
  CHECK(parse_duration("876001h").error().message.starts_with("\"876001h\" is longer than 100 years"));
}

TEST_CASE("durations are printed in the shortest exact form, which reads back") {
  const auto [duration, expected] = GENERATE(table<Duration, std::string>({
      {0s, "0s"},
      {1us, "1us"},
      {1500us, "1.5ms"},
      {250ms, "250ms"},
      {1s, "1s"},
      {2500ms, "2.5s"},
      {60s, "1m"},
      {90s, "1m30s"},
      {10min, "10m"},
      {90min, "1h30m"},
      {24h, "24h"},
      {1h + 1s, "1h1s"},
      {1h + 1us, "1h0.000001s"},
  }));
  CHECK(format_duration(duration) == expected);
  CHECK(parse_duration(expected).value() == duration);
}

TEST_CASE("negative durations are printed with a sign, the smallest one too") {
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(Duration::min()).starts_with("-2562047788h"));
  CHECK(humanize(-90s) == "-1 min 30 s");
  CHECK(humanize(Duration::min()).starts_with("-106751991 d"));
}

TEST_CASE("people get two units at most") {
  const auto [duration, expected] = GENERATE(table<Duration, std::string>({
      {0s, "0 s"},
      {999us, "0 s"},
      {250ms, "250 ms"},
      {12s, "12 s"},
      {12'900ms, "12 s"},
      {60s, "1 min"},
      {125s, "2 min 5 s"},
      {1h, "1 h"},
      {1h + 5s, "1 h"},
      {1h + 59min + 59s, "1 h 59 min"},
      {76h + 30min, "3 d 4 h"},
      {24h + 59min, "1 d"},
  }));
  CHECK(humanize(duration) == expected);
}

}  // namespace
}  // namespace remint

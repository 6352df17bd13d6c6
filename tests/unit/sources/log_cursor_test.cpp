#include "log_cursor.hpp"

#include <catch2/catch.hpp>

namespace remint::sources {
namespace {

std::string feed(LogCursor& cursor, std::string_view text, std::size_t step = 1'000) {
  std::string kept;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    cursor.feed(text.substr(0, step), [&](std::string_view part) { kept += part; });
  }
  return kept;
}

const std::string kOne = "2026-11-22T10:00:00.123456789Z one\n", kTwo = "2026-11-22T10:00:00.12345679Z two\n",
                  kThree = "2026-11-22T10:00:01Z three\n";

}  // namespace

TEST_CASE("a log that is read from a whole second again gives each line once", "[cursor]") {
  const auto step = GENERATE(1U, 7U, 1000U);
  LogCursor cursor;
  CHECK(feed(cursor, kOne + kTwo, step) == kOne + kTwo);
  cursor.resume();
  CHECK(feed(cursor, kOne + kTwo + kThree, step) == kThree);
  cursor.resume();
  CHECK(feed(cursor, kThree, step).empty());
}

TEST_CASE("lines of the same nanosecond are counted", "[cursor]") {
  LogCursor cursor;
  (void)feed(cursor, kOne + kOne);
  cursor.resume();
  CHECK(feed(cursor, kOne + kOne + kOne + kTwo) == kOne + kTwo);
  cursor.resume();
  CHECK(feed(cursor, kTwo).empty());
}

TEST_CASE("a line that was cut comes again", "[cursor]") {
  LogCursor cursor;
  CHECK(feed(cursor, kOne + kTwo.substr(0, 32)) == kOne + kTwo.substr(0, 32));
  cursor.resume();
  CHECK(feed(cursor, kOne + kTwo) == kTwo);
}

TEST_CASE("within a stream nothing is left out, whatever its times", "[cursor]") {
  LogCursor cursor;
  const std::string all = kThree + kOne + "no time\n\n" + std::string(100, 'x') + "\n" + kTwo;
  CHECK(feed(cursor, all) == all);
  CHECK(cursor.newest()->time == parse_rfc3339("2026-11-22T10:00:01Z"));
}

TEST_CASE("nanoseconds are read as Go writes them", "[cursor]") {
  const auto nanos = [](const char* text) { return LineStamp::parse(text).value().nanos; };
  CHECK(nanos("2026-11-22T10:00:00.123456789Z") == 789);
  CHECK(nanos("2026-11-22T10:00:00.1234567+02:00") == 700);
  CHECK(nanos("2026-11-22T10:00:00.1Z") == 0);
  CHECK(nanos("2026-11-22T10:00:00Z") == 0);
  CHECK_FALSE(LineStamp::parse("E1122"));
}

}  // namespace remint::sources

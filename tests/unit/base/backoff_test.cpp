#include "remint/base/backoff.hpp"

#include <catch2/catch.hpp>

namespace remint {
namespace {

using std::chrono::milliseconds;

TEST_CASE("without jitter the delay doubles up to its maximum") {
  Backoff backoff({.initial = milliseconds(100), .max = milliseconds(1000), .factor = 2, .jitter = 0});
  CHECK(backoff.next(0.9) == milliseconds(100));
  CHECK(backoff.next(0.1) == milliseconds(200));
  CHECK(backoff.next(0.5) == milliseconds(400));
  CHECK(backoff.next(0.5) == milliseconds(800));
  CHECK(backoff.next(0.5) == milliseconds(1000));
  CHECK(backoff.next(0.5) == milliseconds(1000));
  CHECK(backoff.attempts() == 6);
}

TEST_CASE("jitter spreads the delay on both sides, and never above the maximum") {
  const BackoffSettings settings{.initial = milliseconds(100), .max = milliseconds(120), .factor = 2, .jitter = 0.5};
  CHECK(Backoff(settings).next(0) == milliseconds(50));
  CHECK(Backoff(settings).next(0.5) == milliseconds(100));
  CHECK(Backoff(settings).next(0.999) == milliseconds(120));
}

TEST_CASE("after a reset the delay starts again") {
  Backoff backoff({.jitter = 0});
  const auto first = backoff.next(0);
  CHECK(backoff.next(0) > first);
  backoff.reset();
  CHECK(backoff.attempts() == 0);
  CHECK(backoff.next(0) == first);
}

TEST_CASE("a million attempts neither overflow nor stop waiting") {
  Backoff backoff;
  milliseconds last{};
  for (int i = 0; i < 1'000'000; ++i) {
    last = backoff.next(0.5);
  }
  CHECK(last == BackoffSettings{}.max);
}

TEST_CASE("random numbers stay inside their interval and differ") {
  bool differ = false;
  const double first = random_unit();
  for (int i = 0; i < 1000; ++i) {
    const double value = random_unit();
    REQUIRE(value >= 0.0);
    REQUIRE(value < 1.0);
    differ = differ || value != first;
  }
  CHECK(differ);
}

}  // namespace
}  // namespace remint

#include "remint/base/clock.hpp"

#include <catch2/catch.hpp>
#include <thread>

namespace remint {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the machine's clocks tell a plausible time and do not go back") {
  const Clock& clock = system_clock();
  CHECK(clock.now() > parse_rfc3339("2024-01-01T00:00:00Z").value());
  const auto before = clock.steady_now();
  CHECK(clock.steady_now() >= before);
}

TEST_CASE("a sleep lasts at least as long as asked") {
  const auto before = system_clock().steady_now();
  CHECK(sleep_for(20ms, std::stop_token{}));
  CHECK(system_clock().steady_now() - before >= 20ms);
}

TEST_CASE("a sleep of a century ends at once when a stop is requested") {
  std::stop_source source;
  bool slept_through = true;
  const auto before = system_clock().steady_now();
  std::thread sleeper([&] { slept_through = sleep_for(Duration::max(), source.get_token()); });
  source.request_stop();
  sleeper.join();
  CHECK_FALSE(slept_through);
  CHECK(system_clock().steady_now() - before < 60s);
}

TEST_CASE("a sleep does not begin after a stop, nor with a negative duration") {
  std::stop_source source;
  CHECK(sleep_for(-1s, source.get_token()));
  source.request_stop();
  CHECK_FALSE(sleep_for(1h, source.get_token()));
}

}  // namespace
}  // namespace remint

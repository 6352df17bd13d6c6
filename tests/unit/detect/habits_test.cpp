#include "habits.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;

namespace {

constexpr Fold kAddress = 1, kAgent = 2, kShape = 3;
Time at(Duration offset) { return Time{} + 1h + offset; }

}  // namespace

TEST_CASE("A habit counts once a second, and knows how often its client calls") {
  Habits habits;
  for (Duration t{}; t <= 60s; t += 100ms) {
    habits.learn(kAddress, kAgent, kShape, at(t), at(t));
  }
  REQUIRE(habits.all().size() == 1);
  CHECK(habits.all()[0].count == 61);
  const auto seen = resemblance(habits, kAddress, kAgent, kShape);
  CHECK(seen.match == Resemblance::Match::kExact);
  CHECK(seen.interval == 1s);
  CHECK(seen.last == at(60s));
}

TEST_CASE("The same successes in another order leave the same habits") {
  std::vector<Duration> times;
  for (int i = 0; i < 50; ++i) {
    times.push_back(i * 7s);
  }
  Habits forward;
  Habits backward;
  for (const Duration t : times) {
    forward.learn(kAddress, kAgent, kShape, at(t), at(t));
  }
  std::ranges::reverse(times);
  for (const Duration t : times) {
    backward.learn(kAddress, kAgent, kShape, at(t), at(t));
  }
  CHECK(forward.all()[0].count == backward.all()[0].count);
  CHECK(forward.all()[0].first == backward.all()[0].first);
  CHECK(forward.all()[0].last == backward.all()[0].last);
}

TEST_CASE("A pod with a million user agents keeps a dozen habits, the newest") {
  Habits habits;
  for (Fold agent = 0; agent < 1'000'000; ++agent) {
    habits.learn(kAddress, agent, kShape, at(std::chrono::milliseconds(agent)), at(0s));
  }
  CHECK(habits.all().size() == Habits::kMax);
  CHECK(habits.know(999'999));
  CHECK_FALSE(habits.know(0));
}

TEST_CASE("What resembles less is said to resemble less") {
  Habits habits;
  habits.learn(kAddress, kAgent, kShape, at(0s), at(5s));
  using Match = Resemblance::Match;
  CHECK(resemblance(habits, kAddress, kAgent, 99).match == Match::kAgentHere);
  CHECK(resemblance(habits, 99, kAgent, kShape).match == Match::kAgentElsewhere);
  CHECK(resemblance(habits, kAddress, 99, kShape).match == Match::kNone);
  CHECK(resemblance(habits, kAddress, kAgent, kShape).ended == at(5s));
}

TEST_CASE("Old habits are forgotten") {
  Habits habits;
  habits.learn(kAddress, kAgent, kShape, at(0s), at(0s));
  habits.learn(kAddress, 99, kShape, at(1h), at(1h));
  habits.forget_before(at(30min));
  CHECK_FALSE(habits.know(kAgent));
  CHECK(habits.know(99));
}

#include "remint/runtime/manager.hpp"

#include <catch2/catch.hpp>

#include "support/manual_clock.hpp"

using namespace remint;
using namespace std::chrono_literals;
using remint::testing::ManualClock;
using runtime::Manager;

namespace {

struct Fixture {
  ManualClock clock;
  std::vector<std::string> log;
  std::vector<std::chrono::milliseconds> deadlines;
  Manager manager{clock};

  void add(const std::string& name, std::chrono::milliseconds stop_takes = 0ms, bool starts = true) {
    manager.add({name,
                 [this, name, starts]() -> Result<void> {
                   log.push_back("start " + name);
                   if (!starts) return fail(ErrorCode::kUnavailable, "the port is taken");
                   return {};
                 },
                 [this, name, stop_takes](std::chrono::milliseconds deadline) {
                   log.push_back("stop " + name);
                   deadlines.push_back(deadline);
                   clock.advance(stop_takes);
                 }});
  }
};

}  // namespace

TEST_CASE("Parts start in order and stop in reverse") {
  Fixture f;
  f.add("a");
  f.add("b");
  f.add("c");
  CHECK(f.manager.start());
  f.manager.stop(10s);
  CHECK(f.log == std::vector<std::string>{"start a", "start b", "start c", "stop c", "stop b", "stop a"});
  f.manager.stop(10s);
  CHECK(f.log.size() == 6);
}

TEST_CASE("A part that fails to start stops those before it, and is named") {
  Fixture f;
  f.add("a");
  f.add("b", 0ms, false);
  f.add("c");
  const auto started = f.manager.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message == "b: the port is taken");
  CHECK(started.error().code == ErrorCode::kUnavailable);
  CHECK(f.log == std::vector<std::string>{"start a", "start b", "stop a"});
}

TEST_CASE("The grace period is shared: a slow part leaves little, but something, to the rest") {
  Fixture f;
  f.add("lease");
  f.add("fast");
  f.add("slow", 60s);
  CHECK(f.manager.start());
  f.manager.stop(10s);
  CHECK(f.deadlines == std::vector<std::chrono::milliseconds>{9600ms, 0ms, 0ms});
}

TEST_CASE("A part that keeps to its deadline leaves the reserve to those after it") {
  Fixture f;
  f.add("lease");
  f.add("fast");
  f.add("slow", 9600ms);
  CHECK(f.manager.start());
  f.manager.stop(10s);
  CHECK(f.deadlines == std::vector<std::chrono::milliseconds>{9600ms, 200ms, 400ms});
}

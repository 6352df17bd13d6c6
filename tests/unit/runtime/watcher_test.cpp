#include "remint/runtime/watcher.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using remint::BackoffSettings;
using remint::Error;
using remint::ErrorCode;
using remint::runtime::Watcher;

namespace {

constexpr BackoffSettings kPlain{.initial = 1000ms, .max = 30'000ms, .factor = 2.0, .jitter = 0.0};

Watcher::Failed failed(ErrorCode code, std::uint32_t retry_after = 0) {
  Error error{.code = code, .message = "x"};
  error.retry_after_seconds = retry_after;
  return {error};
}

std::chrono::milliseconds pause(const Watcher::Action& action) {
  REQUIRE(std::holds_alternative<Watcher::Pause>(action));
  return std::get<Watcher::Pause>(action).delay;
}

std::string watched(const Watcher::Action& action) {
  REQUIRE(std::holds_alternative<Watcher::Watch>(action));
  return std::get<Watcher::Watch>(action).resource_version;
}

bool lists(const Watcher::Action& action) { return std::holds_alternative<Watcher::List>(action); }

/// One that has listed at version 5 and watches since `now`.
Watcher watching(std::chrono::nanoseconds now) {
  Watcher watcher(kPlain);
  CHECK(watched(watcher.step(Watcher::Listed{"5"}, now, 0)) == "5");
  return watcher;
}

}  // namespace

TEST_CASE("A watcher lists first and is synced only when the list was whole") {
  Watcher watcher(kPlain);
  CHECK(lists(watcher.start()));
  CHECK_FALSE(watcher.synced());
  CHECK(pause(watcher.step(failed(ErrorCode::kUnavailable), 1s, 0)) == 1s);
  CHECK_FALSE(watcher.synced());
  CHECK(lists(watcher.resume()));
  CHECK(watched(watcher.step(Watcher::Listed{"5"}, 2s, 0)) == "5");
  CHECK(watcher.synced());
}

TEST_CASE("A list without a resourceVersion is a failure") {
  Watcher watcher(kPlain);
  CHECK(pause(watcher.step(Watcher::Listed{""}, 1s, 0)) == 1s);
  CHECK(lists(watcher.resume()));
  CHECK_FALSE(watcher.synced());
}

TEST_CASE("Events and bookmarks move the version from which a cut watch goes on") {
  auto watcher = watching(0s);
  CHECK(std::holds_alternative<Watcher::Continue>(watcher.step(Watcher::Seen{"6"}, 1s, 0)));
  CHECK(std::holds_alternative<Watcher::Continue>(watcher.step(Watcher::Seen{"9"}, 2s, 0)));
  CHECK(std::holds_alternative<Watcher::Continue>(watcher.step(Watcher::Seen{""}, 3s, 0)));
  CHECK(pause(watcher.step(failed(ErrorCode::kUnavailable), 4s, 0)) == 1s);
  CHECK(watched(watcher.resume()) == "9");
}

TEST_CASE("A watch that the server ends is opened again at once") {
  auto watcher = watching(0s);
  CHECK(watched(watcher.step(Watcher::WatchEnded{}, 290s, 0)) == "5");
  CHECK(watched(watcher.step(Watcher::WatchEnded{}, 580s, 0)) == "5");
}

TEST_CASE("A server that ends every watch at once is not asked in a tight loop") {
  auto watcher = watching(100s);
  CHECK(pause(watcher.step(Watcher::WatchEnded{}, 100s + 1ms, 0)) == 1s);
  CHECK(watched(watcher.resume()) == "5");
  CHECK(pause(watcher.step(Watcher::WatchEnded{}, 101s + 2ms, 0)) == 2s);
  CHECK(pause(watcher.step(Watcher::WatchEnded{}, 103s + 3ms, 0)) == 4s);
}

TEST_CASE("After an expired version the watcher lists at once, but waits when it happens again") {
  auto watcher = watching(1000s);
  CHECK(lists(watcher.step(failed(ErrorCode::kGone), 1100s, 0)));
  CHECK(watcher.synced());  // what is known stays known while it lists
  CHECK(watched(watcher.step(Watcher::Listed{"8"}, 1101s, 0)) == "8");
  CHECK(pause(watcher.step(failed(ErrorCode::kGone), 1102s, 0)) == 2s);
  CHECK(lists(watcher.resume()));
}

TEST_CASE("Which failures of a watch make it list again") {
  struct Row {
    ErrorCode code;
    bool lists;
  };
  const auto row = GENERATE(values<Row>({{ErrorCode::kGone, true},
                                         {ErrorCode::kNotFound, true},
                                         {ErrorCode::kInvalid, true},
                                         {ErrorCode::kTooLarge, true},
                                         {ErrorCode::kInternal, true},
                                         {ErrorCode::kTimeout, false},
                                         {ErrorCode::kUnavailable, false},
                                         {ErrorCode::kTooMany, false},
                                         {ErrorCode::kUnauthorized, false},
                                         {ErrorCode::kForbidden, false}}));
  INFO(remint::to_string(row.code));
  auto watcher = watching(0s);
  static_cast<void>(watcher.step(failed(row.code), 10s, 0));
  CHECK(lists(watcher.resume()) == row.lists);
}

TEST_CASE("Delays grow, have a ceiling, and start again after two quiet minutes") {
  auto watcher = watching(0s);
  std::chrono::nanoseconds now = 10s;
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    CHECK(pause(watcher.step(failed(ErrorCode::kUnavailable), now, 0)) == expected);
    now += 31s;
  }
  CHECK(pause(watcher.step(failed(ErrorCode::kUnavailable), now + 90s, 0)) == 1s);
}

TEST_CASE("Retry-After is obeyed when longer than the delay, within reason") {
  auto watcher = watching(0s);
  CHECK(pause(watcher.step(failed(ErrorCode::kTooMany, 7), 10s, 0)) == 7s);
  CHECK(pause(watcher.step(failed(ErrorCode::kTooMany, 1), 20s, 0)) == 2s);
  CHECK(pause(watcher.step(failed(ErrorCode::kTooMany, 4'000'000'000U), 30s, 0)) == Watcher::kLongestPause);
}

TEST_CASE("Jitter comes from the number passed in") {
  BackoffSettings jittered = kPlain;
  jittered.jitter = 0.5;
  Watcher low(jittered);
  Watcher high(jittered);
  CHECK(pause(low.step(failed(ErrorCode::kUnavailable), 1s, 0.0)) == 500ms);
  CHECK(pause(high.step(failed(ErrorCode::kUnavailable), 1s, 1.0)) == 1500ms);
}

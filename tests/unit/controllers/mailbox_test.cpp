#include "remint/controllers/mailbox.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "remint/controllers/detection_engine.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace std::chrono_literals;

namespace {
std::chrono::steady_clock::time_point in(std::chrono::milliseconds delay) {
  return std::chrono::steady_clock::now() + delay;
}
}  // namespace

TEST_CASE("messages come out in the order in which they were posted") {
  Mailbox box;
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) REQUIRE(box.post([&seen, i](DetectionEngine&, Time) { seen.push_back(i); }));
  DetectionEngine engine({});
  for (auto& message : box.wait(in(5s))) message(engine, Time{});
  CHECK(seen == std::vector{0, 1, 2});
}

TEST_CASE("who posts to a full box waits until there is room") {
  Mailbox box(1);
  REQUIRE(box.post([](DetectionEngine&, Time) {}));
  std::atomic<bool> posted = false;
  std::jthread poster([&] {
    box.post([](DetectionEngine&, Time) {});
    posted = true;
  });
  CHECK_FALSE(posted);
  CHECK(box.wait(in(5s)).size() == 1);
  CHECK(box.wait(in(5s)).size() == 1);
  poster.join();
  CHECK(posted);
}

TEST_CASE("closing wakes who waits to post and who waits to read, and drops the messages") {
  Mailbox box(1);
  REQUIRE(box.post([](DetectionEngine&, Time) {}));
  std::atomic<bool> accepted = true;
  std::jthread poster([&] { accepted = box.post([](DetectionEngine&, Time) {}); });
  box.close();
  poster.join();
  CHECK_FALSE(accepted);
  CHECK(box.wait(in(60s)).empty());
}

TEST_CASE("a ring wakes the reader without a message") {
  Mailbox box;
  box.ring();
  const auto before = std::chrono::steady_clock::now();
  CHECK(box.wait(in(60s)).empty());
  CHECK(std::chrono::steady_clock::now() - before < 30s);
}

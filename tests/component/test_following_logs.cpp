// A container's log, followed: what ends it, and that its end is told for what it is.

#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "support/wait_until.hpp"
#include "verbs.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using namespace std::chrono_literals;

namespace {

struct Followed : Served {
  Followed() {
    server.put({{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata", {{"namespace", "shop"}, {"name", "cart"}}},
                {"spec", {{"containers", Json::array({{{"name", "app"}}})}}}});
    server.set_log("shop", "cart", "app", "2026-11-22T10:00:00.1Z old\n2026-11-22T10:00:01.2Z one\n");
    options.container = "app";
    options.silence = 30s;
  }
  ~Followed() { stop.request_stop(); }
  /// Follows until the stream ends.
  std::future<Result<void>> follow() {
    return std::async(std::launch::async, [this] {
      return client.follow_logs(
          {"shop", pod}, options,
          [this](std::string_view bytes) -> Result<void> {
            const std::lock_guard lock(mutex);
            seen += bytes;
            return {};
          },
          stop.get_token());
    });
  }
  bool sees(const std::string& text) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return seen == text;
    });
  }
  kube::FollowOptions options;
  std::string pod = "cart", seen;
  std::mutex mutex;
  std::stop_source stop;
};

}  // namespace

TEST_CASE_METHOD(Followed, "a log is followed from a second on, until the container stops") {
  options.since_time = parse_rfc3339("2026-11-22T10:00:01.9Z");
  auto ended = follow();
  REQUIRE(sees("2026-11-22T10:00:01.2Z one\n"));
  server.append_log("shop", "cart", "app", "2026-11-22T10:00:02Z two\n");
  REQUIRE(sees("2026-11-22T10:00:01.2Z one\n2026-11-22T10:00:02Z two\n"));
  server.end_logs();
  CHECK(ended.get());
}

TEST_CASE_METHOD(Followed,
                 "a log that says nothing at all ends as silent, though not even the answer's head has come") {
  server.set_log("shop", "cart", "app", "");
  options.silence = 200ms;
  CHECK(code(follow().get()) == ErrorCode::kTimeout);
}

TEST_CASE_METHOD(Followed, "a log that falls silent ends, so that it can be opened anew") {
  options.silence = 200ms;
  CHECK(code(follow().get()) == ErrorCode::kTimeout);
  CHECK(sees("2026-11-22T10:00:00.1Z old\n2026-11-22T10:00:01.2Z one\n"));
}

TEST_CASE_METHOD(Followed, "following stops at once when it is told to") {
  server.set_log("shop", "cart", "app", "");
  auto ended = follow();
  REQUIRE(wait_until([&] { return server.open_logs() == 1; }));
  stop.request_stop();
  CHECK(code(ended.get()) == ErrorCode::kCancelled);
  CHECK(wait_until([&] { return server.open_logs() == 0; }));
}

TEST_CASE_METHOD(Followed, "what keeps a log from being followed is told") {
  SECTION("the connection is cut") {
    auto ended = follow();
    REQUIRE(wait_until([&] { return server.open_logs() == 1; }));
    REQUIRE(sees("2026-11-22T10:00:00.1Z old\n2026-11-22T10:00:01.2Z one\n"));
    server.cut_connections();
    CHECK(code(ended.get()) == ErrorCode::kUnavailable);
  }
  SECTION("the pod is gone") {
    pod = "other";
    CHECK(code(follow().get()) == ErrorCode::kNotFound);
  }
  SECTION("it has no such container, or it has not started") {
    options.container = "none";
    CHECK(code(follow().get()) == ErrorCode::kInvalid);
  }
  SECTION("it is not allowed") {
    server.faults().add(always(), Fault::answer(403));
    const auto ended = follow().get();
    CHECK(code(ended) == ErrorCode::kForbidden);
    CHECK(ended.error().message.contains("cannot follow the log of Pod shop/cart"));
  }
}

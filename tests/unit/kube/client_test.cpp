#include "remint/kube/client.hpp"

#include <catch2/catch.hpp>

#include "fake_transport.hpp"
#include "remint/kube/resources.hpp"

using namespace remint;
using namespace remint::kube;
using namespace remint::kube::testing;
using namespace std::chrono_literals;

namespace {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time{}; }
  [[nodiscard]] std::chrono::nanoseconds steady_now() const override { return steady; }
  std::chrono::nanoseconds steady{0};
};

struct Fixture {
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>();
  metrics::Registry metrics;
  FakeClock clock;
  std::vector<Duration> slept;
  int guarded = 0;
  Result<void> verdict{};
  Client client{transport, metrics, clock,
                [this] {
                  ++guarded;
                  return verdict;
                },
                settings()};

  ClientSettings settings() {
    ClientSettings out;
    out.sleep = [this](Duration duration, const std::stop_token& stop) {
      slept.push_back(duration);
      clock.steady += duration;
      return !stop.stop_requested();
    };
    out.random = [] { return 0.5; };  // no jitter
    return out;
  }
  [[nodiscard]] double counter(const std::string& verb, const std::string& resource, const std::string& code) {
    return metrics
        .counter("remint_kube_requests_total", "Requests to the API server, by answer.",
                 {{"verb", verb}, {"resource", resource}, {"code", code}})
        .value();
  }
};

std::string status(const std::string& reason, const std::string& message, const std::string& more = "") {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":")" + reason + R"(","message":")" + message +
         "\"" + more + "}";
}

const ObjectKey kKey{"shop", "cart"};

}  // namespace

TEST_CASE_METHOD(Fixture, "a get gives the body, and is counted") {
  transport->answer(200, "{}");
  CHECK(client.get(kPods, kKey, {}).value_or("") == "{}");
  CHECK(transport->requests.at(0).path == "/api/v1/namespaces/shop/pods/cart");
  CHECK(counter("get", "pods", "200") == 1);
  CHECK(guarded == 0);
}

TEST_CASE_METHOD(Fixture, "every HTTP error has its code, and a message that names object, reason and status") {
  struct Case {
    int http;
    std::string reason;
    ErrorCode code;
  };
  const auto c = GENERATE(values<Case>({{400, "BadRequest", ErrorCode::kInvalid},
                                        {401, "Unauthorized", ErrorCode::kUnauthorized},
                                        {403, "Forbidden", ErrorCode::kForbidden},
                                        {404, "NotFound", ErrorCode::kNotFound},
                                        {409, "Conflict", ErrorCode::kConflict},
                                        {409, "AlreadyExists", ErrorCode::kAlreadyExists},
                                        {410, "Expired", ErrorCode::kGone},
                                        {413, "RequestEntityTooLarge", ErrorCode::kTooLarge},
                                        {422, "Invalid", ErrorCode::kInvalid},
                                        {302, "", ErrorCode::kInvalid}}));
  transport->answer(c.http, status(c.reason, "because"));
  const auto result = client.create(kPods, "shop", "{}", {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == c.code);
  CHECK_THAT(result.error().message,
             Catch::StartsWith("cannot create Pod in shop: because (HTTP " + std::to_string(c.http)));
  CHECK(transport->requests.size() == 1);
  CHECK(counter("create", "pods", std::to_string(c.http)) == 1);
}

TEST_CASE_METHOD(Fixture, "an error body that is no Status is shown sanitized and short") {
  transport->answer(404, "<html>\x1b[31m" + std::string(10'000, 'x'));
  const auto result = client.get(kDeployments, kKey, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kNotFound);
  CHECK(result.error().message.size() < 400);
  CHECK(result.error().message.find('\x1b') == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a read is repeated until it succeeds") {
  transport->fail_with(ErrorCode::kUnavailable);
  transport->answer(500, "oops");
  transport->answer(503, "");
  transport->answer(429, "", 3);
  transport->answer(200, "{}");
  CHECK(client.get(kPods, kKey, {}));
  REQUIRE(slept.size() == 4);
  CHECK(slept[0] == 200ms);
  CHECK(slept[1] == 400ms);
  CHECK(slept[3] >= 3s);
  CHECK(metrics
            .counter("remint_kube_retries_total", "Requests to the API server that were sent again.", {{"verb", "get"}})
            .value() == 4);
}

TEST_CASE_METHOD(Fixture, "a read gives up at its deadline, with the last error") {
  for (int i = 0; i < 1000; ++i) {
    transport->answer(500, status("InternalError", "etcd is away"));
  }
  const auto result = client.get(kPods, kKey, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(result.error().message, Catch::Contains("etcd is away"));
  CHECK(clock.steady <= 30s);
  CHECK(transport->requests.size() < 20);
  CHECK(transport->requests.back().timeout < 15s);
}

TEST_CASE_METHOD(Fixture, "a Retry-After beyond the deadline is not waited for, but told") {
  transport->answer(429, "", 600);
  const auto result = client.get(kPods, kKey, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kTooMany);
  CHECK(result.error().retry_after_seconds == 600);
  CHECK(slept.empty());
}

TEST_CASE_METHOD(Fixture, "a write is sent again only when the server certainly did not act on it") {
  SECTION("429") {
    transport->answer(429, "", 1);
    transport->answer(201, "{}");
    CHECK(client.create(kPods, "shop", "{}", {}));
    CHECK(guarded == 2);  // before each attempt
  }
  SECTION("never sent") {
    transport->fail_with(ErrorCode::kUnavailable, true);
    transport->answer(201, "{}");
    CHECK(client.create(kPods, "shop", "{}", {}));
  }
  SECTION("the answer was lost") {
    const auto code = GENERATE(ErrorCode::kUnavailable, ErrorCode::kTimeout);
    transport->fail_with(code);
    const auto result = client.patch(kDeployments, kKey, PatchType::kMerge, "{}", {});
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code);
    CHECK(transport->requests.size() == 1);
  }
  SECTION("500 and 503 may come after the deed") {
    transport->answer(GENERATE(500, 503, 504), "", 1);
    CHECK_FALSE(client.remove(kPods, kKey, {}, {}));
    CHECK(transport->requests.size() == 1);
  }
}

TEST_CASE_METHOD(Fixture, "without leave of the guard nothing is written") {
  verdict = fail(ErrorCode::kRefused, "the lease is lost");
  CHECK(client.create(kPods, "shop", "{}", {}).error().code == ErrorCode::kRefused);
  CHECK(client.patch(kPods, kKey, PatchType::kJson, "[]", {}).error().code == ErrorCode::kRefused);
  CHECK(client.replace(kLeases, kKey, "{}", {}).error().code == ErrorCode::kRefused);
  CHECK(client.remove(kPods, kKey, {}, {}).error().code == ErrorCode::kRefused);
  CHECK(client.evict(kKey, {}, {}).error().code == ErrorCode::kRefused);
  CHECK(transport->requests.empty());
}

TEST_CASE_METHOD(Fixture, "a lease that is lost between two attempts stops the second") {
  transport->answer(429, "", 1);
  transport->answer(201, "{}");
  ClientSettings lost = settings();
  lost.sleep = [this](Duration, const std::stop_token&) {
    verdict = fail(ErrorCode::kRefused, "the lease is lost");
    return true;
  };
  Client other(transport, metrics, clock, [this] { return verdict; }, lost);
  CHECK(other.create(kPods, "shop", "{}", {}).error().code == ErrorCode::kRefused);
  CHECK(transport->requests.size() == 1);
}

TEST_CASE_METHOD(Fixture, "a 401 is tried once more with newer credentials, and only then") {
  SECTION("newer ones") {
    transport->answer(401, "", 0, true);
    transport->answer(201, "{}");
    CHECK(client.create(kPods, "shop", "{}", {}));
    CHECK(slept.empty());
  }
  SECTION("refused again") {
    transport->answer(401, "", 0, true);
    transport->answer(401, "", 0, true);
    CHECK(client.get(kPods, kKey, {}).error().code == ErrorCode::kUnauthorized);
    CHECK(transport->requests.size() == 2);
  }
  SECTION("the same ones") {
    transport->answer(401, "");
    CHECK(client.get(kPods, kKey, {}).error().code == ErrorCode::kUnauthorized);
    CHECK(transport->requests.size() == 1);
  }
}

TEST_CASE_METHOD(Fixture, "an eviction that a budget forbids is an answer, not overload") {
  transport->answer(429, status("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                                R"(,"details":{"retryAfterSeconds":10})"));
  const auto result =
      client.evict(kKey, {.uid = "u", .resource_version = "", .grace_period_seconds = {}, .propagation = ""}, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kTooMany);
  CHECK(result.error().retry_after_seconds == 10);
  CHECK(transport->requests.size() == 1);
  CHECK_THAT(transport->requests[0].body, Catch::Contains(R"("uid":"u")"));
}

TEST_CASE_METHOD(Fixture, "a stop ends the retries") {
  std::stop_source stop;
  stop.request_stop();
  transport->answer(500, "");
  transport->answer(200, "{}");
  CHECK_FALSE(client.get(kPods, kKey, stop.get_token()));
  CHECK(transport->requests.size() == 1);
}

TEST_CASE_METHOD(Fixture, "a list follows the continue token over all pages") {
  transport->answer(
      200, R"({"kind":"PodList","metadata":{"resourceVersion":"7","continue":"a b="},"items":[{"a":1},{"b":{}}]})");
  transport->answer(503, "");
  transport->answer(200, R"({"items":[{"c":"]}"}],"metadata":{"resourceVersion":"7"}})");
  std::vector<std::string> items;
  const auto version = client.list(kPods, {.ns = "", .label_selector = "a=b", .field_selector = ""},
                                   [&](std::string_view item) {
                                     items.emplace_back(item);
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE(version);
  CHECK(*version == "7");
  CHECK(items == std::vector<std::string>{R"({"a":1})", R"({"b":{}})", R"({"c":"]}"})"});
  CHECK(transport->requests.at(0).path == "/api/v1/pods?labelSelector=a%3Db&limit=500");
  CHECK(transport->requests.at(1).path == "/api/v1/pods?labelSelector=a%3Db&limit=500&continue=a%20b%3D");
}

TEST_CASE_METHOD(Fixture, "a page that is cut is asked for again, and each item is handed on once") {
  const std::string second = R"({"metadata":{"resourceVersion":"7"},"items":[{"a":1},{"a":2},{"a":3}]})";
  std::vector<std::string> items;
  const auto list = [&] {
    return client.list(kPods, {},
                       [&](std::string_view item) {
                         items.emplace_back(item);
                         return Result<void>{};
                       },
                       {});
  };
  SECTION("a continued page shows the same state whenever it is asked for") {
    transport->answer(200, R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[]})");
    transport->answer(200, second);
    REQUIRE(list());
    REQUIRE(items.size() == 3);
    items.clear();
    transport->answer(200, R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[{"a":0}]})");
    transport->answer(503, "");
    transport->answer(200, second);
    transport->answer(200, second);
    transport->answer(200, second);
    transport->cuts = {{4, second.size() - 5}, {5, 50}};
    CHECK(list().value_or("") == "7");
    CHECK(items == std::vector<std::string>{R"({"a":0})", R"({"a":1})", R"({"a":2})", R"({"a":3})"});
  }
  SECTION("the first page is, while nothing of it has been handed on") {
    transport->answer(200, second);
    transport->answer(200, second);
    transport->cuts = {{1, 40}};
    CHECK(list().value_or("") == "7");
    CHECK(items.size() == 3);
  }
  SECTION("afterwards it would show another state of the cluster: the list is lost") {
    transport->answer(200, second);
    transport->answer(200, second);
    transport->cuts = {{1, second.size() - 5}};
    CHECK(list().error().code == ErrorCode::kUnavailable);
    CHECK(transport->requests.size() == 1);
  }
}

TEST_CASE_METHOD(Fixture, "a list that cannot be gone on with is an error") {
  const auto ignore = [](std::string_view) { return Result<void>{}; };
  transport->answer(200, R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[]})");
  SECTION("the token expired") {
    transport->answer(410, status("Expired", "too old"));
    CHECK(client.list(kPods, {}, ignore, {}).error().code == ErrorCode::kGone);
  }
  SECTION("the same token again") {
    transport->answer(200, R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[]})");
    CHECK(client.list(kPods, {}, ignore, {}).error().code == ErrorCode::kInvalid);
  }
  SECTION("garbage") {
    transport->answer(200, GENERATE("", "<html>", "{}", "[]", "null", R"({"items":[]})", R"({"items":[1]})",
                                    R"({"metadata":{"resourceVersion":"7"},"items":[{"a":1})"));
    const auto result = client.list(kPods, {}, ignore, {});
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kInvalid);
    CHECK_THAT(result.error().message,
               Catch::StartsWith("cannot list pods in all namespaces: the answer is not a List"));
  }
  SECTION("the sink has had enough") {
    transport->answer(200, R"({"metadata":{"resourceVersion":"7"},"items":[{},{}]})");
    int seen = 0;
    const auto result = client.list(kPods, {},
                                    [&](std::string_view) -> Result<void> {
                                      ++seen;
                                      return fail(ErrorCode::kTooLarge, "enough");
                                    },
                                    {});
    CHECK(result.error().code == ErrorCode::kTooLarge);
    CHECK(seen == 1);
  }
}

TEST_CASE_METHOD(Fixture, "a watch hands on events, asks for bookmarks, and waits longer for events than for headers") {
  transport->answer(200, "");
  transport->pieces = {R"({"type":"ADDED","object":{"a":1}})"
                       "\n"
                       R"({"type":"BOOK)",
                       R"(MARK","object":{"b":2}})"
                       "\n"};
  std::vector<std::pair<WatchEventType, std::string>> events;
  WatchOptions options;
  options.resource_version = "7";
  const auto ended = client.watch(kPods, options,
                                  [&](WatchEventType type, std::string_view object) {
                                    events.emplace_back(type, object);
                                    return Result<void>{};
                                  },
                                  {});
  REQUIRE(ended);
  REQUIRE(events.size() == 2);
  CHECK(events[0] == std::pair(WatchEventType::kAdded, std::string(R"({"a":1})")));
  CHECK(events[1] == std::pair(WatchEventType::kBookmark, std::string(R"({"b":2})")));
  const Request& request = transport->requests.at(0);
  CHECK(request.path == "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=290");
  CHECK(request.timeout == 30s);
  CHECK(request.silence == 295s);
  CHECK(counter("watch", "pods", "200") == 1);
}

TEST_CASE_METHOD(Fixture, "a watch that is too old is kGone, told by status or by event") {
  const auto ignore = [](WatchEventType, std::string_view) { return Result<void>{}; };
  SECTION("by status") { transport->answer(410, status("Expired", "too old")); }
  SECTION("by event") {
    transport->answer(200, "");
    transport->pieces = {R"({"type":"ERROR","object":)" + status("Expired", "too old", ",\"code\":410") + "}\n"};
  }
  const auto ended = client.watch(kPods, {}, ignore, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kGone);
  CHECK(transport->requests.size() == 1);
}

TEST_CASE_METHOD(Fixture, "a watch that ends within a line, or is cut, is kUnavailable") {
  const auto ignore = [](WatchEventType, std::string_view) { return Result<void>{}; };
  SECTION("within a line") {
    transport->answer(200, "");
    transport->pieces = {R"({"type":"ADDED")"};
  }
  SECTION("cut") { transport->fail_with(ErrorCode::kUnavailable); }
  CHECK(client.watch(kPods, {}, ignore, {}).error().code == ErrorCode::kUnavailable);
}

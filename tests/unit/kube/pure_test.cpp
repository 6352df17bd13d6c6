// The parts of the client that need no transport at all.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/kube/requests.hpp"
#include "remint/kube/resources.hpp"
#include "remint/kube/retry.hpp"
#include "remint/kube/watch_stream.hpp"

using namespace remint;
using namespace remint::kube;
using namespace std::chrono_literals;

TEST_CASE("paths are built from resource, namespace, name and subresource") {
  CHECK(kPods.path("") == "/api/v1/pods");
  CHECK(kPods.path("shop", "cart-0", "log") == "/api/v1/namespaces/shop/pods/cart-0/log");
  CHECK(kDeployments.path("shop", "cart") == "/apis/apps/v1/namespaces/shop/deployments/cart");
  CHECK(kNodes.path("ignored", "n1") == "/api/v1/nodes/n1");
  CHECK(kClusterPolicies.path("", "default", "status") ==
        "/apis/remint.dev/v1alpha1/clustertokenrefreshpolicies/default/status");
  CHECK(kDeployments.api_version() == "apps/v1");
  CHECK(kPods.api_version() == "v1");
}

TEST_CASE("no name can leave its segment of a path") {
  CHECK(kPods.path("a/../../b", "c?x=1#y") == "/api/v1/namespaces/a%2F..%2F..%2Fb/pods/c%3Fx%3D1%23y");
  CHECK(kPods.path("..", ".") == "/api/v1/namespaces/%2E%2E/pods/%2E");
  CHECK(percent_encode("a b\r\n\xC3\xA9~") == "a%20b%0D%0A%C3%A9~");
}

TEST_CASE("writes carry their field manager, dry run and type") {
  const Request merge = patch_request(kDeployments, {"shop", "cart"}, PatchType::kMerge, "{}", {});
  CHECK(merge.method == "PATCH");
  CHECK(merge.path == "/apis/apps/v1/namespaces/shop/deployments/cart?fieldManager=remint");
  CHECK(merge.content_type == "application/merge-patch+json");
  WriteOptions options;
  options.subresource = "status";
  options.dry_run = true;
  options.force = true;
  const Request apply = patch_request(kWorkloadRestarts, {"shop", "x"}, PatchType::kApply, "{}", options);
  CHECK(
      apply.path ==
      "/apis/remint.dev/v1alpha1/namespaces/shop/workloadrestarts/x/status?fieldManager=remint&dryRun=All&force=true");
  CHECK(apply.content_type == "application/apply-patch+yaml");
  CHECK(patch_request(kPods, {"a", "b"}, PatchType::kJson, "[]", {}).content_type == "application/json-patch+json");
  CHECK(patch_request(kPods, {"a", "b"}, PatchType::kStrategicMerge, "{}", {}).content_type ==
        "application/strategic-merge-patch+json");
  CHECK(create_request(kPods, "shop", "{}", {}).path == "/api/v1/namespaces/shop/pods?fieldManager=remint");
  CHECK(replace_request(kLeases, {"a", "b"}, "{}", {}).method == "PUT");
}

TEST_CASE("a delete carries its preconditions") {
  DeleteOptions options;
  options.uid = "u1";
  options.resource_version = "7";
  options.grace_period_seconds = 5;
  options.propagation = "Background";
  const auto body = parse_json(delete_request(kPods, {"a", "b"}, options).body);
  REQUIRE(body);
  CHECK(*body == Json({{"apiVersion", "v1"},
                       {"kind", "DeleteOptions"},
                       {"preconditions", {{"uid", "u1"}, {"resourceVersion", "7"}}},
                       {"gracePeriodSeconds", 5},
                       {"propagationPolicy", "Background"}}));
  const Request eviction = evict_request({"a", "b"}, options);
  CHECK(eviction.path == "/api/v1/namespaces/a/pods/b/eviction");
  CHECK((*parse_json(eviction.body))["deleteOptions"] == *body);
}

TEST_CASE("a log is asked for within bounds") {
  LogOptions options;
  options.container = "app";
  options.tail_lines = 100;
  const Request request = logs_request({"a", "b"}, options);
  CHECK(request.path ==
        "/api/v1/namespaces/a/pods/b/log?container=app&tailLines=100&timestamps=true&limitBytes=1048576");
  options.since_time = parse_rfc3339("2026-07-01T10:27:28.826Z");
  CHECK(logs_request({"a", "b"}, options).path ==
        "/api/v1/namespaces/a/pods/b/log?container=app&tailLines=100&sinceTime=2026-07-01T10%3A27%3A28Z&timestamps="
        "true&limitBytes=1048576");
  FollowOptions follow;
  follow.container = "app";
  follow.since_time = options.since_time;
  CHECK(follow_request({"a", "b"}, follow).path ==
        "/api/v1/namespaces/a/pods/b/log?container=app&follow=true&sinceTime=2026-07-01T10%3A27%3A28Z&timestamps=true");
}

TEST_CASE("whether to try again is decided by kind, error and time left") {
  struct Case {
    RetryClass kind;
    ErrorCode code;
    bool unsent;
    std::uint32_t retry_after;
    std::chrono::milliseconds remaining;
    std::optional<std::chrono::milliseconds> expected;
  };
  const auto read = RetryClass::kRead;
  const auto write = RetryClass::kWrite;
  const auto evict = RetryClass::kEviction;
  const auto c = GENERATE_COPY(values<Case>({
      {read, ErrorCode::kUnavailable, false, 0, 10s, 400ms},
      {read, ErrorCode::kTimeout, false, 0, 10s, 400ms},
      {read, ErrorCode::kTooMany, false, 0, 10s, 400ms},
      {read, ErrorCode::kTooMany, false, 2, 10s, 2100ms},
      {read, ErrorCode::kTooMany, false, 20, 10s, std::nullopt},
      {read, ErrorCode::kUnavailable, false, 0, 400ms, std::nullopt},
      {read, ErrorCode::kNotFound, false, 0, 10s, std::nullopt},
      {read, ErrorCode::kUnauthorized, false, 0, 10s, std::nullopt},
      {read, ErrorCode::kCancelled, true, 0, 10s, std::nullopt},
      {read, ErrorCode::kTooLarge, false, 0, 10s, std::nullopt},
      {read, ErrorCode::kGone, false, 0, 10s, std::nullopt},
      {read, ErrorCode::kInvalid, true, 0, 10s, std::nullopt},
      {write, ErrorCode::kUnavailable, false, 0, 10s, std::nullopt},
      {write, ErrorCode::kUnavailable, false, 1, 10s, std::nullopt},
      {write, ErrorCode::kTimeout, false, 0, 10s, std::nullopt},
      {write, ErrorCode::kUnavailable, true, 0, 10s, 400ms},
      {write, ErrorCode::kTimeout, true, 0, 10s, 400ms},
      {write, ErrorCode::kTooMany, false, 1, 10s, 1100ms},
      {write, ErrorCode::kConflict, false, 0, 10s, std::nullopt},
      {write, ErrorCode::kRefused, true, 0, 10s, std::nullopt},
      {evict, ErrorCode::kTooMany, false, 1, 10s, std::nullopt},
      {evict, ErrorCode::kUnavailable, true, 0, 10s, 400ms},
      {evict, ErrorCode::kUnavailable, false, 0, 10s, std::nullopt},
  }));
  CAPTURE(c.kind, to_string(c.code), c.unsent, c.retry_after);
  RetryQuestion question;
  question.kind = c.kind;
  question.error = Error{c.code, "", c.retry_after};
  question.error.unsent = c.unsent;
  question.backoff = 400ms;
  question.remaining = c.remaining;
  CHECK(decide_retry(question) == c.expected);
}

TEST_CASE("watch lines may be cut anywhere") {
  const std::string text = R"({"type":"ADDED","object":{"kind":"Pod","n":"é\n"}})"
                           "\n\r\n"
                           R"({"object":{"a":[{"b":"}\"\n"}]},"type":"MODIFIED"})"
                           "\n"
                           R"({"type":"DELETED","object":{}})"
                           "\n";
  const std::size_t step = GENERATE(1U, 2U, 3U, 7U, 64U, 4096U);
  std::vector<WatchEventType> types;
  std::vector<std::string> objects;
  WatchStream stream([&](WatchEventType type, std::string_view object) {
    types.push_back(type);
    objects.emplace_back(object);
    return Result<void>{};
  });
  for (std::size_t at = 0; at < text.size(); at += step) {
    REQUIRE(stream.feed(std::string_view(text).substr(at, step)));
  }
  REQUIRE(stream.finish());
  CHECK(types == std::vector{WatchEventType::kAdded, WatchEventType::kModified, WatchEventType::kDeleted});
  CHECK(objects.at(0) == R"({"kind":"Pod","n":"é\n"})");
  CHECK(objects.at(1) == R"({"a":[{"b":"}\"\n"}]})");
}

TEST_CASE("a watch line that is not an event is refused with the reason") {
  struct Case {
    std::string line;
    ErrorCode code;
  };
  const auto c = GENERATE(values<Case>({
      {"<html>", ErrorCode::kInvalid},
      {"{}", ErrorCode::kInvalid},
      {R"({"type":"ADDED"})", ErrorCode::kInvalid},
      {R"({"type":"ADDED","object":null})", ErrorCode::kInvalid},
      {R"({"type":"ADDED","object":[]})", ErrorCode::kInvalid},
      {R"({"type":7,"object":{}})", ErrorCode::kInvalid},
      {R"({"type":"WHAT","object":{}})", ErrorCode::kInvalid},
      {std::string("{\"type\":\"ADDED\",\"object\":{\"a\":\"\xff\"}}"), ErrorCode::kInvalid},
      {R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})", ErrorCode::kGone},
      {R"({"type":"ERROR","object":{"kind":"Status","code":401}})", ErrorCode::kUnauthorized},
      {R"({"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError"}})", ErrorCode::kUnavailable},
      {R"({"type":"ERROR","object":{}})", ErrorCode::kUnavailable},
      {std::string(2000, 'x'), ErrorCode::kTooLarge},
  }));
  CAPTURE(c.line.substr(0, 80));
  WatchStream stream([](WatchEventType, std::string_view) { return Result<void>{}; }, 1000);
  const auto fed = stream.feed(c.line + "\n");
  REQUIRE_FALSE(fed);
  CHECK(fed.error().code == c.code);
}

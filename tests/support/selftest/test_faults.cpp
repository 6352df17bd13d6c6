#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "support/fake_apiserver.hpp"
#include "support/raw_http.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::testing;

namespace {

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

}  // namespace

TEST_CASE("a fault is for the requests that it names, and as often as it says") {
  FakeApiServer server;
  server.faults().add({.method = "GET", .path_prefix = "/api/v1/pods", .query = {}, .times = 2}, Fault::answer(500));
  CHECK(raw_request(server.port(), "GET", kMaps).status == 200);
  CHECK(raw_request(server.port(), "GET", "/api/v1/pods").status == 500);
  CHECK(raw_request(server.port(), "GET", "/api/v1/pods").status == 500);
  CHECK(raw_request(server.port(), "GET", "/api/v1/pods").status == 200);
  CHECK(server.faults().taken() == 2);
}

TEST_CASE("a fault can wait for a parameter, to tell watches from lists") {
  FakeApiServer server;
  server.faults().add({.method = {}, .path_prefix = "/api", .query = "watch=true", .times = FaultMatch::kAlways},
                      Fault::answer(403));
  CHECK(raw_request(server.port(), "GET", kMaps).status == 200);
  CHECK(raw_request(server.port(), "GET", std::string(kMaps) + "?watch=true").status == 403);
  server.faults().clear();
  CHECK(raw_request(server.port(), "GET", std::string(kMaps) + "?watch=true&timeoutSeconds=0").status == 200);
}

TEST_CASE("429 carries Retry-After and a Status body") {
  FakeApiServer server;
  server.faults().add({}, Fault::answer(429, 7));
  const auto answer = raw_request(server.port(), "GET", kMaps);
  CHECK(answer.status == 429);
  CHECK(answer.head.find("Retry-After: 7\r\n") != std::string::npos);
  CHECK(answer.json()["reason"] == "TooManyRequests");
}

TEST_CASE("garbage, nothing, and a lost answer") {
  FakeApiServer server;
  server.faults().add({}, Fault::raw("\x16\x03garbage"));
  CHECK(raw_request(server.port(), "GET", kMaps).status == 0);
  server.faults().add({}, Fault::close());
  CHECK(raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"closed"}})").status == 0);
  server.faults().add({}, Fault::lose_answer());
  CHECK(raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"lost"}})").status == 0);
  CHECK_FALSE(server.find(std::string(kMaps) + "/closed"));
  CHECK(server.find(std::string(kMaps) + "/lost"));
}

TEST_CASE("a hanging request hangs until it is released") {
  FakeApiServer server;
  server.faults().add({}, Fault::hang());
  auto answer = std::async(std::launch::async, [&] { return raw_request(server.port(), "GET", kMaps).status; });
  REQUIRE(wait_until([&] { return server.faults().hanging() == 1; }));
  server.faults().release_hanging();
  CHECK(answer.get() == 0);
}

TEST_CASE("the log of requests says what was asked") {
  FakeApiServer server;
  (void)raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"a"}})", "application/json",
                    "User-Agent: me\r\n");
  (void)raw_request(server.port(), "GET", std::string(kMaps) + "?limit=5");
  const auto posts = server.requests().matching("POST", kMaps);
  REQUIRE(posts.size() == 1);
  CHECK(posts[0].request.header("user-agent") == "me");
  CHECK(posts[0].request.body == R"({"metadata":{"name":"a"}})");
  CHECK(server.requests().count("GET", "/api", "limit=5") == 1);
  CHECK(server.requests().count("GET", "/api", "limit=6") == 0);
}

TEST_CASE("only known tokens are let in, and they can change") {
  FakeApiServer server({.port = 0,
                        .tls = false,
                        .tokens = {"one"},
                        .client_certificates = false,
                        .bookmark_every = std::chrono::minutes(1)});
  const auto status = [&](const std::string& header) {
    return raw_request(server.port(), "GET", kMaps, {}, {}, header).status;
  };
  CHECK(status("Authorization: Bearer one\r\n") == 200);
  CHECK(status("Authorization: Bearer two\r\n") == 401);
  CHECK(status("") == 401);
  CHECK(raw_request(server.port(), "GET", "/readyz").status == 200);
  server.set_tokens({"two"});
  CHECK(status("Authorization: Bearer one\r\n") == 401);
  CHECK(status("Authorization: Bearer two\r\n") == 200);
}

TEST_CASE("a stopped server refuses, and comes back on its port with what it had") {
  FakeApiServer server;
  CHECK(raw_request(server.port(), "POST", kMaps, R"({"metadata":{"name":"a"}})").status == 201);
  server.stop();
  CHECK(raw_request(server.port(), "GET", kMaps).status == 0);
  server.start();
  CHECK(raw_request(server.port(), "GET", std::string(kMaps) + "/a").status == 200);
}

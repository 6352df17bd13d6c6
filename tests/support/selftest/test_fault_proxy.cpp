#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "support/fake_apiserver.hpp"
#include "support/fault_proxy.hpp"
#include "support/raw_http.hpp"
#include "support/wait_until.hpp"

using namespace remint::testing;

TEST_CASE("a healthy proxy passes everything") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  CHECK(raw_request(proxy.port(), "GET", "/version").whole);
  CHECK(raw_request(proxy.port(), "GET", "/api/v1/namespaces").whole);
  CHECK(proxy.accepted() == 2);
}

TEST_CASE("a refusing proxy refuses, and serves on the same port when healed") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  for (int round = 0; round < 3; ++round) {
    proxy.set({.refuse = true, .stall = false, .cut_after = {}, .reset = false, .slice = 0, .delay = {}});
    CHECK(raw_request(proxy.port(), "GET", "/version").status == 0);
    proxy.set({});
    CHECK(raw_request(proxy.port(), "GET", "/version").status == 200);
  }
}

TEST_CASE("a cut comes after exactly so many bytes, again for each connection") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  const auto whole = raw_request(proxy.port(), "GET", "/version");
  const std::size_t size = whole.head.size() + 2 + whole.body.size();
  ProxyFaults faults;
  faults.cut_after = size - 10;
  proxy.set(faults);
  for (std::size_t round = 1; round <= 2; ++round) {
    const auto cut = raw_request(proxy.port(), "GET", "/version");
    CHECK(cut.status == 200);
    CHECK_FALSE(cut.whole);
    CHECK(cut.body == whole.body.substr(0, whole.body.size() - 10));
    CHECK(proxy.cuts() == round);
  }
}

TEST_CASE("slices of one byte arrive whole") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  ProxyFaults faults;
  faults.slice = 1;
  proxy.set(faults);
  CHECK(raw_request(proxy.port(), "GET", "/api/v1/namespaces").whole);
}

TEST_CASE("a stalled connection goes on when the stall ends") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  ProxyFaults faults;
  faults.stall = true;
  proxy.set(faults);
  auto answer = std::async(std::launch::async, [&] { return raw_request(proxy.port(), "GET", "/version").status; });
  REQUIRE(wait_until([&] { return proxy.accepted() == 1; }));
  CHECK(answer.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  CHECK(server.requests().all().empty());
  proxy.set({});
  CHECK(answer.get() == 200);
}

TEST_CASE("each piece is delayed") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  ProxyFaults faults;
  faults.delay = std::chrono::milliseconds(50);
  proxy.set(faults);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(raw_request(proxy.port(), "GET", "/version").whole);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(50));
}

TEST_CASE("open connections can be cut") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  RawStream watch(proxy.port(), "/api/v1/pods?watch=true");
  REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  proxy.cut_all();
  CHECK(watch.line().empty());
  CHECK(watch.ended());
  CHECK(wait_until([&] { return server.open_watches() == 0; }));
  CHECK(wait_until([&] { return proxy.open_connections() == 0; }));
}

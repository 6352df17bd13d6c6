// Every status that an API server may answer, and what the client makes of it: error codes, retries, deadlines.

#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "remint/kube/resources.hpp"
#include "support/wait_until.hpp"
#include "verbs.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using std::chrono::steady_clock;

TEST_CASE_METHOD(Served, "error statuses become error codes for reads, lists, watches and writes") {
  const auto [status, expected] = GENERATE(table<int, ErrorCode>({{401, ErrorCode::kUnauthorized},
                                                                  {403, ErrorCode::kForbidden},
                                                                  {404, ErrorCode::kNotFound},
                                                                  {409, ErrorCode::kConflict},
                                                                  {410, ErrorCode::kGone}}));
  INFO(status);
  server.faults().add(always(), Fault::answer(status));
  CHECK(code(client.get(kConfigMaps, {"default", "a"}, no_stop())) == expected);
  CHECK(code(count(client)) == expected);
  CHECK(code(watch(client)) == expected);
  CHECK(code(client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) == expected);
  CHECK(code(client.remove(kConfigMaps, {"default", "a"}, {}, no_stop())) == expected);
  CHECK(server.faults().taken() == 5);  // each asked once: none of these passes by itself
}

TEST_CASE_METHOD(Served, "a CRD that is not installed is not found, and found when it is") {
  CHECK(code(count(client, kube::kWorkloadRestarts)) == ErrorCode::kNotFound);
  server.add_remint_resources();
  CHECK(count(client, kube::kWorkloadRestarts).value() == 0);
}

TEST_CASE_METHOD(Served, "reads outlive a server that fails a few times") {
  server.put(config_map("a"));
  for (const auto& fault : {Fault::answer(500), Fault::answer(503), Fault::answer(429), Fault::close(),
                            Fault::raw("\x16\x03\x01"), Fault::raw("")}) {
    server.faults().add({.method = "GET", .path_prefix = kMaps, .query = {}, .times = 2}, fault);
    const auto got = client.get(kConfigMaps, {"default", "a"}, no_stop());
    INFO((got ? "" : got.error().message));
    CHECK(got);
  }
  CHECK(server.faults().taken() == 12);
}

TEST_CASE_METHOD(Served, "a server that keeps failing is unavailable in the end") {
  kube::ClientSettings settings = quick();
  settings.read_budget = std::chrono::milliseconds(300);
  Connected impatient(config_for(server.port()), settings);
  for (const auto& fault : {Fault::answer(500), Fault::close()}) {
    server.faults().add(always(), fault);
    CHECK(gave_up(code(impatient.client.get(kConfigMaps, {"default", "a"}, no_stop()))));
    server.faults().clear();
  }
}

TEST_CASE_METHOD(Served, "Retry-After is obeyed") {
  server.put(config_map("a"));
  server.faults().add({}, Fault::answer(429, 1));
  const auto begin = steady_clock::now();
  CHECK(client.get(kConfigMaps, {"default", "a"}, no_stop()));
  CHECK(steady_clock::now() - begin >= std::chrono::seconds(1));
}

TEST_CASE_METHOD(Served, "a write is sent again when it was turned away, and only then") {
  server.faults().add({.method = "POST", .path_prefix = {}, .query = {}, .times = 2}, Fault::answer(429));
  CHECK(client.create(kConfigMaps, "default", config_map("a").dump(), no_stop()));
  CHECK(server.requests().count("POST", kMaps) == 3);
  server.requests().clear();
  for (const auto& fault : {Fault::answer(500), Fault::close(), Fault::lose_answer()}) {
    server.faults().add({.method = "POST", .path_prefix = {}, .query = {}, .times = 1}, fault);
    CHECK(code(client.create(kConfigMaps, "default", R"({"metadata":{"generateName":"b-"}})", no_stop())) ==
          ErrorCode::kUnavailable);
  }
  CHECK(server.requests().count("POST", kMaps) == 3);
  CHECK(server.all(kMaps).size() == 2);  // a, and the one whose answer was lost
}

TEST_CASE_METHOD(Served, "an eviction that a budget forbids is not repeated") {
  server.faults().add(always("POST"), Fault::answer(429, 1));
  CHECK(code(client.evict({"default", "p"}, {}, no_stop())) == ErrorCode::kTooMany);
  CHECK(server.requests().count("POST", "/api") == 1);
}

TEST_CASE_METHOD(Served, "a server that never answers costs no more than the deadline") {
  kube::ClientSettings settings = quick();
  settings.read_attempt = std::chrono::milliseconds(200);
  settings.read_budget = std::chrono::milliseconds(500);
  settings.write_budget = settings.write_attempt = std::chrono::milliseconds(300);
  Connected impatient(config_for(server.port()), settings);
  server.faults().add(always(), Fault::hang());
  const auto begin = steady_clock::now();
  CHECK(code(impatient.client.get(kConfigMaps, {"default", "a"}, no_stop())) == ErrorCode::kTimeout);
  CHECK(code(impatient.client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) ==
        ErrorCode::kTimeout);
  CHECK(steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(server.requests().count("POST", kMaps) == 1);
}

TEST_CASE_METHOD(Served, "a hanging request is cancelled from another thread") {
  server.faults().add(always(), Fault::hang());
  std::stop_source stop;
  auto got =
      std::async(std::launch::async, [&] { return code(client.get(kConfigMaps, {"default", "a"}, stop.get_token())); });
  REQUIRE(wait_until([&] { return server.faults().hanging() == 1; }));
  stop.request_stop();
  CHECK(got.get() == ErrorCode::kCancelled);
}

TEST_CASE_METHOD(Served, "a write that the guard forbids never leaves") {
  Connected guarded(config_for(server.port()), quick(),
                    [] { return Result<void>(fail(ErrorCode::kRefused, "not the leader")); });
  CHECK(code(guarded.client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) == ErrorCode::kRefused);
  CHECK(count(guarded.client).has_value());
  CHECK(server.requests().count("POST", "/") == 0);
}

TEST_CASE_METHOD(Served, "ten thousand pods are listed in pages of five hundred, each once") {
  server.make_pods(10'000);
  CHECK(count(client, kube::kPods).value() == 10'000);
  CHECK(server.requests().count("GET", "/api/v1/pods", "limit=500") == 20);
}

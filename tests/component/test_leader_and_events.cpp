// Two electors and one lease; Events that survive a bad server.

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/base/clock.hpp"
#include "remint/runtime/events.hpp"
#include "remint/runtime/leader.hpp"
#include "remint/runtime/leader_label.hpp"
#include "support/fault_proxy.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

namespace {

constexpr const char* kLease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/remint";
constexpr const char* kEvents = "/apis/events.k8s.io/v1/namespaces/default/events";

struct Candidate {
  Candidate(std::uint16_t port, const std::string& identity)
      : connected(config_for(port)),
        elector(
            connected.client, settings(identity), system_clock(), connected.metrics, [this] { started = true; },
            [this] { lost = true; }) {
    elector.start();
  }
  static runtime::LeaderSettings settings(const std::string& identity) {
    return {.lease = {"default", "remint"},
            .identity = identity,
            .duration = std::chrono::milliseconds(6000),
            .renew_every = std::chrono::milliseconds(300),
            .margin = std::chrono::milliseconds(1000),
            .retry_every = std::chrono::milliseconds(100)};
  }
  std::atomic<bool> started{false}, lost{false};
  Connected connected;
  runtime::LeaderElector elector;
};

runtime::EventNote note(const std::string& name, const std::string& text) {
  return {.regarding = {"apps/v1", "Deployment", "default", name, "uid-" + name},
          .related_name = {},
          .warning = true,
          .reason = "TokenRejected",
          .action = "Detect",
          .note = text};
}

Json replica(const std::string& name, bool marked = false) {
  Json pod{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"namespace", "default"}, {"name", name}}}};
  pod["metadata"]["labels"] = {{"app", "remint"}};
  if (marked) pod["metadata"]["labels"][runtime::kLeaderLabel] = runtime::kLeaderValue;
  return pod;
}

std::set<std::string> marked(const FakeApiServer& server) {
  std::set<std::string> names;
  for (const auto& pod : server.all("/api/v1/namespaces/default/pods")) {
    const auto& meta = pod["metadata"];
    if (meta["labels"].value(runtime::kLeaderLabel, "") == runtime::kLeaderValue) names.insert(meta["name"]);
  }
  return names;
}

}  // namespace

TEST_CASE("of two candidates one leads, and a clean end hands over at once") {
  FakeApiServer server;
  Candidate first(server.port(), "first");
  REQUIRE(wait_until([&] { return first.started.load(); }));
  Candidate second(server.port(), "second");
  REQUIRE(wait_until([&] { return second.elector.holder() == "first"; }));
  CHECK(first.elector.leads());
  CHECK_FALSE(second.elector.leads());
  const auto begin = std::chrono::steady_clock::now();
  first.elector.stop(true);
  REQUIRE(wait_until([&] { return second.elector.leads(); }));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(4500));
  CHECK_FALSE(first.elector.leads());
  CHECK(server.find(kLease)->at("spec")["holderIdentity"] == "second");
}

TEST_CASE("a leader that is cut off stops leading before another begins") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  Candidate first(proxy.port(), "first");
  REQUIRE(wait_until([&] { return first.started.load(); }));
  Candidate second(server.port(), "second");
  ProxyFaults faults;
  faults.stall = true;
  proxy.set(faults);
  bool both = false;
  REQUIRE(wait_until([&] {
    both = both || (first.elector.leads() && second.elector.leads());
    return second.elector.leads();
  }));
  CHECK_FALSE(both);
  CHECK(wait_until([&] { return first.lost.load(); }));
  proxy.set({});
  CHECK_FALSE(first.elector.leads());
}

TEST_CASE("a leader outlives a few failures and lost answers of its renewals") {
  FakeApiServer server;
  Candidate first(server.port(), "first");
  REQUIRE(wait_until([&] { return first.started.load(); }));
  const auto fault = GENERATE_COPY(
      values({Fault::answer(500), Fault::close(), Fault::lose_answer(), Fault::answer(409), Fault::answer(429)}));
  server.faults().add({.method = "PUT", .path_prefix = kLease, .query = {}, .times = 2}, fault);
  REQUIRE(wait_until([&] { return server.faults().taken() == 2; }));
  const auto version = server.find(kLease)->at("metadata")["resourceVersion"];
  CHECK(wait_until([&] { return server.find(kLease)->at("metadata")["resourceVersion"] != version; }));
  CHECK(first.elector.leads());
  CHECK_FALSE(first.lost);
}

TEST_CASE("Events are created once and counted after") {
  FakeApiServer server;
  Connected connected(config_for(server.port()));
  runtime::EventRecorder recorder(connected.client, "remint-0", system_clock(), connected.metrics);
  recorder.start();
  for (int i = 0; i < 5; ++i) recorder.record(note("cart", "the same again"));
  recorder.record(note("shop", "another"));
  recorder.stop(std::chrono::seconds(10));
  const auto events = server.all(kEvents);
  REQUIRE(events.size() == 2);
  for (const auto& event : events) {
    if (event["regarding"]["name"] != "cart") continue;
    CHECK(event["series"]["count"] == 5);
    CHECK(event["note"] == "the same again");
  }
}

TEST_CASE("Events survive a server that fails, and are dropped without harm when it refuses them") {
  FakeApiServer server;
  Connected connected(config_for(server.port()));
  runtime::EventRecorder recorder(connected.client, "remint-0", system_clock(), connected.metrics);
  server.faults().add({.method = "POST", .path_prefix = kEvents, .query = {}, .times = 1}, Fault::answer(500));
  recorder.start();
  recorder.record(note("cart", "once"));
  REQUIRE(wait_until([&] { return server.all(kEvents).size() == 1; }));
  server.faults().add({.method = "POST", .path_prefix = kEvents, .query = {}, .times = FaultMatch::kAlways},
                      Fault::answer(403));
  recorder.record(note("shop", "refused"));
  REQUIRE(wait_until([&] { return server.faults().taken() >= 2; }));
  server.faults().clear();
  recorder.record(note("third", "after"));
  CHECK(wait_until([&] { return server.all(kEvents).size() == 2; }));
  recorder.stop(std::chrono::seconds(5));
}

TEST_CASE("the leader's pod carries the label, and a leader that hangs loses it") {
  FakeApiServer server;
  server.put(replica("remint-0", true));  // hangs, and cannot take its own away
  server.put(replica("remint-1"));
  server.put(replica("remint-2"));
  Connected connected(config_for(server.port()));
  std::atomic<bool> leads{false};
  runtime::LeaderLabel label(connected.client, {"default", "remint-1"}, [&] { return leads.load(); });
  label.start();
  leads = true;
  label.ring();
  CHECK(wait_until([&] { return marked(server) == std::set<std::string>{"remint-1"}; }));
  label.stop(std::chrono::seconds(5));
  CHECK(marked(server).empty());
}

TEST_CASE("a replica that starts again in the same pod takes the label of its earlier life away") {
  FakeApiServer server;
  server.put(replica("remint-0"));
  server.put(replica("remint-1", true));
  Connected connected(config_for(server.port()));
  runtime::LeaderLabel label(connected.client, {"default", "remint-1"}, [] { return false; });
  label.start();
  CHECK(wait_until([&] { return marked(server).empty(); }));
}

TEST_CASE("the label is tried again when the API server refuses it, and the end does not wait for an answer") {
  FakeApiServer server;
  server.put(replica("remint-1"));
  const auto patches = [](unsigned times) {
    return FaultMatch{.method = "PATCH", .path_prefix = "/api/v1/namespaces/default/pods", .query = {}, .times = times};
  };
  server.faults().add(patches(1), Fault::answer(403));
  Connected connected(config_for(server.port()));
  runtime::LeaderLabel label(connected.client, {"default", "remint-1"}, [] { return true; });
  label.start();
  CHECK(wait_until([&] { return marked(server).size() == 1; }));
  server.faults().add(patches(FaultMatch::kAlways), Fault::hang());
  const auto begin = std::chrono::steady_clock::now();
  label.stop(std::chrono::milliseconds(200));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(3));
}

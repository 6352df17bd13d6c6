#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/runtime/events.hpp"
#include "support/fake_transport.hpp"
#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace std::chrono_literals;
using remint::testing::FakeTransport;
using remint::testing::ManualClock;
using remint::testing::wait_until;
using runtime::EventNote;
using runtime::EventRecorder;

namespace {

EventNote note(const std::string& name) {
  return {.regarding = {"apps/v1", "Deployment", "shop", name, "uid-1"},
          .related_name = "",
          .warning = false,
          .reason = "Restarted",
          .action = "Restart",
          .note = "text"};
}

struct Fixture {
  ManualClock clock;
  metrics::Registry metrics;
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>();
  // The client's own retries do not wait.
  kube::Client client{
      transport,
      metrics,
      clock,
      {},
      kube::ClientSettings{.write_budget = 1ms,
                           .sleep = [](Duration, const std::stop_token& stop) { return !stop.stop_requested(); },
                           .random = {}}};
  EventRecorder recorder{client, "pod-1", clock, metrics};

  explicit Fixture(FakeTransport::Sender sender = [](const kube::Request& request, const std::stop_token&) {
    return FakeTransport::ok(request.body.empty() ? "{}" : request.body, request.method == "POST" ? 201 : 200);
  }) {
    transport->on_send(std::move(sender));
  }
  double dropped(const std::string& reason) {
    return metrics
        .counter("remint_events_dropped_total", "Kubernetes Events not written, or not counted up.",
                 {{"reason", reason}})
        .value();
  }
  double written(const std::string& result) {
    return metrics.counter("remint_events_total", "Kubernetes Events written.", {{"result", result}}).value();
  }
  std::vector<std::string> methods() {
    std::vector<std::string> result;
    for (const auto& request : transport->requests()) result.push_back(request.method);
    return result;
  }
};

}  // namespace

TEST_CASE("A note becomes an Event in its object's namespace, a repetition a series") {
  Fixture f;
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.record(note("cart"));
  f.recorder.stop(20s);
  const auto requests = f.transport->requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].method == "POST");
  CHECK_THAT(requests[0].path, Catch::StartsWith("/apis/events.k8s.io/v1/namespaces/shop/events"));
  CHECK(requests[1].method == "PATCH");
  CHECK_THAT(requests[1].path, Catch::Contains("/events/cart."));
  CHECK((*parse_json(requests[1].body))["series"]["count"] == 2);
  CHECK(f.written("created") == 1);
  CHECK(f.written("updated") == 1);
}

TEST_CASE("A storm of one note costs three writes, the last of them at the end") {
  Fixture f;
  for (int i = 0; i < 500; ++i) f.recorder.record(note("cart"));
  f.recorder.start();
  f.recorder.stop(20s);
  CHECK(f.methods() == std::vector<std::string>{"POST", "PATCH", "PATCH"});
  CHECK((*parse_json(f.transport->requests().back().body))["series"]["count"] == 500);
}

TEST_CASE("record never blocks: what does not fit in the queue is dropped and counted") {
  Fixture f;
  for (std::size_t i = 0; i < EventRecorder::kQueueSize + 7; ++i) f.recorder.record(note("w" + std::to_string(i)));
  CHECK(f.dropped("queue_full") == 7);
  f.recorder.start();
  f.recorder.stop(60s);
  CHECK(f.written("created") == static_cast<double>(EventRecorder::kQueueSize));
}

TEST_CASE("A refusal is counted and not repeated") {
  const int status = GENERATE(400, 403, 404);
  Fixture f([status](const kube::Request&, const std::stop_token&) { return FakeTransport::status(status); });
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.stop(20s);
  CHECK(f.transport->count() == 1);
  CHECK(f.dropped("refused") == 1);
}

TEST_CASE("After a refusal the same note is tried as a new Event, not as a series of one that does not exist") {
  Fixture f([](const kube::Request&, const std::stop_token&) { return FakeTransport::status(403, "Forbidden"); });
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.record(note("cart"));
  f.recorder.stop(20s);
  CHECK(f.methods() == std::vector<std::string>{"POST", "POST"});
}

TEST_CASE("AlreadyExists means that an earlier try had arrived") {
  Fixture f([](const kube::Request&, const std::stop_token&) { return FakeTransport::status(409, "AlreadyExists"); });
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.stop(20s);
  CHECK(f.transport->count() == 1);
  CHECK(f.written("created") == 1);
}

TEST_CASE("An Event that is gone when it is counted up is made anew, once") {
  Fixture f([](const kube::Request& request, const std::stop_token&) {
    return request.method == "PATCH" ? FakeTransport::status(404, "NotFound") : FakeTransport::ok("{}", 201);
  });
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.record(note("cart"));
  f.recorder.stop(20s);
  CHECK(f.methods() == std::vector<std::string>{"POST", "PATCH", "POST"});
}

TEST_CASE("An API server that cannot be reached is tried a few times, under the same name, and then no more") {
  Fixture f([](const kube::Request&, const std::stop_token&) { return FakeTransport::cut(); });
  f.recorder.start();
  f.recorder.record(note("cart"));
  f.recorder.stop(30s);
  const auto requests = f.transport->requests();
  CHECK(requests.size() == EventRecorder::kTries);
  CHECK(requests.front().body == requests.back().body);
  CHECK(f.dropped("failed") == 1);
}

TEST_CASE("stop gives up at its deadline, though the API server hangs, and counts what is left") {
  Fixture f([](const kube::Request&, const std::stop_token& stop) { return FakeTransport::hang(stop); });
  f.recorder.start();
  f.recorder.record(note("a"));
  CHECK(wait_until([&] { return f.transport->count() == 1; }));
  f.recorder.record(note("b"));
  f.recorder.stop(0ms);
  f.recorder.record(note("c"));
  CHECK(f.dropped("stopped") == 3);
  f.recorder.stop(0ms);
}

TEST_CASE("A recorder that was never started stops") {
  Fixture f;
  f.recorder.record(note("a"));
  f.recorder.stop(20s);
  CHECK(f.dropped("stopped") == 1);
}

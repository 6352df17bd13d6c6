#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "remint/base/json.hpp"
#include "remint/runtime/leader.hpp"
#include "support/fake_transport.hpp"
#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace std::chrono_literals;
using remint::testing::FakeTransport;
using remint::testing::ManualClock;
using remint::testing::wait_until;
using runtime::LeaderElector;
using runtime::LeaderSettings;

namespace {

/// One Lease behind a transport, as the API server keeps it. Thread-safe.
class LeaseApi {
 public:
  enum class Mode { kWorks, kHangs, kCut, kForbidden };
  std::atomic<Mode> mode = Mode::kWorks;
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>();

  LeaseApi() {
    transport->on_send(
        [this](const kube::Request& request, const std::stop_token& stop) { return answer(request, stop); });
  }
  Json lease() const {
    const std::lock_guard lock(mutex_);
    return lease_;
  }
  void change(const std::function<void(Json&)>& edit) {
    const std::lock_guard lock(mutex_);
    edit(lease_);
    if (!lease_.is_null()) lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  std::size_t count(const std::string& method) const {
    std::size_t number = 0;
    for (const auto& request : transport->requests()) number += request.method == method ? 1U : 0U;
    return number;
  }

 private:
  FakeTransport::Answer answer(const kube::Request& request, const std::stop_token& stop) {
    switch (mode.load()) {
      case Mode::kHangs:
        return FakeTransport::hang(stop);
      case Mode::kCut:
        return FakeTransport::cut();
      case Mode::kForbidden:
        return FakeTransport::status(403, "Forbidden");
      case Mode::kWorks:
        break;
    }
    const std::lock_guard lock(mutex_);
    if (request.method == "GET")
      return lease_.is_null() ? FakeTransport::status(404, "NotFound") : FakeTransport::ok(dump_json(lease_));
    auto body = *parse_json(request.body);
    if (request.method == "POST") {
      if (!lease_.is_null()) return FakeTransport::status(409, "AlreadyExists");
    } else {
      if (lease_.is_null()) return FakeTransport::status(404, "NotFound");
      if (body["metadata"]["resourceVersion"] != lease_["metadata"]["resourceVersion"])
        return FakeTransport::status(409, "Conflict");
    }
    lease_ = std::move(body);
    lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
    return FakeTransport::ok(dump_json(lease_), request.method == "POST" ? 201 : 200);
  }

  mutable std::mutex mutex_;
  Json lease_;
  int version_ = 0;
};

struct Contender {
  metrics::Registry metrics;
  kube::Client client;
  std::atomic<int> started = 0;
  std::atomic<int> lost = 0;
  LeaderElector elector;

  Contender(LeaseApi& api, const Clock& clock, const LeaderSettings& settings)
      : client(api.transport, metrics, clock),
        elector(client, settings, clock, metrics, [this] { ++started; }, [this] { ++lost; }) {}
  double gauge() { return metrics.gauge("remint_leader", "1 while this process holds the lease and may act.").value(); }
  bool wins() {
    return wait_until([&] { return elector.leads(); });
  }
};

/// The defaults, but looked at often: for a clock that the test moves.
LeaderSettings quick(const std::string& identity) {
  LeaderSettings settings;
  settings.lease = {"ops", "remint"};
  settings.identity = identity;
  settings.renew_every = 5ms;
  settings.retry_every = 5ms;
  return settings;
}

/// A lease that really runs out while the test waits.
LeaderSettings brief(const std::string& identity) {
  auto settings = quick(identity);
  settings.duration = 2s;
  settings.margin = 500ms;
  settings.renew_every = 300ms;
  return settings;
}

}  // namespace

TEST_CASE("An elector alone wins, says so once, and renews") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  CHECK_FALSE(one.elector.leads());
  one.elector.start();
  CHECK(one.wins());
  CHECK(wait_until([&] { return api.count("PUT") >= 3; }));
  CHECK(one.started == 1);
  CHECK(one.gauge() == 1);
  CHECK(one.elector.holder() == "one");
  CHECK(api.lease()["spec"]["holderIdentity"] == "one");
  CHECK(api.lease()["spec"]["leaseDurationSeconds"] == 15);
  CHECK(api.count("GET") == 1);  // renewing needs no reading
  one.elector.stop(false);
  CHECK_FALSE(one.elector.leads());
  CHECK(one.gauge() == 0);
  CHECK(one.lost == 0);
  CHECK(api.lease()["spec"]["holderIdentity"] == "one");
}

TEST_CASE("Of two electors one leads, and after a clean stop the other one, without waiting") {
  LeaseApi api;
  const ManualClock clock;  // stands still: no lease ever runs out
  Contender one(api, clock, quick("one"));
  Contender two(api, clock, quick("two"));
  one.elector.start();
  CHECK(one.wins());
  two.elector.start();
  CHECK(wait_until([&] { return two.elector.holder() == "one"; }));
  CHECK_FALSE(two.elector.leads());
  one.elector.stop(true);
  CHECK_FALSE(one.elector.leads());
  CHECK(two.wins());
  CHECK(api.lease()["spec"]["leaseTransitions"] == 1);
  CHECK(one.lost == 0);
}

TEST_CASE("When a leader dies without a word, the other takes over after the lease's time") {
  LeaseApi api;
  ManualClock clock;
  Contender two(api, clock, quick("two"));
  {
    Contender one(api, clock, quick("one"));
    one.elector.start();
    CHECK(one.wins());
    one.elector.stop(false);
  }
  two.elector.start();
  CHECK(wait_until([&] { return two.elector.holder() == "one"; }));
  clock.advance(14s);
  const auto looks = api.count("GET");
  CHECK(wait_until([&] { return api.count("GET") > looks + 2; }));
  CHECK_FALSE(two.elector.leads());
  clock.advance(1s);
  CHECK(two.wins());
}

TEST_CASE("A leader that stood still for long leads no more, ends once, and never comes back") {
  LeaseApi api;
  ManualClock clock;
  auto settings = quick("one");
  Contender one(api, clock, settings);
  one.elector.start();
  CHECK(one.wins());
  // The renewal that is under way may still succeed, but it counts from before.
  clock.advance(60s);
  CHECK(wait_until([&] { return one.lost == 1; }));
  CHECK_FALSE(one.elector.leads());
  CHECK(one.gauge() == 0);
  const auto calls = api.transport->count();
  one.elector.stop(true);
  CHECK(api.transport->count() == calls);  // what is lost is not given up
  CHECK(one.lost == 1);
  CHECK_FALSE(one.elector.leads());
}

TEST_CASE("leads is exact without the elector's help") {
  LeaseApi api;
  ManualClock clock;
  auto settings = quick("one");
  settings.renew_every = 12s;  // asleep during this test
  Contender one(api, clock, settings);
  one.elector.start();
  CHECK(one.wins());
  clock.advance(13s - 1ns);
  CHECK(one.elector.leads());
  clock.advance(1ns);
  CHECK_FALSE(one.elector.leads());
}

TEST_CASE("An API server that hangs costs the lease, in time, and is told once") {
  LeaseApi api;
  Contender one(api, system_clock(), brief("one"));
  one.elector.start();
  CHECK(one.wins());
  api.mode = LeaseApi::Mode::kHangs;
  CHECK(wait_until([&] { return one.lost == 1; }));
  CHECK_FALSE(one.elector.leads());
  CHECK_THAT(one.elector.last_error(), Catch::Contains("no answer within"));
  one.elector.stop(true);
  CHECK(one.lost == 1);
}

TEST_CASE("Connections that are cut for a moment do not cost the lease") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  one.elector.start();
  CHECK(one.wins());
  api.mode = LeaseApi::Mode::kCut;
  CHECK(wait_until([&] { return !one.elector.last_error().empty(); }));
  CHECK(one.elector.leads());
  api.mode = LeaseApi::Mode::kWorks;
  const auto renewed = api.count("PUT");
  CHECK(wait_until([&] { return api.count("PUT") > renewed + 1; }));
  CHECK(wait_until([&] { return one.elector.last_error().empty(); }));
  CHECK(one.elector.leads());
  CHECK(one.lost == 0);
}

TEST_CASE("Somebody else's name in the lease ends the leader at once") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  one.elector.start();
  CHECK(one.wins());
  api.change([](Json& lease) {
    lease["spec"]["holderIdentity"] = "other";
    lease["spec"]["acquireTime"] = "2026-01-01T00:00:00.000000Z";
  });
  CHECK(wait_until([&] { return one.lost == 1; }));
  CHECK_FALSE(one.elector.leads());
  CHECK(one.elector.holder() == "other");
  CHECK(api.lease()["spec"]["holderIdentity"] == "other");
}

TEST_CASE("A leader whose lease is deleted or labelled leads on") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  one.elector.start();
  CHECK(one.wins());
  SECTION("deleted") {
    api.change([](Json& lease) { lease = nullptr; });
    CHECK(wait_until([&] { return !api.lease().is_null(); }));
  }
  SECTION("labelled") {
    api.change([](Json& lease) { lease["metadata"]["labels"]["team"] = "x"; });
    const auto renewed = api.count("PUT");
    CHECK(wait_until([&] { return api.count("PUT") > renewed + 2; }));
    CHECK(api.lease()["metadata"]["labels"]["team"] == "x");
  }
  CHECK(one.elector.leads());
  CHECK(one.lost == 0);
  CHECK(one.started == 1);
}

TEST_CASE("Without the right to read the lease an elector says so and goes on trying") {
  LeaseApi api;
  const ManualClock clock;
  api.mode = LeaseApi::Mode::kForbidden;
  Contender one(api, clock, quick("one"));
  one.elector.start();
  CHECK(wait_until([&] { return api.count("GET") > 2; }));
  CHECK_FALSE(one.elector.last_error().empty());
  CHECK_FALSE(one.elector.leads());
  api.mode = LeaseApi::Mode::kWorks;
  CHECK(one.wins());
}

TEST_CASE("stop does not wait for a call that hangs, and still gives the lease up") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  one.elector.start();
  CHECK(one.wins());
  api.mode = LeaseApi::Mode::kHangs;
  const auto calls = api.transport->count();
  CHECK(wait_until([&] { return api.transport->count() > calls; }));
  SECTION("it was carried out all the same") {
    api.change([](Json& lease) { lease["spec"]["renewTime"] = "2026-01-01T00:00:00.000000Z"; });
  }
  SECTION("it was not") {}
  // Works again for what comes after the call that hangs.
  api.mode = LeaseApi::Mode::kWorks;
  one.elector.stop(true);
  CHECK_FALSE(api.lease()["spec"].contains("holderIdentity"));
}

TEST_CASE("An elector stops cleanly when it was never started, and refuses settings that cannot work") {
  LeaseApi api;
  const ManualClock clock;
  Contender one(api, clock, quick("one"));
  one.elector.stop(true);
  auto bad = quick("two");
  bad.margin = bad.duration;
  CHECK_THROWS_AS(Contender(api, clock, bad), std::logic_error);
}

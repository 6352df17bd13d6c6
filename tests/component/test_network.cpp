// A reflector behind a network that refuses, stalls, cuts, slices and delays.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "mirrored.hpp"
#include "support/fault_proxy.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

namespace {

void change_at_random(FakeApiServer& server, std::mt19937& random, int changes) {
  for (int i = 0; i < changes; ++i) {
    const std::string name = "m" + std::to_string(random() % 20);
    if (random() % 4 == 0) {
      server.erase(std::string(kMaps) + "/" + name);
    } else {
      server.put(config_map(name, std::to_string(random())));
    }
  }
}

}  // namespace

// Invariants: in the end the cache is the truth; no event is told that is not newer than what was known; nothing
// crashes.
TEST_CASE("through every fault of the network a cache comes to the truth") {
  FakeApiServer server;
  FaultProxy proxy(server.port());
  std::mt19937 random(20260701);
  change_at_random(server, random, 50);
  runtime::ReflectorSettings settings = quick_reflector();
  settings.server_timeout = std::chrono::seconds(1);
  settings.idle_margin = std::chrono::seconds(1);
  Mirrored mirrored(proxy.port(), settings);
  REQUIRE(mirrored.converges(server));
  const auto some_time = [&](std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      change_at_random(server, random, 3);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  for (int round = 0; round < 12; ++round) {
    ProxyFaults faults;
    switch (round % 6) {
      case 0:
        faults.refuse = true;
        break;
      case 1:
        faults.stall = true;
        break;
      case 2:
        faults.cut_after = 300 + random() % 3000;
        break;
      case 3:
        faults.slice = 1;
        break;
      case 4:
        faults.delay = std::chrono::milliseconds(10);
        break;
      default:
        faults.cut_after = random() % 500;
        faults.reset = true;
        break;
    }
    INFO("round " << round);
    proxy.set(faults);
    if (faults.refuse) proxy.cut_all();
    some_time(std::chrono::milliseconds(200));
    if (round % 4 == 3) server.compact();
    proxy.set({});
    CHECK(mirrored.converges(server));
  }
  CHECK(mirrored.mirror.stale() == 0);
  CHECK(proxy.cuts() > 0);
}

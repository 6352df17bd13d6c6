// Caches come to the truth in the end, whatever happens on the way.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "mirrored.hpp"
#include "remint/base/json.hpp"
#include "remint/kube/resources.hpp"
#include "remint/runtime/store.hpp"
#include "support/make_pods.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

namespace {

FaultMatch lists(unsigned times) { return {.method = "GET", .path_prefix = kMaps, .query = "limit", .times = times}; }
FaultMatch watches(unsigned times) { return {.method = "GET", .path_prefix = kMaps, .query = "watch", .times = times}; }

}  // namespace

TEST_CASE("a cache follows what is created, changed and deleted") {
  FakeApiServer server;
  server.put(config_map("before"));
  Mirrored mirrored(server.port());
  REQUIRE(mirrored.converges(server));
  server.put(config_map("a"));
  server.put(config_map("a", "w"));
  server.put(config_map("b"));
  server.erase(std::string(kMaps) + "/before");
  CHECK(mirrored.converges(server));
  CHECK(mirrored.mirror.lists() == 1);
  CHECK(mirrored.mirror.stale() == 0);
  CHECK(mirrored.reflector.last_error().empty());
}

TEST_CASE("every error of a list is outlived and told") {
  const int status = GENERATE(401, 403, 404, 409, 410, 429, 500);
  FakeApiServer server;
  server.put(config_map("a"));
  server.faults().add(lists(FaultMatch::kAlways), Fault::answer(status));
  Mirrored mirrored(server.port());
  if (status != 429 && status != 500) {
    CHECK(wait_until([&] { return !mirrored.reflector.last_error().empty(); }));
  } else {
    CHECK(wait_until([&] { return server.faults().taken() > 2; }));
  }
  CHECK_FALSE(mirrored.reflector.synced());
  server.faults().clear();
  CHECK(mirrored.converges(server));
  CHECK(wait_until([&] { return mirrored.reflector.last_error().empty(); }));
}

TEST_CASE("every error of a watch is outlived") {
  FakeApiServer server;
  const auto fault =
      GENERATE_COPY(values({Fault::answer(401), Fault::answer(403), Fault::answer(404), Fault::answer(410),
                            Fault::answer(429), Fault::answer(500), Fault::raw("garbage"), Fault::raw(""),
                            Fault::close(), Fault{Fault::Kind::kAnswer, 200, "not json\n", {}},
                            Fault{Fault::Kind::kAnswer, 200, "{\"type\":\"ADDED\"}\n", {}}}));
  server.put(config_map("a"));
  server.faults().add(watches(3), fault);
  Mirrored mirrored(server.port());
  REQUIRE(wait_until([&] { return server.faults().taken() == 3; }));
  server.put(config_map("b"));
  CHECK(mirrored.converges(server));
}

TEST_CASE("garbage in a watch does not end the process, and the cache comes right") {
  FakeApiServer server;
  server.put(config_map("a"));
  Mirrored mirrored(server.port());
  REQUIRE(mirrored.converges(server));
  const std::string lines[] = {
      "garbage\n",
      "{\"type\":\"ADDED\",\"object\":{}}\n",
      "{\"type\":\"WHAT\",\"object\":{}}\n",
      "[]\n",
      "\n",
      "null\n",
      "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":7}}}\n",
      "{\"type\":\"ERROR\",\"object\":{}}\n",
      "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,\"message\":\"etcdserver: mvcc\"}}\n",
      std::string(100'000, '[') + "\n"};
  int round = 0;
  for (const auto& line : lines) {
    INFO(line.substr(0, 80));
    REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
    server.send_watch_line("configmaps", line, true);
    server.put(config_map("after-" + std::to_string(round++)));
    CHECK(mirrored.converges(server));
  }
}

TEST_CASE("410 means list again, and what was deleted meanwhile is gone") {
  FakeApiServer server;
  server.put(config_map("stays"));
  server.put(config_map("goes"));
  Mirrored mirrored(server.port());
  REQUIRE(mirrored.converges(server));
  server.faults().add(watches(FaultMatch::kAlways), Fault::answer(503));
  server.cut_connections();
  server.erase(std::string(kMaps) + "/goes");
  server.put(config_map("new"));
  server.compact();
  server.faults().clear();
  CHECK(mirrored.converges(server));
  CHECK(mirrored.mirror.lists() >= 2);
}

TEST_CASE("bookmarks carry a quiet watch over a compaction") {
  FakeApiServer server;
  server.put(config_map("a"));
  Mirrored mirrored(server.port());
  REQUIRE(mirrored.converges(server));
  REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  const auto restarts = server.requests().count("GET", kMaps, "watch");
  server.put({{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", "elsewhere"}}}});
  const std::string version = std::to_string(server.resource_version());
  server.send_bookmarks();
  server.end_watches();
  REQUIRE(wait_until([&] { return server.requests().count("GET", kMaps, "watch") > restarts; }));
  server.compact();
  server.end_watches();
  server.put(config_map("b"));
  CHECK(mirrored.converges(server));
}

TEST_CASE("a CRD that comes late is watched when it comes, and gone when it goes") {
  FakeApiServer server;
  runtime::ReflectorSettings settings = quick_reflector();
  settings.resource = kube::kWorkloadRestarts;
  Mirrored mirrored(server.port(), settings);
  REQUIRE(wait_until([&] { return !mirrored.reflector.last_error().empty(); }));
  CHECK_FALSE(mirrored.reflector.synced());
  server.add_remint_resources();
  server.put({{"apiVersion", "remint.dev/v1alpha1"}, {"kind", "WorkloadRestart"}, {"metadata", {{"name", "r"}}}});
  CHECK(wait_until([&] { return mirrored.reflector.synced() && mirrored.mirror.now().contains("r"); }));
}

TEST_CASE("a server that goes and comes back is found again") {
  FakeApiServer server;
  server.put(config_map("a"));
  Mirrored mirrored(server.port());
  REQUIRE(mirrored.converges(server));
  server.stop();
  server.put(config_map("b"));
  REQUIRE(wait_until([&] { return !mirrored.reflector.last_error().empty(); }));
  server.start();
  CHECK(mirrored.converges(server));
}

TEST_CASE("a reflector stops at once, whatever it is waiting for") {
  FakeApiServer server;
  const auto fault = GENERATE_COPY(values({Fault::hang(), Fault::answer(403), Fault::answer(429, 30)}));
  server.faults().add(lists(FaultMatch::kAlways), fault);
  Mirrored mirrored(server.port());
  REQUIRE(wait_until([&] { return server.faults().taken() >= 1; }));
  const auto begin = std::chrono::steady_clock::now();
  mirrored.reflector.stop();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(3));
}

TEST_CASE("a store shows a relist whole, and only whole") {
  FakeApiServer server;
  server.make_pods(600);  // two pages
  runtime::Store<std::string> store([](std::string_view text) -> Result<std::pair<ObjectKey, std::string>> {
    const auto json = parse_json(text);
    if (!json) return std::unexpected(json.error());
    const Json& meta = (*json)["metadata"];
    return std::pair(ObjectKey{meta["namespace"], meta["name"]}, meta["uid"].get<std::string>());
  });
  // As patient as in production: under ThreadSanitizer on a busy machine these three megabytes take seconds, and a
  // client that gave up after 5 of them never got its list.
  Connected connected(config_for(server.port()), kube::ClientSettings{});
  runtime::ReflectorSettings settings = quick_reflector();
  settings.resource = kube::kPods;
  settings.ns = {};
  runtime::Reflector reflector(connected.client, settings, store, connected.metrics);
  reflector.start();
  std::set<std::size_t> sizes;
  REQUIRE(wait_until(
      [&] {
        sizes.insert(store.all().size());
        return reflector.synced();
      },
      std::chrono::minutes(2)));
  sizes.insert(store.all().size());
  for (const auto size : sizes) CHECK((size == 0 || size == 600));
  REQUIRE(store.get(pod_key(567)));
  CHECK(*store.get(pod_key(567)) == pod_uid(567));
}

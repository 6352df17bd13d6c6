#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "support/fake_apiserver.hpp"
#include "support/raw_http.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::testing;

namespace {

Json config_map(const std::string& name, const std::string& value = "v", const std::string& label = "x") {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}, {"labels", {{"l", label}}}}},
          {"data", {{"k", value}}}};
}

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

std::string watch_from(std::uint64_t version, const std::string& more = {}) {
  return std::string(kMaps) + "?watch=true&resourceVersion=" + std::to_string(version) + more;
}

}  // namespace

TEST_CASE("pages of a list show one moment, whatever happens between them") {
  FakeApiServer server;
  for (int i = 0; i < 7; ++i) server.put(config_map("m" + std::to_string(i)));
  std::set<std::string> names;
  std::string token, version;
  int pages = 0;
  do {
    const auto page = raw_request(server.port(), "GET", std::string(kMaps) + "?limit=3&continue=" + token).json();
    for (const auto& item : page["items"]) CHECK(names.insert(item["metadata"]["name"]).second);
    if (pages > 0) CHECK(page["metadata"]["resourceVersion"] == version);
    version = page["metadata"]["resourceVersion"];
    token = page["metadata"].value("continue", "");
    server.put(config_map("n" + std::to_string(pages++)));
  } while (!token.empty());
  CHECK(pages == 3);
  CHECK(names.size() == 7);
}

TEST_CASE("a continue token expires with compaction") {
  FakeApiServer server;
  for (int i = 0; i < 3; ++i) server.put(config_map("m" + std::to_string(i)));
  const auto page = raw_request(server.port(), "GET", std::string(kMaps) + "?limit=1").json();
  server.compact();
  const auto next =
      raw_request(server.port(), "GET",
                  std::string(kMaps) + "?limit=1&continue=" + page["metadata"]["continue"].get<std::string>());
  CHECK(next.status == 410);
  CHECK(next.json()["reason"] == "Expired");
  CHECK(raw_request(server.port(), "GET", std::string(kMaps) + "?continue=garbage").status == 400);
}

TEST_CASE("a watch tells what happens after the version it begins at") {
  FakeApiServer server;
  server.put(config_map("before"));
  const auto from = server.resource_version();
  server.put(config_map("a"));
  RawStream watch(server.port(), watch_from(from));
  CHECK(watch.event()["object"]["metadata"]["name"] == "a");
  server.put(config_map("a", "w"));
  const Json changed = watch.event();
  CHECK(changed["type"] == "MODIFIED");
  CHECK(changed["object"]["kind"] == "ConfigMap");
  server.erase(std::string(kMaps) + "/a");
  const Json gone = watch.event();
  CHECK(gone["type"] == "DELETED");
  CHECK(gone["object"]["metadata"]["resourceVersion"] == std::to_string(server.resource_version()));
}

TEST_CASE("a watch from nothing begins with what exists") {
  FakeApiServer server;
  server.put(config_map("a"));
  RawStream watch(server.port(), std::string(kMaps) + "?watch=1");
  CHECK(watch.event()["type"] == "ADDED");
}

TEST_CASE("an object that stops matching a selector is deleted for its watch") {
  FakeApiServer server;
  RawStream watch(server.port(), watch_from(server.resource_version(), "&labelSelector=l%3Dx"));
  server.put(config_map("a", "v", "x"));
  CHECK(watch.event()["type"] == "ADDED");
  server.put(config_map("other", "v", "y"));
  server.put(config_map("a", "v", "y"));
  const Json event = watch.event();
  CHECK(event["type"] == "DELETED");
  CHECK(event["object"]["metadata"]["name"] == "a");
}

TEST_CASE("a watch from before compaction gets 410, one from now goes on") {
  FakeApiServer server;
  const auto old = server.resource_version();
  server.put(config_map("a"));
  server.compact();
  RawStream late(server.port(), watch_from(old));
  const Json error = late.event();
  CHECK(error["type"] == "ERROR");
  CHECK(error["object"]["code"] == 410);
  CHECK(late.line().empty());
  CHECK(late.ended());
  RawStream present(server.port(), watch_from(server.resource_version()));
  server.put(config_map("b"));
  CHECK(present.event()["object"]["metadata"]["name"] == "b");
}

TEST_CASE("bookmarks come when asked for, and only to those who allow them") {
  FakeApiServer server;
  RawStream with(server.port(), watch_from(server.resource_version(), "&allowWatchBookmarks=true"));
  RawStream without(server.port(), watch_from(server.resource_version()));
  REQUIRE(wait_until([&] { return server.open_watches() == 2; }));
  server.put({{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", "n"}}}});
  server.send_bookmarks();
  const Json bookmark = with.event();
  CHECK(bookmark["type"] == "BOOKMARK");
  CHECK(bookmark["object"]["metadata"]["resourceVersion"] == std::to_string(server.resource_version()));
  server.put(config_map("a"));
  CHECK(without.event()["type"] == "ADDED");
}

TEST_CASE("a watch ends at its time with a bookmark shortly before") {
  FakeApiServer server;
  RawStream watch(server.port(), watch_from(server.resource_version(), "&timeoutSeconds=1&allowWatchBookmarks=true"));
  CHECK(watch.event()["type"] == "BOOKMARK");
  CHECK(watch.line().empty());
  CHECK(watch.ended());
}

TEST_CASE("watches can be ended, cut and fed garbage") {
  FakeApiServer server;
  RawStream watch(server.port(), watch_from(server.resource_version()));
  REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  server.send_watch_line("configmaps", "not json\n");
  CHECK(watch.line() == "not json");
  server.end_watches();
  CHECK(watch.line().empty());
  CHECK(watch.ended());
  REQUIRE(wait_until([&] { return server.open_watches() == 0; }));
  RawStream other(server.port(), watch_from(server.resource_version()));
  REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  server.cut_connections();
  CHECK(other.line().empty());
  CHECK(other.ended());
}

TEST_CASE("a client that leaves its watch is noticed") {
  FakeApiServer server;
  {
    RawStream watch(server.port(), watch_from(server.resource_version()));
    REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  }
  CHECK(wait_until([&] { return server.open_watches() == 0; }));
}

TEST_CASE("ten thousand generated pods are listed in pages and one by one") {
  FakeApiServer server;
  server.make_pods(10'000);
  std::size_t items = 0;
  std::string token;
  do {
    const auto page = raw_request(server.port(), "GET", "/api/v1/pods?limit=2500&continue=" + token);
    REQUIRE(page.whole);
    const Json json = page.json();
    items += json["items"].size();
    token = json["metadata"].value("continue", "");
  } while (!token.empty());
  CHECK(items == 10'000);
}

// What was learnt of callers, in a ConfigMap: taken over once, written when there is news, never made up.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/controllers/caller_memory.hpp"
#include "support/manual_clock.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using namespace std::chrono_literals;

namespace {

struct Memory {
  FakeApiServer server;
  Connected connected{config_for(server.port())};
  ManualClock clock;
  bool acts = true;
  std::uint64_t ways = 1;
  std::string text = "learnt";
  std::vector<std::string> restored;
  controllers::CallerMemory memory{connected.client,
                                   {"default", "remint-memory"},
                                   clock,
                                   connected.metrics,
                                   {[this] { return acts; }, [this] { return Result<std::uint64_t>(ways); },
                                    [this](std::size_t) { return Result<std::string>(text); },
                                    [this](std::string saved) -> Result<std::size_t> {
                                      if (saved == "spoilt") return fail(ErrorCode::kInvalid, "not in the format");
                                      restored.push_back(std::move(saved));
                                      return 1U;
                                    }}};

  void exists(const std::string& saved = {}) {
    Json object = config_map("remint-memory");
    object["data"] = saved.empty() ? Json::object() : Json{{"callers", saved}};
    server.put(object);
  }
  [[nodiscard]] std::string kept() {
    const auto object = server.find(std::string(kMaps) + "/remint-memory");
    return object ? object->value("/data/callers"_json_pointer, "") : "";
  }
  void look(bool last = false) { memory.look(no_stop(), last); }
  [[nodiscard]] std::size_t writes() { return server.requests().count("PATCH", kMaps); }
};

}  // namespace

TEST_CASE("what an earlier leader left is taken over once, before anything is written") {
  Memory m;
  m.exists("of the one before");
  m.acts = false;
  m.look();
  CHECK(m.restored.empty());
  m.acts = true;
  m.look();
  m.look();
  CHECK(m.restored == std::vector<std::string>{"of the one before"});
  CHECK(m.kept() == "learnt");
}

TEST_CASE("it is written when there is news, not more often than each half minute, and every ten minutes without") {
  Memory m;
  m.exists();
  m.look();
  REQUIRE(m.writes() == 1);
  ++m.ways;
  m.look();
  CHECK(m.writes() == 1);
  m.clock.advance(30s);
  m.look();
  CHECK(m.writes() == 2);
  m.clock.advance(9min);
  m.look();
  CHECK(m.writes() == 2);
  m.clock.advance(1min);
  m.look();
  CHECK(m.writes() == 3);
  ++m.ways;
  m.look(true);
  CHECK(m.writes() == 4);
}

TEST_CASE("where no address is shared nothing is written") {
  Memory m;
  m.exists();
  m.text.clear();
  m.look();
  CHECK(m.writes() == 0);
}

TEST_CASE("a ConfigMap that is not there is not made, and not asked for again") {
  Memory m;
  m.look();
  m.look();
  CHECK(m.server.requests().count("GET", kMaps) == 1);
  CHECK(m.writes() == 0);
  CHECK_FALSE(m.server.find(std::string(kMaps) + "/remint-memory"));
}

TEST_CASE("what is of no use is written over") {
  Memory m;
  m.exists("spoilt");
  m.look();
  CHECK(m.kept() == "learnt");
}

TEST_CASE("what could not be saved is saved with the next look that may, and at the latest at the end") {
  Memory m;
  m.exists();
  m.look();
  ++m.ways;
  m.clock.advance(30s);
  REQUIRE(m.connected.client.remove(kConfigMaps, {"default", "remint-memory"}, {}, no_stop()));
  m.look();
  m.exists();
  m.look(true);
  CHECK(m.kept() == "learnt");
}

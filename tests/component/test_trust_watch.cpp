// The CA bundle and the signing keys, looked at now and then: over a change of leader, too.

#include "remint/sources/trust_watch.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "support/manual_clock.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using namespace std::chrono_literals;

namespace {

std::string certificate(const std::string& body) {
  return "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n";
}

/// A cluster whose ConfigMaps outlive who watches them.
struct Cluster {
  FakeApiServer server;
  ManualClock clock;

  void ca(const std::string& pem) {
    Json object = config_map("kube-root-ca.crt");
    object["data"] = {{"ca.crt", pem}};
    server.put(object);
  }
  void memory(const Json& data) {
    Json object = config_map("remint-memory");
    object["data"] = data;
    server.put(object);
  }
};

struct Leader {
  explicit Leader(Cluster& of) : cluster(of) {}
  Cluster& cluster;
  Connected connected{config_for(cluster.server.port())};
  bool acts = true;
  std::vector<detect::TrustChange> changes;
  bool tokens_repeat = false;
  sources::TrustWatch watch{
      connected.client,
      {{"default", "remint-memory"}, "default"},
      cluster.clock,
      connected.metrics,
      {[this] { return acts; }, [this](detect::TrustChange c) { changes.push_back(std::move(c)); },
       [this](bool repeat) { tokens_repeat = repeat; }}};
  void look() {
    cluster.clock.advance(30s);
    watch.look(no_stop());
  }
  [[nodiscard]] std::size_t writes() { return cluster.server.requests().count("PATCH", kMaps); }
};

}  // namespace

TEST_CASE("a CA bundle that is replaced is noticed once, and what was seen is written only when it differs") {
  Cluster cluster;
  cluster.memory(Json::object());
  cluster.ca(certificate("AAAA"));
  Leader leader(cluster);
  leader.look();
  leader.look();
  CHECK(leader.changes.empty());
  CHECK(leader.writes() == 1);
  cluster.ca(certificate("BBBB"));
  leader.look();
  leader.look();
  REQUIRE(leader.changes.size() == 1);
  CHECK(leader.changes[0].diagnosis == Diagnosis::kCaChanged);
  CHECK(leader.changes[0].until - leader.changes[0].from == 30s);
  CHECK(leader.writes() == 2);
}

TEST_CASE("a CA that was replaced while nobody led is noticed by the next leader, and told again by the one after") {
  Cluster cluster;
  cluster.memory(Json::object());
  cluster.ca(certificate("AAAA"));
  Leader(cluster).look();
  cluster.ca(certificate("BBBB"));
  Leader second(cluster);
  second.look();
  REQUIRE(second.changes.size() == 1);
  Leader third(cluster);
  third.look();
  CHECK(third.changes == second.changes);
}

TEST_CASE("who does not lead looks at nothing") {
  Cluster cluster;
  cluster.memory(Json::object());
  Leader follower(cluster);
  follower.acts = false;
  follower.look();
  CHECK(cluster.server.requests().count("GET", "/") == 0);
}

TEST_CASE(
    "without a ConfigMap to keep it in, and without signing keys that can be read, the CA is watched all the same") {
  Cluster cluster;
  cluster.ca(certificate("AAAA"));
  Leader leader(cluster);
  leader.look();
  cluster.ca(certificate("BBBB"));
  leader.look();
  CHECK(leader.changes.size() == 1);
  CHECK(leader.writes() == 0);
}

TEST_CASE("a bundle that cannot be read for a while is no change") {
  Cluster cluster;
  cluster.memory(Json::object());
  cluster.ca(certificate("AAAA"));
  Leader leader(cluster);
  leader.look();
  cluster.ca("garbage");
  leader.look();
  cluster.ca(certificate("AAAA"));
  leader.look();
  CHECK(leader.changes.empty());
}

TEST_CASE("what somebody has spoilt is written anew") {
  Cluster cluster;
  cluster.memory({{"trust", "{"}});
  cluster.ca(certificate("AAAA"));
  Leader leader(cluster);
  leader.look();
  leader.look();
  CHECK(leader.changes.empty());
  CHECK(leader.writes() == 1);
}

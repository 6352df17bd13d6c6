// What becomes of journals and of the objects they are about: pruned when nobody needs them, deleted only as they were
// looked at, forgotten when they are gone.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/base/clock.hpp"
#include "remint/controllers/journal_pruner.hpp"
#include "remint/kube/resources.hpp"
#include "restart_acts.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

namespace {

using Journals = controllers::RestartController::Journals;

constexpr const char* kRestarts = "/apis/remint.dev/v1alpha1/namespaces/shop/workloadrestarts";

Json journal(const std::string& name, Json status) {
  return {{"apiVersion", "remint.dev/v1alpha1"},
          {"kind", "WorkloadRestart"},
          {"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"spec", {{"target", {{"kind", "Deployment"}, {"name", "web"}}}, {"strategy", "RolloutRestart"}}},
          {"status", std::move(status)}};
}

Json finished(const std::string& at) { return {{"phase", "Succeeded"}, {"outcome", "Cured"}, {"finishedAt", at}}; }

Result<std::pair<ObjectKey, restart::Journal>> decode(std::string_view text) {
  auto journal = restart::read_journal(text);
  if (!journal) return std::unexpected(journal.error());
  auto key = journal->key;
  return std::pair(std::move(key), std::move(*journal));
}

/// Three that ended long ago and one that runs; all but the newest finished one may go.
struct Pruning {
  FakeApiServer server;
  Connected connected{config_for(server.port())};
  Journals journals{decode, {}};
  bool leads = true;
  controllers::JournalPruner pruner{
      connected.client,
      journals,
      system_clock(),
      connected.metrics,
      {[this] { return leads; }, [] { return restart::PruneRules{.keep_per_workload = 1}; }}};

  Pruning() {
    server.add_remint_resources();
    put(journal("oldest", finished("2020-01-01T00:00:00Z")));
    put(journal("older", finished("2020-01-02T00:00:00Z")));
    put(journal("newest", finished(format_rfc3339(system_clock().now()))));
    put(journal("running", {{"phase", "Running"}, {"step", "PatchTemplate"}}));
  }
  void put(const Json& object) {
    auto read = restart::read_journal(dump_json(server.put(object))).value();
    const ObjectKey key = read.key;
    journals.put(key, std::move(read));
  }
  [[nodiscard]] bool there(const std::string& name) const {
    return server.find(std::string(kRestarts) + "/" + name).has_value();
  }
  [[nodiscard]] std::size_t tries() { return server.requests().count("DELETE", kRestarts); }
};

Json controller() {
  return {{"apiVersion", "v1"},
          {"kind", "ReplicationController"},
          {"metadata", {{"namespace", "shop"}, {"name", "web"}}},
          {"spec", {{"replicas", 2}, {"selector", {{"app", "web"}}}}}};
}

}  // namespace

TEST_CASE("finished restarts that nobody needs are deleted, the oldest first, and no others") {
  Pruning pruning;
  CHECK(pruning.pruner.prune(no_stop()) == 2);
  CHECK_FALSE(pruning.there("oldest"));
  CHECK_FALSE(pruning.there("older"));
  CHECK(pruning.there("newest"));
  CHECK(pruning.there("running"));
  const auto deletions = pruning.server.requests().matching("DELETE", kRestarts);
  REQUIRE(deletions.size() == 2);
  CHECK(deletions[0].request.path.ends_with("/oldest"));
  CHECK_THAT(pruning.connected.metrics.expose(), Catch::Contains("remint_restarts_pruned_total 2"));
}

TEST_CASE("without the lease no restart is pruned") {
  Pruning pruning;
  pruning.leads = false;
  CHECK(pruning.pruner.prune(no_stop()) == 0);
  CHECK(pruning.tries() == 0);
}

TEST_CASE("a journal that is another one by now, or was written since, is not pruned; the others are") {
  Pruning pruning;
  Json written = *pruning.server.find(std::string(kRestarts) + "/oldest");
  written["metadata"]["labels"] = {{"keep", "me"}};
  pruning.server.put(written);
  CHECK(pruning.pruner.prune(no_stop()) == 1);
  CHECK(pruning.there("oldest"));
  CHECK_FALSE(pruning.there("older"));
}

TEST_CASE("a server that refuses to prune is asked once in a round, and again in the next") {
  Pruning pruning;
  pruning.server.faults().add({.method = "DELETE", .path_prefix = kRestarts, .query = {}}, Fault::answer(403));
  CHECK(pruning.pruner.prune(no_stop()) == 0);
  CHECK(pruning.tries() == 1);
  CHECK(pruning.pruner.prune(no_stop()) == 2);
}

TEST_CASE("what was edited or made anew between the look and its deletion stays") {
  FakeApiServer server;
  Connected connected{config_for(server.port())};
  const std::string path = "/api/v1/namespaces/shop/replicationcontrollers/web";
  const Json looked_at = server.put(controller());
  const std::string uid = looked_at["metadata"]["uid"];
  Json edited = looked_at;
  edited["spec"]["replicas"] = 5;
  edited = server.put(edited);
  const auto remove = [&](const std::string& of, const Json& version) {
    return controllers::carry_out(
        connected.client, restart::Delete{"ReplicationController", {"shop", "web"}, of, "Orphan", version}, no_stop());
  };

  const auto late = remove(uid, looked_at["metadata"]["resourceVersion"]);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kConflict);
  CHECK(controllers::is_answer(late.error()));
  const auto other = remove("another-uid", edited["metadata"]["resourceVersion"]);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kConflict);
  REQUIRE(server.find(path));
  CHECK(server.find(path)->at("spec")["replicas"] == 5);
  // As it is now it goes.
  CHECK(remove(uid, edited["metadata"]["resourceVersion"]));
}

TEST_CASE("a restart that is deleted while something is in its way is counted as blocked no more") {
  FakeApiServer server;
  server.add_remint_resources();
  Connected connected{config_for(server.port())};
  runtime::EventRecorder events{connected.client, "test", system_clock(), connected.metrics};
  controllers::RestartController* told = nullptr;
  Journals journals{decode, [&](const ObjectKey& key, const auto&) { told->enqueue(key); }};
  controllers::RestartController restarts{
      connected.client,
      journals,
      events,
      system_clock(),
      connected.metrics,
      {},
      {[] { return false; }, [](const std::string&, Time) -> Result<std::vector<detect::PodHealth>> { return {}; },
       [](std::string_view) {}}};
  told = &restarts;
  restarts.start(1);
  const Json condition{{"type", "Blocked"},
                       {"status", "True"},
                       {"reason", "DisruptionBudget"},
                       {"message", "blocked"},
                       {"lastTransitionTime", "2026-07-01T10:28:00Z"}};
  const auto blocked = [&](const char* count) {
    return wait_until([&] {
      return connected.metrics.expose().find(std::string("remint_restarts_blocked ") + count) != std::string::npos;
    });
  };

  const std::string stuck =
      dump_json(server.put(journal("wr", {{"phase", "Running"}, {"conditions", Json::array({condition})}})));
  REQUIRE(journals.apply(stuck, false));
  CHECK(blocked("1"));
  REQUIRE(journals.remove(stuck));
  CHECK(blocked("0"));
  restarts.stop();
}

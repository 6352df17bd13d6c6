// The restart controller on real HTTP: what it writes, in which order, and what it leaves alone. Nothing plays the
// workloads' controllers here: the tests do.

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/base/clock.hpp"
#include "remint/controllers/restart_controller.hpp"
#include "remint/kube/resources.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

namespace {

constexpr const char* kRestarts = "/apis/remint.dev/v1alpha1/namespaces/shop/workloadrestarts";
constexpr const char* kDeployment = "/apis/apps/v1/namespaces/shop/deployments/web";

Json deployment(std::int64_t observed) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"namespace", "shop"}, {"name", "web"}}},
          {"spec",
           {{"replicas", 2},
            {"selector", {{"matchLabels", {{"app", "web"}}}}},
            {"template", {{"metadata", {{"labels", {{"app", "web"}}}}}}}}},
          {"status",
           {{"observedGeneration", observed},
            {"replicas", 2},
            {"updatedReplicas", 2},
            {"readyReplicas", 2},
            {"availableReplicas", 2}}}};
}

Json by_hand(Json spec) {
  return {{"apiVersion", "remint.dev/v1alpha1"},
          {"kind", "WorkloadRestart"},
          {"metadata", {{"namespace", "shop"}, {"name", "wr"}}},
          {"spec", std::move(spec)}};
}

Json simple_spec() { return {{"target", {{"kind", "Deployment"}, {"name", "web"}}}, {"observe", "10m"}}; }

detect::PodHealth healthy_pod() {
  detect::PodHealth pod;
  pod.name = "web-new";
  pod.last_success = system_clock().now();
  return pod;
}

restart::MachineSettings impatient() {
  restart::MachineSettings settings;
  settings.poll = std::chrono::milliseconds(10);
  settings.quiet = Duration(0);
  return settings;
}

struct Stage {
  FakeApiServer server;
  Connected connected{config_for(server.port())};
  runtime::EventRecorder events{connected.client, "test", system_clock(), connected.metrics};
  std::mutex mutex;
  std::vector<detect::PodHealth> pods{healthy_pod()};
  std::atomic<bool> leads{true};
  controllers::RestartController::Journals journals{
      [](std::string_view text) -> Result<std::pair<ObjectKey, restart::Journal>> {
        auto journal = restart::read_journal(text);
        if (!journal) return std::unexpected(journal.error());
        auto key = journal->key;
        return std::pair(std::move(key), std::move(*journal));
      },
      [this](const ObjectKey& key, const auto&) { controller.enqueue(key); }};
  controllers::RestartController controller{
      connected.client,
      journals,
      events,
      system_clock(),
      connected.metrics,
      {impatient(), {}},
      {[this] { return leads.load(); },
       [this](const std::string&, Time) -> Result<std::vector<detect::PodHealth>> {
         const std::lock_guard lock(mutex);
         return pods;
       },
       [](std::string_view) {}}};

  Stage() {
    server.add_remint_resources();
    server.put(deployment(1));
    controller.start(1);
  }
  ~Stage() { controller.stop(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void create(Json spec) {
    journals.put({"shop", "wr"}, restart::read_journal(dump_json(server.put(by_hand(std::move(spec))))).value());
  }
  [[nodiscard]] Json status() const {
    const auto journal = server.find(std::string(kRestarts) + "/wr");
    return journal && journal->contains("status") ? (*journal)["status"] : Json::object();
  }
  [[nodiscard]] std::string phase() const { return status().value("phase", ""); }
  [[nodiscard]] bool patched() const {
    return server.find(kDeployment)->at("spec")["template"]["metadata"].contains("annotations");
  }
  /// The Deployment's controller at work.
  void roll_out() {
    Json object = *server.find(kDeployment);
    object["status"]["observedGeneration"] = object["metadata"]["generation"];
    server.put(object);
  }
};

}  // namespace

TEST_CASE("a restart made by hand: the journal first, then the template, then the proof that it helped") {
  Stage stage;
  stage.create(simple_spec());
  REQUIRE(wait_until([&] { return stage.patched(); }));
  CHECK(stage.status()["saved"].contains("restartedAt"));
  stage.roll_out();
  REQUIRE(wait_until([&] { return stage.phase() == "Succeeded"; }));
  CHECK(stage.status()["outcome"] == "Cured");

  const auto writes = stage.server.requests().matching("PATCH", "/");
  REQUIRE(writes.size() >= 2);
  CHECK(writes[0].request.path.find("/workloadrestarts/wr/status") != std::string::npos);
  CHECK(writes[1].request.path == kDeployment);
  // One for each change of step or phase: Running, WaitRollout, Verifying, Succeeded; and the template's.
  CHECK(writes.size() == 5);
}

TEST_CASE("without the lease nothing is written") {
  Stage stage;
  stage.leads = false;
  stage.create(simple_spec());
  // The proof that it was looked at: it goes on as soon as there is a lease.
  CHECK_FALSE(wait_until([&] { return stage.patched(); }, std::chrono::milliseconds(300)));
  CHECK(stage.server.requests().matching("PATCH", "/").empty());
  stage.leads = true;
  CHECK(wait_until([&] { return stage.patched(); }));
}

TEST_CASE("a restart that was written badly by hand is answered in its status, and nothing is touched") {
  struct Row {
    Json spec;
    const char* says;
  };
  Json elsewhere = simple_spec();
  elsewhere["target"]["namespace"] = "kube-system";
  Json strange = simple_spec();
  strange["target"]["kind"] = "Toaster";
  Json misfit = simple_spec();
  misfit["strategy"] = "Recreate";
  Json other = simple_spec();
  other["target"]["uid"] = "somebody-else";
  for (const auto& row : {Row{elsewhere, "spec.target.namespace"}, Row{strange, "spec.target.apiVersion"},
                          Row{misfit, "cannot restart a Deployment"}, Row{other, "somebody-else"}}) {
    INFO(row.says);
    Stage stage;
    stage.create(row.spec);
    REQUIRE(wait_until([&] { return stage.phase() == "Cancelled"; }));
    CHECK_THAT(stage.status()["message"].get<std::string>(), Catch::Contains(row.says));
    REQUIRE_FALSE(stage.status()["conditions"].empty());
    CHECK_FALSE(stage.patched());
  }
}

TEST_CASE(
    "the cache lagged behind after an outage: verification waits for the new pods instead of calling it Unverified") {
  Stage stage;
  {
    const std::lock_guard lock(stage.mutex);
    stage.pods.clear();
  }
  stage.create(simple_spec());
  REQUIRE(wait_until([&] { return stage.patched(); }));
  stage.roll_out();
  REQUIRE(wait_until([&] { return stage.phase() == "Verifying"; }));
  CHECK_FALSE(wait_until([&] { return stage.phase() != "Verifying"; }, std::chrono::milliseconds(300)));
  {
    const std::lock_guard lock(stage.mutex);
    stage.pods.push_back(healthy_pod());
  }
  REQUIRE(wait_until([&] { return stage.phase() == "Succeeded"; }));
  CHECK(stage.status()["outcome"] == "Cured");
}

TEST_CASE("a lost answer to the patch is looked after, not repeated blindly") {
  Stage stage;
  stage.server.faults().add({.method = "PATCH", .path_prefix = kDeployment, .query = {}}, Fault::lose_answer());
  stage.create(simple_spec());
  REQUIRE(wait_until([&] { return stage.status().value("step", "") == "WaitRollout"; }));
  CHECK(stage.server.requests().count("PATCH", kDeployment) == 1);
}

TEST_CASE("our copy of the journal is old: the write is refused, the journal read anew, and it goes on") {
  Stage stage;
  stage.server.faults().add({.method = "PATCH", .path_prefix = kRestarts, .query = {}}, Fault::answer(409));
  stage.create(simple_spec());
  CHECK(wait_until([&] { return stage.patched(); }));
}

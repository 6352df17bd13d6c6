#include <nlohmann/json.hpp>

#include "fixture.hpp"

namespace remint::restart {
namespace {

Json by_hand(const char* spec) {
  return {{"apiVersion", "remint.dev/v1alpha1"},
          {"kind", "WorkloadRestart"},
          {"metadata",
           {{"name", "x"},
            {"namespace", "shop"},
            {"uid", "u"},
            {"resourceVersion", "5"},
            {"generation", 1},
            {"creationTimestamp", "2026-07-01T10:00:00Z"}}},
          {"spec", Json::parse(spec)}};
}

TEST_CASE("a journal made by hand needs a kind and a name only") {
  const auto journal = parse_journal(by_hand(R"({"target": {"kind": "StatefulSet", "name": "db"}})"));
  REQUIRE(journal);
  CHECK(journal->spec.target == ObjectRef{"apps/v1", "StatefulSet", "shop", "db", ""});
  CHECK(journal->spec.strategy == Strategy::kRolloutRestart);
  CHECK(journal->spec.reason == "created by hand");
  CHECK(journal->spec.diagnosis == Diagnosis::kUnknown);
  CHECK(journal->spec.observe == minutes(10));
  CHECK(journal->resource_version == "5");
  CHECK(journal->created == at("2026-07-01T10:00:00Z"));
  CHECK(journal->status == JournalStatus{});
  CHECK_FALSE(journal->deleting);
}

TEST_CASE("every error of a journal is found at once") {
  const auto journal = parse_journal(by_hand(R"({"target": {"namespace": "kube-system", "x": 1},
    "strategy": "Reboot", "diagnosis": "Flu", "confidence": 2, "pods": "a", "evidence": [{"time": "noon"}], "observe": "2d", "y": 1})"));
  REQUIRE_FALSE(journal);
  const std::string text = join(journal.error());
  for (const char* part :
       {"spec.target.kind", "spec.target.namespace: must be shop", "spec.target.apiVersion", "spec.target.x",
        "spec.target.name", "spec.strategy: must be RolloutRestart", "spec.diagnosis", "spec.confidence", "spec.pods",
        "spec.evidence[0].time", "spec.observe", "spec.y"}) {
    CHECK_THAT(text, Catch::Contains(part));
  }
  const auto job = parse_journal(by_hand(R"({"target": {"kind": "Job", "name": "x"}})"));
  REQUIRE_FALSE(job);
  CHECK_THAT(join(job.error()), Catch::Contains("spec.target.apiVersion: is missing"));
  CHECK_FALSE(parse_journal(Json()));
  CHECK_FALSE(parse_journal(Json::object()));
}

TEST_CASE("a status that no Remint of this version wrote is an error, an unknown field of it is not") {
  Json json = by_hand(R"({"target": {"kind": "Deployment", "name": "cart"}})");
  json["status"] = {{"phase", "Running"}, {"future", 1}};
  CHECK(parse_journal(json));
  for (const Json& status : std::vector<Json>{{{"phase", "Dreaming"}},
                                              {{"phase", 3}},
                                              {{"outcome", "Great"}},
                                              {{"startedAt", "soon"}},
                                              {{"saved", "x"}},
                                              {{"conditions", {1}}},
                                              "x"}) {
    json["status"] = status;
    INFO(status.dump());
    CHECK_FALSE(parse_journal(json));
  }
}

TEST_CASE("a journal survives the way through JSON") {
  Journal journal = running_journal("WaitRollout");
  journal.spec.policy = "ClusterTokenRefreshPolicy/default";
  journal.spec.diagnosis = Diagnosis::kExpired;
  journal.spec.confidence = 0.97;
  journal.spec.pods = {"cart-5f-abc"};
  journal.spec.evidence = {{"audit", at("2026-07-01T10:27:28.826058Z"), "GET /api/v1/pods: 401"}};
  journal.spec.options = {seconds(3), true, true};
  journal.status.rolled_out = at("2026-07-01T10:29:00.25Z");
  journal.status.saved.replicas = 0;
  journal.status.saved.pods = {{"cart-0", "uid-0"}};
  journal.status.saved.manifest = "{}";
  journal.status.saved.successor = "cart-5f";
  journal.status.successor_uid = "uid-2";
  journal.status.seal = "abc";
  journal.status.message = "waiting";
  journal.status.observed_generation = 1;
  journal.status.conditions = {{"Progressing", true, "RollingOut", "waiting", at("2026-07-01T10:28:00Z")}};
  Json json = to_object(journal);
  json["status"] = status_patch(journal.status)["status"];
  const auto back = parse_journal(json);
  INFO(json.dump(1));
  REQUIRE(back);
  CHECK(back->key == journal.key);
  CHECK(back->status == journal.status);
  CHECK(back->spec.target == journal.spec.target);
  CHECK(back->spec.options == journal.spec.options);
  CHECK(back->spec.cause == journal.spec.cause);
  CHECK(back->spec.policy == journal.spec.policy);
  CHECK(back->spec.reason == journal.spec.reason);
  CHECK(back->spec.pods == journal.spec.pods);
  CHECK(back->spec.evidence == journal.spec.evidence);
  CHECK(back->spec.observe == journal.spec.observe);
}

TEST_CASE("what a status does not have is removed by its patch") {
  const Json patch = status_patch({})["status"];
  for (const char* key : {"saved", "startedAt", "stepSince", "successorUID", "seal", "rolledOutAt", "finishedAt",
                          "outcome", "step", "message"}) {
    INFO(key);
    CHECK(patch.at(key).is_null());
  }
  CHECK(patch.at("phase") == "Pending");
}

TEST_CASE("what is created is cut to what the CRD takes") {
  Journal journal = pending_journal();
  journal.spec.reason = std::string(5000, 'x') + "\x1b[31m";
  journal.spec.pods.assign(500, "p");
  journal.spec.evidence.assign(50, {"audit", at("2026-07-01T10:00:00Z"), std::string(9000, 'y')});
  journal.spec.evidence.back().text = "the newest";
  const Json spec = to_object(journal)["spec"];
  CHECK(spec["reason"].get<std::string>().size() <= 1024);
  CHECK(spec["pods"].size() == 100);
  CHECK(spec["evidence"].size() == 20);
  CHECK(spec["evidence"][19]["text"] == "the newest");
  CHECK(spec["evidence"][0]["text"].get<std::string>().size() <= 1024);
}

TEST_CASE("a journal's name is the same whoever computes it, and another for another workload, cause or attempt") {
  const ObjectRef cart{"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  const std::string name = journal_name(cart, "5f0c", 1);
  CHECK_THAT(name, Catch::Matches("deployment-cart-[0-9a-f]{10}-1"));
  CHECK(name == journal_name(cart, "5f0c", 1));
  CHECK(name != journal_name(cart, "5f0d", 1));
  CHECK(name != journal_name(cart, "5f0c", 2));
  ObjectRef anew = cart;
  anew.uid = "uid-2";
  CHECK(name != journal_name(anew, "5f0c", 1));
  ObjectRef longest = cart;
  longest.name = std::string(253, 'a');
  CHECK(journal_name(longest, "5f0c", 4'294'967'295).size() <= 63);
  longest.name = "a.b-" + std::string(35, '.');
  CHECK_THAT(journal_name(longest, "", 1), Catch::Matches("[a-z0-9]([-a-z0-9.]*[a-z0-9])?"));
}

TEST_CASE("attempts are counted by name, so pruned ones are not given out again") {
  const ObjectRef cart{"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  std::vector<policy::PastRestart> past;
  CHECK(next_attempt(cart, "c", past) == 1);
  policy::PastRestart restart;
  restart.workload = cart;
  restart.cause = "c";
  restart.name = journal_name(cart, "c", 3);
  past.push_back(restart);
  CHECK(next_attempt(cart, "c", past) == 4);
  CHECK(next_attempt(cart, "d", past) == 1);
  past[0].name = "by-hand-99";
  CHECK(next_attempt(cart, "c", past) == 1);
  past[0].name = "x";
  CHECK(next_attempt(cart, "c", past) == 1);
}

TEST_CASE("attempts at a pod that was made anew begin at 1 again, under another name") {
  const ObjectRef before{"v1", "Pod", "shop", "cart", "uid-1"};
  ObjectRef after = before;
  after.uid = "uid-2";
  policy::PastRestart restart;
  restart.workload = before;
  restart.cause = "uid-1";
  restart.name = journal_name(before, "uid-1", 1);
  CHECK(next_attempt(before, "uid-1", std::vector{restart}) == 2);
  CHECK(next_attempt(after, "uid-2", std::vector{restart}) == 1);
  CHECK(journal_name(after, "uid-2", 1) != restart.name);
}

TEST_CASE("the choice of the next strategy sees what came of a journal's own") {
  Journal journal = running_journal("WaitRollout");
  journal.status.phase = Phase::kCancelled;
  journal.status.conditions = {{"Progressing", false, std::string(kStrategyUnfit), "x", {}}};
  auto past = to_past_restart(journal);
  CHECK(past.strategy == Strategy::kRolloutRestart);
  CHECK(past.unfit);
  CHECK_FALSE(past.reverted);
  journal.status.phase = Phase::kFailed;
  CHECK_FALSE(to_past_restart(journal).unfit);
  journal.status.conditions[0].reason = kReverted;
  CHECK(to_past_restart(journal).reverted);
  journal.status.phase = Phase::kRunning;
  CHECK_FALSE(to_past_restart(journal).reverted);
  CHECK(past.pods.empty());
  journal.spec.strategy = Strategy::kEvictPods;
  journal.spec.pods = {"cart-a"};
  journal.status.saved.pods = {{"cart-b", "uid-b"}};
  CHECK(to_past_restart(journal).pods == std::vector<std::string>{"cart-a", "cart-b"});
}

TEST_CASE("a second controller is told of while it is one, and for ever when it keeps its name") {
  // Once it was taken for a workload of its own, whose pods failed like the old ones', and was restarted by itself.
  Journal journal = running_journal("Move");
  journal.spec.strategy = Strategy::kRollingReplace;
  journal.status.saved.successor = "cart-5f";
  CHECK(to_past_restart(journal).successor == "cart-5f");
  journal.status.phase = Phase::kFailed;
  CHECK(to_past_restart(journal).successor.empty());
  journal.spec.options.keep_new_name = true;
  CHECK(to_past_restart(journal).successor == "cart-5f");
}

TEST_CASE("the limits see a journal's target by the UID that was found when it named none") {
  Journal journal = running_journal("WaitRollout");
  journal.spec.target.uid.clear();
  CHECK(to_past_restart(journal).workload.uid == "uid-cart");
  CHECK(to_past_restart(journal).phase == Phase::kRunning);
}

}  // namespace
}  // namespace remint::restart

#include "remint/controllers/restart_controller.hpp"

#include <catch2/catch.hpp>

#include "remint/controllers/decision_writer.hpp"
#include "remint/kube/resources.hpp"
#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;

namespace {

detect::PodHealth healthy(const std::string& name) {
  detect::PodHealth pod;
  pod.name = name;
  pod.last_success = kStart;
  return pod;
}

detect::PodHealth failing(const std::string& name, std::uint64_t rejections) {
  detect::PodHealth pod;
  pod.name = name;
  pod.failing_since = pod.last_rejection = kStart;
  pod.rejection_count = rejections;
  return pod;
}

}  // namespace

TEST_CASE("what a strategy takes for readable is what can be read, in that version") {
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod",
                           "Job", "CronJob", "Node", "Rollout", ""}) {
    CAPTURE(kind);
    const auto* resource = kube::workload_resource(kind);
    CHECK(restart::readable_version(kind) == (resource == nullptr ? "" : resource->api_version()));
  }
}

TEST_CASE("verification counts who authenticates, who fails and who was heard at all") {
  detect::PodHealth silent;
  auto leaving = failing("leaving", 100);
  leaving.terminating = true;
  auto stale = healthy("stale");
  stale.stale_since = kStart;
  auto old = failing("old", 100);
  old.revision = "5f";
  const auto input = summarize({healthy("a"), failing("b", 3), failing("c", 2), silent, leaving, stale, old}, "5f", 3);
  CHECK(input.pods == 5);
  CHECK(input.authenticated == 1);
  CHECK(input.failing == 2);
  CHECK(input.heard == 4);
}

TEST_CASE("of new pods that the audit log never heard their own logs count, and Events do not") {
  auto prints = detect::PodHealth{};
  prints.log_clues = {kStart, kStart, kStart};
  auto accused = detect::PodHealth{};
  accused.event_clues = {kStart, kStart, kStart};
  auto fine = healthy("a");
  fine.log_clues = {kStart, kStart, kStart};  // of another client in it, or of something else
  const auto input = summarize({prints, accused, fine}, "", 3);
  CHECK(input.failing == 1);
  CHECK(input.heard == 2);
  CHECK(input.authenticated == 1);
}

TEST_CASE("a decision's journal says whom, why, by which policy, and from what evidence") {
  WorkloadDecision decision;
  decision.the_case.workload = {"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  decision.the_case.cause = "5f";
  decision.the_case.pods = {failing("cart-5f-a", 3)};
  decision.the_case.evidence = {{"audit", kStart, "401 to LIST"}};
  decision.decision.strategy = Strategy::kRolloutRestart;
  decision.decision.policy = "ClusterTokenRefreshPolicy/default";
  decision.decision.reason = "3 requests were answered 401";
  decision.restart_name = "deployment-cart-0123456789-1";
  const auto journal = make_journal(decision);
  CHECK(journal.key == ObjectKey{"shop", "deployment-cart-0123456789-1"});
  CHECK(journal.spec.target.uid == "uid-cart");
  CHECK(journal.spec.pods == std::vector<std::string>{"cart-5f-a"});
  REQUIRE(journal.spec.evidence.size() == 1);
  CHECK(journal.spec.evidence[0].text == "401 to LIST");
  CHECK(journal.status.phase == Phase::kPending);
}

TEST_CASE("a journal takes no more evidence than the API server does, and what was seen comes before why") {
  WorkloadDecision decision;
  decision.the_case.reasons.assign(14, "because");
  decision.the_case.evidence.assign(10, {"audit", kStart, "401 to LIST"});
  const auto evidence = make_journal(decision).spec.evidence;
  CHECK(evidence.size() == 20);
  CHECK(std::ranges::count(evidence, "audit", &restart::EvidenceLine::source) == 10);
}

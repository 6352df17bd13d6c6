// Recreate and the PodDisruptionBudgets: a guarded pod is waited for, and left alone in the end.

#include "recreate_world.hpp"

namespace remint::restart {
namespace {

const Time kNow = at("2026-07-01T10:28:00Z");

/// The eviction is in the journal and was sent.
Journal evicting() {
  Journal journal = recreate_journal();
  journal.status = step(journal, see(running_pod()), {}, kNow).status;
  journal.held = true;
  journal.status = step(journal, answered(see(running_pod()), kTaken), {}, kNow).status;
  REQUIRE(journal.status.step == "DeletePod");
  return journal;
}

Journal after(Journal journal, const Step& step) {
  journal.status = step.status;
  return journal;
}

Json terminating() {
  Json pod = running_pod();
  pod["metadata"]["deletionTimestamp"] = "2026-07-01T10:48:00Z";
  return pod;
}

const Observation kRefused = answered(see(running_pod()), kHeldBack);

Journal blocked() { return after(evicting(), step(evicting(), kRefused, {}, kNow + seconds(10))); }

Journal given_up() { return after(blocked(), step(blocked(), kRefused, {}, kNow + minutes(16))); }

TEST_CASE("the eviction is taken: the next look tells, whatever the dry run's answer would mean") {
  const Step waiting = step(evicting(), answered(see(running_pod()), kEvicted), {}, kNow);
  CHECK(waiting.status == evicting().status);
  CHECK(waiting.effects.empty());
}

TEST_CASE("a budget forbids it: said once, by the budget's name, and tried more and more rarely") {
  const Step told = step(evicting(), kRefused, {}, kNow + seconds(10));
  CHECK(told.status.message ==
        "blocked by PodDisruptionBudget shop/cart: 0 disruptions allowed, it needs 1 healthy pods and has 1 currently");
  CHECK(blocked_reason(told.status) == "DisruptionBudget");
  CHECK(warns(told));
  CHECK(told.look_again == seconds(10));
  const Step still = step(blocked(), kRefused, {}, kNow + minutes(10));
  CHECK(still.status == blocked().status);
  CHECK(still.effects.empty());
  CHECK(still.look_again == minutes(1));
  // A dry run first, for what would be refused today; it takes no pod away.
  const Step asking = step(blocked(), see(running_pod()), {}, kNow + minutes(11));
  CHECK(asking.status == blocked().status);
  REQUIRE(act_of<Create>(asking) != nullptr);
  CHECK(act_of<Create>(asking)->dry_run);
  const Step trying = step(blocked(), answered(see(running_pod()), kTaken), {}, kNow + minutes(11));
  CHECK(trying.status == blocked().status);
  CHECK(act_of<Evict>(trying) != nullptr);
}

TEST_CASE("the budget allows it at last: its grace period is counted from then on") {
  const Step going = step(blocked(), see(terminating()), {}, kNow + minutes(14));
  CHECK(blocked_reason(going.status).empty());
  const Journal journal = after(blocked(), going);
  CHECK(blocked_reason(step(journal, see(terminating()), {}, kNow + minutes(28)).status).empty());
  CHECK(blocked_reason(step(journal, see(terminating()), {}, kNow + minutes(31)).status) == "PodStuckTerminating");
}

TEST_CASE("a pod that cannot be evicted at all is told of in the API server's words") {
  const Observation forbidden =
      answered(see(running_pod()), {false, ErrorCode::kForbidden, "no, says a webhook", true});
  const Step told = step(evicting(), forbidden, {}, kNow);
  CHECK(blocked_reason(told.status) == "EvictionRefused");
  CHECK_THAT(told.status.message, Catch::Contains("no, says a webhook"));
}

TEST_CASE("a conflict with the budget's own counters, or a pod that is gone: the next look tells") {
  for (const ErrorCode code : {ErrorCode::kConflict, ErrorCode::kNotFound}) {
    const Step looking = step(evicting(), answered(see(running_pod()), {false, code, "x", true}), {}, kNow + hours(1));
    CHECK(looking.status == evicting().status);
    CHECK(looking.effects.empty());
  }
}

TEST_CASE("past the deadline it is given up: nothing more is sent, and what was sent gets its time") {
  const Journal journal = given_up();
  CHECK(journal.status.step == "GiveUp");
  CHECK(blocked_reason(journal.status).empty());
  const Step waiting = step(journal, see(running_pod()), {}, kNow + minutes(17));
  CHECK(waiting.status == journal.status);
  CHECK(waiting.effects.empty());
  const Step ended = step(journal, see(running_pod()), {}, kNow + minutes(19));
  CHECK(ended.status.phase == Phase::kFailed);
  CHECK(progress_reason(ended.status) == "DisruptionBudget");
  CHECK_THAT(ended.status.message, Catch::Contains("shop/cart") && Catch::EndsWith("The old pod still runs"));
  CHECK(act_of<ReleaseJournal>(ended) != nullptr);
}

TEST_CASE("a request of somebody who crashed takes the pod after all: it is owed, given up or not") {
  const Step ending = step(given_up(), see(terminating()), {}, kNow + minutes(17));
  CHECK(ending.status.step == "DeletePod");
  CHECK(step(after(given_up(), ending), see(terminating()), {}, kNow + minutes(18)).status == ending.status);
  const Step creating = step(given_up(), see_nothing(), {}, kNow + minutes(17));
  CHECK(creating.status.step == "CreatePod");
  CHECK(act_of<Create>(creating) != nullptr);
}

TEST_CASE("replicas that stop anywhere under a budget that comes and goes: one pod, as it was") {
  unsigned recreated = 0;
  unsigned left_alone = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    World world;
    world.through_json = false;
    world.budget_is_used_up = true;
    std::mt19937 random(seed);
    std::array<Replica, 2> replicas;
    for (int i = 0; i < 2000 && !world.over(); ++i) {
      Replica& replica = replicas[random() % 2];
      random() % 10 == 0 ? replica.crash() : replica.advance(world);
      if (random() % 4 == 0) {
        world.node_works();
      }
      if (random() % 200 == 0) {
        world.budget_is_used_up = seed % 3 == 0 || !world.budget_is_used_up;
      }
      world.now += Duration(random() % 4'000'000);
    }
    REQUIRE(world.over());
    // Who wakes up only now finds his lease lost.
    world.now += minutes(2);
    for (std::size_t i = 0; i < 12; ++i) {
      replicas[i % 2].advance(world);
      world.node_works();
    }
    REQUIRE(world.one_live_pod());
    const bool same = world.pod->at("metadata").at("uid") == "uid-cart";
    ++(same ? left_alone : recreated);
    CHECK(world.creations == (same ? 0 : 1));
    CHECK(world.journal->status.phase == (same ? Phase::kFailed : Phase::kSucceeded));
    CHECK_FALSE(world.journal->held);
  }
  // Both ends are told of.
  CHECK(recreated > 50);
  CHECK(left_alone > 50);
}

}  // namespace
}  // namespace remint::restart

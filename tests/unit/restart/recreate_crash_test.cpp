// Whoever stops where, for ever or until he wakes up with an old plan: never two pods, never none.

#include <array>

#include "pod_manifest.hpp"
#include "recreate_world.hpp"

namespace remint::restart {
namespace {

void finish_with(World& world, Replica& replica) {
  for (int i = 0; i < 3000 && !world.over(); ++i) {
    replica.advance(world);
    if (i % 5 == 4) {
      world.node_works();
    }
    world.now += seconds(3);
  }
  REQUIRE(world.over());
  // What is left of the last pass: Events, the finalizer.
  for (int i = 0; i < 6; ++i) {
    replica.advance(world);
  }
  world.node_works();
}

/// The pod is there, once, and as it was.
void check_pod(const World& world) {
  REQUIRE(world.one_live_pod());
  Json pod = clean_pod(*world.pod, false);
  pod["metadata"].erase("annotations");  // our mark
  CHECK(pod == clean_pod(small_pod(), false));
}

void check_recreated(const World& world) {
  check_pod(world);
  CHECK(world.creations == 1);
  REQUIRE(world.journal);
  CHECK(world.journal->status.phase == Phase::kSucceeded);
  CHECK(world.journal->status.outcome == Outcome::kCured);
  CHECK_FALSE(world.journal->held);
}

/// Runs one replica so far.
World world_after(int stages, int node_every = 1000) {
  World world;
  Replica replica;
  for (int i = 0; i < stages; ++i) {
    replica.advance(world);
    if (i % node_every == node_every - 1) {
      world.node_works();
    }
    world.now += seconds(1);
  }
  return world;
}

TEST_CASE("a crash after any stage, and another replica goes on: one pod, created once") {
  for (int stages = 0; stages < 50; ++stages) {
    for (const int node_every : {1, 3, 1000}) {
      CAPTURE(stages, node_every);
      World world = world_after(stages, node_every);
      Replica second;
      finish_with(world, second);
      check_recreated(world);
    }
  }
}

TEST_CASE("two replicas that interleave, stop, lose answers and wake up late: one pod, created once") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    World world;
    world.through_json = false;
    std::mt19937 random(seed);
    world.refuse_creations = static_cast<int>(random() % 4);
    std::array<Replica, 2> replicas;
    for (int i = 0; i < 120 && !world.over(); ++i) {
      Replica& replica = replicas[random() % 2];
      if (random() % 10 == 0) {
        replica.crash();
      } else {
        replica.advance(world);
      }
      if (random() % 4 == 0) {
        world.node_works();
      }
      world.now += Duration(random() % 3'000'000);
    }
    const std::size_t last = random() % 2;
    finish_with(world, replicas[last]);
    // The other one wakes up and carries its old plan out.
    for (int i = 0; i < 10; ++i) {
      replicas[1 - last].advance(world);
      world.node_works();
    }
    check_recreated(world);
  }
}

TEST_CASE("a journal that is deleted at any stage goes only when the pod is there") {
  for (int stages = 0; stages < 50; ++stages) {
    for (const int node_every : {2, 1000}) {
      CAPTURE(stages, node_every);
      World world = world_after(stages, node_every);
      world.refuse_creations = stages % 3;
      world.delete_journal();
      Replica second;
      finish_with(world, second);
      CHECK_FALSE(world.journal);
      check_pod(world);
      CHECK(world.creations <= 1);
    }
  }
}

TEST_CASE("a journal that is deleted while two replicas interleave goes only when the pod is there, for good") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    World world;
    world.through_json = false;
    std::mt19937 random(seed);
    std::array<Replica, 2> replicas;
    const auto deleted_at = random() % 60;
    for (std::uint64_t i = 0; i < 120 && !world.over(); ++i) {
      if (i == deleted_at) {
        world.delete_journal();
      }
      Replica& replica = replicas[random() % 2];
      if (random() % 10 == 0) {
        replica.crash();
      } else {
        replica.advance(world);
      }
      if (random() % 4 == 0) {
        world.node_works();
      }
      world.now += seconds(1);
    }
    const std::size_t last = random() % 2;
    finish_with(world, replicas[last]);
    for (int i = 0; i < 10; ++i) {
      replicas[1 - last].advance(world);
      world.node_works();
    }
    check_pod(world);
    CHECK(world.creations <= 1);
  }
}

TEST_CASE("somebody else's pod that appears in the gap is never touched, wherever we are") {
  for (int stages = 0; stages < 40; ++stages) {
    CAPTURE(stages);
    World world = world_after(stages);
    world.pod.reset();
    Json theirs = small_pod();
    theirs["spec"]["containers"][0]["image"] = "theirs:1";
    world.create_pod(theirs);
    const Json uid = world.pod->at("metadata").at("uid");
    Replica second;
    finish_with(world, second);
    REQUIRE(world.one_live_pod());
    CHECK(world.pod->at("metadata").at("uid") == uid);
    CHECK_FALSE(world.journal->held);
  }
}

TEST_CASE("a pod that a person deletes once it was seen again stays away") {
  World world;
  Replica replica;
  for (int i = 0; i < 300 && world.journal->status.step != "WaitReady"; ++i) {
    replica.advance(world);
    if (world.journal->status.step == "DeletePod") {
      world.node_works();
    }
  }
  REQUIRE(world.journal->status.step == "WaitReady");
  world.pod.reset();
  finish_with(world, replica);
  CHECK_FALSE(world.pod);
  CHECK(world.creations == 1);
  CHECK(progress_reason(world.journal->status) == "PodDeleted");
}

TEST_CASE("a dry run that is refused leaves the old pod as it was") {
  World world;
  world.refuse_dry_runs = true;
  Replica replica;
  finish_with(world, replica);
  CHECK(world.pod == small_pod());
  CHECK(world.creations == 0);
  CHECK(world.journal->status.phase == Phase::kCancelled);
}

TEST_CASE("what is refused only after the deletion was decided keeps the old pod until it passes") {
  World world;
  Replica replica;
  while (world.journal->status.step != "DeletePod") {
    replica.advance(world);
  }
  replica.crash();
  world.refuse_dry_runs = true;
  for (int i = 0; i < 300; ++i) {
    replica.advance(world);
    world.node_works();
    world.now += seconds(20);
  }
  CHECK(world.pod == small_pod());
  CHECK(blocked_reason(world.journal->status) == "RecreateRefused");
  world.refuse_dry_runs = false;
  finish_with(world, replica);
  check_recreated(world);
}

}  // namespace
}  // namespace remint::restart

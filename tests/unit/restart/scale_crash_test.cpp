// ScaleToZero against a simulated API server: whoever stops where, and whoever gets in the way, the workload has a size
// in the end: its own, or the one that somebody chose meanwhile.

#include <array>

#include "pod_world.hpp"

namespace remint::restart {
namespace {

void check_restarted(PodWorld& world) {
  CHECK(to_string(world.journal().status.outcome) == to_string(Outcome::kCured));
  CHECK(world.sizes == std::vector<std::int64_t>{0, 3});
  CHECK(world.target().replicas == 3);
  CHECK_FALSE(world.journal().held);
  for (const PodState& pod : world.pods()) {
    CHECK_FALSE(world.first_pods.contains(pod.uid));
  }
}

TEST_CASE("ScaleToZero: a crash after any number of stages, and another replica goes on: down once, up once") {
  for (const char* kind : {"ReplicationController", "StatefulSet"}) {
    for (int stages = 0; stages < 90; ++stages) {
      INFO(kind << ", crash after stage " << stages);
      PodWorld world(kind, Strategy::kScaleToZero);
      Replica first, second;
      drive(world, first, stages);
      drive(world, second);
      check_restarted(world);
    }
  }
}

TEST_CASE("ScaleToZero: two replicas that interleave, stop and wake up at random: down once, up once") {
  for (unsigned seed = 0; seed < 150; ++seed) {
    INFO("seed " << seed);
    PodWorld world("ReplicationController", Strategy::kScaleToZero);
    std::mt19937 random(seed);
    std::array<Replica, 2> replicas;
    for (int i = 0; i < 150 && !world.over(); ++i) {
      Replica& replica = replicas[random() % 2];
      if (random() % 10 == 0) {
        replica.crash();
      } else {
        replica.advance(world);
      }
      if (random() % 3 == 0) {
        world.controller_works();
      }
      world.now += Duration(random() % 3'000'000);
    }
    drive(world, replicas[random() % 2]);
    for (int i = 0; i < 5; ++i) {
      replicas[0].advance(world);
      replicas[1].advance(world);
    }
    check_restarted(world);
  }
}

TEST_CASE("ScaleToZero: a size that somebody sets at any stage is the size in the end") {
  for (const std::int64_t size : {1, 3, 5}) {
    for (int stages = 0; stages < 80; ++stages) {
      INFO(size << " after stage " << stages);
      PodWorld world("ReplicationController", Strategy::kScaleToZero);
      Replica replica;
      drive(world, replica, stages);
      const bool was_down = world.target().replicas == 0;
      world.scale_by_hand(size);
      drive(world, replica);
      CHECK(world.over());
      CHECK_FALSE(world.journal().held);
      CHECK(world.target().replicas == size);
      if (was_down) {
        CHECK(world.sizes == std::vector<std::int64_t>{0});  // and never set by us again
      }
    }
  }
}

TEST_CASE("ScaleToZero: a journal that is deleted at any stage leaves the workload at its size") {
  for (int stages = 0; stages < 90; ++stages) {
    for (const bool other : {false, true}) {
      INFO("deleted after stage " << stages);
      PodWorld world("ReplicationController", Strategy::kScaleToZero);
      std::array<Replica, 2> replicas;
      world.leader = replicas.data();
      drive(world, replicas[0], stages);
      world.delete_journal();
      // The old leader wakes up later with an old plan: without the lease it writes nothing.
      Replica& next = replicas[other ? 1 : 0];
      world.leader = &next;
      drive(world, next);
      drive(world, replicas[0], 3);
      CHECK(world.over());
      CHECK(world.target().replicas == 3);
      CHECK(world.target().generation - world.target().observed_generation <= 1);
    }
  }
}

TEST_CASE("ScaleToZero: a scale-up that is refused for hours happens at last") {
  for (const ErrorCode code : {ErrorCode::kForbidden, ErrorCode::kInvalid, ErrorCode::kTooMany, ErrorCode::kInternal}) {
    PodWorld world("ReplicationController", Strategy::kScaleToZero);
    Replica replica;
    for (int i = 0; i < 500 && world.journal().status.step != "ScaleUp"; ++i) {
      world.scale_answer = world.journal().status.step == "WaitGone"
                               ? std::optional(Answer{false, code, "a webhook says no"})
                               : std::nullopt;
      drive(world, replica, 1);
    }
    REQUIRE(world.target().replicas == 0);
    for (int i = 0; i < 60; ++i) {
      drive(world, replica, 8);
      world.now += minutes(5);
    }
    CHECK(world.journal().status.step == "ScaleUp");
    CHECK(world.journal().held);
    CHECK_THAT(world.journal().status.message, Catch::Contains("a webhook says no"));
    CHECK(world.status_writes < 10);
    world.scale_answer.reset();
    drive(world, replica);
    check_restarted(world);
  }
}

TEST_CASE("ScaleToZero: pods that never go do not keep the workload at 0") {
  PodWorld world("ReplicationController", Strategy::kScaleToZero);
  world.grace = true;
  Replica replica;
  drive(world, replica);
  CHECK(world.over());
  CHECK(world.journal().status.phase == Phase::kFailed);
  CHECK(progressing_reason(world.journal().status) == "PodsNotGone");
  CHECK(world.target().replicas == 3);
  CHECK(world.ready() == 3);
}

TEST_CASE("ScaleToZero: a target that goes or is replaced at any stage ends it, and nothing is owed") {
  for (const bool replaced : {false, true}) {
    for (int stages = 0; stages < 80; ++stages) {
      INFO("stage " << stages);
      PodWorld world("ReplicationController", Strategy::kScaleToZero);
      Replica replica;
      drive(world, replica, stages);
      const std::size_t before = world.sizes.size();
      if (replaced) {
        world.edit().uid = "uid-2";
      } else {
        world.target_gone = true;
      }
      drive(world, replica);
      CHECK(world.over());
      CHECK_FALSE(world.journal().held);
      CHECK(world.sizes.size() == before);
    }
  }
}

}  // namespace
}  // namespace remint::restart

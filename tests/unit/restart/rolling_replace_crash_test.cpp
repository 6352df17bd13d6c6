// Remint stops anywhere, another replica goes on, both go on at once: the pods are replaced exactly as if nothing had
// happened, and the Service has its pods all the time.

#include <array>

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

// Sanitizers make a step ten times as slow; the release build runs them all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned kSeeds = 30;
constexpr int kEvery = 3;
#else
constexpr unsigned kSeeds = 1000;
constexpr int kEvery = 1;
#endif

TEST_CASE("RollingReplace replaces all pods, and the controller is as it was") {
  for (const std::int64_t replicas : {1, 2, 5}) {
    RollingWorld world(replicas);
    RollingReplica replica;
    run_on(world, replica);
    check_replaced(world);
  }
}

TEST_CASE("a crash after any number of stages, and another replica finishes it") {
  int stages = 0;
  for (bool reached = true; reached; stages += kEvery) {
    INFO("crash after stage " << stages);
    RollingWorld world(2);
    RollingReplica first;
    run_on(world, first, stages);
    reached = !world.over();
    RollingReplica second;
    run_on(world, second);
    check_replaced(world);
  }
  CHECK(stages > 100);
}

TEST_CASE("an answer that gets lost after any write is no reason to do it twice") {
  for (int lost = 0; lost < 14; ++lost) {
    INFO("write " << lost);
    RollingWorld world(2);
    RollingReplica replica;
    int writes = 0;
    bool now = false;
    world.before = [&](const Effect& effect) { now = !std::holds_alternative<Notify>(effect.act) && writes++ == lost; };
    while (!world.over()) {
      replica.advance(world);
      if (std::exchange(now, false)) {
        replica.crash();
      }
      world.others_work(seconds(1));
      REQUIRE(world.now < world.journal().created + hours(1));
    }
    check_replaced(world);
  }
}

TEST_CASE("two replicas that interleave, stop and wake up at random replace the pods once") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    RollingWorld world(static_cast<std::int64_t>(1 + random() % 3));
    std::array<RollingReplica, 2> replicas;
    for (int i = 0; i < 400 && !world.over(); ++i) {
      RollingReplica& replica = replicas[random() % 2];
      if (random() % 25 == 0) {
        replica.crash();
      } else {
        // One that sleeps wakes up with what it knew long ago.
        for (auto stages = random() % 9; stages > 0; --stages) {
          replica.advance(world);
        }
      }
      if (random() % 2 == 0) {
        world.others_work(Duration(random() % 4'000'000));
      }
    }
    RollingReplica third;
    run_on(world, third);
    for (RollingReplica& replica : replicas) {
      for (int i = 0; i < 8; ++i) {
        replica.advance(world);
      }
    }
    check_replaced(world);
  }
}

TEST_CASE("rolled back by two replicas at random, the old controller is as it was and never without pods") {
  for (unsigned seed = 0; seed < kSeeds / 2; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    RollingWorld world(static_cast<std::int64_t>(1 + random() % 3));
    const std::int64_t replicas_before = world.floor;
    std::array<RollingReplica, 2> replicas;
    const auto deleted_at = random() % 120;
    for (unsigned i = 0; i < 500 && !world.over(); ++i) {
      if (i >= deleted_at && world.journal().held && !world.journal().deleting) {
        delete_journal(world);
      }
      RollingReplica& replica = replicas[random() % 2];
      for (auto stages = random() % 9; stages > 0; --stages) {
        replica.advance(world);
      }
      world.others_work(Duration(random() % 2'000'000));
    }
    RollingReplica third;
    run_on(world, third);
    REQUIRE(world.over());
    world.others_work(seconds(3));
    if (world.journal().status.phase == Phase::kCancelled) {
      check_rolled_back(world, replicas_before);
    } else {
      REQUIRE(world.journal().status.phase == Phase::kSucceeded);
      REQUIRE(world.controllers.size() == 1);
      REQUIRE(world.size_of(kOld) == replicas_before);
    }
  }
}

}  // namespace
}  // namespace remint::restart

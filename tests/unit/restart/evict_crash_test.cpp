// EvictPods against a simulated API server: replicas stop anywhere, people and budgets get in the way. Every pod in
// question goes once, no other one, and never more than one is missing.

#include <algorithm>
#include <array>

#include "pod_world.hpp"

namespace remint::restart {
namespace {

/// More than one missing would show as fewer Ready ones than there should be, one aside.
void check_step(const PodWorld& world, std::int64_t size) { REQUIRE(world.ready() >= size - 1); }

void check_all_evicted(const PodWorld& world, std::size_t count) {
  CHECK(to_string(world.journal().status.outcome) == to_string(Outcome::kCured));
  CHECK(world.evicted.size() == count);
  CHECK(std::set(world.evicted.begin(), world.evicted.end()).size() == count);
  CHECK(world.ready() == world.target().replicas);
}

TEST_CASE("EvictPods: a crash after any number of stages, and another replica goes on: each pod goes once") {
  for (const char* kind : {"Deployment", "StatefulSet"}) {
    for (int stages = 0; stages < 120; ++stages) {
      INFO(kind << ", crash after stage " << stages);
      PodWorld world(kind, Strategy::kEvictPods);
      Replica first, second;
      drive(world, first, stages);
      for (int i = 0; i < 4000 && !world.over(); ++i) {
        drive(world, second, 1);
        world.controller_works();
        check_step(world, 3);
      }
      check_all_evicted(world, 3);
    }
  }
}

TEST_CASE("EvictPods: two replicas that interleave, stop and wake up at random: each pod goes once") {
  for (unsigned seed = 0; seed < 150; ++seed) {
    INFO("seed " << seed);
    PodWorld world(seed % 2 == 0 ? "Deployment" : "StatefulSet", Strategy::kEvictPods);
    world.spec().pods = {"cart-0", "cart-2"};
    world.silent = seed % 3 == 0;
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
      check_step(world, 3);
      world.now += Duration(random() % 3'000'000);
    }
    drive(world, replicas[random() % 2]);
    replicas[0].advance(world);
    replicas[1].advance(world);
    CHECK(to_string(world.journal().status.phase) == to_string(Phase::kSucceeded));
    std::ranges::sort(world.evicted);
    CHECK(world.evicted == std::vector<std::string>{"cart-0", "cart-2"});
  }
}

TEST_CASE("EvictPods: a budget is waited out, and nothing is left blocked") {
  PodWorld world("Deployment", Strategy::kEvictPods);
  world.min_available = 3;
  Replica replica;
  drive(world, replica, 300);
  CHECK(world.evicted.empty());
  CHECK_THAT(world.journal().status.message, Catch::Contains("blocked by PodDisruptionBudget shop/cart"));
  CHECK(world.status_writes <= 3);
  world.min_available = 2;
  drive(world, replica);
  check_all_evicted(world, 3);
  for (const Condition& condition : world.journal().status.conditions) {
    CHECK((condition.type != "Blocked" || !condition.status));
  }
}

TEST_CASE("EvictPods: a budget that never opens leaves the rest alone") {
  PodWorld world("Deployment", Strategy::kEvictPods);
  Replica replica;
  for (int i = 0; i < 100 && world.evicted.empty(); ++i) {
    drive(world, replica, 1);
  }
  REQUIRE(world.evicted.size() == 1);
  world.min_available = 3;
  drive(world, replica);
  CHECK(world.journal().status.phase == Phase::kFailed);
  CHECK(world.evicted.size() == 1);
  CHECK(world.ready() == 3);
  CHECK_THAT(world.journal().status.message, Catch::EndsWith("1 of 3 pods are evicted"));
}

TEST_CASE("EvictPods: one replacement that fails again, or never becomes Ready, costs one pod only") {
  for (const bool broken : {false, true}) {
    PodWorld world("StatefulSet", Strategy::kEvictPods);
    (broken ? world.broken : world.new_pods_fail) = true;
    Replica replica;
    drive(world, replica);
    CHECK(world.journal().status.phase == Phase::kFailed);
    CHECK(to_string(world.journal().status.outcome) == to_string(broken ? Outcome::kNone : Outcome::kNotCured));
    CHECK(world.evicted == std::vector<std::string>{"cart-2"});
  }
}

TEST_CASE("EvictPods: a node that died with its pod holds a StatefulSet up, not a Deployment") {
  for (const char* kind : {"Deployment", "StatefulSet"}) {
    PodWorld world(kind, Strategy::kEvictPods);
    world.grace = true;
    Replica replica;
    drive(world, replica, 3000);
    const bool deployment = std::string(kind) == "Deployment";
    CHECK(world.evicted.size() == (deployment ? 3 : 1));
    CHECK(world.over() == deployment);
    world.grace = false;
    drive(world, replica);
    check_all_evicted(world, 3);
  }
}

TEST_CASE("EvictPods: whatever a person does at any stage, it ends, and only pods in question are evicted") {
  for (int deed = 0; deed < 7; ++deed) {
    for (int stages = 0; stages < 60; stages += 1 + deed % 2) {
      INFO("deed " << deed << " after stage " << stages);
      PodWorld world("Deployment", Strategy::kEvictPods);
      world.spec().pods = {"cart-0", "cart-1"};
      Replica replica;
      drive(world, replica, stages);
      if (deed == 0) {
        world.scale_by_hand(5);
      } else if (deed == 1) {
        world.scale_by_hand(1);
      } else if (deed == 2) {
        world.scale_by_hand(0);
      } else if (deed == 3) {
        world.delete_pod("cart-1");
      } else if (deed == 4) {
        world.target_gone = true;
      } else if (deed == 5) {
        world.edit().uid = "uid-2";
      } else {
        world.edit().paused = true;
      }
      drive(world, replica);
      CHECK(world.over());
      CHECK_FALSE(world.journal().held);
      CHECK(world.evicted.size() <= 2);
      CHECK(std::ranges::find(world.evicted, "cart-2") == world.evicted.end());
      if (deed == 0 || deed == 3 || deed == 6) {
        CHECK(to_string(world.journal().status.outcome) == to_string(Outcome::kCured));
      }
    }
  }
}

}  // namespace
}  // namespace remint::restart

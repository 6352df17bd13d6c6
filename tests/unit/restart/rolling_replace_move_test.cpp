// How RollingReplace moves the pods: one by one, at the pace that was asked for.

#include <algorithm>

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

TEST_CASE("never more than one pod too many, and one change of size at a time") {
  RollingWorld world(4);
  RollingReplica replica;
  run_to_step(world, replica, "Move");
  std::int64_t sizes = 4;
  while (world.journal().status.step == "Move") {
    run_on(world, replica, 1);
    const std::int64_t now = world.size_of(kOld) + world.size_of(world.successor());
    REQUIRE(std::abs(now - sizes) <= 1);
    REQUIRE(now >= 4);
    REQUIRE(now <= 5);
    sizes = now;
  }
  run_on(world, replica);
  check_replaced(world);
}

TEST_CASE("an old pod goes only when the newest one has been ready for the update period") {
  RollingWorld world(3);
  world.journal().spec.options.update_period = minutes(2);
  RollingReplica replica;
  run_to_step(world, replica, "Move");
  std::vector<Time> gone;
  world.before = [&](const Effect& effect) {
    const auto* patch = std::get_if<Patch>(&effect.act);
    if (patch != nullptr && patch->key.name == kOld) {
      gone.push_back(world.now);
    }
  };
  const Time from = world.now;
  run_on(world, replica, 8000);
  check_replaced(world);
  REQUIRE(gone.size() == 3);
  CHECK(gone[0] - from >= minutes(2));
  CHECK(gone[1] - gone[0] >= minutes(2));
  CHECK(gone[2] - gone[1] >= minutes(2));
}

TEST_CASE("old pods that are not ready any more are replaced like the others") {
  RollingWorld world(3);
  world.floor = 0;
  for (RollingPod& pod : world.pods) {
    pod.ready_since.reset();
  }
  const auto broken = [&](const RollingPod& pod) { return pod.created < world.journal().created; };
  world.stays_unready = broken;
  RollingReplica replica;
  std::int64_t best = 0;
  for (int i = 0; i < 1500 && !world.over(); ++i) {
    run_on(world, replica, 1);
    best = std::clamp<std::int64_t>(world.serving(), best, 3);
    REQUIRE(world.serving() >= best);
  }
  check_replaced(world);
}

TEST_CASE("a policy may keep the second controller and its name") {
  RollingWorld world(3);
  world.journal().spec.options.keep_new_name = true;
  RollingReplica replica;
  run_on(world, replica);
  world.others_work(seconds(3));
  REQUIRE(world.journal().status.phase == Phase::kSucceeded);
  REQUIRE(world.controllers.size() == 1);
  const Json& kept = world.controllers.at(world.successor());
  CHECK(kept.at("metadata").at("uid") == world.journal().status.successor_uid);
  CHECK(kept.at("metadata").at("labels").at("team") == "checkout");
  CHECK_FALSE(kept.at("metadata").contains("ownerReferences"));
  CHECK(world.size_of(world.successor()) == 3);
  CHECK(world.serving() == 3);
}

TEST_CASE("a controller that kept such a name can be replaced again, under that name") {
  RollingWorld world(2);
  const Json label{{"remint.dev/restart", "0123456789"}};
  world.floor = 0;
  world.edit(kOld, {{"spec", {{"selector", label}, {"template", {{"metadata", {{"labels", label}}}}}}}});
  for (RollingPod& pod : world.pods) {
    pod.labels.update(label);
  }
  world.floor = 2;
  RollingReplica replica;
  run_on(world, replica);
  world.others_work(seconds(3));
  CHECK(world.journal().status.phase == Phase::kSucceeded);
  CHECK(world.controllers.size() == 1);
  CHECK(world.old().at("spec").at("selector").at("remint.dev/restart") == "0123456789");
  CHECK(world.serving() == 2);
}

}  // namespace
}  // namespace remint::restart

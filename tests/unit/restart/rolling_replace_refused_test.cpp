// What does not work in RollingReplace (pods that do not come up, writes that are refused): nothing is lost, and it is
// said.

#include <algorithm>

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

Answer no(ErrorCode code) { return {false, code, "no, says the server"}; }

TEST_CASE("new pods that never become ready are taken away again after the deadline") {
  for (const bool quota : {false, true}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, "Move");
    const Time from = world.now;
    if (quota) {
      world.pod_quota = 3;
    } else {
      world.stays_unready = [](const RollingPod& pod) { return pod.labels.contains("remint.dev/restart"); };
    }
    run_on(world, replica, 300);
    CHECK(said(world.journal().status, "exceeded quota") == quota);
    run_on(world, replica, 6000);
    CHECK(reason_of(world.journal().status) == "RolloutDeadline");
    CHECK(said(world.journal().status, "exceeded quota") == quota);
    CHECK(world.now - from > minutes(15));
    check_rolled_back(world, 3);
  }
}

TEST_CASE("quota that frees up in time is no reason to roll back") {
  RollingWorld world;
  RollingReplica replica;
  run_to_step(world, replica, "Move");
  world.pod_quota = 3;
  run_on(world, replica, 300);
  CHECK(said(world.journal().status, "exceeded quota"));
  world.pod_quota = 1000;
  run_on(world, replica);
  check_replaced(world);
}

TEST_CASE("new pods that fail with 401 again are not multiplied") {
  RollingWorld world;
  RollingReplica replica;
  run_to_the_middle(world, replica);
  world.verification = {2, 0, 1, 2};
  run_on(world, replica);
  check_rolled_back(world, 3);
  CHECK(world.journal().status.phase == Phase::kFailed);
  CHECK(world.journal().status.outcome == Outcome::kNotCured);
}

TEST_CASE("on the way back, ready new pods stay until there are old ones for them") {
  RollingWorld world;
  RollingReplica replica;
  run_to_the_middle(world, replica);
  world.stays_unready = [&](const RollingPod& pod) { return !pod.labels.contains("remint.dev/restart"); };
  delete_journal(world);
  run_on(world, replica, 6000);
  CHECK(world.journal().status.step == "RollBack");
  CHECK(said(world.journal().status, "are kept until more are"));
  world.stays_unready = nullptr;
  run_on(world, replica);
  check_rolled_back(world, 3);
}

TEST_CASE("an original that may not be created again is tried for as long as it takes, and its pods stay") {
  for (const bool dry_run_passes : {false, true}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, "OrphanNext");
    unsigned tries = 0;
    world.refuse = [&](const Effect& effect) -> std::optional<Answer> {
      const auto* create = std::get_if<Create>(&effect.act);
      if (create == nullptr || (create->dry_run && dry_run_passes)) {
        return std::nullopt;
      }
      ++tries;
      return no(ErrorCode::kForbidden);
    };
    run_on(world, replica, 4000);
    CHECK(tries > 100);
    CHECK(world.journal().status.step == (dry_run_passes ? "CreateFinal" : "OrphanNext"));
    CHECK(said(world.journal().status, "for as long as it takes"));
    CHECK(world.controllers.size() == (dry_run_passes ? 0U : 1U));
    world.refuse = nullptr;
    run_on(world, replica);
    check_replaced(world);
  }
}

TEST_CASE("who may not create or change controllers at all has changed nothing") {
  for (const bool patches_too : {false, true}) {
    RollingWorld world;
    RollingReplica replica;
    world.refuse = [&](const Effect& effect) -> std::optional<Answer> {
      const bool patch = std::holds_alternative<Patch>(effect.act);
      const bool refused = std::holds_alternative<Create>(effect.act) || (patch && patches_too);
      return refused ? std::optional(no(ErrorCode::kForbidden)) : std::nullopt;
    };
    run_on(world, replica);
    CHECK(reason_of(world.journal().status) == kStrategyUnfit);
    CHECK(said(world.journal().status, "no, says the server"));
    check_rolled_back(world, 3);
  }
}

TEST_CASE("an old controller that may not be deleted stays, with all its pods") {
  RollingWorld world;
  RollingReplica replica;
  world.refuse = [&](const Effect& effect) -> std::optional<Answer> {
    const auto* deletion = std::get_if<Delete>(&effect.act);
    return deletion != nullptr && deletion->key.name == kOld ? std::optional(no(ErrorCode::kForbidden)) : std::nullopt;
  };
  run_on(world, replica, 8000);
  check_rolled_back(world, 3);
}

TEST_CASE("409, 429 and 503 on every write only delay it") {
  for (const ErrorCode code : {ErrorCode::kConflict, ErrorCode::kTooMany, ErrorCode::kUnavailable}) {
    RollingWorld world(2);
    RollingReplica replica;
    unsigned writes = 0;
    world.refuse = [&](const Effect& effect) {
      const bool refused = !std::holds_alternative<Notify>(effect.act) && ++writes % 3 != 0;
      return refused ? std::optional(no(code)) : std::nullopt;
    };
    run_on(world, replica, 3000);
    check_replaced(world);
  }
}

}  // namespace
}  // namespace remint::restart

// People, quotas and other programs in the way of RollingReplace: each on purpose, each with a sentence.

#include <algorithm>

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

TEST_CASE("what it cannot work on is left alone, with the reason") {
  struct Row {
    std::function<void(RollingWorld&)> change;
    std::string reason, words;
  };
  const std::string other = "remint.dev/restarting";
  const std::vector<Row> rows{
      {[](RollingWorld& w) { w.floor = 0, w.scale(kOld, 0); }, "ScaledToZero", "0 replicas"},
      {[](RollingWorld& w) { w.autoscaler = "cart-hpa"; }, "StrategyUnfit", "cart-hpa"},
      {[](RollingWorld& w) {
         w.edit(kOld, {{"metadata",
                        {{"ownerReferences",
                          {{{"kind", "DeploymentConfig"}, {"name", "cart"}, {"uid", "x"}, {"controller", true}}}}}}});
         w.collector_works = false;
       },
       "StrategyUnfit", "DeploymentConfig/cart"},
      {[](RollingWorld& w) { w.edit(kOld, {{"metadata", {{"finalizers", {"example.com/audit"}}}}}); }, "StrategyUnfit",
       "example.com/audit"},
      {[](RollingWorld& w) {
         w.edit(kOld, {{"metadata", {{"annotations", {{"big", std::string(kMaxManifest, 'x')}}}}}});
       },
       "StrategyUnfit", "larger than"},
      {[&](RollingWorld& w) { w.edit(kOld, {{"metadata", {{"annotations", {{other, "uid-another"}}}}}}); },
       "AnotherRestart", "remove its annotation"},
      {[](RollingWorld& w) { w.journal().spec.target.uid = "uid-of-yesterday"; }, "TargetReplaced", "uid-of-yesterday"},
      {[](RollingWorld& w) { w.floor = 0, w.remove(kOld, "Background"); }, "TargetGone", "does not exist"},
      {[](RollingWorld& w) {
         Json taken = w.original();
         taken["metadata"]["name"] = needs(w.journal()).successor;
         taken["spec"]["replicas"] = 0;
         w.create(taken);
       },
       "StrategyUnfit", "named cart-r"}};
  for (const Row& row : rows) {
    INFO(row.words);
    RollingWorld world;
    row.change(world);
    const auto controllers = world.controllers;
    RollingReplica replica;
    for (int i = 0; i < 20; ++i) {
      replica.advance(world);
    }
    CHECK(world.journal().status.phase == Phase::kCancelled);
    CHECK(reason_of(world.journal().status) == row.reason);
    CHECK(said(world.journal().status, row.words));
    CHECK(world.controllers == controllers);
  }
}

TEST_CASE("a restart that is deleted is rolled back before DeleteOld, and finished after it") {
  for (const std::string step : {"CreateNext", "Move"}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, step);
    if (step == "Move") {
      run_to_the_middle(world, replica);
    }
    delete_journal(world);
    run_on(world, replica);
    check_rolled_back(world, 3);
    CHECK(reason_of(world.journal().status) == "JournalDeleting");
  }
  for (const std::string step : {"DeleteOld", "OrphanNext", "CreateFinal", "WaitReady"}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, step);
    delete_journal(world);
    run_on(world, replica);
    CHECK(world.journal().status.phase == Phase::kSucceeded);
    CHECK(world.controllers.size() == 1);
    CHECK(world.old().at("spec") == world.original().at("spec"));
  }
}

TEST_CASE("nothing is created in a namespace that is being deleted") {
  for (const std::string step : {"CreateNext", "Move", "OrphanNext", "CreateFinal"}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, step);
    world.namespace_deleting = true;
    world.floor = 0;
    delete_journal(world);
    replica.crash();
    world.before = [](const Effect& effect) { CHECK(std::holds_alternative<Notify>(effect.act)); };
    run_on(world, replica, 20);
    CHECK(reason_of(world.journal().status) == "NamespaceDeleting");
    CHECK(world.over());
  }
}

TEST_CASE("who changes something in the middle keeps what they did, and it is rolled back") {
  struct Row {
    std::function<void(RollingWorld&)> change;
    std::string reason;
    std::int64_t size;
    std::int64_t floor;
  };
  const std::vector<Row> rows{
      {[](RollingWorld& w) { w.scale(kOld, 5); }, "ScaledByOthers", 5, 3},
      {[](RollingWorld& w) { w.scale(kOld, 0); }, "ScaledByOthers", 0, 0},
      {[](RollingWorld& w) { w.scale(kOld, 3); }, "Reverted", 3, 3},
      {[](RollingWorld& w) { w.scale(w.successor(), 3); }, "ScaledByOthers", 3, 3},
      {[](RollingWorld& w) { w.scale(w.successor(), 0); }, "ScaledByOthers", 3, 1},
      {[](RollingWorld& w) { w.remove(w.successor(), "Background"); }, "SuccessorDeleted", 3, 1},
      {[](RollingWorld& w) { w.remove(w.successor(), "Orphan"); }, "SuccessorDeleted", 3, 1}};
  for (const Row& row : rows) {
    INFO(row.reason << " " << row.size);
    RollingWorld world;
    RollingReplica replica;
    run_to_the_middle(world, replica);
    world.floor = row.floor;
    row.change(world);
    run_on(world, replica);
    CHECK(world.journal().status.phase == Phase::kFailed);
    CHECK(reason_of(world.journal().status) == row.reason);
    check_rolled_back(world, row.size);
  }
}

TEST_CASE("an edit of the old controller is not lost by creating it again") {
  for (const std::string step : {"CreateNext", "Move", "DeleteOld"}) {
    for (const Json& edit : {Json{{"metadata", {{"annotations", {{"owner", "sam"}}}}}},
                             Json{{"spec", {{"template", {{"spec", {{"serviceAccountName", "cart"}}}}}}}}}) {
      INFO(step << " " << edit);
      RollingWorld world;
      RollingReplica replica;
      run_to_step(world, replica, step);
      world.edit(kOld, edit);
      run_on(world, replica);
      CHECK(world.journal().status.phase == Phase::kFailed);
      CHECK(reason_of(world.journal().status) == "EditedByOthers");
      Json expected = world.original();
      expected.merge_patch(edit);
      CHECK(world.old().at("spec") == expected.at("spec"));
      CHECK(world.old().at("metadata").at("annotations") == expected.at("metadata").at("annotations"));
      CHECK(world.controllers.size() == 1);
    }
  }
}

TEST_CASE("an edit between the look and the deletion of the old controller stops the deletion") {
  RollingWorld world;
  RollingReplica replica;
  bool edited = false;
  world.before = [&](const Effect& effect) {
    if (std::holds_alternative<Delete>(effect.act) && !std::exchange(edited, true)) {
      world.scale(kOld, 7);
    }
  };
  run_on(world, replica);
  CHECK(edited);
  check_rolled_back(world, 7);
}

TEST_CASE("who deletes the old controller in the middle means all of it, or none of its pods") {
  for (const std::string propagation : {"Background", "Orphan"}) {
    INFO(propagation);
    RollingWorld world;
    RollingReplica replica;
    run_to_the_middle(world, replica);
    world.floor = propagation == "Orphan" ? 3 : 0;
    world.remove(kOld, propagation);
    run_on(world, replica);
    CHECK(reason_of(world.journal().status).starts_with("Target"));
    CHECK(world.controllers.empty());
    CHECK(world.serving() == (propagation == "Orphan" ? 3 : 0));
  }
}

TEST_CASE("who deletes the old controller just before Remint would means all of it, too") {
  RollingWorld world;
  RollingReplica replica;
  run_to_step(world, replica, "DeleteOld");
  world.floor = 0;
  world.remove(kOld, "Background");
  run_on(world, replica);
  CHECK(reason_of(world.journal().status) == "TargetGone");
  CHECK(world.controllers.empty());
}

TEST_CASE("our own deletion of the old controller that arrives after turning round is made good") {
  for (const bool delete_second : {false, true}) {
    RollingWorld world;
    RollingReplica slow, quick;
    bool turned = false;
    world.before = [&](const Effect& effect) {
      const auto* deletion = std::get_if<Delete>(&effect.act);
      if (deletion == nullptr || deletion->key.name != kOld || std::exchange(turned, true)) {
        return;
      }
      if (delete_second) {
        world.floor = 0;
        world.remove(world.successor(), "Background");
      } else {
        world.scale(world.successor(), 4);
      }
      while (world.journal().status.step != "RollBack") {
        quick.advance(world);
      }
    };
    run_until(world, slow, [&] { return turned; });
    CHECK(world.controllers.count(kOld) == 0);
    run_on(world, quick);
    CHECK(world.controllers.size() == 1);
    CHECK(world.old().at("spec") == world.original().at("spec"));
    CHECK(world.journal().status.phase == Phase::kSucceeded);
    CHECK(world.serving() == 3);
  }
}

TEST_CASE("somebody who creates the old name first keeps theirs, and it takes the pods over") {
  for (const std::string step : {"OrphanNext", "CreateFinal"}) {
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, step);
    replica.crash();
    Json theirs = world.original();
    theirs["metadata"]["annotations"] = {{"argocd.argoproj.io/tracking-id", "cart"}};
    world.create(theirs);
    run_on(world, replica);
    CHECK(world.journal().status.phase == Phase::kSucceeded);
    CHECK(world.controllers.size() == 1);
    CHECK(world.old().at("metadata").at("annotations") == theirs["metadata"]["annotations"]);
    CHECK(world.journal().status.successor_uid == world.old().at("metadata").at("uid"));
  }
}

TEST_CASE("a new controller of the old name that wants other pods gets time to make them") {
  RollingWorld world;
  RollingReplica replica;
  run_to_step(world, replica, "OrphanNext");
  Json theirs = world.original();
  theirs["spec"]["selector"]["version"] = "8";
  theirs["spec"]["template"]["metadata"]["labels"]["version"] = "8";
  world.create(theirs);
  run_on(world, replica);
  world.others_work(seconds(5));
  CHECK(world.journal().status.phase == Phase::kSucceeded);
  CHECK(world.controllers.size() == 1);
  CHECK(world.pods.size() == 3);
}

}  // namespace
}  // namespace remint::restart

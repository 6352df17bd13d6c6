// RollingReplace's saved state comes back from the API server, and whoever may write a status may have forged it.

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

TEST_CASE("a forged saved state creates, changes and deletes nothing") {
  struct Row {
    std::string name;
    std::function<void(SavedState&, Json& manifest)> forge;
  };
  const std::vector<Row> rows{
      {"another kind", [](SavedState&, Json& m) { m["kind"] = "Pod"; }},
      {"another version", [](SavedState&, Json& m) { m["apiVersion"] = "example.com/v1"; }},
      {"another name", [](SavedState&, Json& m) { m["metadata"]["name"] = "payments"; }},
      {"another namespace", [](SavedState&, Json& m) { m["metadata"]["namespace"] = "kube-system"; }},
      {"a field of the server's", [](SavedState&, Json& m) { m["metadata"]["uid"] = "x"; }},
      {"finalizers", [](SavedState&, Json& m) { m["metadata"]["finalizers"] = {"x"}; }},
      {"a field of its own", [](SavedState&, Json& m) { m["data"] = {{"x", "y"}}; }},
      {"another size", [](SavedState&, Json& m) { m["spec"]["replicas"] = 1000; }},
      {"no selector", [](SavedState&, Json& m) { m["spec"]["selector"] = Json::object(); }},
      {"a selector of the wrong type", [](SavedState&, Json& m) { m["spec"]["selector"] = "app"; }},
      {"no template", [](SavedState&, Json& m) { m["spec"].erase("template"); }},
      {"template metadata of the wrong type", [](SavedState&, Json& m) { m["spec"]["template"]["metadata"] = 7; }},
      {"labels of the wrong type", [](SavedState&, Json& m) { m["spec"]["template"]["metadata"]["labels"] = "x"; }},
      {"owners of the wrong type", [](SavedState&, Json& m) { m["metadata"]["ownerReferences"] = "x"; }},
      {"annotations of the wrong type", [](SavedState&, Json& m) { m["metadata"]["annotations"] = {1}; }},
      {"another UID", [](SavedState& s, Json&) { s.uid = "uid-of-another"; }},
      {"another successor", [](SavedState& s, Json&) { s.successor = "payments"; }},
      {"no JSON", [](SavedState&, Json& m) { m = "none"; }}};
  for (const std::string step :
       {"CreateNext", "Move", "DeleteOld", "OrphanNext", "CreateFinal", "WaitReady", "RollBack"}) {
    for (const Row& row : rows) {
      INFO(step << ", " << row.name);
      RollingWorld world;
      Journal journal = world.journal();
      RollingReplica replica;
      replica.advance(world), replica.advance(world), replica.advance(world);
      journal = world.journal();
      REQUIRE(journal.status.step == "CreateNext");
      Json manifest = Json::parse(journal.status.saved.manifest);
      row.forge(journal.status.saved, manifest);
      journal.status.saved.manifest = manifest.dump();
      journal.status.step = step;
      const Step next = remint::restart::step(journal, world.observe(needs(journal)), {}, world.now);
      CHECK(next.status.phase == Phase::kFailed);
      CHECK(reason_of(next.status) == "JournalInvalid");
      for (const Effect& effect : next.effects) {
        CHECK((std::holds_alternative<Notify>(effect.act) || std::holds_alternative<ReleaseJournal>(effect.act)));
      }
      CHECK(needs(journal).successor != "payments");
    }
  }
}

TEST_CASE("a step that was forged ahead deletes no controller that has pods") {
  for (const std::string step : {"Move", "DeleteOld", "RollBack"}) {
    INFO(step);
    RollingWorld world;
    RollingReplica replica;
    run_to_step(world, replica, "CreateNext");
    run_until(world, replica, [&] { return replica.idle(); });
    world.journal().status.step = step;
    world.journal().resource_version += "0";
    run_on(world, replica);
    CHECK(world.over());
    CHECK(world.size_of(kOld) == 3);
    CHECK(world.controllers.size() == 1);
  }
}

TEST_CASE("the same journal always gives the second controller the same name, and it fits") {
  RollingWorld world;
  const std::string name = needs(world.journal()).successor;
  CHECK(name == needs(world.journal()).successor);
  CHECK(name.starts_with("cart-r"));
  world.journal().spec.target.name = std::string(200, 'a') + ".b";
  CHECK(needs(world.journal()).successor.size() == 63);
  world.journal().uid = "uid-of-another-journal";
  CHECK(needs(world.journal()).successor != name);
}

}  // namespace
}  // namespace remint::restart

// Two replicas drive one journal against a simulated API server and controller. Either may stop at any point, for ever
// or until it wakes up with what it knew; the other goes on. Whatever happens, the template changes exactly once, and
// it ends.

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "fixture.hpp"

namespace remint::restart {
namespace {

/// What the API server holds: every write is checked as the real one does.
class World {
 public:
  World() {
    journal_.resource_version = "1";
    target_.restarted_at = "2026-01-01T00:00:00Z";
  }

  Time now = at("2026-07-01T10:28:00Z");
  int template_changes = 0;

  [[nodiscard]] Journal journal() const { return journal_; }
  [[nodiscard]] TargetState target() const { return target_; }

  /// Through JSON, as the real status goes. The CRD's transition rules are checked, too.
  bool write_status(const Journal& based_on, const JournalStatus& status) {
    if (based_on.resource_version != journal_.resource_version) {
      return false;
    }
    REQUIRE((journal_.status.saved == SavedState{} || status.saved == journal_.status.saved));
    REQUIRE(!is_final(journal_.status.phase));
    Json object = to_object(journal_);
    object["status"] = status_patch(status)["status"];
    const auto stored = parse_journal(object);
    REQUIRE(stored);
    journal_.status = stored->status;
    bump(journal_.resource_version);
    return true;
  }

  bool apply(const TemplatePatch& patch) {
    if (patch.resource_version != target_.resource_version || patch.uid != target_.uid) {
      return false;
    }
    change_template(patch.restarted_at);
    return true;
  }

  void change_template(const std::string& value) {
    if (value == target_.restarted_at) {
      return;
    }
    target_.restarted_at = value;
    ++target_.generation;
    ++template_changes;
    bump(target_.resource_version);
  }

  /// The workload's controller: notices, rolls, is done; and touches the status now and then for no reason.
  void controller_works(std::mt19937& random) {
    if (target_.observed_generation < target_.generation) {
      target_.observed_generation = target_.generation;
      target_.updated = 0;
    } else if (target_.updated < target_.replicas) {
      ++target_.updated;
    } else if (random() % 4 != 0) {
      return;
    }
    bump(target_.resource_version);
  }

  [[nodiscard]] VerificationInput verification() const { return {3, 3, 0, 3}; }

 private:
  static void bump(std::string& version) { version = std::to_string(std::stoul(version) + 1); }
  Journal journal_ = pending_journal();
  TargetState target_ = settled_target();
};

/// One replica: a pass is look, think, write the status, carry out. `stage` is where it is within that pass.
struct Replica {
  enum class Stage { kIdle, kLooked, kWritten };
  Stage stage = Stage::kIdle;
  Journal seen;
  Observation observed;
  Step planned;

  void advance(World& world) {
    if (stage == Stage::kIdle) {
      seen = world.journal();
      observed = {};
      if (needs(seen).target) {
        observed.target = world.target();
      }
      if (needs(seen).verification) {
        observed.verification = world.verification();
      }
      stage = Stage::kLooked;
    } else if (stage == Stage::kLooked) {
      planned = step(seen, observed, {}, world.now);
      const bool written = planned.status == seen.status || world.write_status(seen, planned.status);
      stage = written ? Stage::kWritten : Stage::kIdle;  // the loser of a race looks again
    } else {
      for (const Effect& effect : planned.effects) {
        if (const auto* patch = std::get_if<Patch>(&effect.act)) {
          static_cast<void>(world.apply(as_template_patch(*patch).value()));
        }
      }
      stage = Stage::kIdle;
    }
  }
  /// kill -9: what it knew is lost.
  void crash() { stage = Stage::kIdle; }
};

void finish_with(World& world, Replica& replica, std::mt19937& random) {
  for (int i = 0; i < 2000 && !is_final(world.journal().status.phase); ++i) {
    replica.advance(world);
    world.controller_works(random);
    world.now += seconds(1);
  }
}

void check_end(const World& world, int template_changes) {
  const JournalStatus status = world.journal().status;
  CHECK(status.phase == Phase::kSucceeded);
  CHECK(status.outcome == Outcome::kCured);
  CHECK(status.finished);
  CHECK(world.template_changes == template_changes);
}

TEST_CASE("a crash after any number of stages, and another replica goes on: one template change") {
  for (int stages = 0; stages < 60; ++stages) {
    for (const bool controller_first : {false, true}) {
      INFO("crash after stage " << stages);
      World world;
      std::mt19937 random(static_cast<unsigned>(stages));
      Replica first;
      for (int i = 0; i < stages; ++i) {
        first.advance(world);
        if (controller_first) {
          world.controller_works(random);
        }
      }
      Replica second;
      finish_with(world, second, random);
      check_end(world, 1);
    }
  }
}

TEST_CASE("the patch was made but its answer got lost, and the status never said so: one template change") {
  World world;
  std::mt19937 random(1);
  Replica first;
  first.advance(world);  // looked
  first.advance(world);  // journal written
  first.advance(world);  // patched
  REQUIRE(world.template_changes == 1);
  REQUIRE(world.journal().status.step == "PatchTemplate");
  Replica second;
  finish_with(world, second, random);
  check_end(world, 1);
}

TEST_CASE("two replicas that interleave, stop and wake up at random: one template change, and an end") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    World world;
    std::mt19937 random(seed);
    std::array<Replica, 2> replicas;
    for (int i = 0; i < 80 && !is_final(world.journal().status.phase); ++i) {
      Replica& replica = replicas[random() % 2];
      if (random() % 10 == 0) {
        replica.crash();
      } else {
        replica.advance(world);
      }
      if (random() % 3 == 0) {
        world.controller_works(random);
      }
      world.now += Duration(random() % 3'000'000);
    }
    finish_with(world, replicas[random() % 2], random);
    // The other wakes up with an old plan and carries it out.
    replicas[0].advance(world);
    replicas[1].advance(world);
    INFO("seed " << seed);
    check_end(world, 1);
  }
}

TEST_CASE("somebody else's restart between the journal and the patch is the only one") {
  for (int stages = 0; stages < 4; ++stages) {
    World world;
    std::mt19937 random(7);
    Replica replica;
    for (int i = 0; i < stages; ++i) {
      replica.advance(world);
    }
    const bool before_ours = world.template_changes == 0;
    world.change_template("2026-07-01T10:28:30Z");
    finish_with(world, replica, random);
    INFO("after stage " << stages);
    // Stage 0: it was there before we looked, so ours is a second one by right. After stage 3 ours was first.
    check_end(world, before_ours && stages > 0 ? 1 : 2);
  }
}

TEST_CASE("a target that vanishes or stops moving at any stage ends it, too") {
  for (int stages = 0; stages < 40; ++stages) {
    World world;
    std::mt19937 random(3);
    Replica replica;
    for (int i = 0; i < stages; ++i) {
      replica.advance(world);
    }
    Journal journal = world.journal();
    for (int i = 0; i < 20 && !is_final(journal.status.phase); ++i) {
      journal.status = step(journal, see_nothing(), {}, world.now).status;
      world.now += minutes(2);
    }
    CHECK(is_final(journal.status.phase));

    World stuck;
    Replica patient;
    for (int i = 0; i < 3000 && !is_final(stuck.journal().status.phase); ++i) {
      patient.advance(stuck);
      stuck.now += seconds(1);
    }
    CHECK(stuck.journal().status.phase == Phase::kFailed);
    CHECK(stuck.template_changes == 1);
  }
}

}  // namespace
}  // namespace remint::restart

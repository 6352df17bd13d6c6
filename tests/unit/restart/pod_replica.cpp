#include "pod_world.hpp"

namespace remint::restart {

void Replica::think(PodWorld& world) {
  const Step planned = step(seen_, observed_, {}, world.now);
  if (planned.status != seen_.status && !world.write_status(seen_, planned.status)) {
    stage_ = Stage::kIdle;  // the loser of a race looks again
    return;
  }
  if (planned.status != seen_.status) {
    seen_ = world.journal();
  }
  left_.assign(planned.effects.begin(), planned.effects.end());
  stage_ = left_.empty() ? Stage::kIdle : Stage::kActing;
}

void Replica::advance(PodWorld& world) {
  if (world.journal_gone || (world.leader != nullptr && world.leader != this)) {
    crash();  // without the lease it writes nothing
    return;
  }
  if (stage_ == Stage::kIdle) {
    seen_ = world.journal();
    observed_ = world.look(needs(seen_));
    stage_ = Stage::kLooked;
  } else if (stage_ == Stage::kLooked) {
    think(world);
  } else {
    const Effect effect = left_.front();
    left_.pop_front();
    stage_ = left_.empty() ? Stage::kIdle : Stage::kActing;
    const bool about_journal =
        std::holds_alternative<HoldJournal>(effect.act) || std::holds_alternative<ReleaseJournal>(effect.act);
    if (about_journal && seen_.resource_version != world.journal().resource_version) {
      crash();
      return;
    }
    const Answer answer = world.apply(effect.act);
    if (about_journal) {
      seen_ = world.journal();
    }
    if (effect.wants_answer) {
      observed_.answer = answer;
      think(world);
    }
  }
}

void drive(PodWorld& world, Replica& replica, int seconds_left) {
  for (; seconds_left > 0 && !world.over(); --seconds_left) {
    replica.advance(world);
    if (seconds_left % 2 == 0) {
      world.controller_works();
    }
    world.now += seconds(1);
  }
}

}  // namespace remint::restart

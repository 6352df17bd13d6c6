// What Remint's shell does with the machine, one stage at a time; and the judges of how it ended.

#include <algorithm>

#include "rolling_fixture.hpp"

namespace remint::restart {

TargetState RollingWorld::state_of(const std::string& name) const {
  return parse_target(controllers.at(name).dump()).value();
}

std::vector<PodState> RollingWorld::pods_of(const std::string& uid) const {
  std::vector<PodState> states;
  for (const RollingPod& pod : pods) {
    if (pod.owner == uid) {
      states.push_back({"cart-" + pod.uid, pod.uid, pod.owner, pod.created, pod.ready_since.has_value(),
                        pod.ready_since, pod.gone_at.has_value(), std::nullopt, false});
    }
  }
  return states;
}

Observation RollingWorld::observe(const Needs& needs) const {
  Observation seen;
  if (needs.target && controllers.contains(kOld)) {
    seen.target = state_of(kOld);
  }
  seen.target_gone = needs.target && !seen.target;
  if (needs.pods) {
    seen.pods = pods_of(seen.target ? seen.target->uid : "none");
  }
  if (!needs.successor.empty() && controllers.contains(needs.successor)) {
    seen.successor = state_of(needs.successor);
    seen.successor_pods = pods_of(seen.successor->uid);
  }
  if (needs.autoscaler) {
    seen.autoscaler = autoscaler;
  }
  if (needs.verification) {
    seen.verification = verification;
  }
  seen.namespace_deleting = journal_.deleting && namespace_deleting;
  return seen;
}

bool RollingWorld::write_status(Journal& based_on, const JournalStatus& status) {
  if (based_on.resource_version != journal_.resource_version) {
    return false;
  }
  REQUIRE((journal_.status.saved == SavedState{} || status.saved == journal_.status.saved));
  REQUIRE((!is_final(journal_.status.phase) || status.phase == journal_.status.phase));
  Json object = to_object(journal_);
  object["status"] = status_patch(status)["status"];
  const auto stored = parse_journal(object);
  REQUIRE(stored);
  journal_.status = stored->status;
  journal_.resource_version = std::to_string(std::stoul(journal_.resource_version) + 1);
  based_on = journal_;
  return true;
}

void RollingWorld::hold(bool on) { journal_.held = on; }

void RollingReplica::advance(RollingWorld& world) {
  switch (stage_) {
    case Stage::kIdle:
      seen_ = world.journal();
      observed_ = world.observe(needs(seen_));
      stage_ = Stage::kLooked;
      break;
    case Stage::kLooked:
      planned_ = step(seen_, observed_, {}, world.now);
      done_ = 0;
      stage_ = Stage::kThought;
      break;
    case Stage::kThought: {
      const bool written = planned_.status == seen_.status || world.write_status(seen_, planned_.status);
      stage_ = written && !planned_.effects.empty() ? Stage::kWritten : Stage::kIdle;  // who loses a race looks again
      break;
    }
    case Stage::kWritten:
      carry_out_one(world);
      break;
  }
}

void RollingReplica::carry_out_one(RollingWorld& world) {
  const Effect effect = planned_.effects.at(done_++);
  if (std::holds_alternative<HoldJournal>(effect.act) || std::holds_alternative<ReleaseJournal>(effect.act)) {
    world.hold(std::holds_alternative<HoldJournal>(effect.act));
  } else {
    const Answer answer = world.carry_out(effect);
    if (effect.wants_answer) {
      REQUIRE(done_ == planned_.effects.size());  // one question at a time, and it comes last
      observed_.answer = answer;
      stage_ = Stage::kLooked;
      return;
    }
  }
  stage_ = done_ < planned_.effects.size() ? Stage::kWritten : Stage::kIdle;
}

void run_on(RollingWorld& world, RollingReplica& replica, int events, Duration passes) {
  for (int i = 0; i < events && !world.over(); ++i) {
    replica.advance(world);
    // Between two looks Remint waits for a while; within one it hurries.
    world.others_work(replica.idle() ? passes : std::chrono::milliseconds(50));
  }
}

void run_until(RollingWorld& world, RollingReplica& replica, const std::function<bool()>& there) {
  for (int i = 0; i < 3000; ++i) {
    if (there()) {
      return;
    }
    run_on(world, replica, 1);
  }
  FAIL("never got there; in step " << world.journal().status.step << ": " << world.journal().status.message);
}

void run_to_step(RollingWorld& world, RollingReplica& replica, const std::string& step) {
  run_until(world, replica, [&] { return world.journal().status.step == step; });
}

void run_to_the_middle(RollingWorld& world, RollingReplica& replica) {
  run_until(world, replica, [&] {
    return world.journal().status.step == "Move" && world.size_of(kOld) == 1 && world.size_of(world.successor()) == 2;
  });
}

void delete_journal(RollingWorld& world) {
  world.journal().deleting = true;
  world.journal().resource_version += "0";
}

void check_replaced(RollingWorld& world) {
  world.others_work(seconds(3));
  const JournalStatus& status = world.journal().status;
  INFO(status.message);
  REQUIRE(status.phase == Phase::kSucceeded);
  REQUIRE(status.outcome == Outcome::kCured);
  REQUIRE(world.controllers.size() == 1);
  const Json& now = world.old();
  REQUIRE(now.at("spec") == world.original().at("spec"));
  Json annotations = now.at("metadata").at("annotations");
  annotations.erase("remint.dev/restarted-by");
  REQUIRE(annotations == world.original().at("metadata").at("annotations"));
  REQUIRE(now.at("metadata").at("labels") == world.original().at("metadata").at("labels"));
  REQUIRE(now.at("metadata").at("uid") == status.successor_uid);
  REQUIRE(status.successor_uid != world.original().at("metadata").at("uid"));
  std::int64_t own = 0;
  for (const RollingPod& pod : world.pods) {
    if (!pod.gone_at) {
      REQUIRE(pod.owner == status.successor_uid);
      REQUIRE(pod.created >= new_pods_since(world.journal()));
      ++own;
    }
  }
  REQUIRE(own == world.original().at("spec").at("replicas").get<std::int64_t>());
}

void check_rolled_back(RollingWorld& world, std::int64_t replicas) {
  world.others_work(seconds(3));
  INFO(world.journal().status.message);
  REQUIRE(is_final(world.journal().status.phase));
  REQUIRE(world.controllers.size() == 1);
  Json expected = world.original();
  expected["spec"]["replicas"] = replicas;
  CHECK(world.old().at("spec") == expected["spec"]);
  CHECK(world.old().at("metadata").at("annotations") == expected["metadata"]["annotations"]);
  CHECK(world.old().at("metadata").at("uid") == expected["metadata"]["uid"]);
  for (const RollingPod& pod : world.pods) {
    CHECK((pod.gone_at || pod.owner == expected["metadata"]["uid"]));
  }
}

std::string reason_of(const JournalStatus& status) { return std::string(progress_reason(status)); }

bool said(const JournalStatus& status, const std::string& words) {
  return status.message.find(words) != std::string::npos ||
         std::ranges::any_of(status.conditions, [&](const Condition& condition) {
           return condition.message.find(words) != std::string::npos;
         });
}

}  // namespace remint::restart

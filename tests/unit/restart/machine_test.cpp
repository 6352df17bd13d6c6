#include <functional>

#include "fixture.hpp"

namespace remint::restart {
namespace {

const Time kNow = at("2026-07-01T10:28:00.7Z");

TEST_CASE("the journal is written before the template is changed, with all that finishing needs") {
  TargetState target = settled_target();
  target.restarted_at = "2026-01-01T00:00:00Z";
  const Step first = step(pending_journal(), see(target), {}, kNow);
  CHECK(first.status.phase == Phase::kRunning);
  CHECK(first.status.step == "PatchTemplate");
  CHECK(first.status.saved == rollout_saved());
  CHECK(first.status.started == kNow);
  CHECK(first.status.observed_generation == 1);
  REQUIRE(patch_of(first));
  CHECK(patch_of(first)->restarted_at == "2026-07-01T10:28:00Z");
  CHECK(patch_of(first)->resource_version == "100");
  CHECK(patch_of(first)->uid == "uid-cart");
  REQUIRE(notify_of(first));
  CHECK(notify_of(first)->reason == "RestartStarted");
  CHECK(notify_of(first)->message == "restarting Deployment shop/cart: 3 requests were answered 401");
  CHECK(first.look_again);
}

TEST_CASE("a restart in the same second as the last one still changes the template") {
  TargetState target = settled_target();
  target.restarted_at = "2026-07-01T10:28:00Z";
  const Step first = step(pending_journal(), see(target), {}, kNow);
  CHECK(patch_of(first)->restarted_at == "2026-07-01T10:28:01Z");
}

struct Row {
  const char* what;
  std::function<void(Journal&, Observation&)> change;
  const char* reason;
};

TEST_CASE("a target on which a rollout must not be begun cancels the restart, and nothing is touched") {
  const std::vector<Row> rows{
      {"gone", [](Journal&, Observation& o) { o = see_nothing(); }, "TargetGone"},
      {"another UID", [](Journal&, Observation& o) { o.target->uid = "uid-2"; }, "TargetReplaced"},
      {"deleting", [](Journal&, Observation& o) { o.target->deleting = true; }, "TargetDeleting"},
      {"paused", [](Journal&, Observation& o) { o.target->paused = true; }, "RolloutPaused"},
      {"OnDelete", [](Journal&, Observation& o) { o.target->on_delete = true; }, "OnDelete"},
      {"scaled to 0", [](Journal&, Observation& o) { o.target->replicas = 0; }, "ScaledToZero"},
      {"stuck", [](Journal&, Observation& o) { o.target->progress_deadline_exceeded = true; }, "RolloutStuck"},
      {"strategy", [](Journal& j, Observation&) { j.spec.strategy = Strategy::kRecreate; }, "StrategyUnfit"},
      {"kind", [](Journal& j, Observation&) { j.spec.target.kind = "Job"; }, "StrategyUnfit"},
      {"group", [](Journal& j, Observation&) { j.spec.target.api_version = "kruise.io/v1"; }, "StrategyUnfit"},
      {"no strategy", [](Journal& j, Observation&) { j.spec.strategy = Strategy::kNone; }, "NoStrategy"},
      {"namespace", [](Journal& j, Observation&) { j.spec.target.ns = "kube-system"; }, "OtherNamespace"},
      {"partition above all",
       [](Journal& j, Observation& o) {
         j.spec.target.kind = "StatefulSet";
         o.target->partition = 3;
       },
       "PartitionHoldsBack"},
      {"partition above the accused",
       [](Journal& j, Observation& o) {
         j.spec.target.kind = "StatefulSet";
         o.target->partition = 2;
         j.spec.pods = {"cart-0", "cart-1"};
       },
       "PartitionHoldsBack"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Journal journal = pending_journal();
    Observation observation = see(settled_target());
    row.change(journal, observation);
    const Step step = restart::step(journal, observation, {}, kNow);
    CHECK(step.status.phase == Phase::kCancelled);
    CHECK(step.status.outcome == Outcome::kNone);
    CHECK(step.status.finished == kNow);
    CHECK(progressing_reason(step.status) == row.reason);
    CHECK_FALSE(step.status.message.empty());
    CHECK_FALSE(patch_of(step));
    REQUIRE(notify_of(step));
    CHECK(notify_of(step)->reason == "RestartCancelled");
    CHECK(notify_of(step)->warning);
    CHECK_FALSE(step.look_again);
  }
}

TEST_CASE("a StatefulSet whose partition lets some of the accused pods through is restarted") {
  Journal journal = pending_journal("StatefulSet");
  journal.spec.pods = {"cart-0", "cart-2"};
  TargetState target = settled_target();
  target.partition = 1;
  CHECK(step(journal, see(target), {}, kNow).status.phase == Phase::kRunning);
}

TEST_CASE("a journal that names no UID takes the target it finds, and then no other") {
  Journal journal = pending_journal();
  journal.spec.target.uid.clear();
  Step step = restart::step(journal, see(settled_target()), {}, kNow);
  CHECK(step.status.saved.uid == "uid-cart");
  journal.status = step.status;
  TargetState other = settled_target();
  other.uid = "uid-2";
  step = restart::step(journal, see(other), {}, kNow);
  CHECK(step.status.phase == Phase::kCancelled);
  CHECK(progressing_reason(step.status) == "TargetReplaced");
}

TEST_CASE("whoever comes back to the patch finds out whether it was made") {
  const Journal journal = running_journal("PatchTemplate");
  TargetState target = settled_target();
  SECTION("not yet: it is made again, the same, on what was just seen") {
    target.restarted_at = "2026-01-01T00:00:00Z";
    target.resource_version = "123";
    const Step again = step(journal, see(target), {}, kNow + seconds(20));
    CHECK(again.status == journal.status);
    REQUIRE(patch_of(again));
    CHECK(patch_of(again)->restarted_at == "2026-07-01T10:28:00Z");
    CHECK(patch_of(again)->resource_version == "123");
    CHECK(again.look_again);
  }
  SECTION("made: on to the rollout") {
    target.restarted_at = "2026-07-01T10:28:00Z";
    const Step next = step(journal, see(target), {}, kNow);
    CHECK(next.status.step == "WaitRollout");
    CHECK(next.status.step_since == kNow);
    CHECK(next.effects.empty());
  }
  SECTION("made by somebody else: theirs is enough") {
    target.restarted_at = "2026-07-01T10:27:59Z";
    const Step next = step(journal, see(target), {}, kNow);
    CHECK(next.status.step == "WaitRollout");
    CHECK_FALSE(patch_of(next));
    CHECK_THAT(next.status.message, Catch::Contains("somebody else restarted it"));
  }
  SECTION("not yet, and paused meanwhile: nothing is touched") {
    target.restarted_at = "2026-01-01T00:00:00Z";
    target.paused = true;
    CHECK(step(journal, see(target), {}, kNow).status.phase == Phase::kCancelled);
  }
  SECTION("made, and paused meanwhile: it is waited for") {
    target.restarted_at = "2026-07-01T10:28:00Z";
    target.paused = true;
    CHECK(step(journal, see(target), {}, kNow).status.step == "WaitRollout");
  }
  SECTION("refused for too long: failed, and said so") {
    target.restarted_at = "2026-01-01T00:00:00Z";
    const Step late = step(journal, see(target), {}, kNow + minutes(16));
    CHECK(late.status.phase == Phase::kFailed);
    CHECK(progressing_reason(late.status) == "PatchRefused");
    CHECK_FALSE(patch_of(late));
  }
}

// A GitOps tool that took the annotation back before Remint looked again made it patch every two seconds, for as long
// as a rollout may take.
TEST_CASE("what was patched and taken back before the next look is not patched again") {
  Journal journal = running_journal("PatchTemplate");
  Observation taken = see(settled_target());
  taken.target->restarted_at = "2026-01-01T00:00:00Z";
  taken.answer.emplace().taken = true;
  const Step next = step(journal, taken, {}, kNow);
  CHECK(next.status.step == "WaitRollout");
  CHECK_FALSE(patch_of(next));

  journal.status = next.status;
  taken.answer.reset();
  const Step end = step(journal, taken, {}, kNow + seconds(2));
  CHECK(end.status.phase == Phase::kFailed);
  CHECK(progressing_reason(end.status) == "Reverted");
}

TEST_CASE("a patch that the API server refuses is shown with its words; a conflict is only tried again") {
  const Journal journal = running_journal("PatchTemplate");
  Observation heard = see(settled_target());
  heard.target->restarted_at = "2026-01-01T00:00:00Z";
  heard.answer = Answer{false, ErrorCode::kForbidden, "denied by webhook no-fridays"};
  const Step refused = step(journal, heard, {}, kNow);
  CHECK_FALSE(patch_of(refused));
  CHECK_THAT(refused.status.message, Catch::Contains("denied by webhook no-fridays"));
  CHECK(refused.look_again);

  heard.answer->code = ErrorCode::kConflict;
  CHECK(patch_of(step(journal, heard, {}, kNow)));
}

TEST_CASE("an annotation of any length is recognized again") {
  TargetState target = settled_target();
  target.restarted_at = std::string(100'000, 'x');
  Journal journal = pending_journal();
  journal.status = step(journal, see(target), {}, kNow).status;
  CHECK(journal.status.saved.previous_restarted_at.size() < 64);
  CHECK(patch_of(step(journal, see(target), {}, kNow)));
}

TEST_CASE("the rollout is waited for without writing anything") {
  const Journal journal = running_journal("WaitRollout");
  TargetState target = settled_target();
  target.restarted_at = journal.status.saved.restarted_at;
  target.generation = 8;
  Step step = restart::step(journal, see(target), {}, kNow);
  CHECK(step.status == journal.status);
  CHECK(step.effects.empty());
  CHECK(step.look_again);

  SECTION("until it is done") {
    target.observed_generation = 8;
    step = restart::step(journal, see(target), {}, kNow);
    CHECK(step.status.phase == Phase::kVerifying);
    CHECK(step.status.step == "Verify");
    CHECK(step.status.rolled_out == kNow);
    CHECK(notify_of(step)->reason == "RestartRolledOut");
  }
  SECTION("a deadline condition of an older rollout is not this one's") {
    target.progress_deadline_exceeded = true;
    CHECK(restart::step(journal, see(target), {}, kNow).status == journal.status);
  }
  const std::vector<std::pair<std::function<void(Observation&)>, const char*>> ends{
      {[](Observation& o) {
         o.target->observed_generation = 8;
         o.target->updated = 1;
         o.target->progress_deadline_exceeded = true;
       },
       "RolloutStuck"},
      {[](Observation& o) { o = see_nothing(); }, "TargetGone"},
      {[](Observation& o) { o.target->uid = "uid-2"; }, "TargetReplaced"},
      {[](Observation& o) { o.target->deleting = true; }, "TargetDeleting"},
      {[](Observation& o) { o.target->restarted_at = "2026-01-01T00:00:00Z"; }, "Reverted"},
  };
  for (const auto& [change, reason] : ends) {
    Observation observation = see(target);
    change(observation);
    step = restart::step(journal, observation, {}, kNow);
    CHECK(step.status.phase == Phase::kFailed);
    CHECK(step.status.outcome == Outcome::kNone);
    CHECK(progressing_reason(step.status) == reason);
    CHECK(notify_of(step)->warning);
  }
  SECTION("or the deadline is over") {
    step = restart::step(journal, see(target), {}, *journal.status.step_since + minutes(15));
    CHECK(step.status == journal.status);
    step = restart::step(journal, see(target), {}, *journal.status.step_since + minutes(15) + Duration(1));
    CHECK(progressing_reason(step.status) == "RolloutDeadline");
  }
  SECTION("or it is scaled to 0") {
    target.replicas = 0;
    step = restart::step(journal, see(target), {}, kNow);
    CHECK(step.status.phase == Phase::kSucceeded);
    CHECK(step.status.outcome == Outcome::kUnverified);
  }
}

TEST_CASE("a status that somebody wrote by hand touches nothing") {
  const std::vector<std::function<void(Journal&)>> tampers{
      [](Journal& j) { j.status.saved = {}; },
      [](Journal& j) { j.status.saved.restarted_at = "; rm -rf"; },
      [](Journal& j) { j.status.saved.restarted_at = j.status.saved.previous_restarted_at; },
  };
  for (const auto& tamper : tampers) {
    Journal journal = running_journal("PatchTemplate");
    tamper(journal);
    const Step step = restart::step(journal, see(settled_target()), {}, kNow);
    CHECK(step.status.phase == Phase::kFailed);
    CHECK(progressing_reason(step.status) == "JournalInvalid");
    CHECK_FALSE(patch_of(step));
  }
}

TEST_CASE("a finished restart does nothing for ever") {
  for (const Phase phase : {Phase::kSucceeded, Phase::kFailed, Phase::kCancelled}) {
    Journal journal = running_journal("PatchTemplate");
    journal.status.phase = phase;
    const Step step = restart::step(journal, see(settled_target()), {}, kNow + hours(1));
    CHECK(step.status == journal.status);
    CHECK(step.effects.empty());
    CHECK_FALSE(step.look_again);
    CHECK_FALSE(needs(journal).target);
  }
}

TEST_CASE("without the look it needs, a step changes nothing") {
  for (const Journal& journal : {pending_journal(), running_journal("PatchTemplate"), running_journal("WaitRollout")}) {
    CHECK(needs(journal).target);
    const Step step = restart::step(journal, {}, {}, kNow);
    CHECK(step.status == journal.status);
    CHECK(step.effects.empty());
    CHECK(step.look_again);
  }
}

TEST_CASE("pods are new from the second on in which the patch was decided") {
  CHECK(new_pods_since(running_journal("WaitRollout")) == at("2026-07-01T10:28:00Z"));
}

}  // namespace
}  // namespace remint::restart

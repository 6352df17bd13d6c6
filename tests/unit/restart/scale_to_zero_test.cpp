// ScaleToZero: where it begins, what it is answered, and what it makes of a forged status.

#include <functional>

#include "scale_fixture.hpp"

namespace remint::restart::scaling {
namespace {

TEST_CASE("the wanted size is saved, not the present one, and the journal is held before it is scaled to 0") {
  Observation observation = sized(5);
  observation.target->current = observation.target->ready = 2;
  const Step first = step(asked(), observation, {}, kNow);
  CHECK(first.status.phase == Phase::kRunning);
  CHECK(first.status.step == "ScaleDown");
  CHECK(first.status.saved.replicas == 5);
  CHECK(first.status.saved.uid == "uid-cart");
  CHECK(std::holds_alternative<HoldJournal>(first.effects.front().act));
  CHECK(size_of(first) == 0);
  CHECK(first.effects.back().wants_answer);
}

struct Row {
  const char* what;
  std::function<void(Journal&, Observation&)> change;
  const char* reason;  ///< "" when it is begun
};

TEST_CASE("ScaleToZero begins only where everything comes back as it was") {
  const std::vector<Row> rows{
      {"as it is", [](Journal&, Observation&) {}, ""},
      {"Deployment", [](Journal& j, Observation&) { j = asked("Deployment"); }, ""},
      {"StatefulSet", [](Journal& j, Observation&) { j = asked("StatefulSet"); }, ""},
      {"ReplicaSet", [](Journal& j, Observation&) { j = asked("ReplicaSet"); }, ""},
      {"its status is behind", [](Journal&, Observation& o) { o.target->observed_generation = 1; }, ""},
      {"DaemonSet", [](Journal& j, Observation&) { j = asked("DaemonSet"); }, "StrategyUnfit"},
      {"owned", [](Journal&, Observation& o) { o.target->controller = "Deployment/cart"; }, "StrategyUnfit"},
      {"loses its volumes",
       [](Journal& j, Observation& o) {
         j = asked("StatefulSet");
         o.target->object = R"({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}})";
       },
       "StrategyUnfit"},
      {"keeps its volumes",
       [](Journal& j, Observation& o) {
         j = asked("StatefulSet");
         o.target->object = R"({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}})";
       },
       ""},
      {"size 0", [](Journal&, Observation& o) { o.target->replicas = 0; }, "ScaledToZero"},
      {"paused", [](Journal&, Observation& o) { o.target->paused = true; }, "RolloutPaused"},
      {"stuck", [](Journal&, Observation& o) { o.target->progress_deadline_exceeded = true; }, "RolloutStuck"},
      {"gone", [](Journal&, Observation& o) { o = see_nothing(); }, "TargetGone"},
      {"another UID", [](Journal&, Observation& o) { o.target->uid = "uid-2"; }, "TargetReplaced"},
      {"deleting", [](Journal&, Observation& o) { o.target->deleting = true; }, "TargetDeleting"},
      {"the journal is being deleted", [](Journal& j, Observation&) { j.deleting = true; }, "JournalDeleting"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Journal journal = asked();
    Observation observation = sized(3);
    row.change(journal, observation);
    const Step step = restart::step(journal, observation, {}, kNow);
    const bool begins = std::string(row.reason).empty();
    CHECK(to_string(step.status.phase) == to_string(begins ? Phase::kRunning : Phase::kCancelled));
    CHECK((find<Patch>(step) != nullptr) == begins);
    if (!begins) {
      CHECK(progressing_reason(step.status) == row.reason);
    }
  }
}

TEST_CASE("a rollout under way is not forced to its end by scaling to 0") {
  Observation observation = sized(3);
  observation.target->updated = 1;
  const Step waiting = step(asked("Deployment"), observation, {}, kNow);
  CHECK(waiting.status.phase == Phase::kPending);
  CHECK(waiting.status.saved == SavedState{});
  CHECK_FALSE(find<Patch>(waiting));
}

TEST_CASE("a HorizontalPodAutoscaler is no obstacle, and is told") {
  Observation observation = sized(3);
  observation.autoscaler = "cart-hpa";
  CHECK(needs(asked()).autoscaler);
  const Step first = step(asked(), observation, {}, kNow);
  CHECK(size_of(first) == 0);
  CHECK_THAT(first.status.message, Catch::Contains("HorizontalPodAutoscaler cart-hpa"));
}

TEST_CASE("a refused scale-down leaves the workload as it is") {
  Observation observation = sized(3);
  observation.answer = Answer{false, ErrorCode::kForbidden, "a webhook says no"};
  Step next = step(in("ScaleDown"), observation, {}, kNow);
  CHECK(next.status.phase == Phase::kFailed);
  CHECK_THAT(next.status.message, Catch::Contains("a webhook says no") && Catch::Contains("keeps its 3 replicas"));
  observation.answer->code = ErrorCode::kTooMany;
  next = step(in("ScaleDown"), observation, {}, kNow);
  CHECK(next.status.phase == Phase::kRunning);
  CHECK(notify_of(next)->warning);
  observation.answer->code = ErrorCode::kConflict;
  CHECK(step(in("ScaleDown"), observation, {}, kNow).status == in("ScaleDown").status);
}

TEST_CASE("a refused scale-up is told with the way to do it by hand, and tried for ever") {
  Journal journal = in("ScaleUp");
  Observation observation = sized(0);
  observation.answer = Answer{false, ErrorCode::kForbidden, "a webhook says no"};
  Step next = step(journal, observation, {}, kNow + seconds(10));
  CHECK(next.status.phase == Phase::kRunning);
  CHECK_THAT(next.status.message, Catch::Contains("a webhook says no") &&
                                      Catch::Contains("kubectl scale replicationcontroller/cart -n shop --replicas=3"));
  CHECK(notify_of(next)->reason == "ScaleUpRefused");
  journal.status = next.status;
  next = step(journal, observation, {}, kNow + hours(1000));
  CHECK(next.status == journal.status);
  CHECK(next.look_again == minutes(5));

  const Step silent = step(in("ScaleUp"), sized(0), {}, kNow + minutes(2));
  CHECK(notify_of(silent)->reason == "ScaleUpRefused");
  CHECK(size_of(silent) == 3);
}

TEST_CASE("pods that did not go are told at the end, when the size is back") {
  Journal journal = in("WaitGone");
  Observation observation = sized(0);
  observation.pods = {ending("old-0"), pod("old-1", hours(1))};
  journal.status = step(journal, observation, {}, kNow + minutes(16)).status;
  observation = sized(3);
  journal.status = step(journal, observation, {}, kNow + minutes(16)).status;
  REQUIRE(journal.status.step == "WaitReady");
  observation.pods = new_pods(3);
  observation.pods->push_back(pod("old-1", hours(1)));
  CHECK(step(journal, observation, {}, kNow + minutes(20)).status == journal.status);
  const Step end = step(journal, observation, {}, kNow + minutes(32));
  CHECK(end.status.phase == Phase::kFailed);
  CHECK_THAT(end.status.message, Catch::Contains("old-1"));
}

TEST_CASE("a ScaleToZero status that somebody wrote by hand scales nothing") {
  const std::vector<std::function<void(JournalStatus&)>> tampers{
      [](JournalStatus& s) { s.saved = {}; },
      [](JournalStatus& s) { s.saved.replicas = 0; },
      [](JournalStatus& s) { s.saved.replicas.reset(); },
      [](JournalStatus& s) { s.saved.uid.clear(); },
      [](JournalStatus& s) { s.step = "Evict"; },
      [](JournalStatus& s) { s.step_since.reset(); },
  };
  for (const auto& tamper : tampers) {
    Journal journal = in("ScaleUp");
    tamper(journal.status);
    const Step step = restart::step(journal, sized(0), {}, kNow);
    CHECK(progressing_reason(step.status) == "JournalInvalid");
    CHECK_FALSE(find<Patch>(step));
  }
}

}  // namespace
}  // namespace remint::restart::scaling

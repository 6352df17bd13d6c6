// EvictPods, from one pod to the next.

#include <functional>

#include "evict_fixture.hpp"

namespace remint::restart::evicting {
namespace {

TEST_CASE("the next pod goes only when the last one's replacement is Ready and authenticates") {
  struct Case {
    const char* what;
    std::function<void(Observation&)> change;
    bool goes_on;
  };
  const Time ready = kNow + seconds(20);
  const Time now = kNow + seconds(40);
  const std::vector<Case> cases{
      {"replaced and heard", [](Observation&) {}, true},
      {"not heard, and not yet quiet for long", [](Observation& o) { o.verification = VerificationInput{1, 0, 0, 0}; },
       false},
      {"not heard for long enough",
       [&](Observation& o) {
         o.verification = VerificationInput{1, 0, 0, 0};
         (*o.pods)[0].ready_since = now - seconds(30);
       },
       true},
      {"detection says nothing, and it has just become Ready", [](Observation& o) { o.verification.reset(); }, false},
      {"one rejection, too few to be sure", [](Observation& o) { o.verification = VerificationInput{1, 0, 0, 1}; },
       false},
      {"not yet Ready", [](Observation& o) { (*o.pods)[0].ready = false; }, false},
      {"not yet made", [](Observation& o) { o.pods->erase(o.pods->begin()); }, false},
      {"another one is down", [](Observation& o) { (*o.pods)[2].ready = false; }, false},
      {"another one is down, but no more are wanted",
       [](Observation& o) {
         (*o.pods)[2].terminating = true;
         o.target->replicas = o.target->updated = o.target->current = 2;
       },
       true},
      {"the old one still ends",
       [](Observation& o) {
         o.pods->push_back(pod("cart-0"));
         o.pods->back().terminating = true;
       },
       true},
      {"somebody began a rollout",
       [](Observation& o) {
         o.target->generation = 8;
         o.target->updated = 0;
       },
       false},
  };
  for (const Case& row : cases) {
    INFO(row.what);
    Observation observation = one_replaced(ready);
    row.change(observation);
    const Step step = restart::step(begun(), observation, {}, now);
    CHECK(step.status.phase == Phase::kRunning);
    CHECK((eviction_of(step) != nullptr) == row.goes_on);
    if (row.goes_on) {
      CHECK(eviction_of(step)->uid == "uid-cart-1");
      CHECK(step.status.message == "evicting pod cart-1 (2 of 2)");
      CHECK(step.status.step_since == now);
    } else {
      CHECK(step.status == begun().status);
      CHECK(step.effects.empty());
    }
  }
}

TEST_CASE("pods that were not Ready count as replaced only when as many new ones are") {
  Journal journal = asked();
  Observation observation = three_pods();
  (*observation.pods)[0].ready = (*observation.pods)[1].ready = false;
  journal.status = step(journal, observation, {}, kNow).status;
  REQUIRE(journal.status.saved.replicas == 1);
  (*observation.pods)[0] = new_pod("cart-x", kNow + seconds(6));
  (*observation.pods)[0].ready = false;
  CHECK_FALSE(eviction_of(step(journal, observation, {}, kNow + minutes(1))));
  (*observation.pods)[0].ready = true;
  CHECK(eviction_of(step(journal, observation, {}, kNow + minutes(1))));
}

TEST_CASE("whoever comes back to an eviction that was not made asks for it again, without a word in the journal") {
  const Journal journal = begun();
  const Step again = step(journal, three_pods(), {}, kNow + seconds(50));
  CHECK(again.status == journal.status);
  REQUIRE(eviction_of(again));
  CHECK(eviction_of(again)->uid == "uid-cart-0");
}

TEST_CASE("eviction ends with the reason, and says how far it came") {
  struct End {
    const char* what;
    std::function<void(Observation&)> change;
    Duration after;
    Phase phase;
    Outcome outcome;
    const char* reason;
  };
  const std::vector<End> ends{
      {"the new pod fails again", [](Observation& o) { o.verification = VerificationInput{1, 0, 1, 1}; }, seconds(30),
       Phase::kFailed, Outcome::kNotCured, "NotCured"},
      {"rejected now and then, never accepted", [](Observation& o) { o.verification = VerificationInput{1, 0, 0, 1}; },
       minutes(16), Phase::kFailed, Outcome::kNotCured, "NotCured"},
      {"the replacement never comes", [](Observation& o) { o.pods->erase(o.pods->begin()); }, minutes(16),
       Phase::kFailed, Outcome::kNone, "ReplacementNotReady"},
      {"somebody's rollout never ends", [](Observation& o) { o.target->updated = 1; }, minutes(16), Phase::kFailed,
       Outcome::kNone, "RolloutUnderWay"},
      {"gone", [](Observation& o) { o.target.reset(), o.target_gone = true; }, seconds(30), Phase::kFailed,
       Outcome::kNone, "TargetGone"},
      {"replaced", [](Observation& o) { o.target->uid = "uid-2"; }, seconds(30), Phase::kFailed, Outcome::kNone,
       "TargetReplaced"},
      {"being deleted", [](Observation& o) { o.target->deleting = true; }, seconds(30), Phase::kFailed, Outcome::kNone,
       "TargetDeleting"},
      {"scaled to 0", [](Observation& o) { o.target->replicas = 0; }, seconds(30), Phase::kSucceeded,
       Outcome::kUnverified, "ScaledToZero"},
      {"all gone and replaced", [](Observation& o) { (*o.pods)[1] = new_pod("cart-y", kNow + seconds(20)); },
       seconds(30), Phase::kVerifying, Outcome::kNone, "Verifying"},
  };
  for (const End& row : ends) {
    INFO(row.what);
    Observation observation = one_replaced(kNow + seconds(20));
    row.change(observation);
    const Step step = restart::step(begun(), observation, {}, kNow + row.after);
    CHECK(to_string(step.status.phase) == to_string(row.phase));
    CHECK(to_string(step.status.outcome) == to_string(row.outcome));
    CHECK(progressing_reason(step.status) == row.reason);
    CHECK_FALSE(eviction_of(step));
    if (row.phase == Phase::kFailed) {
      CHECK_THAT(step.status.message, Catch::EndsWith("; 1 of 2 pods are evicted"));
    }
  }
  for (const auto& change :
       std::vector<std::function<void(Observation&)>>{[](Observation& o) { o.target.reset(), o.target_gone = true; },
                                                      [](Observation& o) { o.target->replicas = 0; }}) {
    Observation observation = three_pods();
    change(observation);
    CHECK(step(begun(), observation, {}, kNow).status.phase == Phase::kCancelled);
  }
}

TEST_CASE("a pod that does not end is told, never forced, and waited for") {
  Journal journal = begun();
  Observation observation = three_pods();
  PodState& stuck = (*observation.pods)[0];
  stuck.terminating = true;
  stuck.grace_over = kNow + hours(1);
  CHECK(step(journal, observation, {}, kNow + minutes(74)).status == journal.status);
  Step step = restart::step(journal, observation, {}, kNow + minutes(76));
  CHECK(step.status.phase == Phase::kRunning);
  CHECK_THAT(step.status.message, Catch::Contains("still Terminating") && Catch::Contains("cart-0"));
  journal.status = step.status;
  CHECK(restart::step(journal, observation, {}, kNow + hours(20)).status == journal.status);

  // Gone at last: its replacement gets its own time.
  observation.pods->erase(observation.pods->begin());
  step = restart::step(journal, observation, {}, kNow + hours(21));
  CHECK(step.status.phase == Phase::kRunning);
  CHECK(step.status.step_since == kNow + hours(21));
  journal.status = step.status;
  CHECK(restart::step(journal, observation, {}, kNow + hours(21) + minutes(14)).status == journal.status);
  CHECK(progressing_reason(restart::step(journal, observation, {}, kNow + hours(22)).status) == "ReplacementNotReady");
}

TEST_CASE("an EvictPods status that somebody wrote by hand evicts nothing") {
  const std::vector<std::function<void(JournalStatus&)>> tampers{
      [](JournalStatus& s) { s.saved = {}; },
      [](JournalStatus& s) { s.saved.pods.clear(); },
      [](JournalStatus& s) { s.saved.pods[1].uid.clear(); },
      [](JournalStatus& s) { s.saved.replicas.reset(); },
      [](JournalStatus& s) { s.step = "ScaleDown"; },
  };
  for (const auto& tamper : tampers) {
    Journal journal = begun();
    tamper(journal.status);
    const Step step = restart::step(journal, three_pods(), {}, kNow);
    CHECK(progressing_reason(step.status) == "JournalInvalid");
    CHECK_FALSE(eviction_of(step));
  }
  // Pods of another workload are not the target's: they count as gone, and are not touched.
  Journal journal = begun();
  journal.status.saved.pods = {{"victim", "uid-victim"}};
  CHECK_FALSE(eviction_of(step(journal, three_pods(), {}, kNow)));
}

TEST_CASE("without a look at the pods nothing is evicted") {
  for (const Journal& journal : {asked(), begun()}) {
    CHECK(needs(journal).pods);
    CHECK(needs(journal).target);
    const Step step = restart::step(journal, see(settled_target()), {}, kNow);
    CHECK(step.status == journal.status);
    CHECK(step.effects.empty());
  }
}

}  // namespace
}  // namespace remint::restart::evicting

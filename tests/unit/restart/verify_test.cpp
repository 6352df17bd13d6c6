#include "fixture.hpp"

namespace remint::restart {
namespace {

Journal verifying_journal() {
  Journal journal = running_journal("WaitRollout");
  journal.status.phase = Phase::kVerifying;
  journal.status.step = "Verify";
  journal.status.rolled_out = at("2026-07-01T10:30:00Z");
  return journal;
}

struct Row {
  const char* what;
  VerificationInput seen;  ///< pods, authenticated, failing, heard
  Duration after;
  Phase phase;
  Outcome outcome;
};

TEST_CASE("verification tells whether the restart helped") {
  const std::vector<Row> rows{
      {"all authenticate, but only just", {3, 3, 0, 3}, seconds(29), Phase::kVerifying, Outcome::kNone},
      {"all authenticate for long enough", {3, 3, 0, 3}, seconds(30), Phase::kSucceeded, Outcome::kCured},
      {"some are silent: wait", {3, 2, 0, 2}, minutes(9), Phase::kVerifying, Outcome::kNone},
      {"some are silent to the end", {3, 2, 0, 2}, minutes(10), Phase::kSucceeded, Outcome::kCured},
      {"one fails again", {3, 2, 1, 3}, seconds(1), Phase::kFailed, Outcome::kNotCured},
      {"one fails again at the end", {3, 2, 1, 3}, minutes(11), Phase::kFailed, Outcome::kNotCured},
      {"nothing heard: wait", {3, 0, 0, 0}, minutes(9), Phase::kVerifying, Outcome::kNone},
      {"nothing heard", {3, 0, 0, 0}, minutes(10), Phase::kSucceeded, Outcome::kUnverified},
      {"no pods", {0, 0, 0, 0}, minutes(10), Phase::kSucceeded, Outcome::kUnverified},
      {"no pods is not all pods", {0, 0, 0, 0}, minutes(5), Phase::kVerifying, Outcome::kNone},
      {"only rejections, too few to be sure before the end",
       {3, 0, 0, 1},
       minutes(9),
       Phase::kVerifying,
       Outcome::kNone},
      {"only rejections", {3, 0, 0, 1}, minutes(10), Phase::kFailed, Outcome::kNotCured},
      {"mixed", {3, 2, 0, 3}, minutes(10), Phase::kSucceeded, Outcome::kUnverified},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Journal journal = verifying_journal();
    CHECK(needs(journal).verification);
    const Time now = *journal.status.rolled_out + row.after;
    const Step step = restart::step(journal, hear(row.seen), {}, now);
    CHECK(to_string(step.status.phase) == to_string(row.phase));
    CHECK(to_string(step.status.outcome) == to_string(row.outcome));
    if (row.phase == Phase::kVerifying) {
      CHECK(step.status == journal.status);
      CHECK(step.look_again);
      continue;
    }
    CHECK(step.status.finished == now);
    CHECK_FALSE(step.look_again);
    REQUIRE(notify_of(step));
    CHECK(notify_of(step)->reason == "Restart" + std::string(to_string(row.outcome)));
    CHECK(notify_of(step)->warning == (row.outcome == Outcome::kNotCured));
  }
}

TEST_CASE("verification ends even when detection is silent") {
  const Journal journal = verifying_journal();
  CHECK(step(journal, {}, {}, *journal.status.rolled_out + minutes(9)).status == journal.status);
  const Step end = step(journal, {}, {}, *journal.status.rolled_out + minutes(10));
  CHECK(end.status.phase == Phase::kSucceeded);
  CHECK(end.status.outcome == Outcome::kUnverified);
}

}  // namespace
}  // namespace remint::restart

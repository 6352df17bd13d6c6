#include "remint/base/words.hpp"

#include <catch2/catch.hpp>

using namespace remint;

TEST_CASE("Every diagnosis is spelled in its own way and is read back") {
  for (int i = 0; i <= static_cast<int>(Diagnosis::kUnknown); ++i) {
    const auto diagnosis = static_cast<Diagnosis>(i);
    CHECK(parse_diagnosis(to_string(diagnosis)) == diagnosis);
  }
}

TEST_CASE("The words are spelled as the custom resources spell them") {
  CHECK(to_string(Diagnosis::kStaleToken) == "StaleToken");
  CHECK(to_string(Diagnosis::kNotReloading) == "NotReloading");
  CHECK(to_string(Diagnosis::kExpired) == "Expired");
  CHECK(to_string(Diagnosis::kCaChanged) == "CAChanged");
  CHECK(to_string(Diagnosis::kBoundObjectChanged) == "BoundObjectChanged");
  CHECK(to_string(Diagnosis::kNoToken) == "NoToken");
  CHECK(to_string(Diagnosis::kUnknown) == "Unknown");
  CHECK(to_string(DecisionKind::kRestart) == "Restart");
  CHECK(to_string(DecisionKind::kRefuse) == "Refuse");
  CHECK(to_string(Strategy::kNone).empty());
  CHECK(to_string(Strategy::kRolloutRestart) == "RolloutRestart");
  CHECK(to_string(Strategy::kRecreate) == "Recreate");
  CHECK(to_string(Phase::kPending) == "Pending");
  CHECK(to_string(Phase::kAwaitingApproval) == "AwaitingApproval");
  CHECK(to_string(Phase::kCancelled) == "Cancelled");
  CHECK(to_string(Outcome::kNone).empty());
  CHECK(to_string(Outcome::kUnverified) == "Unverified");
}

TEST_CASE("Strategies, phases and outcomes are read back") {
  for (int i = 0; i <= static_cast<int>(Strategy::kRecreate); ++i) {
    CHECK(parse_strategy(to_string(static_cast<Strategy>(i))) == static_cast<Strategy>(i));
  }
  for (int i = 0; i <= static_cast<int>(Phase::kCancelled); ++i) {
    CHECK(parse_phase(to_string(static_cast<Phase>(i))) == static_cast<Phase>(i));
  }
  for (int i = 0; i <= static_cast<int>(Outcome::kUnverified); ++i) {
    CHECK(parse_outcome(to_string(static_cast<Outcome>(i))) == static_cast<Outcome>(i));
  }
}

TEST_CASE("An unknown word is not taken for another") {
  CHECK_FALSE(parse_diagnosis("stale token"));
  CHECK_FALSE(parse_diagnosis(""));
  CHECK_FALSE(parse_strategy("rolloutrestart"));
  CHECK_FALSE(parse_phase("Done"));
  CHECK_FALSE(parse_outcome("cured"));
  CHECK(to_string(static_cast<Diagnosis>(200)) == "?");
}

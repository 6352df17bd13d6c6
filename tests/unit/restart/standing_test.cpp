// Restarts that wait to be allowed, or stand still.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/restart/machine.hpp"
#include "remint/restart/seal.hpp"

namespace remint::restart {
namespace {

using namespace std::chrono_literals;

const Time kNow = *parse_rfc3339("2026-07-01T10:00:00Z");

Json by_hand(Json spec) {
  spec["target"] = {{"kind", "Deployment"}, {"name", "cart"}};
  return {
      {"apiVersion", "remint.dev/v1alpha1"},
      {"kind", "WorkloadRestart"},
      {"metadata", {{"namespace", "shop"}, {"name", "x"}, {"uid", "u"}, {"creationTimestamp", "2026-07-01T09:00:00Z"}}},
      {"spec", std::move(spec)}};
}

Journal parsed(Json spec) { return parse_journal(by_hand(std::move(spec))).value(); }

TEST_CASE("what has to wait waits from the moment of its creation, before anybody has written its status") {
  CHECK(parsed({}).status.phase == Phase::kPending);
  CHECK(parsed({{"hold", true}}).status.phase == Phase::kScheduled);
  CHECK(parsed({{"hold", true}, {"approval", {{"required", true}}}}).status.phase == Phase::kAwaitingApproval);
  CHECK(parsed({{"approval", {{"required", true}}}}).status.phase == Phase::kAwaitingApproval);
}

TEST_CASE("the machine does not begin what waits") {
  for (const Phase phase : {Phase::kAwaitingApproval, Phase::kScheduled}) {
    Journal journal = parsed({{"hold", true}});
    journal.status.phase = phase;
    const Step taken = step(journal, {}, {}, kNow);
    CHECK(taken.status == journal.status);
    CHECK(taken.effects.empty());
    CHECK_FALSE(taken.look_again);
    CHECK_FALSE(needs(journal).target);
  }
}

TEST_CASE("a person's answer is read, and everything of it is written again as it was") {
  const Journal journal = parsed({{"hold", true},
                                  {"approval",
                                   {{"required", true},
                                    {"expiresAt", "2026-07-02T10:00:00Z"},
                                    {"decision", "Denied"},
                                    {"by", "anna"},
                                    {"at", "2026-07-01T10:00:00Z"},
                                    {"comment", "not now"}}}});
  CHECK(journal.spec.approval.decision == Approval::Decision::kDenied);
  CHECK(journal.spec.approval.by == "anna");
  CHECK(to_object(journal)["spec"]["approval"] == to_object(parsed(to_object(journal)["spec"]))["spec"]["approval"]);
  CHECK(to_past_restart(journal).approval.state == policy::PastRestart::Approval::State::kDenied);
  CHECK_FALSE(parse_journal(by_hand({{"approval", {{"required", true}, {"decision", "Perhaps"}}}})));
}

TEST_CASE("it is held, released and withdrawn by words alone, and said once") {
  Journal journal = parsed({{"hold", true}});
  journal.status = hold(journal, Phase::kScheduled, kNow + 1h, "outside the window", kNow);
  CHECK(journal.status.not_before == kNow + 1h);
  CHECK(hold(journal, Phase::kScheduled, kNow + 1h, "outside the window, said in other words", kNow + 1s) ==
        journal.status);
  CHECK(hold(journal, Phase::kScheduled, kNow + 2h, "the window was moved", kNow + 1s) != journal.status);

  Journal released = journal;
  released.status = release(journal, "the window is open", kNow + 1h);
  CHECK(released.status.phase == Phase::kPending);
  const auto past = to_past_restart(released);
  CHECK(past.begun() == kNow + 1h);
  CHECK(past.under_way());
  CHECK_FALSE(past.standing());

  Journal withdrawn = journal;
  withdrawn.status = withdraw(journal, kWithdrawn, "it is well again", kNow + 1h);
  CHECK(to_past_restart(withdrawn).withdrawn);
  CHECK_FALSE(unfinished(withdrawn));
  withdrawn.status = withdraw(journal, kLapsed, "nobody answered", kNow + 1h);
  CHECK_FALSE(to_past_restart(withdrawn).withdrawn);
}

TEST_CASE("what waits needs no seal: nothing of it is believed but that it waits") {
  Journal journal = parsed({{"hold", true}});
  journal.status.phase = Phase::kAwaitingApproval;
  CHECK(sealed(journal, "key"));
}

TEST_CASE("the attempt of one that stands is its own, not the next") {
  const ObjectRef cart{"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  policy::PastRestart done;
  done.name = journal_name(cart, "5f", 1);
  done.workload = cart;
  done.cause = "5f";
  done.phase = Phase::kCancelled;
  policy::PastRestart waits = done;
  waits.name = journal_name(cart, "5f", 2);
  waits.phase = Phase::kAwaitingApproval;
  CHECK(next_attempt(cart, "5f", std::vector{done}) == 2);
  CHECK(next_attempt(cart, "5f", std::vector{waits, done}) == 2);
  waits.phase = Phase::kPending;
  CHECK(next_attempt(cart, "5f", std::vector{waits, done}) == 3);
}

TEST_CASE("a kill switch is noted once in a restart, and so is its end") {
  Journal journal = parsed({});
  CHECK(note_suspended(journal, "", kNow) == journal.status);
  journal.status = note_suspended(journal, "Lease/remint-system/remint", kNow);
  REQUIRE(journal.status.conditions.size() == 1);
  CHECK(journal.status.conditions[0].status);
  CHECK(note_suspended(journal, "Lease/remint-system/remint", kNow + 1s) == journal.status);
  journal.status = note_suspended(journal, "", kNow + 1min);
  CHECK_FALSE(journal.status.conditions[0].status);
  CHECK(note_suspended(journal, "", kNow + 2min) == journal.status);
}

}  // namespace
}  // namespace remint::restart

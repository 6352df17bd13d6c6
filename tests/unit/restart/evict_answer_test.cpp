// EvictPods: what the API server says to an eviction.

#include "evict_fixture.hpp"

namespace remint::restart::evicting {
namespace {

TEST_CASE("the answer to an eviction decides how it goes on") {
  const Journal journal = begun();
  const std::string words =
      "Cannot evict pod as it would violate the pod's disruption budget.: The disruption budget cart needs 3 healthy "
      "pods and has 3 currently";
  SECTION("taken, gone already, or another pod of that name: the next look tells") {
    Observation observation = three_pods();
    observation.answer = Answer{true, {}, ""};
    CHECK(step(journal, observation, {}, kNow).effects.empty());
    for (const ErrorCode code : {ErrorCode::kNotFound, ErrorCode::kConflict}) {
      const Step next = step(journal, answered(three_pods(), code, "x"), {}, kNow);
      CHECK(next.status == journal.status);
      CHECK(next.look_again == seconds(2));
    }
  }
  SECTION("a budget forbids it: said once, tried more and more rarely, and given up in the end") {
    const Observation refused = answered(three_pods(), ErrorCode::kTooMany, words);
    Step next = step(journal, refused, {}, kNow + seconds(10));
    CHECK(
        next.status.message ==
        "blocked by PodDisruptionBudget shop/cart: 0 disruptions allowed, it needs 3 healthy pods and has 3 currently");
    CHECK(notify_of(next)->reason == "DisruptionBudget");
    CHECK(next.look_again == seconds(10));
    Journal waiting = journal;
    waiting.status = next.status;
    const Step retry = step(waiting, three_pods(), {}, kNow + minutes(14));
    CHECK(retry.status == waiting.status);
    CHECK(eviction_of(retry));
    next = step(waiting, refused, {}, kNow + minutes(14));
    CHECK(next.status == waiting.status);
    CHECK(next.effects.empty());
    CHECK(next.look_again == minutes(1));
    next = step(waiting, refused, {}, kNow + minutes(16));
    CHECK(next.status.phase == Phase::kFailed);
    CHECK(progressing_reason(next.status) == "DisruptionBudget");
    CHECK_THAT(next.status.message, Catch::Contains("shop/cart") && Catch::EndsWith("; 0 of 2 pods are evicted"));
  }
  SECTION("forbidden or invalid: over, with the server's words") {
    for (const ErrorCode code : {ErrorCode::kForbidden, ErrorCode::kInvalid}) {
      const Step next = step(journal, answered(three_pods(), code, "no, says a webhook"), {}, kNow);
      CHECK(next.status.phase == Phase::kFailed);
      CHECK_THAT(next.status.message, Catch::Contains("no, says a webhook"));
    }
  }
  SECTION("any other answer is waited out for as long as a budget") {
    const Observation two =
        answered(three_pods(), ErrorCode::kInternal, "This pod has more than one PodDisruptionBudget");
    CHECK(step(journal, two, {}, kNow).status.phase == Phase::kRunning);
    CHECK_THAT(step(journal, two, {}, kNow + minutes(16)).status.message, Catch::Contains("more than one"));
  }
  SECTION("no answer at all: over after twice that time") {
    CHECK(eviction_of(step(journal, three_pods(), {}, kNow + minutes(29))));
    CHECK(step(journal, three_pods(), {}, kNow + minutes(31)).status.phase == Phase::kFailed);
  }
}

TEST_CASE("what a budget's words mean") {
  struct Words {
    const char* said;
    const char* shown;
  };
  const std::vector<Words> rows{
      {"X. The disruption budget a.b does not allow evicting pods currently because it failed sync: no controller",
       "blocked by PodDisruptionBudget shop/a.b: it does not allow evicting pods currently because it failed sync: no "
       "controller"},
      {"The disruption budget a is still being processed by the server.",
       "blocked by PodDisruptionBudget shop/a: it is still being processed by the server"},
      {"Cannot evict pod as it would violate the pod's disruption budget.",
       "blocked by a PodDisruptionBudget in shop: 0 disruptions allowed (kubectl get pdb -n shop)"},
      {"The disruption budget ",
       "blocked by a PodDisruptionBudget in shop: 0 disruptions allowed (kubectl get pdb -n shop)"},
      {"Too many requests, please try again later.",
       "the API server asks to wait: Too many requests, please try again later."},
  };
  for (const Words& row : rows) {
    CHECK(step(begun(), answered(three_pods(), ErrorCode::kTooMany, row.said), {}, kNow).status.message == row.shown);
  }
}

}  // namespace
}  // namespace remint::restart::evicting

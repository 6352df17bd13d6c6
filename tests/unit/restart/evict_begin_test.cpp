// EvictPods: which pods, and where it is not begun.

#include <functional>

#include "evict_fixture.hpp"

namespace remint::restart::evicting {
namespace {

TEST_CASE("the pods in question are saved in order, with the number of ready ones, and the first is evicted by UID") {
  struct Row {
    const char* kind;
    std::vector<std::string> accused;
    std::vector<PodState> found;
    std::vector<std::string> order;
    std::int64_t ready;
  };
  const std::vector<Row> rows{
      {"Deployment", {"b", "c", "gone"}, {pod("a"), pod("b"), pod("c", false)}, {"c", "b"}, 2},
      {"Deployment", {}, {pod("a"), pod("b"), pod("c", false)}, {"c", "a", "b"}, 2},
      {"StatefulSet", {}, {pod("s-2"), pod("s-10", false), pod("s-9")}, {"s-10", "s-9", "s-2"}, 2},
      {"StatefulSet", {"s-2", "s-9"}, {pod("s-2", false), pod("s-10"), pod("s-9")}, {"s-9", "s-2"}, 2},
      {"DaemonSet", {"b"}, {pod("a"), pod("b")}, {"b"}, 2},
      {"ReplicaSet", {"a"}, {pod("a")}, {"a"}, 1},
  };
  for (const Row& row : rows) {
    Journal journal = asked(row.kind);
    journal.spec.pods = row.accused;
    Observation observation = see(settled_target());
    observation.pods = row.found;
    const Step first = step(journal, observation, {}, kNow);
    std::vector<std::string> order;
    for (const SavedPod& saved : first.status.saved.pods) {
      order.push_back(saved.name);
      CHECK(saved.uid == "uid-" + saved.name);
    }
    INFO(row.kind << " " << first.status.message);
    CHECK(order == row.order);
    CHECK(first.status.saved.replicas == row.ready);
    CHECK(first.status.saved.uid == "uid-cart");
    REQUIRE(eviction_of(first));
    CHECK(*eviction_of(first) == Evict{{"shop", row.order[0]}, "uid-" + row.order[0]});
    CHECK(first.effects.back().wants_answer);
    CHECK(first.status.message == "evicting pod " + row.order[0] + " (1 of " + std::to_string(row.order.size()) + ")");
  }
}

struct Row {
  const char* what;
  std::function<void(Journal&, Observation&)> change;
  const char* reason;  ///< "" when it is begun
};

TEST_CASE("EvictPods begins where eviction helps, and says why where it does not") {
  const std::vector<Row> rows{
      {"as it is", [](Journal&, Observation&) {}, ""},
      {"OnDelete", [](Journal&, Observation& o) { o.target->on_delete = true; }, ""},
      {"OnDelete with old templates left",
       [](Journal& j, Observation& o) {
         j.spec.target.kind = "DaemonSet";
         o.target->on_delete = true;
         o.target->updated = 0;
       },
       ""},
      {"paused", [](Journal&, Observation& o) { o.target->paused = true; }, ""},
      {"paused in the middle of a rollout",
       [](Journal&, Observation& o) {
         o.target->paused = true;
         o.target->updated = 1;
       },
       ""},
      {"a partition holds old pods back for good",
       [](Journal& j, Observation& o) {
         j.spec.target.kind = "StatefulSet";
         o.target->partition = 2;
         o.target->updated = 1;
       },
       ""},
      {"not all are ready", [](Journal&, Observation& o) { o.target->ready = o.target->available = 0; }, ""},
      {"a controller of a kind nobody knows",
       [](Journal& j, Observation& o) {
         j.spec.target = {"argoproj.io/v1alpha1", "Rollout", "shop", "cart", "uid-cart"};
         o.target.reset();
       },
       ""},
      {"the same without UID",
       [](Journal& j, Observation& o) {
         j.spec.target = {"argoproj.io/v1alpha1", "Rollout", "shop", "cart", ""};
         o.target.reset();
       },
       "UidMissing"},
      {"gone", [](Journal&, Observation& o) { o = see_nothing(); }, "TargetGone"},
      {"another UID", [](Journal&, Observation& o) { o.target->uid = "uid-2"; }, "TargetReplaced"},
      {"deleting", [](Journal&, Observation& o) { o.target->deleting = true; }, "TargetDeleting"},
      {"stuck", [](Journal&, Observation& o) { o.target->progress_deadline_exceeded = true; }, "RolloutStuck"},
      {"bare pod",
       [](Journal& j, Observation&) {
         j.spec.target.api_version = "v1";
         j.spec.target.kind = "Pod";
       },
       "StrategyUnfit"},
      {"static pods", [](Journal& j, Observation&) { j.spec.target = {"v1", "Node", "shop", "n", "u"}; },
       "StrategyUnfit"},
      {"Job", [](Journal& j, Observation&) { j.spec.target = {"batch/v1", "Job", "shop", "n", "u"}; }, "StrategyUnfit"},
      {"a version that Remint does not read, so only its UID would tell whose the pods are",
       [](Journal& j, Observation&) {
         j.spec.target.api_version = "apps/v1beta1";
         j.spec.target.uid.clear();
       },
       "UidMissing"},
      {"none of these is left", [](Journal& j, Observation&) { j.spec.pods = {"x"}; }, "NothingToEvict"},
      {"no pods", [](Journal&, Observation& o) { o.pods->clear(); }, "NothingToEvict"},
      {"all are going anyway or have finished",
       [](Journal&, Observation& o) {
         (*o.pods)[0].terminating = (*o.pods)[1].terminating = true;
         (*o.pods)[2].finished = true;
       },
       "NothingToEvict"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Journal journal = asked();
    Observation observation = three_pods();
    row.change(journal, observation);
    const Step step = restart::step(journal, observation, {}, kNow);
    const bool begins = std::string(row.reason).empty();
    CHECK(to_string(step.status.phase) == to_string(begins ? Phase::kRunning : Phase::kCancelled));
    CHECK((eviction_of(step) != nullptr) == begins);
    if (!begins) {
      CHECK(progressing_reason(step.status) == row.reason);
      CHECK_FALSE(step.status.message.empty());
    }
  }
}

TEST_CASE("more pods than a journal takes: the first ones are evicted, and it is said") {
  Observation observation = see(settled_target());
  observation.pods.emplace();
  for (int i = 0; i < 600; ++i) {
    observation.pods->push_back(pod("cart-" + std::to_string(i)));
  }
  const Step first = step(asked(), observation, {}, kNow);
  CHECK(first.status.saved.pods.size() == kMaxSavedPods);
  bool told = false;
  for (const Effect& effect : first.effects) {
    const auto* notify = std::get_if<Notify>(&effect.act);
    told = told || (notify != nullptr && notify->reason == "TooManyPods");
  }
  CHECK(told);
}

TEST_CASE("a rollout under way is waited for before anything is saved, and not for ever") {
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet"}) {
    Journal journal = asked(kind);
    Observation observation = three_pods();
    observation.target->updated = 1;
    Step step = restart::step(journal, observation, {}, kNow);
    CHECK(step.status.phase == Phase::kPending);
    CHECK(step.status.saved == SavedState{});
    CHECK_THAT(step.status.message, Catch::Contains("a rollout"));
    CHECK(step.look_again);
    journal.status = step.status;
    step = restart::step(journal, observation, {}, kNow + minutes(15));
    CHECK(step.status == journal.status);
    CHECK(step.effects.empty());
    SECTION(std::string(kind) + ": it ends") {
      observation.target->updated = 3;
      step = restart::step(journal, observation, {}, kNow + minutes(3));
      CHECK(step.status.phase == Phase::kRunning);
      CHECK_FALSE(step.status.conditions.front().type.empty());
    }
    SECTION(std::string(kind) + ": it does not") {
      step = restart::step(journal, observation, {}, kNow + minutes(16));
      CHECK(step.status.phase == Phase::kCancelled);
      CHECK(progressing_reason(step.status) == "RolloutUnderWay");
    }
  }
}

}  // namespace
}  // namespace remint::restart::evicting

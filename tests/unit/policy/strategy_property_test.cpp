// What must hold for every history, tried on many.

#include <algorithm>
#include <map>
#include <random>

#include "fixture.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

constexpr std::array kAll{Strategy::kRolloutRestart, Strategy::kEvictPods, Strategy::kScaleToZero,
                          Strategy::kRollingReplace, Strategy::kRecreate};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int end) { return static_cast<int>(engine_() % static_cast<unsigned>(end)); }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::mt19937 engine_;
};

ObjectRef any_workload(Dice& dice) {
  const std::vector<std::pair<const char*, const char*>> kinds{
      {"apps/v1", "Deployment"},       {"apps/v1", "StatefulSet"},
      {"apps/v1", "DaemonSet"},        {"apps/v1", "ReplicaSet"},
      {"v1", "ReplicationController"}, {"v1", "Pod"},
      {"x.dev/v1", "CloneSet"},        {"batch/v1", "Job"},
      {"other/v1", "Deployment"}};
  const auto& [api_version, kind] = kinds[static_cast<std::size_t>(dice.below(static_cast<int>(kinds.size())))];
  return {api_version, kind, "shop", "cart", "uid-cart"};
}

void add_any_restart(Scene& scene, Dice& dice, bool only_failures) {
  const Strategy strategy = kAll[static_cast<std::size_t>(dice.below(5))];
  const Duration ago = minutes(dice.below(60 * 60));
  switch (only_failures ? 0 : dice.below(5)) {
    case 0:
    case 1:
      scene.failed(strategy, ago).reverted = !only_failures && dice.one_in(4);
      break;
    case 2:
      scene.cured(strategy, ago);
      break;
    case 3:
      scene.ended(strategy, Phase::kCancelled, Outcome::kNone, ago).unfit = dice.one_in(2);
      break;
    default:
      scene.ended(strategy, Phase::kSucceeded, Outcome::kUnverified, ago);
  }
}

Scene any_scene(Dice& dice) {
  Scene scene;
  scene.workload.ref = any_workload(dice);
  scene.workload.replicas = 1 + dice.below(20);
  scene.workload.on_delete = dice.one_in(5);
  scene.policies[0].spec.match.kinds.emplace_back("CloneSet");
  scene.policies[0].spec.breaker = {static_cast<std::uint32_t>(1 + dice.below(4)), hours(1 + dice.below(48))};
  scene.policies[0].spec.gentle.max_affected_percent = static_cast<std::uint32_t>(dice.below(101));
  if (dice.one_in(4)) {
    scene.workload.annotations["remint.dev/strategy"] =
        dice.one_in(8) ? "Nonsense" : std::string(to_string(kAll[static_cast<std::size_t>(dice.below(5))]));
  }
  if (dice.one_in(2)) {
    auto order = kAll;
    std::ranges::shuffle(order, std::mt19937(static_cast<unsigned>(dice.below(1000))));
    auto& list = scene.policies[0].spec.strategies[scene.workload.ref.kind];
    for (int i = 0, size = 1 + dice.below(5); i < size; ++i) {
      list.push_back({order[static_cast<std::size_t>(i)], {}});
    }
  }
  for (int i = 0, size = dice.below(8); i < size; ++i) {
    add_any_restart(scene, dice, false);
  }
  return scene;
}

/// Failures by strategy since the last cure, and the end of the newest: computed in another way than the code does.
struct History {
  std::map<Strategy, int> failures;
  int total = 0;
  Time newest = Time::min();
};
History history(const Scene& scene) {
  History result;
  auto sorted = scene.restarts;
  std::ranges::stable_sort(sorted, {}, [](const PastRestart& restart) {
    return std::pair(*restart.finished, restart.outcome == Outcome::kCured);
  });
  for (const PastRestart& restart : sorted) {
    if (restart.outcome == Outcome::kCured) {
      result = {};
    } else if (restart.phase == Phase::kFailed) {
      ++result.failures[restart.strategy];
      ++result.total;
      result.newest = *restart.finished;
    }
  }
  return result;
}

Choice choose(const Scene& scene) {
  return choose_strategy({scene.policies[0].reference(), scene.policies[0].spec}, scene.workload, scene.facts,
                         scene.restarts, scene.now);
}

TEST_CASE("for any history the strategy fits the kind, and refusals give a check and a reason") {
  Dice dice(1);
  std::map<Strategy, int> chosen;
  for (int i = 0; i < 3000; ++i) {
    const Scene scene = any_scene(dice);
    const Choice choice = choose(scene);
    ++chosen[choice.strategy];
    if (choice.strategy == Strategy::kNone) {
      CHECK(std::ranges::find(check_names(), choice.check) != check_names().end());
      CHECK_FALSE(choice.why.empty());
    } else {
      CHECK(fits(choice.strategy, scene.workload.ref));
      CHECK(choice.length >= 1);
      CHECK(choice.length <= 5);
    }
  }
  for (const auto& [strategy, times] : chosen) {
    INFO(to_string(strategy));
    CHECK(times > 20);
  }
  CHECK(chosen.size() == 6);
}

TEST_CASE("for any history no strategy comes again after it failed while another one of the list is left") {
  Dice dice(2);
  int moved_on = 0;
  for (int i = 0; i < 3000; ++i) {
    const Scene scene = any_scene(dice);
    const Choice choice = choose(scene);
    const bool free = !scene.workload.annotations.contains("remint.dev/strategy") && !scene.workload.on_delete &&
                      std::ranges::none_of(scene.restarts, [](const auto& r) { return r.unfit || r.reverted; });
    if (choice.strategy == Strategy::kNone || !free) {
      continue;
    }
    auto past = history(scene);
    if (past.failures[choice.strategy] > 0) {
      ++moved_on;
      for (const ListedStrategy& listed : listed_strategies(scene.policies[0].spec, scene.workload.ref)) {
        INFO(to_string(choice.strategy) << " though there is " << to_string(listed.type));
        CHECK(past.failures[listed.type] >= past.failures[choice.strategy]);
      }
    }
  }
  CHECK(moved_on > 20);
}

TEST_CASE("for any history the breaker is open exactly from enough failures on, until openFor has passed") {
  Dice dice(3);
  std::map<bool, int> seen;
  for (int i = 0; i < 3000; ++i) {
    const Scene scene = any_scene(dice);
    const Choice choice = choose(scene);
    if (choice.strategy == Strategy::kNone || scene.workload.on_delete) {
      continue;
    }
    const Breaker& breaker = scene.policies[0].spec.breaker;
    const auto past = history(scene);
    const bool open = past.total >= static_cast<int>(std::max<std::size_t>(breaker.failures, choice.length)) &&
                      scene.now < past.newest + breaker.open_for;
    CHECK((scene.decide().check == "BreakerOpen") == open);
    ++seen[open];
  }
  CHECK(seen[true] > 80);
  CHECK(seen[false] > 80);
}

/// When it would be restarted at the earliest, as far as the past decides.
Time earliest(Scene scene) {
  for (int step = 0; step < 100; ++step) {
    for (PodFacts& pod : scene.facts.pods) {
      pod = scene.rejected_pod(pod.name, minutes(1), {32, 20, 5});
    }
    const Decision decision = scene.decide();
    if (decision.kind == DecisionKind::kRestart || !decision.not_before) {
      return decision.kind == DecisionKind::kRestart ? scene.now : Time::max();
    }
    scene.now = *decision.not_before;
  }
  return Time::min();
}

TEST_CASE("for any history one more failure never makes it act earlier") {
  Dice dice(4);
  int later = 0;
  for (int i = 0; i < 600; ++i) {
    Scene scene = any_scene(dice);
    const Time before = earliest(scene);
    add_any_restart(scene, dice, true);
    const Time after = earliest(scene);
    CHECK(after >= before);
    later += after > before ? 1 : 0;
  }
  CHECK(later > 30);
}

}  // namespace
}  // namespace remint::policy

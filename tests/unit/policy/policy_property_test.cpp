// What must hold for any policies, any history and any clock. What is counted here is counted in another way than the
// code under test does.

#include <algorithm>
#include <map>
#include <random>

#include "fixture.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int end) { return static_cast<int>(engine_() % static_cast<unsigned>(end)); }
  int from_to(int first, int last) { return first + below(last - first + 1); }
  std::uint32_t number(int first, int last) { return static_cast<std::uint32_t>(from_to(first, last)); }
  bool one_in(int n) { return below(n) == 0; }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

WindowSet any_windows(Dice& dice, Time now) {
  constexpr std::array kZones{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
  const auto zone = [&] { return kZones.at(static_cast<std::size_t>(dice.below(4))); };
  WindowSet set;
  for (int i = dice.below(3); i > 0; --i) {
    set.windows.push_back({static_cast<std::uint8_t>(dice.from_to(1, 127) | 0x55), minutes(dice.below(48) * 30),
                           minutes(dice.from_to(1, 48) * 30), zone()});
  }
  if (dice.one_in(4)) {
    const auto from = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(dice.from_to(-2, 3));
    set.blackouts.push_back({from, from + std::chrono::days(dice.below(2)), zone(), ""});
  }
  return set;
}

void make_any(Spec& spec, Dice& dice, Time now) {
  spec.suspend = dice.one_in(12);
  spec.mode = dice.one_in(8) ? Mode::kObserve : dice.one_in(4) ? Mode::kApprove : Mode::kEnforce;
  spec.min_confidence = dice.one_in(6) ? 0.99 : 0.5;
  spec.pod_log.enabled = dice.one_in(2);
  spec.pod_log.sufficient = dice.one_in(2);
  spec.kubernetes_event.enabled = dice.one_in(2);
  spec.kubernetes_event.sufficient = dice.one_in(2);
  spec.limits = {minutes(dice.below(3) * 20), dice.number(1, 12), dice.number(1, 6),     dice.number(1, 100),
                 dice.number(1, 100),         dice.number(1, 3),  dice.number(0, 1) * 80};
  spec.breaker = {dice.number(1, 4), hours(dice.from_to(1, 30)), dice.number(0, 5)};
  spec.gentle.max_affected_percent = dice.number(0, 2) * 25;
  if (dice.one_in(2)) spec.windows = any_windows(dice, now);
  spec.urgent_before = hours(dice.below(5) * 24);
  spec.storm = {dice.number(0, 2) * 10, 5, minutes(10), dice.one_in(2) ? StormSpec::Then::kAsk : StormSpec::Then::kPace,
                minutes(dice.from_to(1, 10))};
  if (dice.one_in(4)) {
    spec.strategies["Deployment"] = {{dice.one_in(2) ? Strategy::kEvictPods : Strategy::kRolloutRestart, {}}};
  }
}

PastRestart any_restart(Scene& scene, Dice& dice, int number) {
  constexpr std::array kPhases{Phase::kPending,   Phase::kAwaitingApproval, Phase::kScheduled, Phase::kRunning,
                               Phase::kVerifying, Phase::kSucceeded,        Phase::kFailed,    Phase::kCancelled};
  using State = PastRestart::Approval::State;
  PastRestart restart;
  restart.name = "r-" + std::to_string(number);
  const bool own = dice.one_in(3);
  const std::string ns = dice.one_in(2) ? "shop" : "store";
  const std::string name = own ? "cart" : "w" + std::to_string(number);
  restart.workload = own ? scene.workload.ref : ObjectRef{"apps/v1", "Deployment", ns, name, "uid-" + name};
  restart.phase = own && dice.one_in(2) ? Phase::kSucceeded : kPhases.at(static_cast<std::size_t>(dice.below(8)));
  restart.strategy = dice.one_in(2) ? Strategy::kRolloutRestart : Strategy::kEvictPods;
  restart.cause = dice.one_in(2) ? scene.facts.cause : "other";
  restart.policy = dice.one_in(3) ? "TokenRefreshPolicy/" + ns + "/own" : "ClusterTokenRefreshPolicy/default";
  restart.created = scene.now - minutes(dice.from_to(1, dice.one_in(2) ? 12 : 300));
  if (dice.one_in(3)) restart.released = restart.created + minutes(dice.below(30));
  if (is_final(restart.phase)) {
    restart.finished = restart.begun() + minutes(dice.below(100));
    restart.outcome = restart.phase != Phase::kSucceeded ? Outcome::kNone
                      : dice.one_in(2)                   ? Outcome::kCured
                                                         : Outcome::kUnverified;
    restart.withdrawn = restart.phase == Phase::kCancelled && dice.one_in(3);
  }
  if (restart.standing()) {
    restart.cause = scene.facts.cause;
    restart.approval.state = dice.one_in(6) ? State::kAwaited : State::kApproved;
  }
  if (dice.one_in(30)) restart.approval.state = State::kDenied;
  return restart;
}

Scene any_scene(Dice& dice) {
  Scene scene;
  scene.now = at("2026-01-01T00:00:00Z") + minutes(dice.below(2 * 365 * 1440)) + seconds(dice.below(60));
  make_any(scene.policies[0].spec, dice, scene.now);
  if (dice.one_in(2)) {
    scene.policies.push_back(Scene::own_policy("shop", "own"));
    make_any(scene.policies[1].spec, dice, scene.now);
  }
  scene.workload.replicas = dice.from_to(1, 6);
  scene.facts.pods = {scene.rejected_pod("p", minutes(2), {40, 30, 20, 10})};
  if (dice.one_in(2)) {
    PodFacts& pod = scene.facts.pods[0];
    (dice.one_in(2) ? pod.log_clues : pod.event_clues) = pod.rejections;
    if (dice.one_in(2)) pod.rejections.resize(1);  // by themselves they are too few
  }
  if (!dice.one_in(4)) {
    PodFacts& pod = scene.facts.pods[0] = {};
    pod.name = "p";
    pod.stale_since = scene.now - hours(dice.from_to(1, 40));
    if (dice.one_in(2)) pod.breaks_at = scene.now + hours(dice.from_to(1, 300));
    scene.facts.diagnosis = Diagnosis::kStaleToken;
  }
  for (int i = dice.below(8); i > 0; --i) {
    scene.restarts.push_back(any_restart(scene, dice, i));
  }
  scene.counts = {static_cast<std::size_t>(dice.below(80)), static_cast<std::size_t>(dice.below(20))};
  for (const Policy& policy : scene.policies) {
    if (dice.one_in(6)) scene.storms[policy.reference()] = {scene.now - minutes(5), 12, 20};
  }
  return scene;
}

/// The restarts that count for a policy's limits.
std::vector<PastRestart> counted(const Scene& scene, const Policy& policy) {
  std::vector<PastRestart> found = scene.restarts;
  std::erase_if(found, [&](const PastRestart& restart) {
    return restart.policy != policy.reference() && (!policy.cluster() || !restart.policy.starts_with("Token"));
  });
  return found;
}

bool waits(Phase phase) { return phase == Phase::kAwaitingApproval || phase == Phase::kScheduled; }

/// Everything that a restart of the workload now must not break, of one policy.
void expect_within(const Scene& scene, const Policy& policy, const Decision& decision) {
  const Spec& spec = policy.spec;
  const auto restarts = counted(scene, policy);
  std::size_t running = 0, running_here = 0, in_hour = 0, failed = 0;
  Time cured = Time::min(), last = Time::min(), begun = Time::min();
  for (const PastRestart& restart : restarts) {
    const bool final = restart.finished.has_value();
    running += !final && !waits(restart.phase) ? 1U : 0U;
    running_here += !final && !waits(restart.phase) && restart.workload.ns == "shop" ? 1U : 0U;
    if (!waits(restart.phase) && restart.phase != Phase::kCancelled) {
      in_hour += restart.begun() + hours(1) > scene.now ? 1U : 0U;
      begun = std::max(begun, restart.begun());
    }
    if (restart.outcome == Outcome::kCured) cured = std::max(cured, *restart.finished);
  }
  for (const PastRestart& restart : restarts) {
    if (restart.phase == Phase::kFailed && *restart.finished > cured) {
      ++failed;
      last = std::max(last, *restart.finished);
    }
  }
  for (const PastRestart& restart : scene.restarts) {
    if (restart.workload == scene.workload.ref && restart.finished && !restart.withdrawn) {
      CHECK(*restart.finished + spec.limits.cooldown <= scene.now);
    }
  }
  CHECK(!spec.suspend);
  CHECK(spec.mode != Mode::kObserve);
  CHECK(spec.min_confidence <= scene.facts.confidence);
  CHECK(running + 1 <= spec.limits.max_concurrent);
  CHECK(in_hour + 1 <= spec.limits.max_per_hour);
  CHECK((running == 0 || (running + 1) * 100 <= spec.limits.max_workloads_percent * scene.counts.total));
  CHECK(
      (running_here == 0 || (running_here + 1) * 100 <= spec.limits.max_namespace_percent * scene.counts.in_namespace));
  if (spec.breaker.policy_failures != 0 && failed >= spec.breaker.policy_failures) {
    CHECK((scene.now >= last + spec.breaker.open_for && running == 0));
  }
  if (scene.storms.contains(policy.reference()) && spec.storm.percent != 0) {
    CHECK(spec.storm.then == StormSpec::Then::kPace);
    CHECK((running == 0 && (begun == Time::min() || begun + spec.storm.pace <= scene.now)));
  }
  const auto listed = listed_strategies(spec, scene.workload.ref);
  const bool gentle = decision.strategy == Strategy::kEvictPods && spec.gentle.max_affected_percent > 0;
  CHECK((gentle || !policy.cluster() ||
         std::ranges::find(listed, decision.strategy, &ListedStrategy::type) != listed.end()));
  const PodFacts& pod = scene.facts.pods[0];
  const bool urgent = pod.failing_since || (pod.breaks_at && *pod.breaks_at <= scene.now + spec.urgent_before);
  if (!urgent && !spec.windows.always_open()) {
    const auto opening = opening_at_or_after(std::span(&spec.windows, 1), scene.now);
    REQUIRE(opening);
    CHECK((opening->begin <= scene.now && scene.now < opening->end));
  }
}

TEST_CASE("for any policies, history and clock nothing is restarted beyond what any policy above it allows") {
  Dice dice(11);
  int restarts = 0;
  int both = 0;
  int planned = 0;
  std::map<std::string, int> checks;
  constexpr int kScenes = 9000;
  for (int i = 0; i < kScenes; ++i) {
    const Scene scene = any_scene(dice);
    const Decision decision = scene.decide();
    ++checks[decision.check];
    CHECK((!decision.standing || scene.policies.back().spec.mode != Mode::kObserve));
    CHECK((!decision.not_before || *decision.not_before > scene.now));
    if (decision.kind != DecisionKind::kRestart) {
      continue;
    }
    ++restarts;
    both += scene.policies.size() == 2 ? 1 : 0;
    planned += scene.facts.pods[0].failing_since ? 0 : 1;
    INFO("scene " << i);
    bool asks = false;
    for (const Policy& policy : scene.policies) {
      expect_within(scene, policy, decision);
      asks = asks || policy.spec.mode == Mode::kApprove;
    }
    const auto speaks_for_it = [&](const PastRestart& restart) {
      return restart.workload == scene.workload.ref && restart.cause == scene.facts.cause && waits(restart.phase) &&
             restart.approval.state == PastRestart::Approval::State::kApproved;
    };
    CHECK((!asks || std::ranges::any_of(scene.restarts, speaks_for_it)));
  }
  std::string seen;
  for (const auto& [check, times] : checks) {
    seen += " " + check + "=" + std::to_string(times);
  }
  WARN(kScenes << " scenes, " << restarts << " restarts, " << both << " under two policies, " << planned << " planned;"
               << seen);
  CHECK(restarts > 700);
  CHECK(both > 200);
  CHECK(planned > 300);
  for (const char* check : {"Suspended", "LowConfidence", "RestartRunning", "PolicyBreakerOpen", "Cooldown",
                            "StormBrake", "AwaitingApproval", "Denied", "OutsideWindow", "MaxPerHour", "MaxConcurrent",
                            "MaxWorkloadsPercent", "MaxNamespacePercent", "ObserveMode"}) {
    INFO(check);
    CHECK(checks[check] > 3);
  }
}

TEST_CASE("for any policies, history and clock the answer does not depend on the order of restarts and policies") {
  Dice dice(12);
  int shuffled = 0;
  for (int i = 0; i < 2500; ++i) {
    Scene scene = any_scene(dice);
    const Decision before = scene.decide();
    std::ranges::shuffle(scene.restarts, dice.engine());
    std::ranges::reverse(scene.policies);
    const Decision after = scene.decide();
    shuffled += scene.restarts.size() > 1 ? 1 : 0;
    INFO(before.reason << " / " << after.reason);
    CHECK(before == after);
  }
  WARN(shuffled << " histories in another order");
  CHECK(shuffled > 1500);
}

/// A field, and how to make it stricter. Each may leave it as it is.
struct Stricter {
  const char* field;
  void (*make)(Spec& spec, Dice& dice, Time now);
};

const std::vector<Stricter> kStricter{
    {"suspend", [](Spec& spec, Dice&, Time) { spec.suspend = true; }},
    {"mode",
     [](Spec& spec, Dice& dice, Time) { spec.mode = static_cast<Mode>(dice.below(static_cast<int>(spec.mode) + 1)); }},
    {"staleToken.enabled", [](Spec& spec, Dice&, Time) { spec.stale_token.enabled = false; }},
    {"staleToken.after", [](Spec& spec, Dice& dice, Time) { spec.stale_token.after += hours(dice.below(40)); }},
    {"rejectedToken.enabled", [](Spec& spec, Dice&, Time) { spec.rejected_token.enabled = false; }},
    {"rejectedToken.count", [](Spec& spec, Dice& dice, Time) { spec.rejected_token.count += dice.number(0, 3); }},
    {"rejectedToken.within",
     [](Spec& spec, Dice& dice, Time) { spec.rejected_token.within = seconds(dice.from_to(1, 120)); }},
    {"rejectedToken.for", [](Spec& spec, Dice& dice, Time) { spec.rejected_token.for_ += seconds(dice.below(200)); }},
    {"podLog.enabled", [](Spec& spec, Dice&, Time) { spec.pod_log.enabled = false; }},
    {"podLog.sufficient", [](Spec& spec, Dice&, Time) { spec.pod_log.sufficient = false; }},
    {"kubernetesEvent.enabled", [](Spec& spec, Dice&, Time) { spec.kubernetes_event.enabled = false; }},
    {"kubernetesEvent.sufficient", [](Spec& spec, Dice&, Time) { spec.kubernetes_event.sufficient = false; }},
    {"trustChange.enabled", [](Spec& spec, Dice&, Time) { spec.trust_change.enabled = false; }},
    {"trustChange.after", [](Spec& spec, Dice& dice, Time) { spec.trust_change.after += minutes(dice.below(90)); }},
    {"minConfidence", [](Spec& spec, Dice&, Time) { spec.min_confidence = 0.98; }},
    {"cooldown", [](Spec& spec, Dice& dice, Time) { spec.limits.cooldown += minutes(dice.below(200)); }},
    {"maxPerHour", [](Spec& spec, Dice& dice,
                      Time) { spec.limits.max_per_hour = dice.number(1, static_cast<int>(spec.limits.max_per_hour)); }},
    {"maxConcurrent",
     [](Spec& spec, Dice& dice, Time) {
       spec.limits.max_concurrent = dice.number(1, static_cast<int>(spec.limits.max_concurrent));
     }},
    {"maxWorkloadsPercent",
     [](Spec& spec, Dice& dice, Time) {
       spec.limits.max_workloads_percent = dice.number(1, static_cast<int>(spec.limits.max_workloads_percent));
     }},
    {"maxNamespacePercent",
     [](Spec& spec, Dice& dice, Time) {
       spec.limits.max_namespace_percent = dice.number(1, static_cast<int>(spec.limits.max_namespace_percent));
     }},
    {"spreadPercent",
     [](Spec& spec, Dice& dice, Time) {
       spec.limits.spread_percent = dice.number(static_cast<int>(spec.limits.spread_percent), 100);
     }},
    {"windows",
     [](Spec& spec, Dice& dice, Time now) {
       const WindowSet more = any_windows(dice, now);
       if (!spec.windows.windows.empty())
         spec.windows.windows.resize(
             1 + static_cast<std::size_t>(dice.below(static_cast<int>(spec.windows.windows.size()))));
       if (spec.windows.windows.empty()) spec.windows.windows = more.windows;
     }},
    {"blackouts",
     [](Spec& spec, Dice& dice, Time now) {
       const auto from = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(dice.from_to(-2, 1));
       spec.windows.blackouts.push_back({from, from + std::chrono::days(1), "UTC", ""});
     }},
    {"urgentBefore",
     [](Spec& spec, Dice& dice, Time) {
       spec.urgent_before = hours(dice.below(static_cast<int>(spec.urgent_before / hours(1)) + 1));
     }},
    {"storm.percent", [](Spec& spec, Dice&, Time) { spec.storm.percent = 1; }},
    {"storm.then", [](Spec& spec, Dice&, Time) { spec.storm.then = StormSpec::Then::kAsk; }},
    {"storm.pace", [](Spec& spec, Dice& dice, Time) { spec.storm.pace += minutes(dice.below(30)); }},
    {"breaker.failures", [](Spec& spec, Dice& dice,
                            Time) { spec.breaker.failures = dice.number(1, static_cast<int>(spec.breaker.failures)); }},
    {"breaker.openFor", [](Spec& spec, Dice& dice, Time) { spec.breaker.open_for += hours(dice.below(30)); }},
    {"breaker.policyFailures",
     [](Spec& spec, Dice& dice, Time) {
       const auto now_allowed = static_cast<int>(spec.breaker.policy_failures);
       spec.breaker.policy_failures = dice.number(1, now_allowed == 0 ? 5 : now_allowed);
     }},
};

TEST_CASE("for any policies, history and clock a stricter policy never acts where a looser one did not") {
  Dice dice(13);
  std::map<std::string, int> tried;
  std::map<std::string, int> stopped;
  for (int i = 0; i < 10'000; ++i) {
    Scene scene = any_scene(dice);
    const Stricter& stricter = kStricter.at(static_cast<std::size_t>(i) % kStricter.size());
    const std::string field = stricter.field;
    if (field == "windows" || field == "blackouts") {
      // A workload's place depends on the length of the opening: it may come sooner in a shorter one.
      for (Policy& policy : scene.policies) policy.spec.limits.spread_percent = 0;
    }
    if (!dice.one_in(4)) {  // or hardly any could act in the first place
      std::erase_if(scene.restarts, [&](const auto& restart) { return restart.workload == scene.workload.ref; });
      for (Policy& policy : scene.policies) {
        policy.spec.suspend = false;
        policy.spec.mode = dice.one_in(6) ? policy.spec.mode : Mode::kEnforce;
        policy.spec.min_confidence = 0.5;
      }
    }
    Scene strict = scene;
    const auto which = static_cast<std::size_t>(dice.below(static_cast<int>(scene.policies.size())));
    stricter.make(strict.policies[which].spec, dice, scene.now);
    const Decision loose_says = scene.decide();
    const Decision strict_says = strict.decide();
    INFO(field << " of " << scene.policies[which].reference() << ", scene " << i << ": " << loose_says.check << " / "
               << strict_says.check << ": " << loose_says.reason);
    const bool acts = strict_says.kind == DecisionKind::kRestart;
    CHECK((!acts || loose_says.kind == DecisionKind::kRestart));
    ++tried[field];
    stopped[field] += loose_says.kind == DecisionKind::kRestart && !acts ? 1 : 0;
  }
  std::string seen;
  for (const auto& [field, times] : tried) {
    seen += " " + field + "=" + std::to_string(times) + "/" + std::to_string(stopped[field]);
  }
  WARN("field=tried/stopped by it:" << seen);
  CHECK(tried.size() == kStricter.size());
}

}  // namespace
}  // namespace remint::policy

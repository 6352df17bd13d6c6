#pragma once
// A workload with one pod that fails clearly enough for the default policy, and words to change that.

#include <catch2/catch.hpp>

#include "remint/policy/decide.hpp"

namespace remint::policy {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline Time at(const char* text) { return parse_rfc3339(text).value(); }

struct Scene {
  Time now = at("2026-07-01T10:28:00Z");
  std::vector<Policy> policies;
  WorkloadFacts workload;
  CaseFacts facts;
  std::vector<PastRestart> restarts;
  std::string own_namespace = "remint-system";
  WorkloadCounts counts{1000, 1000};
  std::string suspended;
  std::map<std::string, Storm> storms;

  Scene() {
    policies.push_back(cluster_policy("default"));
    workload.ref = {"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
    workload.known = true;
    workload.replicas = 3;
    facts.cause = "5f0c";
    facts.diagnosis = Diagnosis::kExpired;
    facts.confidence = 0.97;
    facts.pods.push_back(rejected_pod("cart-5f-abc", seconds(32), {32, 20, 5}));
  }

  static Policy cluster_policy(const std::string& name) {
    Policy policy;
    policy.kind = "ClusterTokenRefreshPolicy";
    policy.key = {"", name};
    policy.spec.mode = Mode::kEnforce;
    return policy;
  }

  static Policy own_policy(const std::string& ns, const std::string& name) {
    Policy policy = cluster_policy(name);
    policy.kind = "TokenRefreshPolicy";
    policy.key.ns = ns;
    return policy;
  }

  [[nodiscard]] PodFacts rejected_pod(const std::string& name, Duration since, const std::vector<int>& ago) const {
    PodFacts pod;
    pod.name = name;
    pod.failing_since = now - since;
    for (const int ago_seconds : ago) {
      pod.rejections.push_back(now - seconds(ago_seconds));
    }
    return pod;
  }

  PastRestart& past(Phase phase, Outcome outcome, Duration created_ago, std::optional<Duration> finished_ago) {
    PastRestart restart;
    restart.name = "deployment-cart-0123456789-" + std::to_string(restarts.size() + 1);
    restart.workload = workload.ref;
    restart.strategy = Strategy::kRolloutRestart;
    restart.cause = "other";
    restart.policy = "ClusterTokenRefreshPolicy/default";
    restart.phase = phase;
    restart.outcome = outcome;
    restart.created = now - created_ago;
    if (finished_ago) {
      restart.finished = now - *finished_ago;
    }
    restarts.push_back(restart);
    return restarts.back();
  }

  /// One that ended as told, so long ago; it began a minute before.
  PastRestart& ended(Strategy strategy, Phase phase, Outcome outcome, Duration ago) {
    PastRestart& restart = past(phase, outcome, ago + minutes(1), ago);
    restart.strategy = strategy;
    return restart;
  }
  PastRestart& failed(Strategy strategy, Duration ago) {
    return ended(strategy, Phase::kFailed, Outcome::kNotCured, ago);
  }
  PastRestart& cured(Strategy strategy, Duration ago) {
    return ended(strategy, Phase::kSucceeded, Outcome::kCured, ago);
  }

  [[nodiscard]] Decision decide() const { return decide_at(now); }
  [[nodiscard]] Decision decide_at(Time time) const {
    return policy::decide(policies, {&workload, &facts, restarts, own_namespace, counts, suspended, &storms}, time);
  }
};

}  // namespace remint::policy

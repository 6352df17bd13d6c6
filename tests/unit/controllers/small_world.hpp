#pragma once
// A Deployment shop/cart with two pods, a policy, and audit events about them: what the engine's tests play with.

#include <string>

#include "remint/controllers/detection_engine.hpp"

namespace remint::controllers::test {

inline const Time kStart = *parse_rfc3339("2026-07-01T10:00:00Z");

inline detect::PodRecord pod(const std::string& name, const std::string& address, Time created) {
  detect::PodRecord pod;
  pod.uid = "uid-" + name;
  pod.ns = "shop";
  pod.name = name;
  pod.node = "node-0";
  pod.service_account = "cart";
  pod.ips = {*IpAddress::parse(address)};
  pod.created = created;
  pod.started = created;
  pod.ready = true;
  pod.owner = {"apps/v1", "ReplicaSet", "cart-5f", "uid-rs"};
  pod.revision = "5f";
  return pod;
}

inline detect::WorkloadRecord workload(const std::string& kind, const std::string& name, const std::string& uid) {
  detect::WorkloadRecord record;
  record.ref = {"apps/v1", kind, "shop", name, uid};
  record.generation = record.observed_generation = 1;
  record.replicas = 2;
  return record;
}

inline policy::Policy enforce() {
  policy::Policy policy;
  policy.kind = "ClusterTokenRefreshPolicy";
  policy.key.name = "default";
  policy.spec.mode = policy::Mode::kEnforce;
  return policy;
}

class SmallWorld {
 public:
  explicit SmallWorld(EngineSettings settings = {}) : engine(std::move(settings)) {
    auto& inventory = engine.detector().inventory();
    inventory.apply(detect::NamespaceRecord{"shop", {}});
    inventory.apply(detect::ObjectKind::kDeployment, workload("Deployment", "cart", "uid-cart"));
    auto replica_set = workload("ReplicaSet", "cart-5f", "uid-rs");
    replica_set.owner = {"apps/v1", "Deployment", "cart", "uid-cart"};
    inventory.apply(detect::ObjectKind::kReplicaSet, replica_set);
    inventory.apply(pod("cart-5f-a", "10.0.0.1", kStart - std::chrono::hours(100)), kStart);
    inventory.apply(pod("cart-5f-b", "10.0.0.2", kStart - std::chrono::hours(100)), kStart);
    engine.set_policies({enforce()});
  }

  /// A 401 from an address, at kStart + `at`.
  void reject(const std::string& address, std::chrono::seconds at) {
    auto& record = next(detect::AuditKind::kRejected, at);
    record.code = 401;
    record.source = IpAddress::parse(address);
    deliver(at);
  }
  /// A request that was accepted, from the pod that the token names.
  void accept(const std::string& pod_uid, std::chrono::seconds at, std::int64_t stale_seconds = -1,
              const std::string& address = "") {
    auto& record = next(detect::AuditKind::kAccepted, at);
    record.code = 200;
    record.pod_uid = batch_.add(pod_uid);
    if (!address.empty()) record.source = IpAddress::parse(address);
    record.user_name = batch_.add("system:serviceaccount:shop:cart");
    record.stale_seconds = stale_seconds;
    deliver(at);
  }
  std::vector<WorkloadDecision> advance(std::chrono::seconds at) { return engine.advance(kStart + at); }

  DetectionEngine engine;

 private:
  detect::AuditRecord& next(detect::AuditKind kind, std::chrono::seconds at) {
    batch_.clear();
    auto& record = batch_.records.emplace_back();
    record.kind = kind;
    record.received = record.staged = kStart + at;
    record.dedup = ++events_;
    return record;
  }
  void deliver(std::chrono::seconds at) {
    detect::AuditReport report;
    report.events = 1;
    engine.observe(report, batch_, kStart + at);
  }

  detect::AuditBatch batch_;
  std::uint64_t events_ = 0;
};

/// Fails every 10 s from 0 s on; the default policy (3 within 2m, for 30s) is met at 30 s.
inline void fail_until(SmallWorld& world, std::chrono::seconds end, const std::string& address = "10.0.0.1") {
  for (auto at = std::chrono::seconds(0); at <= end; at += std::chrono::seconds(10)) world.reject(address, at);
}

/// Both pods of shop/cart call every 10 s for ten minutes, a key is replaced, and of one of them nothing is heard any
/// more until then.
inline void fall_silent(SmallWorld& world, std::chrono::seconds until) {
  using std::chrono::seconds;
  const seconds change(600);
  for (auto at = seconds(0); at < until; at += seconds(10)) {
    if (at < change) world.accept("uid-cart-5f-a", at, -1, "10.0.0.1");
    world.accept("uid-cart-5f-b", at, -1, "10.0.0.2");
  }
  world.engine.detector().inventory().apply(
      detect::TrustChange{Diagnosis::kSigningKeyChanged, kStart + change, kStart + change + seconds(10), "a new key"});
}

/// A cured restart of shop/cart.
inline policy::PastRestart finished(const std::string& name, const std::string& cause, Time when) {
  policy::PastRestart restart;
  restart.name = name;
  restart.workload = {"apps/v1", "Deployment", "shop", "cart", "uid-cart"};
  restart.cause = cause;
  restart.policy = "ClusterTokenRefreshPolicy/default";
  restart.phase = Phase::kSucceeded;
  restart.outcome = Outcome::kCured;
  restart.created = when;
  restart.finished = when;
  return restart;
}

}  // namespace remint::controllers::test

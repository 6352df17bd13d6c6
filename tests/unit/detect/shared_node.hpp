#pragma once
// A node whose pods share its address, and requests from there.

#include <algorithm>
#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

namespace remint::detect::shared_node {

using namespace std::chrono_literals;
using samples::start;

inline constexpr const char* kNode = "192.168.0.4";

/// One request: who sends it does not show when it is refused.
struct Call {
  std::string pod = {};  ///< UID; empty: refused
  Duration at{};
  std::string agent = "controller/v1";
  std::string ns = "shop";
  std::string resource = "configmaps";
  std::string from = kNode;
};

inline std::string event(const Call& call, int id) {
  const std::string user = call.pod.empty() ? "{}"
                                            : fmt::format(R"({{"username":"system:serviceaccount:{0}:x","extra":{{)"
                                                          R"("authentication.kubernetes.io/pod-name":["{1}"],)"
                                                          R"("authentication.kubernetes.io/pod-uid":["{1}"]}}}})",
                                                          call.ns, call.pod);
  return fmt::format(R"({{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"e{0}","stage":"{1}",)"
                     R"("requestURI":"/api/v1/namespaces/{2}/{3}","verb":"list","user":{4},"sourceIPs":["{5}"],)"
                     R"("userAgent":"{6}","objectRef":{{"resource":"{3}","namespace":"{2}"}},)"
                     R"("responseStatus":{{"code":{7}}},"requestReceivedTimestamp":"{8}","stageTimestamp":"{8}"}})",
                     id, call.pod.empty() ? "ResponseStarted" : "ResponseComplete", call.ns, call.resource, user,
                     call.from, call.agent, call.pod.empty() ? 401 : 200, format_rfc3339_micro(start() + call.at));
}

/// Node worker-1 with some Deployments of one pod each; pod "x" belongs to Deployment "dep-x".
struct Node {
  Detector detector;
  AuditDecoder decoder;
  int next_id = 0;
  Time now = start();

  explicit Node(const std::vector<std::string>& pods = {"a", "b"}) {
    detector.inventory().apply(NodeRecord{"worker-1", {samples::ip(kNode)}});
    for (const std::string& uid : pods) {
      add(uid);
    }
  }
  void add(const std::string& uid, Time created = start() - 1h) {
    auto& inventory = detector.inventory();
    inventory.apply(ObjectKind::kDeployment, samples::workload("Deployment", uid, "dep-" + uid));
    inventory.apply(ObjectKind::kReplicaSet, samples::workload("ReplicaSet", uid + "-1", "rs-" + uid,
                                                               {"apps/v1", "Deployment", uid, "dep-" + uid}));
    apply(record(uid, created));
  }
  static PodRecord record(const std::string& uid, Time created = start() - 1h) {
    PodRecord pod = samples::pod(uid, fmt::format("10.244.1.{}", static_cast<int>(uid.front())));
    pod.owner = {"apps/v1", "ReplicaSet", uid + "-1", "rs-" + uid};
    pod.created = created;
    pod.started = created;
    return pod;
  }
  void apply(const PodRecord& pod) {
    detector.inventory().apply(pod, start());
    detector.pod_changed(pod.uid);
  }
  void observe(const std::vector<Call>& calls, std::optional<Time> heard = {}) {
    std::vector<std::string> events;
    for (const Call& call : calls) {
      events.push_back(event(call, ++next_id));
    }
    AuditBatch batch;
    const AuditReport report = decoder.decode(samples::list(events), batch);
    REQUIRE(report.invalid == 0);
    detector.count_events(report);
    now = std::max(now, heard.value_or(start() + std::ranges::max_element(calls, {}, &Call::at)->at));
    detector.observe(batch, now);
  }
  /// Every `interval` from `from` until `until`.
  void repeat(Call call, Duration from, Duration until, Duration interval = 10s) {
    std::vector<Call> calls;
    for (call.at = from; call.at < until; call.at += interval) {
      calls.push_back(call);
    }
    observe(calls);
  }
  [[nodiscard]] std::optional<Case> of(const std::string& uid) {
    (void)detector.take_changed();
    return detector.find_case("dep-" + uid);
  }
};

}  // namespace remint::detect::shared_node

#pragma once
// A bare pod as the API server sends it, and the WorkloadRestart that is to recreate it.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/restart/machine.hpp"

namespace remint::restart {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline Time at(const char* text) { return parse_rfc3339(text).value(); }

/// As a person wrote it.
inline Json written_pod() {
  return Json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "cart", "namespace": "shop", "labels": {"app": "cart"},
      "annotations": {"team": "checkout", "cni.projectcalico.org/ipAddrs": "[\"10.0.0.9\"]"}},
    "spec": {
      "serviceAccountName": "cart", "hostname": "cart-0", "schedulerName": "bin-packer",
      "terminationGracePeriodSeconds": 45, "priorityClassName": "gold",
      "tolerations": [{"key": "spot", "operator": "Exists"}],
      "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}],
      "initContainers": [{"name": "init", "image": "init:1"}],
      "containers": [{"name": "app", "image": "cart:7", "env": [{"name": "A", "value": "b"}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "vault", "mountPath": "/var/run/vault"}]}],
      "volumes": [{"name": "data", "emptyDir": {}},
        {"name": "vault", "projected": {"sources": [
          {"serviceAccountToken": {"audience": "vault", "expirationSeconds": 600, "path": "token"}}]}}]
    }})");
}

inline Json injected_volume(const std::string& name = "kube-api-access-x2k9z") {
  Json volume = Json::parse(R"({"projected": {"defaultMode": 420, "sources": [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
  ]}})");
  volume["name"] = name;
  return volume;
}

inline Json token_mount(const std::string& volume = "kube-api-access-x2k9z") {
  return {{"name", volume}, {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}, {"readOnly", true}};
}

/// The same once the API server, admission, the scheduler and the node have added theirs.
inline Json running_pod(const std::string& uid = "uid-cart") {
  Json pod = written_pod();
  pod["metadata"].update(Json{{"uid", uid},
                              {"resourceVersion", "100"},
                              {"creationTimestamp", "2026-06-01T00:00:00Z"},
                              {"generateName", "cart-"},
                              {"generation", 3},
                              {"selfLink", "/api/v1/namespaces/shop/pods/cart"},
                              {"managedFields", Json::array({Json{{"manager", "kubectl"}}})}});
  pod["metadata"]["annotations"]["cni.projectcalico.org/podIP"] = "10.0.0.9/32";
  pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = "[]";
  pod["metadata"]["annotations"]["kubernetes.io/config.seen"] = "2026-06-01T00:00:00Z";
  Json& spec = pod["spec"];
  spec["nodeName"] = "node-1";
  spec["priority"] = 1000;
  spec["preemptionPolicy"] = "PreemptLowerPriority";
  spec["overhead"] = {{"cpu", "1m"}};
  spec["ephemeralContainers"] = Json::array({Json{{"name", "debugger"}, {"image", "busybox"}}});
  spec["volumes"].push_back(injected_volume());
  spec["initContainers"][0]["volumeMounts"] = Json::array({token_mount()});
  spec["containers"][0]["volumeMounts"].push_back(token_mount());
  pod["status"] = Json::parse(R"({"phase": "Running", "podIP": "10.0.0.9",
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-06-01T00:00:09Z"}]})");
  return pod;
}

inline Journal recreate_journal() {
  Journal journal;
  journal.key = {"shop", "pod-cart-0123456789-1"};
  journal.uid = "uid-journal";
  journal.resource_version = "1";
  journal.generation = 1;
  journal.created = at("2026-07-01T10:27:59Z");
  journal.spec.target = {"v1", "Pod", "shop", "cart", "uid-cart"};
  journal.spec.strategy = Strategy::kRecreate;
  journal.spec.cause = "5f0c";
  journal.spec.reason = "3 requests were answered 401";
  return journal;
}

inline Observation see(const Json& pod) {
  Observation observation;
  observation.target = parse_target(pod.dump()).value();
  return observation;
}

inline Observation see_nothing() {
  Observation observation;
  observation.target_gone = true;
  return observation;
}

inline Observation answered(Observation observation, Answer answer) {
  observation.answer = std::move(answer);
  return observation;
}

inline const Answer kTaken{true, ErrorCode::kInternal, ""};
inline const Answer kEvicted{true, ErrorCode::kInternal, "", true};
inline const Answer kHeldBack{false, ErrorCode::kTooMany,
                              "Cannot evict pod as it would violate the pod's disruption budget.; The disruption "
                              "budget cart needs 1 healthy pods "
                              "and has 1 currently",
                              true};
inline const Answer kForbidden{false, ErrorCode::kForbidden, "exceeded quota: pods"};

inline std::string blocked_reason(const JournalStatus& status) {
  for (const Condition& condition : status.conditions) {
    if (condition.type == "Blocked" && condition.status) {
      return condition.reason;
    }
  }
  return "";
}

template <class A>
const A* act_of(const Step& step) {
  for (const Effect& effect : step.effects) {
    if (const auto* act = std::get_if<A>(&effect.act)) {
      return act;
    }
  }
  return nullptr;
}

inline bool warns(const Step& step) {
  for (const Effect& effect : step.effects) {
    if (const auto* notify = std::get_if<Notify>(&effect.act); notify != nullptr && notify->warning) {
      return true;
    }
  }
  return false;
}

}  // namespace remint::restart

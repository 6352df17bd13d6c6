// What of a running pod a person wrote, and what the cluster added. facts: kubernetes.md, bare pod.

#include "pod_manifest.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace remint::restart {
namespace {

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? kNone : *found;
}

/// Written by network plugins and the kubelet about the pod that was; copied, they would tell the plugin that the new
/// pod has its network already. What people ask of these plugins (a fixed address, a second network) has other names
/// under the same prefixes, and stays.
bool is_status_annotation(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kStatus{
      "cni.projectcalico.org/podIP",        "cni.projectcalico.org/podIPs", "cni.projectcalico.org/containerID",
      "k8s.v1.cni.cncf.io/network-status",  "k8s.ovn.org/pod-networks",     "ovn.kubernetes.io/allocated",
      "k8s.v1.cni.cncf.io/networks-status", "ovn.kubernetes.io/routed",     "vpc.amazonaws.com/pod-eni",
  };
  return name.starts_with("kubernetes.io/config.") || std::ranges::find(kStatus, name) != kStatus.end();
}

Json clean_annotations(const Json& annotations) {
  Json kept = Json::object();
  for (const auto& [name, value] : annotations.items()) {
    if (!is_status_annotation(name)) {
      kept[name] = value;
    }
  }
  return kept;
}

/// The garbage collector's two say how an object that is being deleted is to be deleted. All others stay: their
/// controllers took them off the old pod, or it would not be gone, and do so for the new one.
Json clean_finalizers(const Json& finalizers) {
  Json kept = Json::array();
  for (const Json& finalizer : finalizers) {
    if (finalizer != "foregroundDeletion" && finalizer != "orphan") {
      kept.push_back(finalizer);
    }
  }
  return kept;
}

/// A list of what is kept: all else in metadata is the API server's. generateName, too: with it the server answers a
/// name that is taken as its own failure to make one up, not as AlreadyExists.
Json clean_metadata(const Json& metadata) {
  Json kept = Json::object();
  // Owners that are no controllers stay: the pod is to go when they go, now as before. If one vanishes just now, the
  // garbage collector takes the new pod as it would have taken the old one.
  for (const char* key : {"name", "namespace", "labels", "ownerReferences"}) {
    if (const Json& value = member(metadata, key); !value.is_null() && !value.empty()) {
      kept[key] = value;
    }
  }
  if (Json annotations = clean_annotations(member(metadata, "annotations")); !annotations.empty()) {
    kept["annotations"] = std::move(annotations);
  }
  if (Json finalizers = clean_finalizers(member(metadata, "finalizers")); !finalizers.empty()) {
    kept["finalizers"] = std::move(finalizers);
  }
  return kept;
}

/// The Priority plugin works these out, and refuses a pod whose numbers are not those of today.
void clean_priority(Json& spec) {
  const Json& name = member(spec, "priorityClassName");
  // NOLINTNEXTLINE(readability-container-size-empty): an empty text is no empty container of JSON
  const bool has_class = name.is_string() && name != "";
  if (has_class || member(spec, "priority") == 0) {
    spec.erase("priority");
  }
  if (has_class || member(spec, "preemptionPolicy") == "PreemptLowerPriority") {
    spec.erase("preemptionPolicy");
  }
}

/// A list of what is taken away: fields that a newer Kubernetes will have must not get lost. schedulerName, hostname,
/// tolerations, resourceClaims and all else are either a person's or the same again when the server adds them.
Json clean_spec(Json spec, bool keep_node) {
  if (!keep_node) {
    spec.erase("nodeName");
  }
  spec.erase("ephemeralContainers");  // a creation with them is refused
  spec.erase("overhead");             // the RuntimeClass's, and refused where it changed
  clean_priority(spec);
  drop_injected_tokens(spec);
  return spec;
}

}  // namespace

Json clean_pod(const Json& pod, bool keep_node) {
  Json clean{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", clean_metadata(member(pod, "metadata"))}};
  const Json& spec = member(pod, "spec");
  clean["spec"] = spec.is_object() ? clean_spec(spec, keep_node) : Json::object();
  return clean;
}

}  // namespace remint::restart

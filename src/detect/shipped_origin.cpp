// What senders say about where a record comes from.
#include <algorithm>
#include <array>

#include "shipped_pieces.hpp"

namespace remint::detect {
namespace {

namespace dom = simdjson::dom;

bool is_api_server(std::string_view container, std::string_view ns) {
  const bool right_namespace = ns.empty() || ns == "kube-system" || ns == "openshift-kube-apiserver";
  return (container.empty() || container == "kube-apiserver") && right_namespace;
}

/// Of OTLP: {"resource":{"attributes":[{"key":"k8s.pod.name","value":{"stringValue":"x"}}]}}
std::string_view attribute_of(dom::object record, std::string_view key) {
  dom::array attributes;
  if (record["resource"]["attributes"].get(attributes)) {
    return {};
  }
  for (const dom::element element : attributes) {
    dom::object attribute;
    std::string_view value;
    if (!element.get(attribute) && text_of(attribute, "key") == key && !attribute["value"]["stringValue"].get(value)) {
      return value;
    }
  }
  return {};
}

/// The first of these members that is there.
std::string_view first_of(dom::object object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (const auto text = text_of(object, key); !text.empty()) {
      return text;
    }
  }
  return {};
}

/// EKS: "kube-apiserver-audit-<id>", "kube-apiserver-<id>", "authenticator-<id>", "kube-scheduler-<id>", ...
bool is_foreign_stream(std::string_view stream) {
  constexpr std::array<std::string_view, 4> kOthers = {"authenticator-", "kube-scheduler-", "kube-controller-manager-",
                                                       "cloud-controller-manager-"};
  return std::ranges::any_of(kOthers, [&](std::string_view other) { return stream.starts_with(other); });
}

/// AKS: the diagnostic setting's categories.
bool is_foreign_category(std::string_view category) {
  return !category.empty() && category != "kube-audit" && category != "kube-audit-admin" &&
         category != "kube-apiserver";
}

}  // namespace

std::string_view text_of(dom::object object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) ? std::string_view() : text;
}

bool is_foreign(dom::object record) {
  dom::object kubernetes;
  if (!record["kubernetes"].get(kubernetes) &&
      !is_api_server(text_of(kubernetes, "container_name"),
                     first_of(kubernetes, {"namespace_name", "pod_namespace", "namespace"}))) {
    return true;
  }
  dom::element ignored;
  if (!record["resource"].get(ignored) &&
      !is_api_server(attribute_of(record, "k8s.container.name"), attribute_of(record, "k8s.namespace.name"))) {
    return true;
  }
  // Google's LogEntry of a container, a pod or a node.
  std::string_view type;
  if (!record["resource"]["type"].get(type) && type.starts_with("k8s_") && type != "k8s_cluster" &&
      type != "k8s_control_plane_component") {
    return true;
  }
  const bool azure = !record["properties"].get(ignored);
  return is_foreign_stream(text_of(record, "logStream")) || (azure && is_foreign_category(text_of(record, "category")));
}

std::string_view stream_of(dom::object record) {
  if (const auto stream = first_of(record, {"logStream", "log_stream"}); !stream.empty()) {
    return stream;
  }
  for (const auto* member : {"kubernetes", "properties"}) {
    dom::object object;
    if (!record[member].get(object)) {
      if (const auto pod = first_of(object, {"pod_name", "pod"}); !pod.empty()) {
        return pod;
      }
    }
  }
  return attribute_of(record, "k8s.pod.name");
}

}  // namespace remint::detect

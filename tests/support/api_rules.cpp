#include "support/api_rules.hpp"

#include <fmt/format.h>

#include <atomic>

#include "remint/base/clock.hpp"
#include "remint/base/time.hpp"
#include "support/api_selector.hpp"

namespace remint::testing {
namespace {

Json member(const Json& object, const std::string& name) {
  return object.is_object() ? object.value(name, Json()) : Json();
}

std::string text_at(const Json& object, const std::string& name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

/// What the generation counts: of a custom resource everything but metadata and status, of a Deployment the annotations
/// too, of others the spec.
bool spec_differs(const ApiResource& resource, Json before, Json after) {
  if (resource.kind == "Deployment" &&
      member(before["metadata"], "annotations") != member(after["metadata"], "annotations")) {
    return true;
  }
  if (!resource.custom) return member(before, "spec") != member(after, "spec");
  for (const auto* name : {"metadata", "status", "kind", "apiVersion"}) {
    before.erase(name);
    after.erase(name);
  }
  return before != after;
}

bool selects(const Json& selector, const Json& pod) {
  Selection selection;
  const Json labels = selector.value("matchLabels", Json::object());
  for (const auto& [key, value] : labels.items()) {
    selection.labels.push_back({key, SelectorTerm::Op::kEquals, {value.get<std::string>()}});
  }
  return selection.matches(pod);
}

}  // namespace

std::expected<Json, ApiAnswer> apply_update_rules(const ApiResource& resource, const Json& before, Json asked,
                                                  const std::string& subresource, bool replacing) {
  const Json& old_meta = before["metadata"];
  const std::string name = text_at(old_meta, "name");
  if (!asked.is_object() || (asked.contains("metadata") && !asked["metadata"].is_object())) {
    return std::unexpected(bad_request("the object must be a JSON object with metadata"));
  }
  Json& meta = asked["metadata"];
  if (meta.is_null()) meta = Json::object();
  const std::string version = text_at(meta, "resourceVersion");
  if (replacing && version.empty() && (resource.needs_version || resource.custom)) {
    return std::unexpected(
        invalid(resource, name, "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"));
  }
  const std::string uid = text_at(meta, "uid");
  if (replacing && !uid.empty() && uid != text_at(old_meta, "uid")) {
    return std::unexpected(conflict(resource, name,
                                    "StorageError: invalid object, Precondition failed: UID in precondition: " + uid +
                                        ", UID in object meta: " + text_at(old_meta, "uid")));
  }
  if (!version.empty() && version != text_at(old_meta, "resourceVersion"))
    return std::unexpected(modified(resource, name));
  for (const auto* field : {"uid", "name", "namespace"}) {
    const std::string value = text_at(meta, field);
    if (!value.empty() && value != text_at(old_meta, field)) {
      return std::unexpected(invalid(resource, name, std::string("metadata.") + field,
                                     "Invalid value: \"" + value + "\": field is immutable"));
    }
  }
  Json after = asked;
  if (subresource == "status") {
    after = before;
    after["status"] = member(asked, "status");
    if (after["status"].is_null()) after.erase("status");
  } else if (resource.has_status) {
    after.erase("status");
    if (before.contains("status")) after["status"] = before["status"];
  }
  for (const auto* field : {"uid", "name", "namespace", "creationTimestamp", "deletionTimestamp", "generation",
                            "deletionGracePeriodSeconds", "generateName", "resourceVersion"}) {
    after["metadata"].erase(field);
    if (old_meta.contains(field)) after["metadata"][field] = old_meta[field];
  }
  after.erase("kind");
  after.erase("apiVersion");
  if (resource.has_generation && spec_differs(resource, before, after)) {
    after["metadata"]["generation"] = old_meta.value("generation", 1) + 1;
  }
  return after;
}

Json scale_of(const ApiResource& resource, const Json& workload) {
  (void)resource;
  const Json& meta = workload["metadata"];
  Json scale = {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}};
  for (const auto* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (meta.contains(field)) scale["metadata"][field] = meta[field];
  }
  scale["spec"]["replicas"] = workload.value("spec", Json::object()).value("replicas", 0);
  scale["status"]["replicas"] = workload.value("status", Json::object()).value("replicas", 0);
  return scale;
}

Json with_scale(const Json& workload, const Json& scale) {
  Json result = workload;
  result["spec"]["replicas"] = scale.value("spec", Json::object()).value("replicas", 0);
  result["metadata"]["resourceVersion"] = scale.value("metadata", Json::object()).value("resourceVersion", "");
  return result;
}

std::optional<ApiAnswer> check_preconditions(const ApiResource& resource, const Json& object, const Json& options) {
  const Json wanted = member(options, "preconditions");
  if (!wanted.is_object()) return std::nullopt;
  const std::string name = text_at(object["metadata"], "name");
  const std::string uid = text_at(wanted, "uid"), own_uid = text_at(object["metadata"], "uid");
  if (!uid.empty() && uid != own_uid) {
    return conflict(resource, name,
                    "the UID in the precondition (" + uid + ") does not match the UID in record (" + own_uid +
                        "). The object might have been deleted and then recreated");
  }
  const std::string version = text_at(wanted, "resourceVersion");
  const std::string own_version = text_at(object["metadata"], "resourceVersion");
  if (!version.empty() && version != own_version) {
    return conflict(resource, name,
                    "the ResourceVersion in the precondition (" + version +
                        ") does not match the ResourceVersion in record (" + own_version +
                        "). The object might have been modified");
  }
  return std::nullopt;
}

std::optional<ApiAnswer> check_budget(const Json& budget, const Json& pod) {
  const Json spec = budget.value("spec", Json::object()), status = budget.value("status", Json::object());
  if (!selects(spec.value("selector", Json::object()), pod)) return std::nullopt;
  const std::string name = text_at(budget["metadata"], "name");
  const bool processed = status.value("observedGeneration", 0) >= budget["metadata"].value("generation", 1);
  if (processed && status.value("disruptionsAllowed", 0) > 0) return std::nullopt;
  Json details = {{"causes", Json::array()}};
  std::string why = fmt::format("The disruption budget {} needs {} healthy pods and has {} currently", name,
                                status.value("desiredHealthy", 0), status.value("currentHealthy", 0));
  if (!processed) {
    why = "The disruption budget " + name + " is still being processed by the server.";
    details["retryAfterSeconds"] = 10;
  }
  details["causes"].push_back({{"reason", "DisruptionBudget"}, {"message", why}});
  auto answer = failure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                        std::move(details));
  if (!processed) answer.headers["Retry-After"] = "10";
  return answer;
}

std::string now_rfc3339() { return format_rfc3339(system_clock().now()); }

std::string new_uid() {
  static std::atomic<std::uint64_t> next{1};
  return fmt::format("7a6b5c4d-1111-4222-8333-{:012x}", next++);
}

}  // namespace remint::testing

// The manifest on its way into the journal and out again: there it is input like any other.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pod_manifest.hpp"
#include "remint/base/text.hpp"

namespace remint::restart {
namespace {

/// Of a path like {"metadata", "labels"}; null when anything on the way is absent or no object.
Json at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* value = &json;
  for (const std::string_view key : path) {
    const auto found = value->is_object() ? value->find(std::string(key)) : value->end();
    if (found == value->end()) {
      return {};
    }
    value = &*found;
  }
  return *value;
}

std::string text_at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json value = at(json, path);
  return value.is_string() ? value.get<std::string>() : "";
}

Json parsed(std::string_view pod) { return parse_json(pod).value_or(Json()); }

bool has_controller(const Json& pod) {
  const Json owners = at(pod, {"metadata", "ownerReferences"});
  return std::ranges::any_of(owners, [](const Json& owner) { return at(owner, {"controller"}) == true; });
}

/// Why the first container that waits does so.
std::string waiting_reason(const Json& status) {
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& container : at(status, {list})) {
      if (const std::string reason = text_at(container, {"state", "waiting", "reason"}); !reason.empty()) {
        return fmt::format("container {}: {}", text_at(container, {"name"}), reason);
      }
    }
  }
  return "";
}

}  // namespace

Result<std::string> manifest_of(std::string_view pod, const Journal& journal) {
  const auto json = parse_json(pod);
  if (!json) {
    return std::unexpected(json.error());
  }
  Json manifest = clean_pod(*json, journal.spec.options.keep_node);
  manifest["metadata"]["annotations"][std::string(kRestartedBy)] = journal.uid;
  return dump_json(manifest);
}

std::string under_generated_name(const std::string& manifest) {
  Json pod = parsed(manifest);
  // The server appends five characters, and takes 63 in all.
  constexpr std::size_t kMaxPrefix = 50;
  pod["metadata"]["generateName"] = dns_name(text_at(pod, {"metadata", "name"}), kMaxPrefix) + "-";
  pod["metadata"].erase("name");
  return dump_json(pod);
}

std::string manifest_problem(const Journal& journal) {
  const auto pod = parse_json(journal.status.saved.manifest, kMaxManifest);
  if (!pod || !pod->is_object() || !at(*pod, {"metadata"}).is_object() || !at(*pod, {"spec"}).is_object()) {
    return "it is no object";
  }
  const ObjectRef& target = journal.spec.target;
  if (text_at(*pod, {"apiVersion"}) != "v1" || text_at(*pod, {"kind"}) != "Pod") {
    return "it is no Pod of v1";
  }
  // The journal's namespace, whatever the target says: who may write here must not have anything created elsewhere.
  if (text_at(*pod, {"metadata", "namespace"}) != journal.key.ns || target.ns != journal.key.ns ||
      text_at(*pod, {"metadata", "name"}) != target.name) {
    return "it has another name or namespace";
  }
  if (journal.uid.empty() || text_at(*pod, {"metadata", "annotations", kRestartedBy}) != journal.uid) {
    return "it does not bear the mark of this WorkloadRestart";
  }
  if (has_controller(*pod)) {
    return "it has a controller";
  }
  if (clean_pod(*pod, journal.spec.options.keep_node) != *pod) {
    return "it has fields that are never saved";
  }
  return "";
}

bool edited_since(std::string_view pod, const Journal& journal) {
  const Json now = clean_pod(parsed(pod), journal.spec.options.keep_node);
  const Json then = parsed(journal.status.saved.manifest);
  Json annotations = at(then, {"metadata", "annotations"});
  annotations.erase(kRestartedBy);
  const Json annotated = at(now, {"metadata", "annotations"});
  return at(now, {"spec"}) != at(then, {"spec"}) ||
         at(now, {"metadata", "labels"}) != at(then, {"metadata", "labels"}) ||
         (annotated.is_null() ? Json::object() : annotated) != annotations;
}

bool made_by(std::string_view pod, const Journal& journal) {
  return !journal.uid.empty() && text_at(parsed(pod), {"metadata", "annotations", kRestartedBy}) == journal.uid;
}

Duration grace_period(std::string_view pod) {
  constexpr std::int64_t kDefault = 30;
  constexpr std::int64_t kMonth = std::int64_t{30} * 24 * 3600;
  const Json seconds = at(parsed(pod), {"spec", "terminationGracePeriodSeconds"});
  const std::int64_t wanted = seconds.is_number_integer() ? seconds.get<std::int64_t>() : kDefault;
  return std::chrono::seconds(std::clamp<std::int64_t>(wanted, 0, kMonth));
}

std::string pod_phase(std::string_view pod) { return text_at(parsed(pod), {"status", "phase"}); }

std::string pod_trouble(std::string_view pod) {
  const Json status = at(parsed(pod), {"status"});
  if (std::string waiting = waiting_reason(status); !waiting.empty()) {
    return waiting;
  }
  std::string why = text_at(status, {"message"});
  for (const Json& condition : at(status, {"conditions"})) {
    if (why.empty() && text_at(condition, {"status"}) == "False") {
      why = text_at(condition, {"message"});
    }
  }
  const std::string phase = fmt::format("phase {}", text_at(status, {"phase"}));
  return why.empty() ? phase : fmt::format("{}: {}", phase, why);
}

}  // namespace remint::restart

#include "lease_json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"

namespace remint::runtime {
namespace {

const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto it = object.find(name);
  return it == object.end() ? kNull : *it;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

// The API server keeps 32 bits; more than that would overflow our nanoseconds.
std::int64_t number_of(const Json& value) {
  if (!value.is_number_integer()) return 0;
  const auto number = value.get<std::int64_t>();
  return number < 0 || number > std::numeric_limits<std::int32_t>::max() ? 0 : number;
}

void set(Json& object, const char* name, const std::optional<Time>& time) {
  if (time) {
    object[name] = format_rfc3339_micro(*time);
  } else {
    object.erase(name);
  }
}

}  // namespace

Result<Lease> parse_lease(std::string_view text) {
  auto object = parse_json(text);
  if (!object) return fail_in(object.error(), "Lease");
  const auto& spec = member(*object, "spec");
  LeaseRecord record{.holder = text_of(member(spec, "holderIdentity")),
                     .duration = std::chrono::seconds(number_of(member(spec, "leaseDurationSeconds"))),
                     .acquire_time = parse_rfc3339(text_of(member(spec, "acquireTime"))),
                     .renew_time = parse_rfc3339(text_of(member(spec, "renewTime"))),
                     .transitions = number_of(member(spec, "leaseTransitions")),
                     .resource_version = text_of(member(member(*object, "metadata"), "resourceVersion"))};
  // Without it an update would have no precondition, and could take the lease from its holder.
  if (record.resource_version.empty()) return fail(ErrorCode::kInternal, "Lease: metadata.resourceVersion is missing");
  return Lease{std::string(text), std::move(record)};
}

std::string suspension(const Json& lease) {
  const auto value = text_of(member(member(member(lease, "metadata"), "annotations"), "remint.dev/suspend"));
  if (value.empty() || value == "false") return "";
  const auto& metadata = member(lease, "metadata");
  const std::string where = "Lease/" + text_of(member(metadata, "namespace")) + "/" + text_of(member(metadata, "name"));
  return value == "true" ? where : where + " (" + sanitize(value, 200) + ")";
}

Json to_object(const Json& base, const ObjectKey& key, const LeaseRecord& record) {
  Json object = base.is_object() ? base : Json::object();
  object["apiVersion"] = "coordination.k8s.io/v1";
  object["kind"] = "Lease";
  auto& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  metadata["name"] = key.name;
  metadata["namespace"] = key.ns;
  metadata.erase("managedFields");
  if (record.resource_version.empty()) {
    metadata.erase("resourceVersion");
  } else {
    metadata["resourceVersion"] = record.resource_version;
  }
  auto& spec = object["spec"];
  if (!spec.is_object()) spec = Json::object();
  // Given up: the API server refuses an empty holder, but takes none.
  if (record.holder.empty()) {
    spec.erase("holderIdentity");
  } else {
    spec["holderIdentity"] = record.holder;
  }
  spec["leaseDurationSeconds"] = record.duration.count();
  spec["leaseTransitions"] = record.transitions;
  set(spec, "acquireTime", record.acquire_time);
  set(spec, "renewTime", record.renew_time);
  return object;
}

}  // namespace remint::runtime

#include "support/api_writer.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "support/api_patch.hpp"
#include "support/api_rules.hpp"

namespace remint::testing {
namespace {

ObjectKey key_of(const ApiPath& path) { return {path.ns, path.name}; }

bool is_dry_run(const HttpRequest& request) { return request.parameter("dryRun") == "All"; }

/// The body as an object; nothing when it is not one.
std::optional<Json> parse_body(const HttpRequest& request) {
  Json body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) return std::nullopt;
  return body;
}

ApiAnswer unreadable() { return bad_request("the object provided is unrecognized: couldn't get version/kind"); }

std::uint64_t version_of(const Json& object) {
  return std::stoull(object["metadata"]["resourceVersion"].get<std::string>());
}

enum class PatchKind : std::uint8_t { kMerge, kStrategic, kJson, kApply };

std::optional<PatchKind> patch_kind(const ApiResource& resource, const HttpRequest& request) {
  const std::string type = request.header("content-type");
  if (type.starts_with("application/merge-patch+json")) return PatchKind::kMerge;
  if (type.starts_with("application/strategic-merge-patch+json") && !resource.custom) return PatchKind::kStrategic;
  if (type.starts_with("application/json-patch+json")) return PatchKind::kJson;
  if (type.starts_with("application/apply-patch+yaml")) return PatchKind::kApply;
  return std::nullopt;
}

std::expected<Json, ApiAnswer> patched(PatchKind kind, const Json& current, const Json& patch) {
  try {
    switch (kind) {
      case PatchKind::kMerge:
        return merge_patch(current, patch);
      case PatchKind::kJson:
        return json_patch(current, patch);
      case PatchKind::kStrategic:
      case PatchKind::kApply:
        return strategic_merge_patch(current, patch);
    }
  } catch (const Json::exception&) {
    // Real servers say no more than this either.
  }
  return std::unexpected(
      failure(422, "Invalid", "the server rejected our request due to an error in our request", Json::object()));
}

}  // namespace

void ApiWriter::complete(const ApiResource& resource, Json& object) {
  Json& meta = object["metadata"];
  if (!meta.contains("uid")) meta["uid"] = new_uid();
  if (!meta.contains("creationTimestamp")) meta["creationTimestamp"] = now_rfc3339();
  if (resource.has_generation && !meta.contains("generation")) meta["generation"] = 1;
  if (resource.group == "apps" && resource.kind != "DaemonSet" && !object["spec"].contains("replicas")) {
    object["spec"]["replicas"] = 1;
  }
  if (resource.has_status && !resource.custom && !object.contains("status")) object["status"] = Json::object();
  if (resource.kind == "Pod" && !object["status"].contains("phase")) object["status"]["phase"] = "Pending";
  if (resource.kind == "Namespace") {
    meta["labels"]["kubernetes.io/metadata.name"] = meta.value("name", "");
    if (!object["status"].contains("phase")) object["status"]["phase"] = "Active";
  }
}

ApiAnswer ApiWriter::create(const ApiResource& resource, const ApiPath& path, const HttpRequest& request) {
  auto body = parse_body(request);
  if (!body) return unreadable();
  return create_object(resource, path.ns, std::move(*body), is_dry_run(request));
}

ApiAnswer ApiWriter::create_object(const ApiResource& resource, const std::string& ns, Json object, bool dry_run) {
  Json& meta = object["metadata"];
  if (!meta.is_object()) meta = Json::object();
  std::string name = meta.value("name", "");
  if (name.empty() && meta.contains("generateName")) {
    name = meta["generateName"].get<std::string>() + new_uid().substr(31);
    meta["name"] = name;
  }
  if (name.empty()) return invalid(resource, "", "metadata.name", "Required value: name or generateName is required");
  if (resource.namespaced) {
    if (meta.value("namespace", ns) != ns) {
      return bad_request("the namespace of the provided object does not match the namespace sent on the request");
    }
    meta["namespace"] = ns;
    if (!storage_.get("namespaces", {"", ns})) {
      return failure(404, "NotFound", "namespaces \"" + ns + "\" not found", {{"name", ns}, {"kind", "namespaces"}});
    }
  }
  if (!meta.value("resourceVersion", "").empty()) {
    return failure(500, "", "resourceVersion should not be set on objects to be created");
  }
  for (const auto* field : {"uid", "creationTimestamp", "generation", "deletionTimestamp"}) meta.erase(field);
  if (resource.has_status) object.erase("status");
  complete(resource, object);
  const ObjectKey key{resource.namespaced ? ns : "", name};
  if (dry_run) {
    if (storage_.get(resource.qualified(), key)) return already_exists(resource, name);
    return object_answer(201, resource, object);
  }
  const auto written = storage_.put(resource.qualified(), key, std::move(object), 0);
  if (written.outcome == ApiStorage::Outcome::kConflict) return already_exists(resource, name);
  return object_answer(201, resource, written.now->json());
}

ApiAnswer ApiWriter::update(const ApiResource& resource, const ApiPath& path, const HttpRequest& request,
                            const Change& change) {
  while (true) {
    const StoredPtr stored = storage_.get(resource.qualified(), key_of(path));
    if (!stored) return not_found(resource, path.name);
    const Json before = stored->json();
    auto after = change(before);
    if (!after) return after.error();
    // A write that changes nothing is not stored: no new version, no watch event.
    const bool same = *after == before;
    const auto answer = [&](const Json& object) {
      if (path.subresource == "scale") return ApiAnswer{200, scale_of(resource, object).dump(), {}};
      return object_answer(200, resource, object);
    };
    if (is_dry_run(request) || same) return answer(*after);
    const Json& meta = (*after)["metadata"];
    const bool finished =
        meta.contains("deletionTimestamp") && resource.kind != "Pod" && meta.value("finalizers", Json::array()).empty();
    const auto written = finished ? storage_.erase(resource.qualified(), key_of(path), version_of(before))
                                  : storage_.put(resource.qualified(), key_of(path), *after, version_of(before));
    if (written.outcome == ApiStorage::Outcome::kStored) return answer(written.now->json());
    // Somebody was faster; the rules decide again, and refuse when the client named a version.
  }
}

ApiAnswer ApiWriter::replace(const ApiResource& resource, const ApiPath& path, const HttpRequest& request) {
  const auto body = parse_body(request);
  if (!body) return unreadable();
  const std::string name = body->value("metadata", Json::object()).value("name", "");
  if (name != path.name) {
    return bad_request("the name of the object (" + name + ") does not match the name on the URL (" + path.name + ")");
  }
  return update(resource, path, request, [&](const Json& before) {
    const Json asked = path.subresource == "scale" ? with_scale(before, *body) : *body;
    return apply_update_rules(resource, before, asked, path.subresource, path.subresource != "scale");
  });
}

ApiAnswer ApiWriter::patch(const ApiResource& resource, const ApiPath& path, const HttpRequest& request) {
  const auto kind = patch_kind(resource, request);
  if (!kind) return failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object());
  const Json body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded() || body.is_array() != (*kind == PatchKind::kJson)) {
    return bad_request("error decoding patch");
  }
  if (*kind == PatchKind::kApply) {
    if (request.parameter("fieldManager").empty()) {
      return failure(
          422, "Invalid",
          "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
    }
    if (path.subresource.empty() && !storage_.get(resource.qualified(), key_of(path))) {
      return create_object(resource, path.ns, body, is_dry_run(request));
    }
  }
  return update(resource, path, request, [&](const Json& before) -> std::expected<Json, ApiAnswer> {
    // A patch names kind and apiVersion at most to be understood; a "test" of them must hold all the same.
    Json view = path.subresource == "scale" ? scale_of(resource, before) : before;
    if (path.subresource != "scale") {
      view["kind"] = resource.kind;
      view["apiVersion"] = resource.api_version();
    }
    auto asked = patched(*kind, view, body);
    if (!asked) return std::unexpected(asked.error());
    if (path.subresource == "scale") *asked = with_scale(before, *asked);
    return apply_update_rules(resource, before, std::move(*asked), path.subresource, false);
  });
}

ApiAnswer ApiWriter::remove(const ApiResource& resource, const ApiPath& path, const HttpRequest& request) {
  Json options = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (!options.is_object()) return unreadable();
  if (!request.parameter("gracePeriodSeconds").empty()) {
    options["gracePeriodSeconds"] = std::stoi(request.parameter("gracePeriodSeconds"));
  }
  const bool dry_run = is_dry_run(request) || !options.value("dryRun", Json::array()).empty();
  return remove_object(resource, key_of(path), options, dry_run);
}

ApiAnswer ApiWriter::remove_object(const ApiResource& resource, const ObjectKey& key, const Json& options,
                                   bool dry_run) {
  while (true) {
    const StoredPtr stored = storage_.get(resource.qualified(), key);
    if (!stored) return not_found(resource, key.name);
    Json object = stored->json();
    if (const auto refused = check_preconditions(resource, object, options)) return *refused;
    if (dry_run) return deleted(resource, object);
    // A pod on a node stays until its kubelet is done, which is when somebody deletes it with a grace period of 0.
    const int grace = options.value("gracePeriodSeconds", 30);
    const bool on_node = resource.kind == "Pod" && !object.value("spec", Json::object()).value("nodeName", "").empty();
    Json& meta = object["metadata"];
    const bool lingers = (on_node && grace > 0) || !meta.value("finalizers", Json::array()).empty();
    if (lingers && meta.contains("deletionTimestamp")) return deleted(resource, object);
    ApiStorage::Written written;
    if (lingers) {
      meta["deletionTimestamp"] = now_rfc3339();
      meta["deletionGracePeriodSeconds"] = resource.kind == "Pod" ? grace : 0;
      written = storage_.put(resource.qualified(), key, std::move(object), stored->version);
    } else {
      written = storage_.erase(resource.qualified(), key, stored->version);
      if (resource.kind == "Namespace") storage_.erase_namespace(key.name);
    }
    if (written.outcome == ApiStorage::Outcome::kStored) return deleted(resource, written.now->json());
  }
}

ApiAnswer ApiWriter::evict(const ApiResource& pods, const ApiPath& path, const HttpRequest& request) {
  const auto body = parse_body(request);
  if (!body) return unreadable();
  const StoredPtr stored = storage_.get("pods", key_of(path));
  if (!stored) return not_found(pods, path.name);
  const Json pod = stored->json();
  const std::string phase = pod.value("status", Json::object()).value("phase", "Pending");
  // As the real one: what does not run, or is going anyway, is not protected.
  const bool counts = phase == "Running" && !pod["metadata"].contains("deletionTimestamp");
  for (const auto& [key, budget] : storage_.list("poddisruptionbudgets.policy", path.ns).items) {
    if (!counts) break;
    if (const auto refused = check_budget(budget->json(), pod)) return *refused;
  }
  const Json options = body->value("deleteOptions", Json::object());
  const bool dry_run = is_dry_run(request) || !options.value("dryRun", Json::array()).empty();
  const auto answer = remove_object(pods, key_of(path), options, dry_run);
  if (answer.status != 200) return answer;
  const Json success = {
      {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Success"}, {"code", 201}};
  return {201, success.dump(), {}};
}

ApiAnswer ApiWriter::get_scale(const ApiResource& resource, const ApiPath& path) {
  const StoredPtr stored = storage_.get(resource.qualified(), key_of(path));
  if (!stored) return not_found(resource, path.name);
  return {200, scale_of(resource, stored->json()).dump(), {}};
}

}  // namespace remint::testing

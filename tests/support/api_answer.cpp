#include "support/api_answer.hpp"

namespace remint::testing {
namespace {

Json details_of(const ApiResource& resource, const std::string& name) {
  Json details = {{"name", name}, {"kind", resource.plural}};
  if (!resource.group.empty()) details["group"] = resource.group;
  return details;
}

}  // namespace

ApiAnswer object_answer(int status, const ApiResource& resource, const Json& object) {
  Json whole = object;
  whole["kind"] = resource.kind;
  whole["apiVersion"] = resource.api_version();
  return {status, whole.dump(), {}};
}

Json failure_status(int code, const std::string& reason, const std::string& message, Json details) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", message}, {"code", code}};
  if (!reason.empty()) status["reason"] = reason;
  if (!details.is_null()) status["details"] = std::move(details);
  return status;
}

ApiAnswer failure(int code, const std::string& reason, const std::string& message, Json details) {
  return {code, failure_status(code, reason, message, std::move(details)).dump(), {}};
}

ApiAnswer not_found(const ApiResource& resource, const std::string& name) {
  return failure(404, "NotFound", resource.qualified() + " \"" + name + "\" not found", details_of(resource, name));
}

ApiAnswer already_exists(const ApiResource& resource, const std::string& name) {
  return failure(409, "AlreadyExists", resource.qualified() + " \"" + name + "\" already exists",
                 details_of(resource, name));
}

ApiAnswer conflict(const ApiResource& resource, const std::string& name, const std::string& why) {
  return failure(409, "Conflict",
                 "Operation cannot be fulfilled on " + resource.qualified() + " \"" + name + "\": " + why,
                 details_of(resource, name));
}

ApiAnswer modified(const ApiResource& resource, const std::string& name) {
  return conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

ApiAnswer invalid(const ApiResource& resource, const std::string& name, const std::string& field,
                  const std::string& why) {
  Json details = {{"name", name}, {"kind", resource.kind}, {"causes", Json::array()}};
  if (!resource.group.empty()) details["group"] = resource.group;
  details["causes"].push_back({{"reason", "FieldValueInvalid"}, {"message", why}, {"field", field}});
  const std::string kind = resource.group.empty() ? resource.kind : resource.kind + "." + resource.group;
  return failure(422, "Invalid", kind + " \"" + name + "\" is invalid: " + field + ": " + why, std::move(details));
}

ApiAnswer bad_request(const std::string& message) { return failure(400, "BadRequest", message); }

ApiAnswer unknown_resource(bool group_exists) {
  if (!group_exists) return {404, "404 page not found\n", {{"Content-Type", "text/plain; charset=utf-8"}}};
  return failure(404, "NotFound", "the server could not find the requested resource", Json::object());
}

ApiAnswer deleted(const ApiResource& resource, const Json& object) {
  if (resource.kind == "Pod" || resource.kind == "Namespace") return object_answer(200, resource, object);
  Json details = details_of(resource, object["metadata"].value("name", ""));
  details["uid"] = object["metadata"].value("uid", "");
  const Json status = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Success"},
                       {"details", std::move(details)}};
  return {200, status.dump(), {}};
}

}  // namespace remint::testing

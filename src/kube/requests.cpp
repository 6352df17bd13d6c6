#include "remint/kube/requests.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/kube/resources.hpp"

namespace remint::kube {
namespace {

constexpr const char* kJson = "application/json";

std::string metadata_of(std::string_view kind) {
  return fmt::format("application/json;as={};g=meta.k8s.io;v=v1", kind);
}

class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      text_ += fmt::format("{}{}={}", text_.empty() ? '?' : '&', name, percent_encode(value));
    }
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Request read_request(std::string path) {
  Request request;
  request.path = std::move(path);
  return request;
}

Request write_request(std::string method, std::string path, std::string content_type, std::string body) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.content_type = std::move(content_type);
  request.body = std::move(body);
  return request;
}

std::string write_query(const WriteOptions& options) {
  return Query().add("fieldManager", options.field_manager).add("dryRun", options.dry_run ? "All" : "").text();
}

Json delete_options(const DeleteOptions& options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!options.uid.empty()) {
    body["preconditions"]["uid"] = options.uid;
  }
  if (!options.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = options.resource_version;
  }
  if (options.grace_period_seconds) {
    body["gracePeriodSeconds"] = *options.grace_period_seconds;
  }
  if (!options.propagation.empty()) {
    body["propagationPolicy"] = options.propagation;
  }
  return body;
}

std::string number(const std::optional<unsigned>& value) { return value ? std::to_string(*value) : std::string{}; }

std::string since(const std::optional<Time>& time) { return time ? format_rfc3339(*time) : std::string{}; }

const char* patch_content_type(PatchType type) {
  switch (type) {
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";  // JSON is YAML
  }
  return kJson;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  // The only segments that mean something else although all their characters are allowed.
  return out == "." ? "%2E" : out == ".." ? "%2E%2E" : out;
}

std::string Resource::api_version() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string Resource::path(std::string_view ns, std::string_view name, std::string_view subresource) const {
  std::string out = group.empty() ? fmt::format("/api/{}", version) : fmt::format("/apis/{}/{}", group, version);
  if (namespaced && !ns.empty()) {
    out += "/namespaces/" + percent_encode(ns);
  }
  out += fmt::format("/{}", plural);
  if (!name.empty()) {
    out += "/" + percent_encode(name);
  }
  if (!subresource.empty()) {
    out += "/" + percent_encode(subresource);
  }
  return out;
}

Request list_request(const Resource& resource, const ListOptions& options, std::string_view continue_token) {
  Request request = read_request(resource.path(options.ns) + Query()
                                                                 .add("labelSelector", options.label_selector)
                                                                 .add("fieldSelector", options.field_selector)
                                                                 .add("limit", std::to_string(options.page_size))
                                                                 .add("continue", continue_token)
                                                                 .text());
  if (resource.metadata_only) request.accept = metadata_of("PartialObjectMetadataList");
  return request;
}

Request watch_request(const Resource& resource, const WatchOptions& options) {
  Request request = read_request(resource.path(options.ns) +
                                 Query()
                                     .add("watch", "true")
                                     .add("allowWatchBookmarks", "true")
                                     .add("resourceVersion", options.resource_version)
                                     .add("timeoutSeconds", std::to_string(options.server_timeout.count()))
                                     .add("labelSelector", options.label_selector)
                                     .add("fieldSelector", options.field_selector)
                                     .text());
  request.silence = options.server_timeout + options.idle_margin;
  if (resource.metadata_only) request.accept = metadata_of("PartialObjectMetadata");
  return request;
}

Request get_request(const Resource& resource, const ObjectKey& key, std::string_view subresource) {
  return read_request(resource.path(key.ns, key.name, subresource));
}

Request create_request(const Resource& resource, std::string_view ns, const std::string& body,
                       const WriteOptions& options) {
  return write_request("POST", resource.path(ns) + write_query(options), kJson, body);
}

Request patch_request(const Resource& resource, const ObjectKey& key, PatchType type, const std::string& body,
                      const WriteOptions& options) {
  std::string query = write_query(options);
  if (type == PatchType::kApply && options.force) {
    query += query.empty() ? "?force=true" : "&force=true";
  }
  return write_request("PATCH", resource.path(key.ns, key.name, options.subresource) + query, patch_content_type(type),
                       body);
}

Request replace_request(const Resource& resource, const ObjectKey& key, const std::string& body,
                        const WriteOptions& options) {
  return write_request("PUT", resource.path(key.ns, key.name, options.subresource) + write_query(options), kJson, body);
}

Request delete_request(const Resource& resource, const ObjectKey& key, const DeleteOptions& options) {
  return write_request("DELETE", resource.path(key.ns, key.name), kJson, dump_json(delete_options(options)));
}

Request evict_request(const ObjectKey& pod, const DeleteOptions& options) {
  const Json body = {{"apiVersion", "policy/v1"},
                     {"kind", "Eviction"},
                     {"metadata", {{"name", pod.name}, {"namespace", pod.ns}}},
                     {"deleteOptions", delete_options(options)}};
  return write_request("POST", kPods.path(pod.ns, pod.name, "eviction"), kJson, dump_json(body));
}

Request logs_request(const ObjectKey& pod, const LogOptions& options) {
  Request request = read_request(kPods.path(pod.ns, pod.name, "log") +
                                 Query()
                                     .add("container", options.container)
                                     .add("tailLines", number(options.tail_lines))
                                     .add("sinceSeconds", number(options.since_seconds))
                                     .add("sinceTime", options.since_seconds ? "" : since(options.since_time))
                                     .add("timestamps", options.timestamps ? "true" : "")
                                     .add("limitBytes", std::to_string(options.limit_bytes))
                                     .text());
  request.accept = "*/*";
  return request;
}

Request follow_request(const ObjectKey& pod, const FollowOptions& options) {
  Request request =
      read_request(kPods.path(pod.ns, pod.name, "log") + Query()
                                                             .add("container", options.container)
                                                             .add("follow", "true")
                                                             .add("tailLines", number(options.tail_lines))
                                                             .add("sinceTime", since(options.since_time))
                                                             .add("timestamps", options.timestamps ? "true" : "")
                                                             .text());
  request.accept = "*/*";
  // The answer's head comes with the first line: a container that says nothing is no dead connection.
  request.timeout = request.silence = options.silence;
  return request;
}

}  // namespace remint::kube

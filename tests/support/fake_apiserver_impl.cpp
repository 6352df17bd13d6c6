#include "support/fake_apiserver_impl.hpp"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

namespace remint::testing {
namespace {

ApiAnswer method_not_allowed() {
  return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource",
                 Json::object());
}

constexpr const char* kVersion = R"({"major":"1","minor":"36","gitVersion":"v1.36.3","platform":"linux/amd64"})";

bool scales(const ApiResource& resource) {
  return resource.kind == "ReplicationController" || (resource.group == "apps" && resource.kind != "DaemonSet");
}

}  // namespace

FakeApiServer::Impl::Impl(FakeApiServerSettings s)
    : settings(std::move(s)), reader(storage, {settings.bookmark_every}), writer(storage), tokens(settings.tokens) {
  if (settings.tls) {
    ca = std::make_unique<TestCa>("fake-apiserver-ca");
    tls = ListenerTls{ca->issue_server(), settings.client_certificates ? ca->certificate() : "", false};
  }
  for (const auto* ns : {"default", "kube-system"}) make_namespace(ns);
  listen();
}

void FakeApiServer::Impl::listen() {
  listener = std::make_unique<HttpListener>(
      [this](const HttpRequest& request, HttpConnection& connection) { serve(request, connection); }, settings.port,
      tls);
  settings.port = listener->port();
}

void FakeApiServer::Impl::make_namespace(const std::string& name) {
  if (storage.get("namespaces", {"", name})) return;
  Json object = {{"metadata", {{"name", name}}}};
  ApiWriter::complete(*resource_at("", "v1", "namespaces"), object);
  (void)storage.put("namespaces", {"", name}, std::move(object), 0);
}

std::optional<ApiResource> FakeApiServer::Impl::resource_at(const std::string& group, const std::string& version,
                                                            const std::string& plural) const {
  const std::shared_lock lock(mutex);
  const auto* found = resources.find(group, version, plural);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

bool FakeApiServer::Impl::let_in(const HttpRequest& request) const {
  const std::shared_lock lock(mutex);
  if (!request.client_certificate_user.empty()) return true;
  if (tokens.empty() && !settings.client_certificates) return true;
  const std::string header = request.header("authorization");
  return header.starts_with("Bearer ") && std::find(tokens.begin(), tokens.end(), header.substr(7)) != tokens.end();
}

void FakeApiServer::Impl::serve(const HttpRequest& request, HttpConnection& connection) {
  log.add(request);
  const auto fault = faults.take(request);
  if (!fault) return answer(request, connection);
  switch (fault->kind) {
    case Fault::Kind::kAnswer:
      connection.respond(fault->status, fault->body, fault->headers);
      break;
    case Fault::Kind::kRaw:
      connection.raw(fault->body);
      break;
    case Fault::Kind::kHang:
      faults.hang(connection);
      break;
    case Fault::Kind::kClose:
      connection.drop();
      break;
    case Fault::Kind::kLoseAnswer:
      if (const auto path = parse_api_path(request.path)) (void)write(request, *path);
      connection.drop();
      break;
  }
}

void FakeApiServer::Impl::answer(const HttpRequest& request, HttpConnection& connection) {
  const auto respond = [&](const ApiAnswer& a) { connection.respond(a.status, a.body, a.headers); };
  if (request.path == "/readyz" || request.path == "/healthz" || request.path == "/livez") {
    return respond({200, "ok", {{"Content-Type", "text/plain"}}});
  }
  if (!let_in(request)) return respond(failure(401, "Unauthorized", "Unauthorized"));
  if (request.path == "/version") return respond({200, kVersion, {}});
  const auto path = parse_api_path(request.path);
  if (!path) return respond(unknown_resource(false));
  if (request.method != "GET") return respond(write(request, *path));
  const auto resource = resource_at(path->group, path->version, path->plural);
  if (!resource) return respond(unknown(*path));
  const std::string watch = request.parameter("watch");
  if (watch == "true" || watch == "1") return reader.watch(*resource, *path, request, connection);
  if (path->name.empty()) return reader.list(*resource, *path, request, connection);
  if (path->subresource == "log" && resource->kind == "Pod") return reader.log(*resource, *path, request, connection);
  if (path->subresource == "scale" && scales(*resource)) return respond(writer.get_scale(*resource, *path));
  if (!path->subresource.empty() && path->subresource != "status") return respond(unknown_resource(true));
  const auto stored = storage.get(resource->qualified(), {path->ns, path->name});
  respond(stored ? object_answer(200, *resource, stored->json()) : not_found(*resource, path->name));
}

ApiAnswer FakeApiServer::Impl::unknown(const ApiPath& path) const {
  const std::shared_lock lock(mutex);
  return unknown_resource(resources.has_group_version(path.group, path.version));
}

ApiAnswer FakeApiServer::Impl::write(const HttpRequest& request, const ApiPath& path) {
  const auto resource = resource_at(path.group, path.version, path.plural);
  if (!resource) return unknown(path);
  if (path.subresource == "eviction" && request.method == "POST") return writer.evict(*resource, path, request);
  const bool status = path.subresource == "status" && resource->has_status;
  if (!path.subresource.empty() && !status && !(path.subresource == "scale" && scales(*resource))) {
    return unknown_resource(true);
  }
  if (request.method == "POST" && path.name.empty()) return writer.create(*resource, path, request);
  if (request.method == "PUT" && !path.name.empty()) return writer.replace(*resource, path, request);
  if (request.method == "PATCH" && !path.name.empty()) return writer.patch(*resource, path, request);
  if (request.method == "DELETE" && !path.name.empty()) return writer.remove(*resource, path, request);
  return method_not_allowed();
}

}  // namespace remint::testing

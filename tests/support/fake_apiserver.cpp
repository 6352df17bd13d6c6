#include "support/fake_apiserver.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "support/fake_apiserver_impl.hpp"
#include "support/make_pods.hpp"

namespace remint::testing {

FakeApiServer::FakeApiServer(FakeApiServerSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
FakeApiServer::~FakeApiServer() { stop(); }

std::uint16_t FakeApiServer::port() const { return impl_->settings.port; }
std::string FakeApiServer::url() const {
  return (impl_->settings.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
}
const TestCa& FakeApiServer::ca() const { return *impl_->ca; }
void FakeApiServer::set_tokens(std::vector<std::string> tokens) {
  const std::unique_lock lock(impl_->mutex);
  impl_->tokens = std::move(tokens);
}

Json FakeApiServer::put(Json object) {
  std::optional<ApiResource> resource;
  {
    const std::shared_lock lock(impl_->mutex);
    const auto* found = impl_->resources.find_kind(object.value("apiVersion", ""), object.value("kind", ""));
    if (found != nullptr) resource = *found;
  }
  const std::string name = object.value("metadata", Json::object()).value("name", "");
  if (!resource || name.empty()) throw std::invalid_argument("put: unknown kind or no name: " + object.dump());
  Json& meta = object["metadata"];
  ObjectKey key{"", name};
  if (resource->namespaced) {
    key.ns = meta.value("namespace", "default");
    meta["namespace"] = key.ns;
    impl_->make_namespace(key.ns);
  }
  if (const auto before = impl_->storage.get(resource->qualified(), key)) {
    const Json old = before->json()["metadata"];
    for (const auto* field : {"uid", "creationTimestamp", "generation"}) {
      if (!meta.contains(field) && old.contains(field)) meta[field] = old[field];
    }
  }
  ApiWriter::complete(*resource, object);
  const auto written = impl_->storage.put(resource->qualified(), key, std::move(object), std::nullopt);
  return Json::parse(object_answer(200, *resource, written.now->json()).body);
}

std::optional<Json> FakeApiServer::find(const std::string& path) const {
  const auto parsed = parse_api_path(path);
  const auto resource = parsed ? impl_->resource_at(parsed->group, parsed->version, parsed->plural) : std::nullopt;
  const auto stored = resource ? impl_->storage.get(resource->qualified(), {parsed->ns, parsed->name}) : nullptr;
  if (!stored) return std::nullopt;
  return Json::parse(object_answer(200, *resource, stored->json()).body);
}

std::vector<Json> FakeApiServer::all(const std::string& collection_path) const {
  std::vector<Json> result;
  const auto parsed = parse_api_path(collection_path);
  const auto resource = parsed ? impl_->resource_at(parsed->group, parsed->version, parsed->plural) : std::nullopt;
  if (!resource) return result;
  for (const auto& [key, stored] : impl_->storage.list(resource->qualified(), parsed->ns).items) {
    result.push_back(Json::parse(object_answer(200, *resource, stored->json()).body));
  }
  return result;
}

bool FakeApiServer::erase(const std::string& path) {
  const auto parsed = parse_api_path(path);
  const auto resource = parsed ? impl_->resource_at(parsed->group, parsed->version, parsed->plural) : std::nullopt;
  if (!resource) return false;
  const ObjectKey key{parsed->ns, parsed->name};
  return impl_->storage.erase(resource->qualified(), key, std::nullopt).outcome == ApiStorage::Outcome::kStored;
}

void FakeApiServer::add_resource(ApiResource resource) {
  const std::unique_lock lock(impl_->mutex);
  impl_->resources.add(std::move(resource));
}
void FakeApiServer::add_remint_resources() {
  for (const auto& [plural, kind] : {std::pair("tokenrefreshpolicies", "TokenRefreshPolicy"),
                                     std::pair("clustertokenrefreshpolicies", "ClusterTokenRefreshPolicy"),
                                     std::pair("workloadrestarts", "WorkloadRestart")}) {
    ApiResource resource{"remint.dev", "v1alpha1", plural, kind, std::string(kind) != "ClusterTokenRefreshPolicy"};
    resource.custom = true;
    add_resource(std::move(resource));
  }
}
void FakeApiServer::remove_resource(const std::string& group, const std::string& plural) {
  const std::unique_lock lock(impl_->mutex);
  impl_->resources.remove(group, plural);
}
void FakeApiServer::make_pods(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count && i < 500; ++i) impl_->make_namespace(pod_key(i).ns);
  impl_->storage.put_generated_pods(count);
}
void FakeApiServer::set_log(const std::string& ns, const std::string& pod, const std::string& container,
                            std::string text) {
  impl_->reader.set_log({ns, pod}, container, std::move(text));
}

void FakeApiServer::append_log(const std::string& ns, const std::string& pod, const std::string& container,
                               const std::string& text) {
  impl_->reader.append_log({ns, pod}, container, text);
}

void FakeApiServer::end_logs() { impl_->reader.end_logs(); }

std::size_t FakeApiServer::open_logs() const { return impl_->reader.open_logs(); }
std::uint64_t FakeApiServer::resource_version() const { return impl_->storage.version(); }

void FakeApiServer::send_bookmarks() { impl_->reader.send_bookmarks(); }
void FakeApiServer::end_watches() { impl_->reader.end_watches(); }
void FakeApiServer::send_watch_line(const std::string& resource, std::string line, bool ends_watch) {
  impl_->storage.send_line(resource, std::move(line), ends_watch);
}
void FakeApiServer::compact() {
  impl_->storage.compact();
  impl_->reader.expire_continue_tokens();
}
std::size_t FakeApiServer::open_watches() const { return impl_->reader.open_watches(); }

ApiFaults& FakeApiServer::faults() { return impl_->faults; }
RequestLog& FakeApiServer::requests() { return impl_->log; }
void FakeApiServer::cut_connections() { impl_->listener->cut_all(); }
std::size_t FakeApiServer::open_connections() const { return impl_->listener->open_connections(); }
std::size_t FakeApiServer::accepted_connections() const { return impl_->listener->accepted(); }
void FakeApiServer::stop() { impl_->listener->stop(); }
void FakeApiServer::start() { impl_->listen(); }

}  // namespace remint::testing

#include "remint/kube/client.hpp"

#include <fmt/format.h>

#include "calls.hpp"
#include "list_pages.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/requests.hpp"
#include "remint/kube/watch_stream.hpp"

namespace remint::kube {
namespace {

std::string name_of(const Resource& resource, const ObjectKey& key) {
  return fmt::format("{} {}", resource.kind, key.to_string());
}

std::string with_subresource(const Resource& resource, std::string_view subresource) {
  return subresource.empty() ? std::string(resource.plural) : fmt::format("{}/{}", resource.plural, subresource);
}

std::string where(std::string_view ns) { return ns.empty() ? "in all namespaces" : fmt::format("in namespace {}", ns); }

}  // namespace

struct Client::Impl : Calls {
  using Calls::Calls;

  [[nodiscard]] Call read(std::string verb, std::string resource, std::string what, Request request) const {
    return Call{.verb = std::move(verb),
                .resource = std::move(resource),
                .what = std::move(what),
                .request = std::move(request),
                .kind = RetryClass::kRead,
                .budget = settings.read_budget,
                .attempt = settings.read_attempt,
                .max_body = settings.max_object};
  }
  [[nodiscard]] Call write(std::string verb, std::string resource, std::string what, Request request) const {
    Call call = read(std::move(verb), std::move(resource), std::move(what), std::move(request));
    call.kind = RetryClass::kWrite;
    call.budget = settings.write_budget;
    call.attempt = settings.write_attempt;
    return call;
  }
};

Client::Client(std::shared_ptr<Transport> transport, metrics::Registry& metrics, const Clock& clock, WriteGuard guard,
               ClientSettings settings)
    : impl_(std::make_unique<Impl>(std::move(transport), metrics, clock, std::move(guard), std::move(settings))) {}
Client::~Client() = default;

Result<std::string> Client::get(const Resource& resource, const ObjectKey& key, const std::stop_token& stop,
                                std::string_view subresource) {
  return impl_->run(impl_->read("get", with_subresource(resource, subresource), "cannot get " + name_of(resource, key),
                                get_request(resource, key, subresource)),
                    stop);
}

Result<std::string> Client::list(const Resource& resource, const ListOptions& options, const ItemSink& sink,
                                 const std::stop_token& stop) {
  Call call = impl_->read("list", std::string(resource.plural),
                          fmt::format("cannot list {} {}", resource.plural, where(options.ns)), {});
  call.budget = impl_->settings.page_budget;
  call.attempt = impl_->settings.page_attempt;
  return list_pages(*impl_, call, resource, options, sink, stop);
}

Result<void> Client::watch(const Resource& resource, const WatchOptions& options, const WatchSink& sink,
                           const std::stop_token& stop) {
  const std::string what = fmt::format("cannot watch {} {}", resource.plural, where(options.ns));
  Call call = impl_->read("watch", std::string(resource.plural), what, watch_request(resource, options));
  call.request.timeout = impl_->settings.watch_headers;
  WatchStream events(sink);
  auto ended = impl_->stream(call, [&](std::string_view bytes) { return events.feed(bytes); }, stop);
  if (ended) {
    ended = events.finish();
  }
  return ended;
}

Result<std::string> Client::create(const Resource& resource, std::string_view ns, const std::string& body,
                                   const std::stop_token& stop, const WriteOptions& options) {
  const std::string what =
      fmt::format("cannot create {}{}", resource.kind, ns.empty() ? "" : fmt::format(" in {}", ns));
  return impl_->run(
      impl_->write("create", std::string(resource.plural), what, create_request(resource, ns, body, options)), stop);
}

Result<std::string> Client::patch(const Resource& resource, const ObjectKey& key, PatchType type,
                                  const std::string& body, const std::stop_token& stop, const WriteOptions& options) {
  return impl_->run(
      impl_->write("patch", with_subresource(resource, options.subresource), "cannot patch " + name_of(resource, key),
                   patch_request(resource, key, type, body, options)),
      stop);
}

Result<std::string> Client::replace(const Resource& resource, const ObjectKey& key, const std::string& body,
                                    const std::stop_token& stop, const WriteOptions& options) {
  return impl_->run(
      impl_->write("update", with_subresource(resource, options.subresource), "cannot update " + name_of(resource, key),
                   replace_request(resource, key, body, options)),
      stop);
}

Result<void> Client::remove(const Resource& resource, const ObjectKey& key, const DeleteOptions& options,
                            const std::stop_token& stop) {
  const auto removed =
      impl_->run(impl_->write("delete", std::string(resource.plural), "cannot delete " + name_of(resource, key),
                              delete_request(resource, key, options)),
                 stop);
  return removed ? Result<void>{} : std::unexpected(removed.error());
}

Result<void> Client::evict(const ObjectKey& pod, const DeleteOptions& options, const std::stop_token& stop) {
  Call call =
      impl_->write("create", "pods/eviction", "cannot evict Pod " + pod.to_string(), evict_request(pod, options));
  call.kind = RetryClass::kEviction;
  const auto evicted = impl_->run(std::move(call), stop);
  return evicted ? Result<void>{} : std::unexpected(evicted.error());
}

Result<std::string> Client::logs(const ObjectKey& pod, const LogOptions& options, const std::stop_token& stop) {
  Call call =
      impl_->read("logs", "pods/log", "cannot read the log of Pod " + pod.to_string(), logs_request(pod, options));
  // limitBytes is cut by the kubelet, which may be older than the rule that it counts the timestamps too.
  call.max_body = options.limit_bytes * 2 + (64U << 10U);
  return impl_->run(std::move(call), stop);
}

Result<void> Client::follow_logs(const ObjectKey& pod, const FollowOptions& options, const ChunkSink& sink,
                                 const std::stop_token& stop) {
  const Call call =
      impl_->read("logs", "pods/log", "cannot follow the log of Pod " + pod.to_string(), follow_request(pod, options));
  return impl_->stream(call, sink, stop);
}

Result<std::string> Client::get_path(const std::string& path, const std::stop_token& stop) {
  Request request;
  request.path = path;
  request.accept = "*/*";  // keys are served as application/jwk-set+json, and as nothing else
  return impl_->run(impl_->read("get", "path", "cannot get " + sanitize(path, 200), std::move(request)), stop);
}

}  // namespace remint::kube

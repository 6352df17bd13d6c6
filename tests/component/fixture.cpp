#include "fixture.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/clock.hpp"
#include "remint/base/json.hpp"
#include "remint/kube/transport.hpp"
#include "support/test_ca.hpp"
#include "verbs.hpp"

namespace remint::component {
namespace {

// Before main: no thread may exist yet.
const bool process_prepared = (testing::keep_openssl_to_the_end(), kube::prepare_process(), true);

/// Name and resourceVersion of an object, which may be any JSON at all.
Result<std::pair<std::string, std::string>> identity(std::string_view object) {
  const auto json = parse_json(object);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  const auto meta = JsonReader(*json, errors).at("metadata");
  auto result = std::pair(meta.at("name").string(), meta.at("resourceVersion").string());
  if (result.first.empty() || !errors.empty()) return fail(ErrorCode::kInvalid, "no name: " + join(errors));
  return result;
}

std::uint64_t number(const std::string& version) { return version.empty() ? 0 : std::stoull(version); }

}  // namespace

kube::Config config_for(std::uint16_t port, const std::string& token) {
  kube::Config config;
  config.server = "http://127.0.0.1:" + std::to_string(port);
  config.token.inline_data = token;
  config.origin = "test";
  return config;
}

kube::Config config_for(const testing::FakeApiServer& server, const std::string& token) {
  kube::Config config = config_for(server.port(), token);
  config.server = server.url();
  config.certificate_authority.inline_data = server.ca().certificate();
  return config;
}

kube::ClientSettings quick() {
  kube::ClientSettings settings;
  settings.read_budget = std::chrono::seconds(10);
  settings.read_attempt = std::chrono::seconds(5);
  settings.page_budget = std::chrono::seconds(10);
  settings.page_attempt = std::chrono::seconds(5);
  settings.write_budget = std::chrono::seconds(10);
  settings.write_attempt = std::chrono::seconds(5);
  settings.watch_headers = std::chrono::seconds(5);
  settings.backoff = {.initial = std::chrono::milliseconds(5), .max = std::chrono::milliseconds(50)};
  return settings;
}

Connected::Connected(const kube::Config& config, kube::ClientSettings settings, kube::WriteGuard guard)
    : client(kube::make_transport(config, {.user_agent = "remint-component"}).value(), metrics, system_clock(),
             std::move(guard), std::move(settings)) {}

Json config_map(const std::string& name, const std::string& value) {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}, {"data", {{"k", value}}}};
}

std::stop_token no_stop() { return {}; }

void Mirror::begin_list() {
  const std::lock_guard lock(mutex_);
  listing_.clear();
}

Result<void> Mirror::apply(std::string_view object, bool initial) {
  const auto id = identity(object);
  if (!id) return std::unexpected(id.error());
  const auto& [name, version] = *id;
  const std::lock_guard lock(mutex_);
  if (initial) {
    listing_[name] = version;
    return {};
  }
  if (number(version) <= number(now_[name])) ++stale_;
  now_[name] = version;
  return {};
}

Result<void> Mirror::remove(std::string_view object) {
  const auto id = identity(object);
  if (!id) return std::unexpected(id.error());
  const std::lock_guard lock(mutex_);
  if (now_.erase(id->first) == 0) ++stale_;
  return {};
}

void Mirror::end_list() {
  const std::lock_guard lock(mutex_);
  now_.swap(listing_);
  ++lists_;
}

std::map<std::string, std::string> Mirror::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

std::size_t Mirror::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}

std::size_t Mirror::stale() const {
  const std::lock_guard lock(mutex_);
  return stale_;
}

std::map<std::string, std::string> truth(const testing::FakeApiServer& server) {
  std::map<std::string, std::string> result;
  for (const auto& object : server.all(kMaps))
    result[object["metadata"]["name"]] = object["metadata"]["resourceVersion"];
  return result;
}

runtime::ReflectorSettings quick_reflector() {
  runtime::ReflectorSettings settings{.resource = kConfigMaps, .ns = "default", .field_selector = {}};
  settings.backoff = {.initial = std::chrono::milliseconds(5), .max = std::chrono::milliseconds(50)};
  return settings;
}

Result<std::size_t> count(kube::Client& client, const kube::Resource& resource) {
  std::size_t items = 0;
  const auto version = client.list(
      resource, {.ns = {}, .label_selector = {}, .field_selector = {}},
      [&](std::string_view) -> Result<void> { return ++items, Result<void>(); }, no_stop());
  if (!version) return std::unexpected(version.error());
  return items;
}

Result<std::size_t> count(const kube::Config& config, const kube::ClientSettings& settings) {
  Connected connected(config, settings);
  return count(connected.client);
}

Result<void> watch(kube::Client& client, std::chrono::seconds timeout) {
  kube::WatchOptions options;
  options.ns = "default";
  options.server_timeout = timeout;
  options.idle_margin = std::chrono::seconds(1);
  return client.watch(
      kConfigMaps, options, [](kube::WatchEventType, std::string_view) { return Result<void>(); }, no_stop());
}

}  // namespace remint::component

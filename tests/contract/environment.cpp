#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "environment.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "remint/base/clock.hpp"
#include "remint/base/json.hpp"
#include "remint/kube/resources.hpp"
#include "remint/kube/transport.hpp"
#include "remint/metrics/registry.hpp"
#include "support/fake_apiserver.hpp"
#include "support/raw_http.hpp"
#include "support/test_ca.hpp"
#include "support/wait_until.hpp"

namespace remint::contract {
namespace {

constexpr kube::Resource kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
constexpr kube::Resource kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                      "CustomResourceDefinition", false};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

const Json& definition() {
  static const Json json = Json::parse(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
    "metadata":{"name":"things.contract.remint.dev"},
    "spec":{"group":"contract.remint.dev","scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing"},
      "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
        "schema":{"openAPIV3Schema":{"type":"object","properties":{
          "spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
          "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}})");
  return json;
}

std::unique_ptr<Environment> the_environment;

/// The environment goes while the libraries that it uses still live, not among the static destructors.
struct EndOfRun : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats&) override { the_environment.reset(); }
};
CATCH_REGISTER_LISTENER(EndOfRun)

// Before main: no thread may exist yet.
const bool process_prepared = (testing::keep_openssl_to_the_end(), kube::prepare_process(), true);

}  // namespace

struct Environment::Impl {
  std::unique_ptr<testing::FakeApiServer> fake;
  std::string etcd;
  kube::Config config;
  metrics::Registry metrics;
  std::unique_ptr<kube::Client> client;
  std::string ns;
};

Environment::Environment() : impl_(std::make_unique<Impl>()) {
  const std::string kubeconfig = variable("REMINT_CONTRACT_KUBECONFIG");
  if (kubeconfig.empty()) {
    testing::FakeApiServerSettings settings;
    settings.tls = true;
    settings.tokens = {"contract-token"};
    impl_->fake = std::make_unique<testing::FakeApiServer>(settings);
    testing::ApiResource things{"contract.remint.dev", "v1", "things", "Thing"};
    things.custom = true;
    impl_->fake->add_resource(things);
    impl_->config.server = impl_->fake->url();
    impl_->config.certificate_authority.inline_data = impl_->fake->ca().certificate();
    impl_->config.token.inline_data = "contract-token";
  } else {
    impl_->etcd = variable("REMINT_CONTRACT_ETCD");
    impl_->config = kube::load_config({.kubeconfig = kubeconfig, .context = {}, .allow_insecure_tls = false}).value();
  }
  std::printf("contract: against %s\n",
              kubeconfig.empty() ? "the in-process API server" : impl_->config.server.c_str());
  auto transport = kube::make_transport(impl_->config, {.user_agent = "remint-contract"}).value();
  impl_->client = std::make_unique<kube::Client>(std::move(transport), impl_->metrics, system_clock());
  impl_->ns = "remint-contract-" + std::to_string(::getpid());
  const Json ns = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", impl_->ns}}}};
  (void)client().create(kube::kNamespaces, "", ns.dump(), no_stop()).value();
  // A cluster with a controller manager makes it too: whoever comes first.
  (void)client().create(kServiceAccounts, impl_->ns, R"({"metadata":{"name":"default"}})", no_stop());
  if (!impl_->fake) {
    (void)client().create(kDefinitions, "", definition().dump(), no_stop());
    (void)testing::wait_until([&] {
      return client()
          .list(
              kThings, {.ns = impl_->ns, .label_selector = {}, .field_selector = {}},
              [](std::string_view) { return Result<void>(); }, no_stop())
          .has_value();
    });
  }
}

Environment::~Environment() { (void)client().remove(kube::kNamespaces, {"", impl_->ns}, {}, no_stop()); }

kube::Client& Environment::client() const { return *impl_->client; }
const kube::Config& Environment::config() const { return impl_->config; }
const std::string& Environment::ns() const { return impl_->ns; }
bool Environment::can_compact() const { return impl_->fake || !impl_->etcd.empty(); }

void Environment::compact() const {
  if (impl_->fake) return impl_->fake->compact();
  // The newest resourceVersion is etcd's revision: that of an object written just now.
  const Json marker = {{"metadata", {{"name", unique_name("compaction")}}}};
  const std::string stored = client().create(kConfigMaps, ns(), marker.dump(), no_stop()).value();
  const Json request = {{"revision", Json::parse(stored)["metadata"]["resourceVersion"]}, {"physical", true}};
  const auto port = static_cast<std::uint16_t>(std::stoul(impl_->etcd.substr(impl_->etcd.rfind(':') + 1)));
  const auto answer = testing::raw_request(port, "POST", "/v3/kv/compaction", request.dump());
  INFO(answer.body);
  REQUIRE(answer.status == 200);
}

Json Environment::create(const kube::Resource& resource, const Json& object) const {
  const auto stored = client().create(resource, ns(), object.dump(), no_stop());
  INFO((stored ? "" : stored.error().message));
  REQUIRE(stored);
  return Json::parse(*stored);
}

Json Environment::get(const kube::Resource& resource, const std::string& name) const {
  const auto stored = client().get(resource, key(name), no_stop());
  INFO((stored ? "" : stored.error().message));
  REQUIRE(stored);
  return Json::parse(*stored);
}

Json Environment::patch(const kube::Resource& resource, const std::string& name, const Json& patch,
                        kube::PatchType type, const std::string& subresource) const {
  kube::WriteOptions options;
  options.subresource = subresource;
  const auto stored = client().patch(resource, key(name), type, patch.dump(), no_stop(), options);
  INFO((stored ? "" : stored.error().message));
  REQUIRE(stored);
  return Json::parse(*stored);
}

std::optional<ErrorCode> Environment::refused(const kube::Resource& resource, const std::string& name,
                                              const Json& patch, kube::PatchType type,
                                              const kube::WriteOptions& options) const {
  const auto stored = client().patch(resource, key(name), type, patch.dump(), no_stop(), options);
  return stored ? std::nullopt : std::optional(stored.error().code);
}

Environment& environment() {
  if (!the_environment) the_environment = std::make_unique<Environment>();
  return *the_environment;
}

std::stop_token no_stop() { return {}; }

std::string unique_name(const std::string& prefix) {
  static std::atomic<int> next{1};
  return prefix + "-" + std::to_string(next++);
}

}  // namespace remint::contract

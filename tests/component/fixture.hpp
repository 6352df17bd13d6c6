#pragma once
// A real client on real HTTP(S), before the in-process API server.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "remint/kube/client.hpp"
#include "remint/kube/config.hpp"
#include "remint/kube/resources.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/runtime/reflector.hpp"
#include "support/fake_apiserver.hpp"

namespace remint::component {

using kube::kConfigMaps;
inline constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

/// Plain HTTP to a port, as somebody with this token; empty: nobody.
[[nodiscard]] kube::Config config_for(std::uint16_t port, const std::string& token = {});
/// HTTPS to a server with TLS, trusting its CA.
[[nodiscard]] kube::Config config_for(const testing::FakeApiServer& server, const std::string& token = {});

/// Impatient, so that tests need not wait; everything else as in production.
[[nodiscard]] kube::ClientSettings quick();

/// A client with its metrics.
struct Connected {
  explicit Connected(const kube::Config& config, kube::ClientSettings settings = quick(), kube::WriteGuard guard = {});
  metrics::Registry metrics;
  kube::Client client;
};

[[nodiscard]] Json config_map(const std::string& name, const std::string& value = "v");
[[nodiscard]] std::stop_token no_stop();

/// What a reflector has told: names and versions, and whether it ever told something twice or in the wrong order.
class Mirror final : public runtime::ReflectorSink {
 public:
  void begin_list() override;
  Result<void> apply(std::string_view object, bool initial) override;
  Result<void> remove(std::string_view object) override;
  void end_list() override;

  [[nodiscard]] std::map<std::string, std::string> now() const;
  [[nodiscard]] std::size_t lists() const;
  /// Events of a watch that were not newer than what was known of the object.
  [[nodiscard]] std::size_t stale() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> now_, listing_;
  std::size_t lists_ = 0, stale_ = 0;
};

/// The same of the server itself.
[[nodiscard]] std::map<std::string, std::string> truth(const testing::FakeApiServer& server);

/// A reflector of the ConfigMaps that retries quickly.
[[nodiscard]] runtime::ReflectorSettings quick_reflector();

}  // namespace remint::component

#pragma once
// Short ways to say what a client does, for the tests of the client.

#include <optional>

#include "fixture.hpp"

namespace remint::component {

template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

/// Tried until the end of its time. On a busy machine that may come in the middle of an attempt.
inline bool gave_up(std::optional<ErrorCode> code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
}

/// All requests to the API.
inline testing::FaultMatch always(const std::string& method = {}) {
  return {.method = method, .path_prefix = "/api", .query = {}, .times = testing::FaultMatch::kAlways};
}

/// Lists, and says how many came.
[[nodiscard]] Result<std::size_t> count(kube::Client& client, const kube::Resource& resource = kConfigMaps);
/// For a client of the moment.
[[nodiscard]] Result<std::size_t> count(const kube::Config& config, const kube::ClientSettings& settings = quick());
/// Watches the ConfigMaps until the watch ends.
Result<void> watch(kube::Client& client, std::chrono::seconds timeout = std::chrono::seconds(30));

struct Served {
  testing::FakeApiServer server;
  Connected connected{config_for(server.port())};
  kube::Client& client = connected.client;
};

}  // namespace remint::component

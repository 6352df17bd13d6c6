#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "remint/kube/transport.hpp"
#include "scripted_server.hpp"

namespace remint::kube::testing {

/// The CA that this test program's SSL_CERT_FILE names; see transport_fixture.cpp.
[[nodiscard]] const class TestCa& user_ca();

[[nodiscard]] inline Config plain_config(const ScriptedServer& server) {
  Config config;
  config.server = server.url();
  config.origin = "test";
  return config;
}

[[nodiscard]] inline std::shared_ptr<Transport> connect(const Config& config) {
  auto transport = make_transport(config, {.user_agent = "remint/test"});
  if (!transport) {
    FAIL(transport.error().message);
  }
  return *transport;
}

[[nodiscard]] inline Request get(const std::string& path,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  Request request;
  request.path = path;
  request.timeout = timeout;
  return request;
}

[[nodiscard]] inline Request post(const std::string& path, const std::string& body,
                                  std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  Request request = get(path, timeout);
  request.method = "POST";
  request.content_type = "application/json";
  request.body = body;
  return request;
}

/// A script that answers every request of a connection with `response`.
[[nodiscard]] inline Script always(std::string response) {
  return [response = std::move(response)](Connection& connection, int) {
    while (!connection.read_request().empty() && connection.send(response)) {
    }
  };
}

class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace remint::kube::testing

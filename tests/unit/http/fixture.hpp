#pragma once
// A server on a free port with the routes that the tests ask.

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "remint/http/server.hpp"
#include "unit/http/support/client.hpp"
#include "unit/http/support/pki.hpp"

namespace remint::http {

using namespace std::chrono_literals;
using testing::Client;
using testing::eventually;
using testing::get;
using testing::post;

/// Limits short enough for a test to wait for.
inline Limits short_limits() {
  Limits limits;
  limits.handshake_and_header = 150ms;
  limits.body = 200ms;
  limits.idle = 250ms;
  return limits;
}

/// /echo answers the body, /who the client, /throw throws, /stop waits for open().
struct Fixture {
  metrics::Registry registry;
  std::atomic<int> handled = 0;
  std::mutex mutex;
  std::condition_variable changed;
  bool gate_open = false;
  std::atomic<int> at_gate = 0;
  std::unique_ptr<Server> server;

  void serve(Settings settings) {
    settings.name = "test";
    if (settings.listen.empty()) settings.listen = "127.0.0.1:0";
    auto started = Server::start(std::move(settings), routes(), registry);
    INFO((started ? "" : started.error().message));
    REQUIRE(started);
    server = std::move(*started);
  }
  [[nodiscard]] std::uint16_t port() const { return server->port(); }

  void open_gate() {
    const std::lock_guard lock(mutex);
    gate_open = true;
    changed.notify_all();
  }

  double rejected(const std::string& reason) {
    return registry
        .counter("remint_http_rejected_total", "Connections and requests turned away before they reached a handler.",
                 {{"server", "test"}, {"reason", reason}})
        .value();
  }
  double answered(const std::string& code) {
    return registry
        .counter("remint_http_requests_total", "HTTP requests answered, by status code.",
                 {{"server", "test"}, {"code", code}})
        .value();
  }
  double connections() {
    return registry.gauge("remint_http_connections", "Open connections.", {{"server", "test"}}).value();
  }

 private:
  std::vector<Route> routes() {
    const auto echo = [this](const Request& request) {
      ++handled;
      return Response{.status = 200, .body = std::string(request.body)};
    };
    const auto who = [](const Request& request) {
      return Response{.status = 200,
                      .body = std::string(request.client_subject) + "|" +
                              (request.client_certificate_verified ? "verified" : "unknown") + "|" +
                              std::string(request.peer_address) + "|" + std::string(request.path) + "|" +
                              std::string(request.query)};
    };
    const auto gate = [this](const Request&) {
      ++at_gate;
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return gate_open; });
      return Response{.status = 200, .body = "through"};
    };
    const auto refuse = [](const Request& request) -> std::optional<Response> {
      if (request.authorization == "Bearer good") return std::nullopt;
      return Response{.status = 401, .body = "who are you?\n"};
    };
    return {{"POST", "/echo", echo, {}},
            {"GET", "/who", who, {}},
            {"GET", "/throw", [](const Request&) -> Response { throw std::runtime_error("a secret of ours"); }, {}},
            {"GET", "/gate", gate, {}},
            {"POST", "/guarded", echo, refuse}};
  }
};

}  // namespace remint::http

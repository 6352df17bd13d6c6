// The endpoint as kube-apiserver sees it: TLS, a client certificate, real sockets.

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "events.hpp"
#include "remint/sources/audit_webhook.hpp"
#include "unit/http/support/client.hpp"
#include "unit/http/support/pki.hpp"

namespace remint::sources {
namespace {

using testing::Client;
using testing::ClientTls;
using testing::post;

struct Endpoint {
  testing::TempDir dir;
  testing::Pki pki{dir, "good"};
  testing::CertificateFiles server_files = pki.issue_server("server");
  testing::CertificateFiles client_files = pki.issue_client("client", "kube-apiserver");
  metrics::Registry metrics;
  BatchQueue queue{{}, metrics};
  std::unique_ptr<AuditWebhook> webhook;
  std::unique_ptr<http::Server> server;

  explicit Endpoint(bool certificate_required) {
    testing::write_file(dir.file("token"), "s3cret");
    webhook = std::move(*AuditWebhook::create({.token_file = dir.file("token")}, queue, metrics, system_clock()));
    http::Settings settings;
    settings.name = "audit";
    settings.listen = "127.0.0.1:0";
    settings.tls = http::TlsFiles{server_files.certificate, server_files.key, pki.ca_file(), certificate_required};
    settings.threads = 2;
    auto started =
        http::Server::start(settings,
                            {{"POST", "/audit", [this](const http::Request& r) { return webhook->handle(r); },
                              [this](const http::Request& r) { return webhook->admit(r); }}},
                            metrics);
    REQUIRE(started);
    server = std::move(*started);
  }
  Client with_certificate() {
    return Client(server->port(), ClientTls{pki.ca_file(), client_files.certificate, client_files.key});
  }
  Client without() { return Client(server->port(), ClientTls{pki.ca_file()}); }
};

const std::string kLikeApiserver =
    "Content-Type: application/json\r\nAccept: application/json, */*\r\nAccept-Encoding: gzip\r\n";

}  // namespace

TEST_CASE("an API server with a client certificate delivers over one connection") {
  Endpoint endpoint(true);
  auto client = endpoint.with_certificate();
  for (int i = 0; i < 20; ++i) {
    const auto reply =
        client.ask(post("/audit?timeout=30s", event_list({rejected_event("a"), rejected_event("b")}), kLikeApiserver));
    REQUIRE(reply.status == 200);
  }
  CHECK(endpoint.queue.size() == 20);
  auto nobody = endpoint.without();
  CHECK(nobody.ask(post("/audit", rejected_event("a"))).status == 0);
}

TEST_CASE("where the certificate is optional the token lets in, and nothing does not") {
  Endpoint endpoint(false);
  auto good = endpoint.without();
  CHECK(good.ask(post("/audit", rejected_event("a"), "Authorization: Bearer s3cret\r\n")).status == 200);
  auto wrong = endpoint.without();
  const auto reply = wrong.ask(post("/audit", rejected_event("a"), "Authorization: Bearer guess\r\n"));
  CHECK(reply.status == 401);
  auto nothing = endpoint.without();
  // Refused before the body is sent: 16 MB that nobody may post are never received.
  CHECK(nothing.ask("POST /audit HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n").status == 401);
  CHECK(endpoint.queue.size() == 1);
}

TEST_CASE("many senders at once are all heard") {
  Endpoint endpoint(true);
  std::atomic<int> good = 0;
  std::atomic<std::uint64_t> events = 0;
  std::atomic<bool> sending = true;
  std::jthread consumer([&] {
    for (;;) {
      const bool last = !sending;
      while (auto delivery = endpoint.queue.try_pop()) {
        events += delivery->report.events;
        endpoint.queue.recycle(std::move(delivery));
      }
      if (last) return;
      std::this_thread::yield();
    }
  });
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < 6; ++i) {
      senders.emplace_back([&] {
        auto client = endpoint.with_certificate();
        const auto request =
            post("/audit", event_list({rejected_event("a"), rejected_event("b"), rejected_event("c")}));
        for (int n = 0; n < 30; ++n) good += client.ask(request).status == 200 ? 1 : 0;
      });
    }
  }
  sending = false;
  consumer.join();
  CHECK(good == 180);
  CHECK(events == 540);
}

}  // namespace remint::sources

#include <thread>
#include <vector>

#include "fixture.hpp"

namespace remint::http {

TEST_CASE("draining under load cuts nobody off") {
  testing::TempDir dir;
  testing::Pki pki(dir, "good");
  const auto files = pki.issue_server("server");
  Fixture fixture;
  Settings settings;
  settings.threads = 2;
  settings.tls = TlsFiles{files.certificate, files.key, "", false};
  fixture.serve(settings);
  const auto request = post("/echo", std::string(100'000, 'x'));
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < 8; ++i) {
      senders.emplace_back([&] {
        Client client(fixture.port(), testing::ClientTls{pki.ca_file()});
        for (;;) {
          const auto reply = client.ask(request);
          ++(reply.status == 200 ? good : bad);
          if (reply.status != 200 || reply.headers.contains("connection")) return;  // "close": the server goes away
        }
      });
    }
    REQUIRE(eventually([&] { return good > 50; }));
    fixture.server->drain(10s);
  }
  CHECK(bad == 0);
  CHECK(fixture.connections() == 0);
  CHECK_FALSE(Client(fixture.port()).error().empty());
}

TEST_CASE("a request in flight is finished before the server goes") {
  Fixture fixture;
  Settings settings;
  settings.threads = 2;
  fixture.serve(settings);
  Client busy(fixture.port());
  busy.send(get("/gate"));
  REQUIRE(eventually([&] { return fixture.at_gate == 1; }));
  Client half(fixture.port());
  half.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
  REQUIRE(eventually([&] { return fixture.connections() == 2; }));
  std::jthread drain([&] { fixture.server->drain(10s); });
  CHECK(half.ask("lo").body == "hello");
  CHECK(half.closed_within(testing::kPatience));
  fixture.open_gate();
  CHECK(busy.receive().body == "through");
}

TEST_CASE("connections that ask for nothing do not hold the server up") {
  Fixture fixture;
  fixture.serve({});
  Client fresh(fixture.port());
  Client used(fixture.port());
  CHECK(used.ask(get("/who")).status == 200);
  REQUIRE(eventually([&] { return fixture.connections() == 2; }));
  const auto begun = std::chrono::steady_clock::now();
  fixture.server->drain(10s);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(used.closed_within(testing::kPatience));
}

TEST_CASE("what is not finished by the deadline is closed") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
  REQUIRE(eventually([&] { return fixture.connections() == 1; }));
  fixture.server->drain(100ms);
  CHECK(fixture.connections() == 0);
  CHECK(client.closed_within(testing::kPatience));
  fixture.server->drain(100ms);  // once more does nothing
}

}  // namespace remint::http

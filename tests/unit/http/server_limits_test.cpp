// What a sender may take: bytes, connections, time.

#include <vector>

#include "fixture.hpp"

namespace remint::http {

TEST_CASE("a header over the limit is a 431, sent at once or line by line") {
  Fixture fixture;
  Settings settings;
  settings.limits.header_bytes = 4096;
  fixture.serve(settings);
  Client client(fixture.port());
  SECTION("one long line") { client.send("GET /who HTTP/1.1\r\nX: " + std::string(5000, 'x')); }
  SECTION("a long target") { client.send("GET /" + std::string(5000, 'x')); }
  SECTION("complete, but too long") { client.send("GET /who HTTP/1.1\r\nX: " + std::string(4090, 'x') + "\r\n\r\n"); }
  SECTION("line by line") {
    client.send("GET /who HTTP/1.1\r\n");
    for (int i = 0; i < 100 && client.send("X-Name: " + std::string(90, 'x') + "\r\n"); ++i) {
    }
  }
  CHECK(client.receive().status == 431);
  CHECK(client.closed_within(testing::kPatience));
  CHECK(fixture.rejected("header_too_large") == 1);
}

TEST_CASE("a body over the limit is a 413 that a client in mid-send gets to see") {
  testing::TempDir dir;
  testing::Pki pki(dir, "good");
  const auto files = pki.issue_server("server");
  const bool tls = GENERATE(false, true);
  Fixture fixture;
  Settings settings;
  settings.limits.body_bytes = 100'000;
  if (tls) settings.tls = TlsFiles{files.certificate, files.key, "", false};
  fixture.serve(settings);
  Client client(fixture.port(), tls ? std::optional(testing::ClientTls{pki.ca_file()}) : std::nullopt);
  const std::string body(8'000'000, 'x');
  SECTION("announced") { client.send(post("/echo", body)); }
  SECTION("chunked") { client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7a1200\r\n" + body); }
  SECTION("in many chunks") {
    std::string chunks;
    for (int i = 0; i < 4000; ++i) chunks += "400\r\n" + body.substr(0, 1024) + "\r\n";
    client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
  }
  const auto reply = client.receive();
  CHECK(reply.status == 413);
  CHECK(reply.body.find("100000") != std::string::npos);
  CHECK(fixture.rejected("body_too_large") == 1);
  CHECK(fixture.handled == 0);
}

TEST_CASE("a body of exactly the limit is taken") {
  Fixture fixture;
  Settings settings;
  settings.limits.body_bytes = 1000;
  fixture.serve(settings);
  Client client(fixture.port());
  const std::string body(1000, 'x');
  CHECK(client.ask(post("/echo", body)).body == body);
  CHECK(client.ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n0\r\n\r\n").body ==
        body);
  CHECK(client.ask(post("/echo", body + "x")).status == 413);
}

TEST_CASE("slow senders are sent away") {
  Fixture fixture;
  Settings settings;
  settings.limits = short_limits();
  fixture.serve(settings);
  Client client(fixture.port());
  SECTION("a header that trickles") {
    client.send("GET /who HT");
    CHECK(client.receive().status == 408);
    CHECK(fixture.rejected("header_timeout") == 1);
  }
  SECTION("a header that comes a byte at a time for longer than the limit") {
    const auto until = std::chrono::steady_clock::now() + testing::kPatience;
    while (client.send("G") && !client.receive(false, 5ms).status && fixture.rejected("header_timeout") == 0) {
      REQUIRE(std::chrono::steady_clock::now() < until);
    }
    CHECK(fixture.rejected("header_timeout") == 1);
  }
  SECTION("a body that stops") {
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
    CHECK(client.receive().status == 408);
    CHECK(fixture.rejected("body_timeout") == 1);
  }
  SECTION("a chunked body that stops") {
    client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
    CHECK(client.receive().status == 408);
  }
  SECTION("a client that wants 100 Continue and then sends nothing") {
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive().status == 100);
    CHECK(client.receive().status == 408);
  }
  SECTION("a connection that asks for nothing") {}
  SECTION("a connection that asks once and stays") { CHECK(client.ask(get("/who")).status == 200); }
  CHECK(client.closed_within(testing::kPatience));
  CHECK(eventually([&] { return fixture.connections() == 0; }));
}

TEST_CASE("TLS clients that stop half way are sent away") {
  testing::TempDir dir;
  testing::Pki pki(dir, "good");
  const auto files = pki.issue_server("server");
  Fixture fixture;
  Settings settings;
  settings.limits = short_limits();
  settings.tls = TlsFiles{files.certificate, files.key, "", false};
  fixture.serve(settings);
  SECTION("nothing but TCP") {
    Client client(fixture.port());
    CHECK(client.closed_within(testing::kPatience));
    CHECK(eventually([&] { return fixture.rejected("handshake") == 1; }));
  }
  SECTION("half a ClientHello") {
    Client client(fixture.port());
    client.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8));
    CHECK(client.closed_within(testing::kPatience));
  }
  SECTION("plain HTTP on the TLS port") {
    Client client(fixture.port());
    client.send(get("/who"));
    CHECK(client.closed_within(testing::kPatience));
  }
  SECTION("a header that trickles") {
    Client client(fixture.port(), testing::ClientTls{pki.ca_file()});
    client.send("GET /wh");
    CHECK(client.receive().status == 408);
    CHECK(client.closed_within(testing::kPatience));
  }
  SECTION("a body that stops") {
    Client client(fixture.port(), testing::ClientTls{pki.ca_file()});
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(50'000, 'x'));
    CHECK(client.receive().status == 408);
    CHECK(client.closed_within(testing::kPatience));
  }
  CHECK(eventually([&] { return fixture.connections() == 0; }));
}

TEST_CASE("connections cut at any point leave nothing behind") {
  testing::TempDir dir;
  testing::Pki pki(dir, "good");
  const auto files = pki.issue_server("server");
  Fixture fixture;
  Settings settings;
  settings.tls = TlsFiles{files.certificate, files.key, "", false};
  settings.threads = 2;
  fixture.serve(settings);
  const auto request = post("/echo", std::string(200'000, 'x'));
  for (std::size_t i = 0; i < 40; ++i) {
    Client client(fixture.port(), i % 2 == 0 ? std::optional(testing::ClientTls{pki.ca_file()}) : std::nullopt);
    client.send(std::string_view(request).substr(0, i * i * 125));
  }
  CHECK(eventually([&] { return fixture.connections() == 0; }));
}

TEST_CASE("connections over the cap are closed and counted, and make room when others go") {
  Fixture fixture;
  fixture.serve({});  // 256
  std::vector<Client> clients;
  for (int i = 0; i < 256; ++i) {
    clients.emplace_back(fixture.port());
    REQUIRE(clients.back().error().empty());
  }
  REQUIRE(eventually([&] { return fixture.connections() == 256; }));
  Client extra(fixture.port());
  CHECK(extra.closed_within(testing::kPatience));
  CHECK(fixture.rejected("connections") == 1);
  for (auto& client : clients) REQUIRE(client.ask(get("/who")).status == 200);
  clients.pop_back();
  REQUIRE(eventually([&] { return fixture.connections() == 255; }));
  Client next(fixture.port());
  CHECK(next.ask(get("/who")).status == 200);
}

TEST_CASE("bytes in flight over the cap get 429 and the rest goes on") {
  Fixture fixture;
  Settings settings;
  settings.limits.bytes_in_flight = 100'000;
  fixture.serve(settings);
  const std::string large(80'000, 'x');
  Client first(fixture.port());
  first.send("POST /echo HTTP/1.1\r\nContent-Length: 80000\r\n\r\n" + large.substr(1));  // all but one byte
  REQUIRE(eventually([&] {
    Client second(fixture.port());
    const auto reply = second.ask(post("/echo", large));
    return reply.status == 429 && reply.headers.at("retry-after") == "1";
  }));
  SECTION("a chunked body is refused when it has grown too far") {
    Client third(fixture.port());
    CHECK(third.ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" + large.substr(0, 40'000))
              .status == 429);
  }
  SECTION("a small one still fits") {
    Client third(fixture.port());
    CHECK(third.ask(post("/echo", "small")).status == 200);
  }
  CHECK(fixture.rejected("bytes_in_flight") >= 1);
  CHECK(first.ask("x").body.size() == 80'000);
  Client again(fixture.port());
  CHECK(again.ask(post("/echo", large)).status == 200);  // the budget was given back
}

}  // namespace remint::http

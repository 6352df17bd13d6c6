#include "fixture.hpp"

namespace remint::http {

TEST_CASE("a request reaches its handler with path, query and peer") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  const auto reply = client.ask(get("/who?timeout=30s"));
  CHECK(reply.status == 200);
  CHECK(reply.body == "|unknown|127.0.0.1|/who|timeout=30s");
  CHECK(reply.headers.at("content-type") == "text/plain; charset=utf-8");
}

TEST_CASE("a connection is used for many requests") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  for (int i = 0; i < 50; ++i)
    REQUIRE(client.ask(post("/echo", "body " + std::to_string(i))).body == "body " + std::to_string(i));
  CHECK(fixture.connections() == 1);
}

TEST_CASE("requests sent ahead are answered in order") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  std::string all;
  for (int i = 0; i < 300; ++i)
    all += post("/echo", std::string(static_cast<std::size_t>(i) * 7 % 5000, 'a') + std::to_string(i));
  std::jthread sender([&] { client.send(all); });
  for (int i = 0; i < 300; ++i) {
    const auto body = client.receive().body;
    REQUIRE(body.ends_with(std::to_string(i)));
    REQUIRE(body.size() >= static_cast<std::size_t>(i) * 7 % 5000);
  }
}

TEST_CASE("every way of cutting a request gives the same answer") {
  Fixture fixture;
  fixture.serve({});
  const auto request =
      GENERATE(as<std::string>{}, post("/echo", "hello"),
               "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  Client client(fixture.port());
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    REQUIRE(client.send(request.substr(0, cut)));
    REQUIRE(client.ask(request.substr(cut)).body == "hello");
  }
  for (const char c : request) REQUIRE(client.send(std::string(1, c)));
  CHECK(client.receive().body == "hello");
}

TEST_CASE("bodies of many sizes arrive whole, over plain HTTP and TLS") {
  testing::TempDir dir;
  testing::Pki pki(dir, "good");
  const auto files = pki.issue_server("server");
  const bool tls = GENERATE(false, true);
  Fixture fixture;
  Settings settings;
  if (tls) settings.tls = TlsFiles{files.certificate, files.key, "", false};
  fixture.serve(settings);
  Client client(fixture.port(), tls ? std::optional(testing::ClientTls{pki.ca_file()}) : std::nullopt);
  REQUIRE(client.error().empty());
  std::string body;
  for (const std::size_t size : {0UL, 1UL, 16384UL, 65536UL, 65537UL, 200'000UL, 3'000'000UL, 10UL, 1'500'000UL}) {
    while (body.size() < size) body += static_cast<char>('a' + body.size() % 23);
    body.resize(size);
    std::jthread sender([&] { client.send(post("/echo", body)); });
    const auto reply = client.receive();
    REQUIRE(reply.status == 200);
    REQUIRE((reply.body == body));
  }
}

TEST_CASE("unknown paths and methods are named") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  CHECK(client.ask(get("/nothing")).status == 404);
  const auto reply = client.ask("DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(reply.status == 405);
  CHECK(reply.headers.at("allow") == "POST");
  CHECK(client.ask(get("/echo/")).status == 404);
  CHECK(client.ask(get("/who")).status == 200);  // still the same connection
  CHECK(fixture.answered("404") == 2);
}

TEST_CASE("HEAD is answered like GET, without the body") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  client.send("HEAD /who HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto reply = client.receive(true);
  CHECK(reply.status == 200);
  CHECK(std::stoul(reply.headers.at("content-length")) > 0);
  CHECK(client.ask(get("/who")).status == 200);
}

TEST_CASE("a handler that throws is a 500 that tells nothing, and the connection goes on") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  const auto reply = client.ask(get("/throw"));
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK(client.ask(get("/who")).status == 200);
}

TEST_CASE("a client that waits for 100 Continue gets it") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.receive().status == 100);
  CHECK(client.ask("hello").body == "hello");

  SECTION("but not one whose request is refused anyway") {
    client.send("POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive().status == 401);
  }
  SECTION("and no other expectation is known") {
    CHECK(client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: magic\r\n\r\n").status == 417);
  }
}

TEST_CASE("a route's early check refuses before the body is received") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  const auto refused = client.ask("POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(refused.status == 401);
  CHECK(refused.headers.at("connection") == "close");
  CHECK(refused.headers.contains("www-authenticate"));
  CHECK(fixture.handled == 0);
  Client other(fixture.port());
  CHECK(other.ask(post("/guarded", "x", "Authorization: Bearer good\r\n")).body == "x");
}

TEST_CASE("HTTP/1.0 is answered and closed, or kept when asked for") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  const auto kept = client.ask("GET /who HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.headers.at("connection") == "keep-alive");
  const auto last = client.ask("GET /who HTTP/1.0\r\n\r\n");
  CHECK(last.headers.at("connection") == "close");
  CHECK(client.closed_within(testing::kPatience));
}

TEST_CASE("Connection: close is honoured") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  CHECK(client.ask("GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").headers.at("connection") == "close");
  CHECK(client.closed_within(testing::kPatience));
  CHECK(eventually([&] { return fixture.connections() == 0; }));
}

TEST_CASE("a port that is taken, and an address that is none, are errors that name it") {
  Fixture fixture;
  fixture.serve({});
  const auto taken = "127.0.0.1:" + std::to_string(fixture.port());
  metrics::Registry registry;
  const auto second = Server::start({.name = "x", .listen = taken, .tls = {}, .limits = {}}, {}, registry);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(taken) != std::string::npos);
  CHECK_FALSE(Server::start({.name = "x", .listen = "example.org:80", .tls = {}, .limits = {}}, {}, registry));
}

TEST_CASE("IPv4 clients of a server on every address are seen with their IPv4 address") {
  Fixture fixture;
  fixture.serve({.name = {}, .listen = "[::]:0", .tls = {}, .limits = {}});
  Client client(fixture.port());
  CHECK(client.ask(get("/who")).body == "|unknown|127.0.0.1|/who|");
}

TEST_CASE("all metrics are there, at 0, before anything happens") {
  Fixture fixture;
  fixture.serve({});
  const auto text = fixture.registry.expose();
  for (const auto* line :
       {R"(remint_http_requests_total{code="200",server="test"} 0)", R"(remint_http_connections{server="test"} 0)",
        R"(remint_http_rejected_total{reason="handshake",server="test"} 0)",
        R"(remint_http_received_bytes_total{server="test"} 0)"}) {
    INFO(line << "\n" << text);
    CHECK(text.find(line) != std::string::npos);
  }
}

}  // namespace remint::http

// Where a request ends, and requests that try to make that doubtful.

#include "fixture.hpp"

namespace remint::http {
namespace {

std::string echo(std::string_view headers, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("shapes that smuggle requests are refused and end the connection") {
  Fixture fixture;
  fixture.serve({});
  const auto request = GENERATE(
      as<std::string>{}, echo("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      echo("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
      echo("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
      echo("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), echo("Content-Length: 5, 5\r\n", "hello"),
      echo("Content-Length: -5\r\n", "hello"), echo("Content-Length: +5\r\n", "hello"),
      echo("Content-Length: 0x5\r\n", "hello"), echo("Content-Length: nan\r\n", "hello"),
      echo("Content-Length: 99999999999999999999999999\r\n", "hello"), echo("Content-Length:\r\n", ""),
      echo("Content-Length : 5\r\n", "hello"), echo("Transfer-Encoding: identity\r\n", ""),
      echo("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
      echo("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
      echo("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      echo("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
      echo("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
      "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET /who HTTP/9.9\r\n\r\n",
      "GET  /who HTTP/1.1\r\n\r\n", "GET http://x/who HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n", "GET /who\r\n\r\n",
      "\r\n\r\n", "\x16\x03\x01 nonsense\r\n\r\n", "GET /who HTTP/1.1\r\nbad name: x\r\n\r\n",
      "GET /who HTTP/1.1\r\nno colon\r\n\r\n", "GET /who HTTP/1.1\nHost: x\r\n\r\n");
  INFO(request);
  Client client(fixture.port());
  client.send(request + get("/who"));
  CHECK(client.receive().status == 400);
  CHECK(client.receive().status == 0);  // what came behind was not taken for a request
  CHECK(fixture.handled == 0);
  CHECK(fixture.rejected("malformed") == 1);
}

TEST_CASE("a POST that says nothing about a body has none") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  const auto reply = client.ask("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
}

TEST_CASE("bad chunk sizes are refused") {
  Fixture fixture;
  Settings settings;
  settings.limits.body_bytes = 1000;
  fixture.serve(settings);
  const auto [size, status] = GENERATE(table<std::string, int>({{"-1", 400},
                                                                {"-5", 400},
                                                                {"", 400},
                                                                {"0x1", 400},
                                                                {"ffffffffffffffff", 400},
                                                                {"fffffffffffffffff", 400},
                                                                {"ffffffff", 413},
                                                                {"7fffffff", 413},
                                                                {"3e9", 413}}));
  INFO(size);
  Client client(fixture.port());
  const auto reply = client.ask(echo("Transfer-Encoding: chunked\r\n", size + "\r\nx"));
  CHECK(reply.status == status);
  CHECK(reply.headers.at("connection") == "close");
  CHECK(fixture.handled == 0);
}

TEST_CASE("a chunked body and the request behind it are kept apart") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  client.send(echo("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n") + get("/who") +
              post("/echo", "last"));
  CHECK(client.receive().body == "abcde");
  CHECK(client.receive().status == 200);
  CHECK(client.receive().body == "last");
}

TEST_CASE("a large chunked body arrives whole") {
  Fixture fixture;
  fixture.serve({});
  Client client(fixture.port());
  std::string wire;
  std::string body;
  for (int i = 0; i < 3000; ++i) {
    const std::string chunk(static_cast<std::size_t>(i % 997 + 1), static_cast<char>('a' + i % 26));
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    wire += size + chunk + "\r\n";
    body += chunk;
  }
  std::jthread sender([&] { client.send(echo("Transfer-Encoding: chunked\r\n", wire + "0\r\n\r\n")); });
  const auto reply = client.receive();
  CHECK(reply.status == 200);
  CHECK((reply.body == body));  // in brackets: Catch takes minutes to print two megabytes
}

}  // namespace remint::http

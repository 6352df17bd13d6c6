// Each trap of the HTTP library that the transport guards against, sprung by a server that says what it should not.
#include <atomic>
#include <catch2/catch.hpp>
#include <stop_token>
#include <thread>

#include "transport_fixture.hpp"

using namespace remint;
using namespace remint::kube;
using namespace remint::kube::testing;
using namespace std::chrono_literals;

namespace {

const char* const kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Result<Response> send_to(const ScriptedServer& server, const Request& request, const std::stop_token& stop = {},
                         std::size_t max_body = 1U << 20U) {
  return connect(plain_config(server))->send(request, stop, max_body);
}

Script answer_once(std::string bytes, bool then_wait = false) {
  return [bytes = std::move(bytes), then_wait](Connection& connection, int) {
    if (!connection.read_request().empty() && connection.send(bytes) && then_wait) {
      connection.wait_for_close();
    }
  };
}

}  // namespace

TEST_CASE("a request carries its path, its headers and its body as given") {
  std::string body;
  const ScriptedServer server([&](Connection& connection, int) {
    connection.read_request();
    body = connection.read_bytes(7);
    connection.send(http_response(201, "made", "Retry-After: 7\r\n"));
  });
  Config config = plain_config(server);
  config.token.inline_data = "abc.def";
  const auto response = connect(config)->send(post("/api/v1/x%2Fy?labelSelector=a%3Db%2Cc&limit=1", "{\"a\":1}"), {});
  REQUIRE(response);
  CHECK(response->status == 201);
  CHECK(response->body == "made");
  CHECK(response->retry_after_seconds == 7);
  CHECK(body == "{\"a\":1}");
  const std::string head = server.requests().at(0);
  CHECK_THAT(head, Catch::StartsWith("POST /api/v1/x%2Fy?labelSelector=a%3Db%2Cc&limit=1 HTTP/1.1\r\n"));
  CHECK_THAT(head, Catch::Contains("Authorization:Bearer abc.def\r\n"));
  CHECK_THAT(head, Catch::Contains("User-Agent:remint/test\r\n"));
  CHECK_THAT(head, Catch::Contains("Content-Type:application/json\r\n"));
  CHECK_THAT(head, Catch::Contains("Content-Length:7\r\n"));
}

TEST_CASE("a prefix in the server's address stands before every path") {
  const ScriptedServer server(always(http_response(200, "ok")));
  Config config = plain_config(server);
  config.server += "/k8s/clusters/c-1/";
  REQUIRE(connect(config)->send(get("/api/v1/pods?limit=1"), {}));
  CHECK_THAT(server.requests().at(0), Catch::StartsWith("GET /k8s/clusters/c-1/api/v1/pods?limit=1 "));
}

TEST_CASE("a malformed chunk size ends the request, not the process") {
  const std::string size = GENERATE("-1", "-2", "zz", "");
  CAPTURE(size);
  const ScriptedServer server(answer_once(kChunked + size + "\r\nabcdefgh\r\n0\r\n\r\n"));
  const auto sent = send_to(server, get("/x", 3s));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kUnavailable);
  std::size_t streamed = 0;
  const auto stream = connect(plain_config(server))
                          ->stream(get("/x", 3s),
                                   [&](std::string_view bytes) {
                                     streamed += bytes.size();
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE_FALSE(stream);
  CHECK(streamed < 100);
}

TEST_CASE("a chunk that claims to be huge ends at the deadline at the latest") {
  const ScriptedServer server(answer_once(std::string(kChunked) + "-5\r\nabcdefgh", true));
  const Stopwatch watch;
  const auto sent = send_to(server, get("/x", 300ms));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kTimeout);
  CHECK(watch.elapsed() < 3s);
}

TEST_CASE("garbage instead of HTTP is an error that names the request") {
  const std::string garbage = GENERATE("\x16\x03\x01 no HTTP\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "SSH-2.0-x\r\n", "");
  const ScriptedServer server(answer_once(garbage));
  const auto sent = send_to(server, get("/api/v1/pods", 3s));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(sent.error().message, Catch::StartsWith("GET " + server.url() + "/api/v1/pods: "));
}

TEST_CASE("a body that is cut short is an error, however it is framed") {
  const std::string bytes = GENERATE(std::string(kChunked) + "8\r\nabc", std::string(kChunked) + "3\r\nabc\r\n",
                                     std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  const ScriptedServer server(answer_once(bytes));
  const auto sent = send_to(server, get("/x", 3s));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("a server that accepts and says nothing costs no more than the deadline") {
  const ScriptedServer server([](Connection& connection, int) { connection.wait_for_close(); });
  const Stopwatch watch;
  const auto sent = send_to(server, get("/x", 200ms));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kTimeout);
  CHECK(watch.elapsed() >= 200ms);
  CHECK(watch.elapsed() < 3s);
}

TEST_CASE("the deadline holds for the whole exchange, although the library's is per read") {
  const ScriptedServer server([](Connection& connection, int) {
    connection.read_request();
    connection.send(kChunked);
    while (connection.send("1\r\nx\r\n")) {
      std::this_thread::sleep_for(20ms);  // the pace of the trickle
    }
  });
  const Stopwatch watch;
  const auto sent = send_to(server, get("/x", 400ms));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kTimeout);
  CHECK(watch.elapsed() < 3s);
}

TEST_CASE("a stream may last longer than its timeout as long as it is not silent") {
  const ScriptedServer server([](Connection& connection, int) {
    connection.read_request();
    connection.send(kChunked);
    for (int i = 0; i < 20 && connection.send("1\r\nx\r\n"); ++i) {
      std::this_thread::sleep_for(30ms);  // the pace of the trickle
    }
    connection.send("0\r\n\r\n");
  });
  std::string body;
  const Stopwatch watch;
  const auto stream = connect(plain_config(server))
                          ->stream(get("/x", 300ms),
                                   [&](std::string_view bytes) {
                                     body += bytes;
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE(stream);
  CHECK(body == std::string(20, 'x'));
  CHECK(watch.elapsed() > 300ms);
}

TEST_CASE("a stream that has a limit ends at it, however it trickles") {
  const ScriptedServer server([](Connection& connection, int) {
    connection.read_request();
    connection.send(kChunked);
    for (int i = 0; i < 100 && connection.send("1\r\nx\r\n"); ++i) {
      std::this_thread::sleep_for(20ms);  // the pace of the trickle
    }
    connection.send("0\r\n\r\n");
  });
  Request request = get("/x", 10s);
  request.total = 300ms;
  const auto stream =
      connect(plain_config(server))->stream(request, [](std::string_view) { return Result<void>{}; }, {});
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == ErrorCode::kTimeout);
}

TEST_CASE("a stream whose peer has died ends after the longest silence allowed") {
  const ScriptedServer server(answer_once(std::string(kChunked) + "3\r\nabc\r\n", true));
  Request request = get("/x", 10s);
  request.silence = 250ms;
  std::string body;
  const Stopwatch watch;
  const auto stream = connect(plain_config(server))
                          ->stream(request,
                                   [&](std::string_view bytes) {
                                     body += bytes;
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == ErrorCode::kTimeout);
  CHECK(body == "abc");
  CHECK(watch.elapsed() < 3s);
}

TEST_CASE("an interim answer is not taken for the answer, and the real one not for that of the next request") {
  const ScriptedServer server([](Connection& connection, int number) {
    connection.read_request();
    connection.send(number == 0 ? "HTTP/1.1 100 Continue\r\n\r\n" + http_response(200, "late")
                                : http_response(200, "right"));
    connection.wait_for_close();
  });
  const auto transport = connect(plain_config(server));
  const auto first = transport->send(post("/x", "{}", 3s), {});
  REQUIRE_FALSE(first);
  CHECK(first.error().code == ErrorCode::kUnavailable);
  CHECK_FALSE(first.error().unsent);
  const auto second = transport->send(get("/x", 3s), {});
  REQUIRE(second);
  CHECK(second->body == "right");
}

TEST_CASE("a redirect is not followed, so the token goes nowhere else") {
  const ScriptedServer thief(always(http_response(200, "thanks")));
  const ScriptedServer server(always(http_response(302, "", "Location: " + thief.url() + "/steal\r\n")));
  Config config = plain_config(server);
  config.token.inline_data = "secret";
  const auto sent = connect(config)->send(get("/x"), {});
  REQUIRE(sent);
  CHECK(sent->status == 302);
  CHECK(thief.connections() == 0);
}

TEST_CASE("a body beyond the cap is refused while it comes in") {
  const bool chunked = GENERATE(true, false);
  const ScriptedServer server([chunked](Connection& connection, int) {
    connection.read_request();
    connection.send(chunked ? kChunked : "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n");
    const std::string block(65536, 'x');
    while (connection.send(chunked ? "10000\r\n" + block + "\r\n" : block)) {
    }
  });
  const auto sent = send_to(server, get("/x"), {}, 3'000'000);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("the body of an error is kept short even where the stream would be endless") {
  const ScriptedServer server([](Connection& connection, int) {
    connection.read_request();
    connection.send("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.send("1000\r\n" + std::string(4096, 'x') + "\r\n")) {
    }
  });
  bool called = false;
  const auto stream = connect(plain_config(server))
                          ->stream(get("/x"),
                                   [&](std::string_view) {
                                     called = true;
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == ErrorCode::kTooLarge);
  CHECK_FALSE(called);
}

TEST_CASE("failures that nobody waits for any more do not end the process") {
  std::string url;
  {
    const ScriptedServer gone(always(""));
    url = gone.url();
  }
  Config config;
  config.server = url;
  for (int i = 0; i < 20; ++i) {
    // Refused at about the time when the caller leaves, with the transport gone right after.
    const auto sent = connect(config)->send(get("/x", std::chrono::milliseconds(i % 3)), {});
    CHECK_FALSE(sent);
  }
}

TEST_CASE("another thread can cancel a request at every stage") {
  const std::string stage = GENERATE("before the headers", "in the body");
  CAPTURE(stage);
  std::stop_source stop;
  std::atomic<bool> closed{false};
  const ScriptedServer server([&](Connection& connection, int) {
    connection.read_request();
    if (stage == "in the body") {
      connection.send(std::string(kChunked) + "3\r\nabc\r\n");
    }
    stop.request_stop();
    closed = connection.wait_for_close();
  });
  const Stopwatch watch;
  const auto transport = connect(plain_config(server));
  const auto stream =
      transport->stream(get("/x", 20s), [](std::string_view) { return Result<void>{}; }, stop.get_token());
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == ErrorCode::kCancelled);
  while (!closed && watch.elapsed() < 5s) {
    std::this_thread::yield();
  }
  CHECK(closed);
}

TEST_CASE("a request that is stopped before it begins is never sent") {
  const ScriptedServer server(always(http_response(200, "")));
  std::stop_source stop;
  stop.request_stop();
  const auto sent = send_to(server, post("/x", "{}"), stop.get_token());
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kCancelled);
  CHECK(sent.error().unsent);
  CHECK(server.connections() == 0);
}

TEST_CASE("a slow reader slows the server down instead of filling the memory") {
  constexpr std::size_t kTotal = 64U << 20U;
  std::atomic<std::size_t> sent_bytes{0};
  const ScriptedServer server([&](Connection& connection, int) {
    connection.read_request();
    connection.send(kChunked);
    const std::string block(65536, 'x');
    for (std::size_t sent = 0; sent < kTotal; sent += block.size()) {
      connection.send("10000\r\n" + block + "\r\n");
      sent_bytes += block.size();
    }
    connection.send("0\r\n\r\n");
  });
  std::size_t got = 0;
  std::size_t ahead = 0;
  const auto stream = connect(plain_config(server))
                          ->stream(get("/x"),
                                   [&](std::string_view bytes) {
                                     got += bytes.size();
                                     if (got < (8U << 20U)) {
                                       std::this_thread::sleep_for(5ms);  // the slow reader
                                       ahead = std::max(ahead, sent_bytes.load() - std::min(got, sent_bytes.load()));
                                     }
                                     return Result<void>{};
                                   },
                                   {});
  REQUIRE(stream);
  CHECK(got == kTotal);
  CHECK(ahead < (32U << 20U));  // the buffers of both kernels, and one piece
}

TEST_CASE("an error of the sink ends the stream and closes the connection") {
  std::atomic<bool> closed{false};
  const ScriptedServer server([&](Connection& connection, int) {
    connection.read_request();
    while (connection.send(std::string(kChunked) + "1\r\nx\r\n") && connection.wait_for_close()) {
      closed = true;
      return;
    }
  });
  {
    const auto stream =
        connect(plain_config(server))
            ->stream(get("/x"),
                     [](std::string_view) -> Result<void> { return fail(ErrorCode::kInvalid, "not what I wanted"); },
                     {});
    REQUIRE_FALSE(stream);
    CHECK(stream.error().code == ErrorCode::kInvalid);
  }
  const Stopwatch watch;
  while (!closed && watch.elapsed() < 5s) {
    std::this_thread::yield();
  }
  CHECK(closed);
}

TEST_CASE("connections are reused") {
  const ScriptedServer server(always(http_response(200, "ok")));
  const auto transport = connect(plain_config(server));
  for (int i = 0; i < 50; ++i) {
    REQUIRE(transport->send(get("/x"), {}));
  }
  CHECK(server.connections() < 10);  // the library races with itself now and then
}

TEST_CASE("a write whose answer was lost on a reused connection is not sent again behind our back") {
  std::atomic<int> writes{0};
  const ScriptedServer server([&](Connection& connection, int) {
    while (true) {
      const std::string head = connection.read_request();
      if (head.starts_with("GET")) {
        connection.send(http_response(200, "ok"));
      } else {
        writes += head.empty() ? 0 : 1;
        return;  // taken, but no answer
      }
    }
  });
  const auto transport = connect(plain_config(server));
  for (int round = 0; round < 10; ++round) {
    const int before = writes;
    for (int i = 0; i < 3; ++i) {
      const auto warm = transport->send(get("/warm"), {});  // fills the pool
      INFO((warm ? "" : warm.error().message));
      REQUIRE(warm);
    }
    const auto sent = transport->send(post("/x", "{}", 3s), {});
    REQUIRE_FALSE(sent);
    CHECK(sent.error().code == ErrorCode::kUnavailable);
    CHECK_FALSE(sent.error().unsent);
    CHECK(writes - before == 1);
  }
}

TEST_CASE("a write that was never sent says so") {
  std::string url;
  {
    const ScriptedServer gone(always(""));
    url = gone.url();
  }
  Config config;
  config.server = url;
  const auto refused = connect(config)->send(post("/x", "{}", 5s), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().unsent);
}

TEST_CASE("an IPv6 address in brackets is reached") {
  const ScriptedServer server(always(http_response(200, "ok")), nullptr, true);
  const auto sent = send_to(server, get("/x"));
  REQUIRE(sent);
  CHECK(sent->body == "ok");
  CHECK_THAT(server.requests().at(0), Catch::Contains("Host:[::1]:" + std::to_string(server.port()) + "\r\n"));
}

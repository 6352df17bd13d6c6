// Routes whose handlers take long, beside those that must not wait for them.

#include <vector>

#include "fixture.hpp"

namespace remint::http {
namespace {

/// One I/O thread; /slow waits for open_gate().
struct Slow : Fixture {
  void begin(Limits limits = {}) {
    Settings settings;
    settings.name = "test";
    settings.listen = "127.0.0.1:0";
    settings.limits = limits;
    const auto slow = [this](const Request& request) {
      ++at_gate;
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return gate_open; });
      return Response{.status = 200, .body = std::string(request.body)};
    };
    const auto quick = [](const Request&) { return Response{.status = 200, .body = "quick"}; };
    const auto wrong = [](const Request&) -> Response { throw std::runtime_error("a secret of ours"); };
    auto started = Server::start(
        settings, {{"POST", "/slow", slow, {}, true}, {"POST", "/wrong", wrong, {}, true}, {"GET", "/quick", quick}},
        registry);
    REQUIRE(started);
    server = std::move(*started);
  }
  ~Slow() { open_gate(); }
  double received() {
    return registry
        .counter("remint_http_received_bytes_total", "Bytes of request bodies received.", {{"server", "test"}})
        .value();
  }
};

}  // namespace

TEST_CASE_METHOD(Slow, "while a handler beside the server's thread takes long, other routes are answered") {
  begin();
  Client busy(port());
  busy.send(post("/slow", "hello"));
  REQUIRE(eventually([&] { return at_gate == 1; }));
  Client other(port());
  for (int i = 0; i < 3; ++i) CHECK(other.ask(get("/quick")).body == "quick");
  Client next(port());
  next.send(post("/slow", "second"));
  CHECK(other.ask(get("/quick")).body == "quick");
  CHECK(at_gate == 1);  // one at a time
  open_gate();
  CHECK(busy.receive().body == "hello");
  CHECK(next.receive().body == "second");
  CHECK(busy.ask(post("/slow", "again")).body == "again");  // the connection goes on
  CHECK(busy.ask(post("/wrong", "x")).status == 500);
  CHECK(busy.ask(get("/quick")).body == "quick");
}

TEST_CASE_METHOD(Slow, "what waits for that thread is bounded, and given room again") {
  SECTION("by bytes") {
    Limits limits;
    limits.bytes_in_flight = 400'000;  // 100,000 beside
    begin(limits);
    const std::string large(60'000, 'x');
    Client first(port());
    first.send(post("/slow", large));
    REQUIRE(eventually([&] { return at_gate == 1; }));
    Client second(port());
    const auto reply = second.ask(post("/slow", large));
    CHECK(reply.status == 429);
    CHECK(reply.headers.at("retry-after") == "1");
    // Its length is not known before it is whole.
    Client chunked(port());
    CHECK(chunked.ask("POST /slow HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n" + large + "\r\n0\r\n\r\n")
              .status == 429);
    CHECK(rejected("bytes_in_flight") == 2);
    open_gate();
    CHECK(first.receive().body == large);
    CHECK(eventually([&] { return Client(port()).ask(post("/slow", large)).status == 200; }));
  }
  SECTION("by number") {
    begin();
    std::vector<Client> clients;
    for (int i = 0; i < 70; ++i) {
      clients.emplace_back(port());
      clients.back().send(post("/slow", "x"));
    }
    CHECK(eventually([&] { return rejected("bytes_in_flight") == 6; }));
    open_gate();
    int good = 0;
    for (auto& client : clients) good += client.receive().status == 200 ? 1 : 0;
    CHECK(good == 64);
  }
}

// Who might post nowhere else could have kept everybody's bodies out.
TEST_CASE_METHOD(Slow, "bodies for that thread that are still on their way leave the others their room") {
  Limits limits;
  limits.bytes_in_flight = 400'000;  // 100,000 beside
  begin(limits);
  open_gate();
  const std::string most(60'000, 'x');
  Client first(port());
  const auto whole = post("/slow", most);
  REQUIRE(first.send(std::string_view(whole).substr(0, whole.size() - 1)));
  REQUIRE(eventually([&] { return received() >= static_cast<double>(most.size() - 1); }));
  Client second(port());
  CHECK(second.ask(post("/slow", most)).status == 429);
  REQUIRE(first.send("x"));
  CHECK(first.receive().status == 200);
  CHECK(Client(port()).ask(post("/slow", most)).status == 200);
}

TEST_CASE_METHOD(Slow, "who posts there does not keep a connection for the next time once half of them are taken") {
  Limits limits;
  limits.connections = 4;
  begin(limits);
  open_gate();
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(port());
    CHECK(clients.back().ask(post("/slow", "x")).status == 200);
    CHECK(clients.back().ask(post("/slow", "x")).status == 200);
  }
  Client third(port());
  CHECK(third.ask(post("/slow", "x")).headers.at("connection") == "close");
  CHECK(third.closed_within(testing::kPatience));
  Client other(port());
  CHECK(other.ask(get("/quick")).status == 200);
  CHECK(other.ask(get("/quick")).status == 200);
}

TEST_CASE_METHOD(Slow, "a deadline of the connection does not end what its handler does") {
  begin(short_limits());
  Client client(port());
  client.send(post("/slow", "x"));
  REQUIRE(eventually([&] { return at_gate == 1; }));
  // Longer than any of them: another connection is sent away for it.
  Client idle(port());
  REQUIRE(idle.closed_within(testing::kPatience));
  Client second(port());
  REQUIRE(second.closed_within(testing::kPatience));
  open_gate();
  CHECK(client.receive().status == 200);
}

TEST_CASE_METHOD(Slow, "a drain waits for such a handler, and no longer than its deadline") {
  begin();
  Client client(port());
  client.send(post("/slow", "x"));
  REQUIRE(eventually([&] { return at_gate == 1; }));
  SECTION("it is in time") {
    std::jthread drain([&] { server->drain(10s); });
    REQUIRE(eventually([&] { return !Client(port()).error().empty(); }));  // it takes nobody any more
    open_gate();
    CHECK(client.receive().body == "x");
    drain.join();
    CHECK(connections() == 0);
  }
  SECTION("it is not") {
    Client waiting(port());
    waiting.send(post("/slow", "y"));
    std::jthread drain([&] { server->drain(100ms); });
    CHECK(client.closed_within(testing::kPatience));
    CHECK(waiting.closed_within(testing::kPatience));
    open_gate();
    drain.join();
    CHECK(at_gate == 1);  // what waited is dropped
    server.reset();
    CHECK(connections() == 0);
  }
}

}  // namespace remint::http

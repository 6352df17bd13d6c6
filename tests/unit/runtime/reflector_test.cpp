#include "remint/runtime/reflector.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "remint/kube/resources.hpp"
#include "support/fake_transport.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace std::chrono_literals;
using remint::testing::FakeTransport;
using remint::testing::wait_until;
using runtime::Reflector;

namespace {

constexpr BackoffSettings kFast{.initial = 1ms, .max = 5ms, .factor = 2.0, .jitter = 0.0};

std::string object(const std::string& name, const std::string& version) {
  return R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" + version + R"("}})";
}
std::string list(const std::string& version, const std::vector<std::string>& items, const std::string& more = "") {
  std::string joined;
  for (const auto& item : items) joined += (joined.empty() ? "" : ",") + item;
  return R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":")" + version + R"(","continue":")" +
         more + R"("},"items":[)" + joined + "]}";
}
std::string event(const std::string& type, const std::string& body) {
  return R"({"type":")" + type + R"(","object":)" + body + "}\n";
}

/// Writes down what it is told: "begin", "+name" in a list, "name" by a watch, "-name", "end". Chokes on "bad".
class Recorder final : public runtime::ReflectorSink {
 public:
  void begin_list() override { note("begin"); }
  Result<void> apply(std::string_view text, bool initial) override { return take(text, initial ? "+" : ""); }
  Result<void> remove(std::string_view text) override { return take(text, "-"); }
  void end_list() override { note("end"); }

  std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

 private:
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    log_.push_back(std::move(line));
  }
  Result<void> take(std::string_view text, const std::string& sign) {
    const auto from = text.find(R"("name":")") + 8;
    const std::string name(text.substr(from, text.find('"', from) - from));
    if (name == "bad") return fail(ErrorCode::kInvalid, "a bad object");
    note(sign + name);
    return {};
  }
  mutable std::mutex mutex_;
  std::vector<std::string> log_;
};

using Log = std::vector<std::string>;

/// An API server that answers from two scripts; when they are at their end, lists are empty and watches hang.
struct Fixture {
  metrics::Registry metrics;
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>();
  kube::Client client{transport, metrics, system_clock()};
  Recorder sink;
  std::mutex mutex;
  std::deque<FakeTransport::Sender> lists;
  std::deque<FakeTransport::Streamer> watches;
  std::optional<Reflector> reflector;

  Fixture() {
    transport->on_send([this](const kube::Request& request, const std::stop_token& stop) {
      const auto step = next(lists);
      return step ? step(request, stop) : FakeTransport::ok(list("1", {}));
    });
    transport->on_stream(
        [this](const kube::Request& request, const kube::ChunkSink& chunk, const std::stop_token& stop) {
          const auto step = next(watches);
          return step ? step(request, chunk, stop) : FakeTransport::hang(stop);
        });
    reflector.emplace(client, settings(), sink, metrics);
  }
  static runtime::ReflectorSettings settings() {
    return {.resource = kube::kPods, .ns = "", .field_selector = "", .backoff = kFast};
  }
  template <class Step>
  Step next(std::deque<Step>& steps) {
    const std::lock_guard lock(mutex);
    if (steps.empty()) return {};
    auto step = std::move(steps.front());
    steps.pop_front();
    return step;
  }
  void then_list(const std::string& body) {
    lists.push_back([body](const auto&, const auto&) { return FakeTransport::ok(body); });
  }
  void then_list_fails(int status) {
    lists.push_back([status](const auto&, const auto&) { return FakeTransport::status(status); });
  }
  /// Sends the text, then ends as said.
  void then_watch(const std::string& text, const FakeTransport::Answer& end = FakeTransport::ok("")) {
    watches.push_back([text, end](const auto&, const kube::ChunkSink& chunk, const auto&) -> FakeTransport::Answer {
      if (!text.empty()) {
        if (const auto taken = chunk(text); !taken) return std::unexpected(taken.error());
      }
      return end;
    });
  }
  double restarts(const std::string& reason) {
    return metrics
        .counter("remint_watch_restarts_total", "Lists and watches that had to be begun again, by reason.",
                 {{"resource", "pods"}, {"reason", reason}})
        .value();
  }
  /// Paths of the watches so far.
  std::vector<std::string> watched() {
    std::vector<std::string> result;
    for (const auto& request : transport->requests()) {
      if (request.path.find("watch=true") != std::string::npos) result.push_back(request.path);
    }
    return result;
  }
  bool waits_for_watch(std::size_t number) {
    return wait_until([&] { return watched().size() >= number; });
  }
};

}  // namespace

TEST_CASE("A reflector lists all pages, says so once, and watches from the list's version") {
  Fixture f;
  f.then_list(list("5", {object("a", "1")}, "more"));
  f.then_list(list("5", {object("b", "2")}));
  f.then_watch(event("ADDED", object("c", "6")) + event("MODIFIED", object("a", "7")) +
               event("DELETED", object("b", "8")));
  CHECK_FALSE(f.reflector->synced());
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK(f.sink.log() == Log{"begin", "+a", "+b", "end", "c", "a", "-b"});
  CHECK(f.reflector->synced());
  CHECK(f.reflector->last_error().empty());
  CHECK_THAT(f.watched()[0], Catch::Contains("resourceVersion=5"));
  CHECK_THAT(f.watched()[1], Catch::Contains("resourceVersion=8"));
  CHECK(
      f.metrics.gauge("remint_watch_synced", "1 when the first list of the resource was whole.", {{"resource", "pods"}})
          .value() == 1);
}

TEST_CASE("stop ends an open watch within milliseconds") {
  Fixture f;
  f.reflector->start();
  CHECK(f.waits_for_watch(1));
  const auto before = std::chrono::steady_clock::now();
  f.reflector->stop();
  CHECK(std::chrono::steady_clock::now() - before <
        5s);  // it takes milliseconds, but a busy machine should not fail this
  f.reflector->stop();
}

TEST_CASE("stop ends a list that hangs, and the pause between failures") {
  Fixture f;
  SECTION("a list") {
    f.lists.push_back([](const auto&, const std::stop_token& stop) { return FakeTransport::hang(stop); });
    f.reflector->start();
    CHECK(wait_until([&] { return f.transport->count() == 1; }));
  }
  SECTION("a pause") {
    auto settings = Fixture::settings();
    settings.backoff = {.initial = 1h, .max = 1h, .factor = 1, .jitter = 0};
    f.then_list_fails(403);
    f.reflector.emplace(f.client, settings, f.sink, f.metrics);
    f.reflector->start();
    CHECK(wait_until([&] { return !f.reflector->last_error().empty(); }));
  }
  f.reflector->stop();
  CHECK_FALSE(f.reflector->synced());
}

TEST_CASE("A list that fails halfway is begun anew and never shown in half") {
  Fixture f;
  f.then_list(list("5", {object("a", "1")}, "more"));
  f.then_list_fails(410);
  f.then_list(list("6", {object("b", "2")}));
  f.reflector->start();
  CHECK(f.waits_for_watch(1));
  CHECK(f.sink.log() == Log{"begin", "+a", "begin", "+b", "end"});
}

TEST_CASE("An expired version makes it list again, from the answer's status as from an event") {
  Fixture f;
  f.then_list(list("5", {object("a", "1")}));
  SECTION("status") { f.then_watch("", FakeTransport::status(410, "Expired")); }
  SECTION("event") {
    f.then_watch(
        event("ERROR", R"({"kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"too old"})"));
  }
  f.then_list(list("9", {object("b", "8")}));
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK(f.sink.log() == Log{"begin", "+a", "end", "begin", "+b", "end"});
  CHECK_THAT(f.watched()[1], Catch::Contains("resourceVersion=9"));
  CHECK(f.restarts("expired") == 1);
}

TEST_CASE("A cut or silent watch goes on from the last version, bookmarks included") {
  Fixture f;
  f.then_list(list("5", {}));
  SECTION("cut") { f.then_watch(event("BOOKMARK", object("", "77")), FakeTransport::cut()); }
  SECTION("silent") { f.then_watch(event("BOOKMARK", object("", "77")), fail(ErrorCode::kTimeout, "silence")); }
  SECTION("ended") { f.then_watch(event("BOOKMARK", object("", "77"))); }
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK_THAT(f.watched()[1], Catch::Contains("resourceVersion=77"));
  CHECK(f.sink.log() == Log{"begin", "end"});
  CHECK(f.restarts("cut") + f.restarts("silent") + f.restarts("ended") == 1);
}

TEST_CASE("A watch is given up when it is silent for longer than the server's timeout and the margin") {
  Fixture f;
  auto settings = Fixture::settings();
  settings.server_timeout = 7s;
  settings.idle_margin = 2s;
  f.reflector.emplace(f.client, settings, f.sink, f.metrics);
  f.reflector->start();
  CHECK(f.waits_for_watch(1));
  const auto request = f.transport->requests().back();
  CHECK(request.silence == 9s);
  CHECK_THAT(request.path, Catch::Contains("timeoutSeconds=7"));
}

TEST_CASE("A missing CRD or role is said in last_error and tried until it is there") {
  const int status = GENERATE(403, 404);
  Fixture f;
  for (int i = 0; i < 3; ++i) f.then_list_fails(status);
  std::atomic<bool> repaired = false;
  f.lists.push_back([&](const auto&, const std::stop_token&) {
    static_cast<void>(wait_until([&] { return repaired.load(); }));
    return FakeTransport::ok(list("5", {}));
  });
  f.reflector->start();
  CHECK(wait_until([&] { return f.transport->count() == 4; }));
  CHECK_THAT(f.reflector->last_error(), Catch::Contains("pods"));
  CHECK_FALSE(f.reflector->synced());
  repaired = true;
  CHECK(wait_until([&] { return f.reflector->synced(); }));
  CHECK(f.reflector->last_error().empty());
  CHECK(f.restarts("refused") == 3);
}

TEST_CASE("A watch that finds its resource gone lists again") {
  Fixture f;
  f.then_list(list("5", {object("a", "1")}));
  f.then_watch("", FakeTransport::status(404));
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK(f.sink.log() == Log{"begin", "+a", "end", "begin", "end"});
}

TEST_CASE("One bad object is counted and left out, in a list and in a watch") {
  Fixture f;
  f.then_list(list("5", {object("bad", "1"), object("a", "2")}));
  f.then_watch(event("ADDED", object("bad", "6")) + event("DELETED", object("bad", "7")) +
               event("ADDED", object("b", "8")));
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK(f.sink.log() == Log{"begin", "+a", "end", "b"});
  CHECK(f.metrics
            .counter("remint_watch_decode_errors_total", "Watched objects that could not be understood.",
                     {{"resource", "pods"}})
            .value() == 3);
  CHECK_THAT(f.watched()[1], Catch::Contains("resourceVersion=8"));
}

TEST_CASE("A watch that brings garbage lists again") {
  Fixture f;
  f.then_list(list("5", {}));
  f.then_watch("this is not JSON\n");
  f.reflector->start();
  CHECK(f.waits_for_watch(2));
  CHECK(f.sink.log() == Log{"begin", "end", "begin", "end"});
}

TEST_CASE("A reflector of one namespace asks for that and is called by it") {
  Fixture f;
  auto settings = Fixture::settings();
  settings.ns = "shop";
  settings.field_selector = "spec.nodeName=n1";
  f.reflector.emplace(f.client, settings, f.sink, f.metrics);
  CHECK(f.reflector->name() == "pods/shop");
  f.reflector->start();
  CHECK(f.waits_for_watch(1));
  for (const auto& request : f.transport->requests()) {
    CHECK_THAT(request.path, Catch::StartsWith("/api/v1/namespaces/shop/pods?"));
    CHECK_THAT(request.path, Catch::Contains("fieldSelector=spec.nodeName%3Dn1"));
  }
}

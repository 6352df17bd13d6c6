// Everything that an API server may answer, and what the client makes of it.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/kube/resources.hpp"
#include "support/fault_proxy.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using std::chrono::steady_clock;

namespace {

template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

FaultMatch always(const std::string& method = {}) {
  return {.method = method, .path_prefix = "/api", .query = {}, .times = FaultMatch::kAlways};
}

Result<std::size_t> count(kube::Client& client, const kube::Resource& resource = kConfigMaps) {
  std::size_t items = 0;
  const auto version = client.list(
      resource, {.ns = {}, .label_selector = {}, .field_selector = {}},
      [&](std::string_view) -> Result<void> { return ++items, Result<void>(); }, no_stop());
  if (!version) return std::unexpected(version.error());
  return items;
}

/// For a client of the moment.
Result<std::size_t> count(const kube::Config& config, const kube::ClientSettings& settings = quick()) {
  Connected connected(config, settings);
  return count(connected.client);
}

Result<void> watch(kube::Client& client, std::chrono::seconds timeout = std::chrono::seconds(30)) {
  kube::WatchOptions options;
  options.ns = "default";
  options.server_timeout = timeout;
  options.idle_margin = std::chrono::seconds(1);
  return client.watch(
      kConfigMaps, options, [](kube::WatchEventType, std::string_view) { return Result<void>(); }, no_stop());
}

struct Served {
  FakeApiServer server;
  Connected connected{config_for(server.port())};
  kube::Client& client = connected.client;
};

}  // namespace

TEST_CASE_METHOD(Served, "error statuses become error codes for reads, lists, watches and writes") {
  const auto [status, expected] = GENERATE(table<int, ErrorCode>({{401, ErrorCode::kUnauthorized},
                                                                  {403, ErrorCode::kForbidden},
                                                                  {404, ErrorCode::kNotFound},
                                                                  {409, ErrorCode::kConflict},
                                                                  {410, ErrorCode::kGone}}));
  INFO(status);
  server.faults().add(always(), Fault::answer(status));
  CHECK(code(client.get(kConfigMaps, {"default", "a"}, no_stop())) == expected);
  CHECK(code(count(client)) == expected);
  CHECK(code(watch(client)) == expected);
  CHECK(code(client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) == expected);
  CHECK(code(client.remove(kConfigMaps, {"default", "a"}, {}, no_stop())) == expected);
  CHECK(server.faults().taken() == 5);  // each asked once: none of these passes by itself
}

TEST_CASE_METHOD(Served, "a CRD that is not installed is not found, and found when it is") {
  CHECK(code(count(client, kube::kWorkloadRestarts)) == ErrorCode::kNotFound);
  server.add_remint_resources();
  CHECK(count(client, kube::kWorkloadRestarts).value() == 0);
}

TEST_CASE_METHOD(Served, "reads outlive a server that fails a few times") {
  server.put(config_map("a"));
  for (const auto& fault : {Fault::answer(500), Fault::answer(503), Fault::answer(429), Fault::close(),
                            Fault::raw("\x16\x03\x01"), Fault::raw("")}) {
    server.faults().add({.method = "GET", .path_prefix = kMaps, .query = {}, .times = 2}, fault);
    const auto got = client.get(kConfigMaps, {"default", "a"}, no_stop());
    INFO((got ? "" : got.error().message));
    CHECK(got);
  }
  CHECK(server.faults().taken() == 12);
}

TEST_CASE_METHOD(Served, "a server that keeps failing is unavailable in the end") {
  kube::ClientSettings settings = quick();
  settings.read_budget = std::chrono::milliseconds(300);
  Connected impatient(config_for(server.port()), settings);
  for (const auto& fault : {Fault::answer(500), Fault::close()}) {
    server.faults().add(always(), fault);
    CHECK(code(impatient.client.get(kConfigMaps, {"default", "a"}, no_stop())) == ErrorCode::kUnavailable);
    server.faults().clear();
  }
}

TEST_CASE_METHOD(Served, "Retry-After is obeyed") {
  server.put(config_map("a"));
  server.faults().add({}, Fault::answer(429, 1));
  const auto begin = steady_clock::now();
  CHECK(client.get(kConfigMaps, {"default", "a"}, no_stop()));
  CHECK(steady_clock::now() - begin >= std::chrono::seconds(1));
}

TEST_CASE_METHOD(Served, "a write is sent again when it was turned away, and only then") {
  server.faults().add({.method = "POST", .path_prefix = {}, .query = {}, .times = 2}, Fault::answer(429));
  CHECK(client.create(kConfigMaps, "default", config_map("a").dump(), no_stop()));
  CHECK(server.requests().count("POST", kMaps) == 3);
  server.requests().clear();
  for (const auto& fault : {Fault::answer(500), Fault::close(), Fault::lose_answer()}) {
    server.faults().add({.method = "POST", .path_prefix = {}, .query = {}, .times = 1}, fault);
    CHECK(code(client.create(kConfigMaps, "default", R"({"metadata":{"generateName":"b-"}})", no_stop())) ==
          ErrorCode::kUnavailable);
  }
  CHECK(server.requests().count("POST", kMaps) == 3);
  CHECK(server.all(kMaps).size() == 2);  // a, and the one whose answer was lost
}

TEST_CASE_METHOD(Served, "an eviction that a budget forbids is not repeated") {
  server.faults().add(always("POST"), Fault::answer(429, 1));
  CHECK(code(client.evict({"default", "p"}, {}, no_stop())) == ErrorCode::kTooMany);
  CHECK(server.requests().count("POST", "/api") == 1);
}

TEST_CASE_METHOD(Served, "answers that are not what was asked for are errors, never crashes") {
  const std::string bodies[] = {"",
                                "null",
                                "[]",
                                "{}",
                                "<html>proxy</html>",
                                "{\"items\":",
                                "{\"items\":{}}",
                                "{\"items\":[1,2]}",
                                std::string(1000, '['),
                                std::string("\xff\xfe\x00", 3)};
  for (const auto& body : bodies) {
    INFO(body.substr(0, 40));
    Fault fault{Fault::Kind::kAnswer, 200, body, {}};
    server.faults().add(always(), fault);
    const auto listed = count(client);
    if (listed) CHECK(*listed <= 2);
    const auto watched = watch(client);
    if (!watched) CHECK_FALSE(watched.error().message.empty());
    (void)client.get(kConfigMaps, {"default", "a"}, no_stop());
    server.faults().clear();
  }
  server.put(config_map("a"));
  CHECK(client.get(kConfigMaps, {"default", "a"}, no_stop()));
}

TEST_CASE_METHOD(Served, "raw nonsense on the wire is an error, never a crash") {
  const std::string answers[] = {"",
                                 "\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\n\r\n",
                                 "HTTP/1.1 999999 X\r\n\r\n",
                                 "SSH-2.0-OpenSSH\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"kind\""};
  kube::ClientSettings settings = quick();
  settings.read_budget = settings.page_budget = std::chrono::milliseconds(300);
  Connected impatient(config_for(server.port()), settings);
  for (const auto& answer : answers) {
    INFO(answer);
    server.faults().add(always(), Fault::raw(answer));
    (void)impatient.client.get(kConfigMaps, {"default", "a"}, no_stop());
    CHECK_FALSE(count(impatient.client));
    (void)watch(impatient.client);
    CHECK_FALSE(impatient.client.create(kConfigMaps, "default", config_map("x").dump(), no_stop())
                    .value_or("")
                    .starts_with("{\"api"));
    server.faults().clear();
  }
  CHECK(count(client).has_value());
}

TEST_CASE_METHOD(Served, "a server that never answers costs no more than the deadline") {
  kube::ClientSettings settings = quick();
  settings.read_attempt = std::chrono::milliseconds(200);
  settings.read_budget = std::chrono::milliseconds(500);
  settings.write_budget = settings.write_attempt = std::chrono::milliseconds(300);
  Connected impatient(config_for(server.port()), settings);
  server.faults().add(always(), Fault::hang());
  const auto begin = steady_clock::now();
  CHECK(code(impatient.client.get(kConfigMaps, {"default", "a"}, no_stop())) == ErrorCode::kTimeout);
  CHECK(code(impatient.client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) ==
        ErrorCode::kTimeout);
  CHECK(steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(server.requests().count("POST", kMaps) == 1);
}

TEST_CASE_METHOD(Served, "a hanging request is cancelled from another thread") {
  server.faults().add(always(), Fault::hang());
  std::stop_source stop;
  auto got =
      std::async(std::launch::async, [&] { return code(client.get(kConfigMaps, {"default", "a"}, stop.get_token())); });
  REQUIRE(wait_until([&] { return server.faults().hanging() == 1; }));
  stop.request_stop();
  CHECK(got.get() == ErrorCode::kCancelled);
}

TEST_CASE_METHOD(Served, "a write that the guard forbids never leaves") {
  Connected guarded(config_for(server.port()), quick(),
                    [] { return Result<void>(fail(ErrorCode::kRefused, "not the leader")); });
  CHECK(code(guarded.client.create(kConfigMaps, "default", config_map("a").dump(), no_stop())) == ErrorCode::kRefused);
  CHECK(count(guarded.client).has_value());
  CHECK(server.requests().count("POST", "/") == 0);
}

TEST_CASE_METHOD(Served, "ten thousand pods are listed in pages of five hundred, each once") {
  server.make_pods(10'000);
  CHECK(count(client, kube::kPods).value() == 10'000);
  CHECK(server.requests().count("GET", "/api/v1/pods", "limit=500") == 20);
}

TEST_CASE("TLS: the right CA and token are let in, a stranger's CA and token are not") {
  FakeApiServerSettings settings;
  settings.tls = true;
  settings.tokens = {"good"};
  FakeApiServer server(settings);
  CHECK(count(config_for(server, "good")).has_value());
  CHECK(code(count(config_for(server, "bad"))) == ErrorCode::kUnauthorized);
  kube::ClientSettings impatient = quick();
  impatient.page_budget = std::chrono::milliseconds(300);
  kube::Config wrong = config_for(server, "good");
  wrong.certificate_authority.inline_data = TestCa("stranger").certificate();
  CHECK(code(count(wrong, impatient)) == ErrorCode::kUnavailable);
  CHECK(server.requests().all().size() == 2);
}

TEST_CASE("TLS: a client certificate is let in") {
  FakeApiServerSettings settings;
  settings.tls = true;
  settings.client_certificates = true;
  FakeApiServer server(settings);
  const auto pair = server.ca().issue_client("remint");
  kube::Config config = config_for(server);
  CHECK(code(count(config)) == ErrorCode::kUnauthorized);
  config.client_certificate.inline_data = pair.certificate;
  config.client_key.inline_data = pair.key;
  CHECK(count(config).has_value());
}

TEST_CASE("a token file that changes is read again, so that we never become what we cure") {
  FakeApiServerSettings settings;
  settings.tokens = {"first"};
  FakeApiServer server(settings);
  const auto folder = std::filesystem::temp_directory_path() / ("remint-token-" + std::to_string(server.port()));
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& token) {
    std::ofstream(folder / "new") << token;
    std::filesystem::rename(folder / "new", folder / "token");
  };
  write("first");
  kube::Config config = config_for(server.port());
  config.token.file = (folder / "token").string();
  Connected connected(config);
  CHECK(count(connected.client).has_value());
  server.set_tokens({"second"});
  CHECK(code(count(connected.client)) == ErrorCode::kUnauthorized);
  write("second");
  CHECK(count(connected.client).has_value());
  std::filesystem::remove_all(folder);
}

TEST_CASE_METHOD(Served, "through a slow and slicing network everything still arrives") {
  for (int i = 0; i < 20; ++i) server.put(config_map("m" + std::to_string(i)));
  FaultProxy proxy(server.port());
  Connected far(config_for(proxy.port()));
  ProxyFaults faults;
  faults.slice = 1;
  proxy.set(faults);
  CHECK(count(far.client).value() == 20);
  CHECK(far.client.create(kConfigMaps, "default", config_map("sliced").dump(), no_stop()));
  faults = {};
  faults.delay = std::chrono::milliseconds(20);
  proxy.set(faults);
  CHECK(count(far.client).value() == 21);
}

TEST_CASE_METHOD(Served, "a list cut in the middle is asked for again, and counted once") {
  for (int i = 0; i < 20; ++i) server.put(config_map("m" + std::to_string(i)));
  FaultProxy proxy(server.port());
  Connected far(config_for(proxy.port()));
  ProxyFaults faults;
  faults.cut_after = 1500;
  proxy.set(faults);
  auto listed = std::async(std::launch::async, [&] { return count(far.client); });
  REQUIRE(wait_until([&] { return proxy.cuts() >= 2; }));
  proxy.set({});
  CHECK(listed.get().value() == 20);
}

TEST_CASE_METHOD(Served, "a watch on a dead connection ends by itself") {
  FaultProxy proxy(server.port());
  Connected far(config_for(proxy.port()));
  auto ended = std::async(std::launch::async, [&] { return code(watch(far.client, std::chrono::seconds(1))); });
  REQUIRE(wait_until([&] { return server.open_watches() == 1; }));
  ProxyFaults faults;
  faults.stall = true;
  proxy.set(faults);
  CHECK(ended.get() == ErrorCode::kTimeout);
}

// What may come over the wire instead of an answer, who is let in, and what a bad network does.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "support/fault_proxy.hpp"
#include "support/wait_until.hpp"
#include "verbs.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;

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
  CHECK(gave_up(code(count(wrong, impatient))));
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

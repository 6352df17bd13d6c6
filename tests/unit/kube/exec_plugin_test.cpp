#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "remint/kube/credentials.hpp"
#include "remint/kube/exec_plugin.hpp"
#include "test_pki.hpp"
#include "transport_fixture.hpp"

using namespace remint;
using namespace remint::kube;
using namespace remint::kube::testing;
using namespace std::chrono_literals;

namespace {

const std::string kV1 = "client.authentication.k8s.io/v1";

std::string credential(const std::string& status) {
  return R"({"apiVersion":")" + kV1 + R"(","kind":"ExecCredential","status":)" + status + "}";
}

ExecPlugin plugin(const std::string& command, std::vector<std::string> args = {}) {
  return {.api_version = kV1, .command = command, .args = std::move(args), .env = {}, .install_hint = ""};
}

Result<ExecCredential> run(const ExecPlugin& exec, std::chrono::milliseconds timeout = 10s,
                           const std::stop_token& stop = {}) {
  return run_exec_plugin(exec, "{}", std::chrono::steady_clock::now() + timeout, stop);
}

}  // namespace

TEST_CASE("what a credential plugin prints is decoded, or refused without showing it") {
  const auto good =
      parse_exec_credential(credential(R"({"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"})"), kV1);
  REQUIRE(good);
  CHECK(good->token == "t");
  REQUIRE(good->expires);
  CHECK(format_rfc3339(*good->expires) == "2030-01-01T00:00:00Z");
  CHECK(parse_exec_credential(credential(R"({"clientCertificateData":"c","clientKeyData":"k"})"), kV1));

  const std::string bad = GENERATE(
      std::string("secret, not JSON"), std::string("{}"), std::string("[]"), credential("null"), credential("7"),
      credential("{}"), credential(R"({"token":7})"), credential(R"({"clientKeyData":"secret"})"),
      credential(R"({"token":"secret","expirationTimestamp":"tomorrow"})"),
      std::string(
          R"({"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"secret"}})"));
  CAPTURE(bad);
  const auto refused = parse_exec_credential(bad, kV1);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, !Catch::Contains("secret"));
}

TEST_CASE("a credential plugin runs without a shell, with its arguments and environment") {
  const TempFolder folder;
  const std::string script =
      folder.write("login",
                   "#!/bin/sh\n"
                   "test \"$1\" = 'a b;$HOME' || exit 3\n"
                   "test \"$SSL_CERT_FILE\" != /dev/null || exit 4\n"
                   "read line && exit 5\n"
                   "printf '{\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s\"}}' "
                   "\"$API\" \"$KUBERNETES_EXEC_INFO\"\n",
                   0700);
  ExecPlugin exec = plugin(script, {"a b;$HOME"});
  exec.env["API"] = kV1;
  const auto credentials = run(exec);
  INFO((credentials ? "" : credentials.error().message));
  REQUIRE(credentials);
  CHECK(credentials->token == "{}");
}

TEST_CASE("a credential plugin that misbehaves is an error that names it, and is not left running") {
  const TempFolder folder;
  SECTION("it does not exist") {
    ExecPlugin exec = plugin("remint-no-such-program");
    exec.install_hint = "install it with care";
    const auto result = run(exec);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kNotFound);
    CHECK_THAT(result.error().message,
               Catch::Contains("remint-no-such-program") && Catch::Contains("install it with care"));
  }
  SECTION("it fails") {
    const auto result = run(plugin("/bin/sh", {"-c", "echo 'log in first' >&2; exit 7"}));
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message, Catch::Contains("exit code 7: log in first"));
  }
  SECTION("it hangs") {
    const Stopwatch watch;
    const auto result = run(plugin("/bin/sleep", {"100"}), 200ms);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kTimeout);
    CHECK(watch.elapsed() < 5s);
  }
  SECTION("it leaves a child behind that keeps the pipe open") {
    const Stopwatch watch;
    const auto result = run(plugin("/bin/sh", {"-c", "sleep 100 & echo x"}), 10s);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kInvalid);
    CHECK(watch.elapsed() < 5s);
  }
  SECTION("it prints without end") {
    const auto result = run(plugin("/bin/cat", {"/dev/zero"}));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kTooLarge);
  }
  SECTION("somebody stops us") {
    std::stop_source stop;
    const std::jthread other([&] { stop.request_stop(); });
    const auto result = run(plugin("/bin/sleep", {"100"}), 20s, stop.get_token());
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kCancelled);
  }
}

TEST_CASE("a plugin is told about the cluster when it asks for it") {
  Config config;
  config.server = "https://a:443";
  config.exec = plugin("x");
  CHECK_THAT(exec_info(config, "pem"), !Catch::Contains("https://a:443") && Catch::Contains("\"interactive\":false"));
  config.exec.provide_cluster_info = true;
  CHECK_THAT(exec_info(config, "pem"), Catch::Contains("https://a:443") && Catch::Contains("\"cGVt\""));
}

TEST_CASE("a plugin's credential is kept until it expires or the server refuses it") {
  const TempFolder folder;
  const std::string counter = folder.path() + "/runs";
  const std::string expires = GENERATE("", R"(,"expirationTimestamp":"2999-01-01T00:00:00Z")");
  const std::string script =
      folder.write("login",
                   "#!/bin/sh\necho x >> " + counter + "\nn=$(wc -l < " + counter + ")\nprintf '%s' '" +
                       credential("{\"token\":\"run-NUMBER\"" + expires + "}") + "' | sed s/NUMBER/$n/\n",
                   0700);
  Config config;
  config.server = "http://127.0.0.1:1";
  config.exec = plugin(script);
  auto made = Credentials::make(config, system_clock());
  REQUIRE(made);
  Credentials& credentials = **made;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  const auto first = credentials.current(deadline, {});
  INFO((first ? "" : first.error().message));
  REQUIRE(first);
  CHECK(first->bearer == "run-1");
  CHECK(credentials.current(deadline, {})->bearer == "run-1");
  CHECK(credentials.renew(*first, deadline, {}));
  CHECK(credentials.current(deadline, {})->bearer == "run-2");
  // A second 401 of a request that had used the first token does not run it again.
  CHECK(credentials.renew(*first, deadline, {}));
  CHECK(credentials.current(deadline, {})->bearer == "run-2");
}

TEST_CASE("a plugin that gives an expired credential is an error, not a loop") {
  const TempFolder folder;
  const std::string script = folder.write(
      "login",
      "#!/bin/sh\necho '" + credential(R"({"token":"t","expirationTimestamp":"2001-01-01T00:00:00Z"})") + "'\n", 0700);
  Config config;
  config.server = "http://127.0.0.1:1";
  config.exec = plugin(script);
  auto made = Credentials::make(config, system_clock());
  REQUIRE(made);
  const auto current = (*made)->current(std::chrono::steady_clock::now() + 20s, {});
  REQUIRE_FALSE(current);
  CHECK_THAT(current.error().message, Catch::Contains("expired"));
}

TEST_CASE("while one thread runs the plugin the others wait for it within their own deadline") {
  const TempFolder folder;
  const std::string script = folder.write(
      "login", "#!/bin/sh\nread x < " + folder.path() + "/gate\necho '" + credential(R"({"token":"t"})") + "'\n", 0700);
  REQUIRE(std::system(("mkfifo " + folder.path() + "/gate").c_str()) == 0);
  Config config;
  config.server = "http://127.0.0.1:1";
  config.exec = plugin(script);
  auto made = Credentials::make(config, system_clock());
  REQUIRE(made);
  Credentials& credentials = **made;
  Result<CredentialSnapshot> first;
  std::jthread slow([&] { first = credentials.current(std::chrono::steady_clock::now() + 20s, {}); });
  const auto late = credentials.current(std::chrono::steady_clock::now() + 300ms, {});
  CHECK_FALSE(late);
  REQUIRE(std::system(("echo go > " + folder.path() + "/gate").c_str()) == 0);
  slow.join();
}

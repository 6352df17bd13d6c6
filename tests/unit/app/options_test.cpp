#include "remint/app/options.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace remint;
using namespace remint::app;

namespace {
std::expected<Options, Ending> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "remint");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}
}  // namespace

TEST_CASE("help is printed to standard output and ends well, for the program and for each command") {
  for (const auto& arguments : {std::vector<const char*>{"--help"}, {"run", "--help"}, {"replay", "--help"}}) {
    const auto options = parse(arguments);
    REQUIRE_FALSE(options);
    CHECK(options.error().code == kOk);
    CHECK_FALSE(options.error().out.empty());
    CHECK(options.error().err.empty());
  }
  CHECK(parse({"run", "--help"}).error().out.find("Examples:") != std::string::npos);
  CHECK(parse({"--help"}).error().out.find("Exit codes:") != std::string::npos);
}

TEST_CASE("a wrong command line says what is wrong and ends with 2") {
  const std::vector<std::vector<const char*>> wrong{{},
                                                    {"frobnicate"},
                                                    {"run", "--frobnicate"},
                                                    {"run", "--audit-tls-cert", "a", "--audit-tls-key", "b"},
                                                    {"run"},
                                                    {"run", "--audit-insecure-http", "--audit-tls-cert", "a"},
                                                    {"run", "--audit-insecure-http", "--grace", "soon"},
                                                    {"run", "--audit-insecure-http", "--log-level", "loud"},
                                                    {"run", "--audit-insecure-http", "--lease-duration", "1s"},
                                                    {"run", "--audit-insecure-http", "--watch-namespace", "Shop/*"},
                                                    {"run", "--audit-insecure-http", "--watch-namespace", ""},
                                                    {"replay", "--objects", "x"},
                                                    {"replay", "--audit", "x", "--objects", "y", "--output", "xml"}};
  for (const auto& arguments : wrong) {
    const auto options = parse(arguments);
    REQUIRE_FALSE(options);
    CHECK(options.error().code == kUsage);
    CHECK_FALSE(options.error().err.empty());
  }
}

TEST_CASE("the audit endpoint does not open without a way to know its senders") {
  const auto options = parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b"});
  REQUIRE_FALSE(options);
  CHECK(options.error().err.find("--audit-client-ca") != std::string::npos);
  CHECK(parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--audit-token-file", "t"}));
  CHECK(parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--audit-client-ca", "c"}));
  CHECK_FALSE(parse(
      {"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--audit-token-file", "c", "--audit-client-name", "d"}));
  // The token for pods' logs lets nobody in to the audit endpoint.
  CHECK_FALSE(parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--pod-log-token-file", "t"}));
  CHECK_FALSE(parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--audit-token-file", "t",
                     "--pod-log-token-file", "t"}));
  CHECK(parse({"run", "--audit-tls-cert", "a", "--audit-tls-key", "b", "--audit-token-file", "t",
               "--pod-log-token-file", "u"}));
}

TEST_CASE("flags reach the options as values") {
  const auto options = parse({"run", "--audit-insecure-http", "--lease-duration", "8s", "--no-leader-elect",
                              "--identity", "me", "--watch-namespace", "shop", "--watch-namespace", "web"});
  REQUIRE(options);
  const auto& run = std::get<RunOptions>(*options);
  CHECK(run.lease_duration == std::chrono::seconds(8));
  CHECK_FALSE(run.leader_elect);
  CHECK(run.identity == "me");
  CHECK(run.watch_namespaces == std::vector<std::string>{"shop", "web"});

  const auto replay = parse({"replay", "--audit", "a", "b", "--objects", "o", "--output", "json"});
  REQUIRE(replay);
  CHECK(std::get<ReplayOptions>(*replay).audit == std::vector<std::string>{"a", "b"});
  CHECK(std::get<ReplayOptions>(*replay).json);
}

TEST_CASE("API servers' logs are files, one per flag, and an offset from UTC with a sign") {
  const auto none = parse({"run", "--audit-insecure-http"});
  REQUIRE(none);
  CHECK(std::get<RunOptions>(*none).apiserver_log.empty());
  CHECK(std::get<RunOptions>(*none).apiserver_log_utc_offset == Duration{});

  const auto two = parse({"run", "--audit-insecure-http", "--apiserver-log", "a.log", "--apiserver-log", "b.log"});
  REQUIRE(two);
  CHECK(std::get<RunOptions>(*two).apiserver_log == std::vector<std::string>{"a.log", "b.log"});
  CHECK_FALSE(parse({"run", "--audit-insecure-http", "--apiserver-log", "a.log", "b.log"}));
  CHECK_FALSE(parse({"run", "--audit-insecure-http", "--apiserver-log"}));

  using std::chrono::minutes;
  for (const auto& [text, expected] : {std::pair<const char*, Duration>{"2h", minutes(120)},
                                       {"+2h", minutes(120)},
                                       {"-5h30m", minutes(-330)},
                                       {"+0", minutes(0)},
                                       {"0", minutes(0)},
                                       {"-15h", minutes(-900)}}) {
    INFO(text);
    const auto options = parse({"run", "--audit-insecure-http", "--apiserver-log-utc-offset", text});
    REQUIRE(options);
    CHECK(std::get<RunOptions>(*options).apiserver_log_utc_offset == expected);
  }
  for (const char* text : {"", "+", "--2h", "+-2h", "2", "CET", "+16h", "-15h1s"}) {
    INFO(text);
    const auto options = parse({"run", "--audit-insecure-http", "--apiserver-log-utc-offset", text});
    REQUIRE_FALSE(options);
    CHECK(options.error().code == kUsage);
    CHECK(options.error().err.find("--apiserver-log-utc-offset") != std::string::npos);
  }
  CHECK(parse({"run", "--help"}).error().out.find("--apiserver-log-utc-offset") != std::string::npos);
}

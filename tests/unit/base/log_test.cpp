#include "remint/base/log.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "remint/base/file.hpp"
#include "temp_dir.hpp"

namespace remint {
namespace {

/// Runs `body` with stderr going to a file, and returns the lines that arrived there.
template <class Body>
std::vector<std::string> logged(log::Level level, log::Format format, Body body) {
  const TempDir dir;
  const std::string path = dir.write("log", "");
  const int saved = ::dup(STDERR_FILENO);
  REQUIRE(::freopen(path.c_str(), "a", stderr) != nullptr);
  log::setup(level, format);
  body();
  ::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  log::setup(log::Level::kError, log::Format::kText);
  std::istringstream stream(read_file(path, 100'000'000).value());
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

const std::string kForgery =
    "x\n2026-07-01T10:27:28Z info Everything is fine \x1b[2J\",\"level\":\"error\"}\r\n{\"a\":\"\xff";

TEST_CASE("a text line has time, level, message and values") {
  const auto lines = logged(log::Level::kInfo, log::Format::kText, [] {
    log::info("Restart begun", {{"case", "c-1"}, {"workload", "Deployment shop/cart"}, {"pods", 3}, {"dry", false}});
  });
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::Matches(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info    Restart begun case=c-1 )"
                                      R"(workload="Deployment shop/cart" pods=3 dry=false$)"));
}

TEST_CASE("a JSON line is one object with typed values") {
  const auto lines = logged(log::Level::kInfo, log::Format::kJson, [] {
    log::warn("It \"said\" \\ so", {{"n", 3},
                                    {"d", 2.5},
                                    {"neg", -7},
                                    {"ok", true},
                                    {"text", "true"},
                                    {"error", Error{ErrorCode::kTimeout, "no answer", 0}},
                                    {"nan", std::numeric_limits<double>::quiet_NaN()},
                                    {"inf", -std::numeric_limits<double>::infinity()},
                                    {"empty", ""}});
  });
  REQUIRE(lines.size() == 1);
  const auto json = nlohmann::json::parse(lines[0]);
  CHECK(json["level"] == "warning");
  CHECK(json["message"] == "It \"said\" \\ so");
  CHECK(json["n"] == 3);
  CHECK(json["d"] == 2.5);
  CHECK(json["neg"] == -7);
  CHECK(json["ok"] == true);
  CHECK(json["text"] == "true");
  CHECK(json["error"] == "no answer");
  CHECK(json["nan"].is_string());
  CHECK(json["inf"].is_string());
  CHECK(json["empty"] == "");
  CHECK_THAT(json["time"].get<std::string>(), Catch::Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"));
}

TEST_CASE("hostile values cannot forge a line, a field or a terminal escape") {
  const auto format = GENERATE(log::Format::kText, log::Format::kJson);
  const auto lines = logged(log::Level::kInfo, format, [] { log::info(kForgery, {{"value", kForgery}}); });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find('\x1b') == std::string::npos);
  if (format == log::Format::kJson) {
    const auto json = nlohmann::json::parse(lines[0]);
    CHECK(json.size() == 4);
    CHECK(json["level"] == "info");
  } else {
    CHECK(lines[0].find(R"( value="x 2026)") != std::string::npos);
    CHECK(lines[0].find(R"(\",\"level\")") != std::string::npos);
  }
}

TEST_CASE("braces and percent signs mean nothing in messages and values") {
  const auto lines = logged(log::Level::kInfo, log::Format::kText, [] { log::info("{} %v {0}", {{"v", "{}%n"}}); });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("{} %v {0} v={}%n"));
}

TEST_CASE("secrets do not reach the log") {
  const auto lines = logged(log::Level::kInfo, log::Format::kJson, [] {
    log::error("Request failed", {{"header", "Authorization: Bearer s3cr3t"}, {"body", std::string(1'000'000, 'x')}});
  });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("s3cr3t") == std::string::npos);
  CHECK(lines[0].size() < 5000);
}

TEST_CASE("levels below the one asked for are off") {
  const auto lines = logged(log::Level::kWarn, log::Format::kText, [] {
    CHECK_FALSE(log::enabled(log::Level::kInfo));
    CHECK(log::enabled(log::Level::kWarn));
    log::debug("no");
    log::info("no");
    log::warn("yes");
    log::error("yes");
  });
  CHECK(lines.size() == 2);
}

TEST_CASE("output that is not a terminal is JSON unless told otherwise") {
  const auto lines = logged(log::Level::kInfo, log::Format::kAuto, [] { log::info("hello"); });
  REQUIRE(lines.size() == 1);
  CHECK(nlohmann::json::parse(lines[0])["message"] == "hello");
}

TEST_CASE("lines of several threads do not mix") {
  const auto lines = logged(log::Level::kInfo, log::Format::kJson, [] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 200; ++i) {
          log::info("line", {{"thread", t}, {"i", i}, {"pad", std::string(300, 'x')}});
        }
      });
    }
  });
  REQUIRE(lines.size() == 800);
  for (const std::string& line : lines) {
    REQUIRE(nlohmann::json::accept(line));
  }
}

TEST_CASE("level and format names are read, and wrong ones explained") {
  CHECK(log::parse_level("debug").value() == log::Level::kDebug);
  CHECK(log::parse_level("warn").value() == log::Level::kWarn);
  CHECK(log::parse_level("warning").value() == log::Level::kWarn);
  CHECK(log::parse_level("LOUD\x1b").error().message ==
        "unknown log level \"LOUD\\u001b\"; use debug, info, warn or error");
  CHECK(log::parse_format("json").value() == log::Format::kJson);
  CHECK(log::parse_format("auto").value() == log::Format::kAuto);
  CHECK(log::parse_format("xml").error().message == "unknown log format \"xml\"; use auto, text or json");
}

}  // namespace
}  // namespace remint

#include "remint/sources/apiserver_log.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <vector>

#include "../base/temp_dir.hpp"
#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"

namespace remint::sources {
namespace {

using testing::wait_until;

std::string line(std::string_view error, std::string_view time = "1122 10:00:00.000000") {
  return "E" + std::string(time) + "       1 authentication.go:75] \"Unable to authenticate the request\" err=\"" +
         std::string(error) + "\"\n";
}

struct Fixture {
  TempDir folder;
  std::string path = folder.file("kube-apiserver.log");
  metrics::Registry metrics;
  /// Shows 10:00:01.
  testing::ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(10)};
  std::mutex mutex;
  std::vector<std::string> texts;
  std::vector<std::size_t> batches;
  Time last{};

  ApiServerLogFollower follower(ApiServerLogOptions options = {}) {
    options.path = path;
    options.poll = std::chrono::milliseconds(1);
    return {options,
            [this](std::vector<detect::ApiServerLine>&& lines) {
              const std::lock_guard lock(mutex);
              batches.push_back(lines.size());
              for (const auto& l : lines) {
                texts.push_back(l.text);
                last = l.time;
              }
            },
            metrics, clock};
  }
  void append(const std::string& text) const { std::ofstream(path, std::ios::binary | std::ios::app) << text; }
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex);
    return texts;
  }
  double gauge(const std::string& name) const { return value(name + "{file=\"" + path + "\"}"); }
  double value(const std::string& series) const {
    const std::string all = metrics.expose();
    const auto at = all.find("\n" + series + " ");
    INFO(series);
    REQUIRE(at != std::string::npos);
    return std::stod(all.substr(at + series.size() + 2));
  }
  double lines(const std::string& result) const {
    return value("remint_apiserver_log_lines_total{result=\"" + result + "\"}");
  }
};

}  // namespace

TEST_CASE("every metric is there before anything happened") {
  Fixture f;
  auto follower = f.follower();
  for (const std::string result : {"reason", "request", "ignored", "too_long", "invalid"}) CHECK(f.lines(result) == 0);
  CHECK(f.value("remint_apiserver_log_skipped_bytes_total") == 0);
  CHECK(f.gauge("remint_apiserver_log_open") == 0);
  CHECK(f.gauge("remint_apiserver_log_lag_seconds") == 0);
}

TEST_CASE("lines that matter are delivered as they are written, through a rotation, and counted") {
  Fixture f;
  f.append("cut by the start\n" + line("before"));
  auto follower = f.follower({.initial_bytes = line("before").size() + 3});
  follower.start();
  REQUIRE(wait_until([&] { return f.seen().size() == 1; }));
  CHECK(f.gauge("remint_apiserver_log_lag_seconds") == Approx(1.0));
  f.append("something else\n" + line("one") +
           "E1122 10:00:00.000000       1 x.go:1] \"Unable to authenticate the "
           "request\"\nI1122 10:00:00.000000       1 h.go:1] \"HTTP\" srcIP=\"10.0.0.1:1\" resp=401\n" +
           std::string(300U << 10U, 'x') + "\n");
  REQUIRE(wait_until([&] { return f.seen().size() == 3; }));
  f.append(line("the end of this file").substr(0, 30));
  std::filesystem::rename(f.path, f.path + ".1");
  std::ofstream(f.path + ".1", std::ios::binary | std::ios::app) << line("the end of this file").substr(30);
  f.append(line("next"));
  REQUIRE(wait_until([&] { return f.seen().size() == 5; }));
  CHECK(f.seen() == std::vector<std::string>{"before", "one", "", "the end of this file", "next"});
  REQUIRE(wait_until([&] { return f.lines("reason") == 4; }));
  follower.stop();
  CHECK(f.lines("request") == 1);
  CHECK(f.lines("ignored") == 1);
  CHECK(f.lines("invalid") == 1);
  CHECK(f.lines("too_long") == 1);
  CHECK(f.gauge("remint_apiserver_log_open") == 1);
}

TEST_CASE("a file that comes later is waited for; a stop does not wait for the next look") {
  Fixture f;
  auto follower = f.follower();
  follower.start();
  follower.stop();
  follower.stop();
  follower.start();
  f.append(line("one"));
  CHECK(wait_until([&] { return f.seen().size() == 1; }));
}

TEST_CASE("a stop interrupts the wait between two looks") {
  Fixture f;
  f.append(line("one"));
  ApiServerLogFollower follower(
      {.path = f.path, .poll = std::chrono::hours(24)},
      [&](std::vector<detect::ApiServerLine>&& lines) {
        const std::lock_guard lock(f.mutex);
        for (const auto& l : lines) f.texts.push_back(l.text);
      },
      f.metrics, f.clock);
  follower.start();
  REQUIRE(wait_until([&] { return f.seen().size() == 1; }));
  follower.stop();  // or the test hangs
}

TEST_CASE("batches are bounded, and the UTC offset reaches the parser") {
  Fixture f;
  std::string many;
  for (int i = 0; i < 25; ++i) many += line("x", "1122 12:00:00.000000");
  f.append(many);
  auto follower = f.follower({.utc_offset = std::chrono::hours(2), .batch_lines = 10});
  follower.start();
  REQUIRE(wait_until([&] { return f.seen().size() == 25; }));
  follower.stop();
  CHECK(f.batches == std::vector<std::size_t>{10, 10, 5});
  CHECK(f.last == std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(10));
  CHECK(f.gauge("remint_apiserver_log_lag_seconds") == Approx(1.0));
}

}  // namespace remint::sources

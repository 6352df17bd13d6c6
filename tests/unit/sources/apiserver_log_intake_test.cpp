#include "remint/sources/apiserver_log_intake.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "../base/temp_dir.hpp"
#include "../detect/shipped_samples.hpp"
#include "support/manual_clock.hpp"

namespace remint::sources {
namespace {

using detect::samples::cloudwatch;
using detect::samples::escaped;
using detect::samples::gzip;

std::string line(const std::string& error = "token expired") {
  return "E1122 10:00:00.000000       1 authentication.go:75] \"Unable to authenticate the request\" err=\"" + error +
         "\"";
}

struct Fixture {
  TempDir folder;
  metrics::Registry metrics;
  testing::ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(10)};
  std::map<std::uint32_t, std::vector<std::string>> seen;
  bool room = true;
  std::unique_ptr<ApiServerLogIntake> intake;

  explicit Fixture(ApiServerLogIntakeSettings settings = {}) {
    settings.senders.token_file = folder.file("token");
    std::ofstream(settings.senders.token_file) << "secret\n";
    auto created = ApiServerLogIntake::create(
        settings,
        [this](std::uint32_t stream, std::vector<detect::ApiServerLine>&& lines) {
          if (room) {
            for (auto& l : lines) seen[stream].push_back(l.text);
          }
          return room;
        },
        metrics, clock);
    REQUIRE(created);
    intake = std::move(*created);
  }
  http::Response post(const std::string& body, std::string_view query = "", std::string_view type = "text/plain",
                      std::string_view authorization = "Bearer secret") {
    return intake->handle({.query = query,
                           .content_type = type,
                           .authorization = authorization,
                           .body = body,
                           .peer_address = "10.0.0.1"});
  }
  double value(const std::string& series) const {
    const std::string all = metrics.expose();
    const auto at = all.find("\n" + series + " ");
    INFO(series);
    REQUIRE(at != std::string::npos);
    return std::stod(all.substr(at + series.size() + 2));
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("posted log lines are taken as text, as JSON and in envelopes", "[intake]") {
  Fixture f;
  SECTION("text") { CHECK(f.post("something\n" + line() + "\n").status == 200); }
  SECTION("text that begins like JSON") {
    CHECK(f.post("{\"level\":\"warn\",\"ts\":\"x\"}\n[core] y\n" + line() + "\n").status == 200);
  }
  SECTION("without a line feed at its end") { CHECK(f.post(line()).status == 200); }
  SECTION("klog's JSON") {
    CHECK(f.post(R"({"ts":1795341600000.5,"msg":"Unable to authenticate the request","err":"token expired"})", "",
                 "application/x-ndjson")
              .status == 200);
  }
  SECTION("Fluent Bit") {
    CHECK(f.post(R"([{"date":1.5,"log":")" + escaped(line()) + R"(","kubernetes":{"pod_name":"a"}}])", "",
                 "application/json")
              .status == 200);
  }
  SECTION("CloudWatch, packed") {
    CHECK(f.post(gzip(cloudwatch("kube-apiserver-1", {line()})), "", "application/json").status == 200);
  }
  REQUIRE(f.seen.size() == 1);
  CHECK(f.seen[0] == Texts{"token expired"});
  CHECK(f.value("remint_apiserver_log_lines_total{result=\"reason\"}") == 1);
  CHECK(f.value("remint_apiserver_log_bodies_total{result=\"taken\"}") == 1);
}

TEST_CASE("each API server is a stream: by the envelope, the query, the sender; within a bound", "[intake]") {
  Fixture f({.first_stream = 7, .streams = 4});
  CHECK(f.post(line("one"), "stream=cp-1").status == 200);
  CHECK(f.post(line("two"), "x=y&stream=cp-2").status == 200);
  CHECK(f.post(line("three"), "stream=cp-1").status == 200);
  CHECK(f.post(cloudwatch("kube-apiserver-1", {line("four")}), "stream=cp-1", "application/json").status == 200);
  for (int i = 0; i < 3; ++i) CHECK(f.post(line("late"), "stream=late-" + std::to_string(i)).status == 200);
  CHECK(f.seen[7] == Texts{"one", "three"});
  CHECK(f.seen[8] == Texts{"two"});
  CHECK(f.seen[9] == Texts{"four"});
  CHECK(f.seen[10] == Texts{"late", "late", "late"});
}

TEST_CASE("whoever may not post, or posts something else, is told so", "[intake]") {
  Fixture f;
  CHECK(f.post(line(), "", "text/plain", "Bearer wrong").status == 401);
  CHECK(f.post(line(), "", "text/plain", "").status == 401);
  CHECK(f.post(line(), "", "application/x-protobuf").status == 415);
  CHECK(f.post(" \n").status == 400);
  CHECK(f.post("{\"log\":", "", "application/json").status == 400);
  CHECK(f.post("{\"unknown\":1}", "", "application/json").status == 400);
  CHECK(f.seen.empty());
  CHECK(f.value("remint_apiserver_log_bodies_total{result=\"unauthorized\"}") == 2);
}

TEST_CASE("lines for which there is no room are not counted, and asked for again", "[intake]") {
  Fixture f;
  f.room = false;
  const auto answer = f.post(line());
  CHECK(answer.status == 429);
  CHECK(answer.retry_after_seconds == 1U);
  CHECK(f.value("remint_apiserver_log_lines_total{result=\"reason\"}") == 0);
  CHECK(f.post("nothing of interest\n").status == 200);  // needs no room
}

TEST_CASE("hostile bodies cost nothing but themselves", "[intake]") {
  Fixture f;
  CHECK(f.post(std::string(1U << 20U, 'x')).status == 200);
  CHECK(f.value("remint_apiserver_log_lines_total{result=\"too_long\"}") == 1);
  CHECK(f.post(std::string("\0\xff\x1b[2J\n", 7) + line()).status == 200);
  CHECK(f.seen[0] == Texts{"token expired"});
}

}  // namespace remint::sources

#include "remint/sources/audit_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "../base/temp_dir.hpp"
#include "events.hpp"
#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"
#include "unit/detect/shipped_samples.hpp"

namespace remint::sources {
namespace {

namespace fs = std::filesystem;
using testing::wait_until;

std::string line(const std::string& id) { return rejected_event(id) + "\n"; }

struct Fixture {
  TempDir folder;
  std::string path = folder.file("audit.log");
  metrics::Registry metrics;
  testing::ManualClock clock{*parse_rfc3339("2026-07-01T10:27:29.837875Z")};
  BatchQueue queue{{.deliveries = 8, .bytes = 64U << 20U}, metrics};
  std::vector<std::string> ids;  ///< of the events that detection got

  AuditFileFollower follower(AuditFileOptions options = {}) {
    options.path = path;
    options.poll = std::chrono::milliseconds(1);
    options.save_every = std::chrono::milliseconds(0);
    return {options, queue, metrics, clock};
  }
  void append(const std::string& text, const std::string& to = {}) const {
    std::ofstream(to.empty() ? path : to, std::ios::binary | std::ios::app) << text;
  }
  /// What detection does.
  void consume() {
    while (auto delivery = queue.try_pop()) {
      for (const auto& record : delivery->batch.records) {
        ids.emplace_back(delivery->batch.text(record.audit_id));
      }
      queue.recycle(std::move(delivery));
    }
  }
  bool get(std::size_t count) {
    return wait_until([&] {
      consume();
      return ids.size() >= count;
    });
  }
  double value(const std::string& name) const {
    const std::string all = metrics.expose();
    const auto at = all.find("\n" + name + "{file=\"" + path + "\"} ");
    INFO(name);
    REQUIRE(at != std::string::npos);
    return std::stod(all.substr(all.find("} ", at) + 2));
  }
  bool reaches(const std::string& name, double expected) const {
    return wait_until([&] { return value(name) == expected; });
  }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("an audit log's metrics are there before anything happened") {
  Fixture f;
  auto follower = f.follower();
  for (const std::string name : {"open", "lag_seconds", "events_total", "invalid_lines_total", "too_long_lines_total",
                                 "skipped_bytes_total", "broken_archives_total"}) {
    CHECK(f.value("remint_audit_file_" + name) == 0);
  }
}

TEST_CASE("events are read as they are written, whole lines only, through a rotation") {
  Fixture f;
  f.append("cut by the start\n" + line("a"));
  auto follower = f.follower({.initial_bytes = line("a").size() + 3});
  follower.start();
  REQUIRE(f.get(1));
  CHECK(f.value("remint_audit_file_lag_seconds") == Approx(2.0));
  const auto b = line("b");
  f.append(b.substr(0, 100));
  f.append(b.substr(100) + line("c").substr(0, 7));
  REQUIRE(f.get(2));
  fs::rename(f.path, f.folder.file("audit-2026-07-01T10-27-28.826.log"));
  f.append(line("c").substr(7), f.folder.file("audit-2026-07-01T10-27-28.826.log"));
  f.append(line("d"));
  REQUIRE(f.get(4));
  follower.stop();
  CHECK(f.ids == Ids{"a", "b", "c", "d"});
  CHECK(f.value("remint_audit_file_events_total") == 4);
  CHECK(f.value("remint_audit_file_open") == 1);
}

TEST_CASE("garbage costs its own lines, and nothing else") {
  Fixture f;
  f.append("");
  auto follower = f.follower({.line_bytes = 10'000});
  follower.start();
  REQUIRE(f.reaches("remint_audit_file_open", 1));
  SECTION("lines that are no events, first and in between") {
    f.append("\x01\xff{]\n" + line("a") + "no json\n\n{\"kind\":\"Pod\"}\n" + line("b"));
    REQUIRE(f.get(2));
    CHECK(f.reaches("remint_audit_file_invalid_lines_total", 3));
  }
  SECTION("a line beyond the cap") {
    f.append(line("a") + "{\"x\":\"" + std::string(300'000, 'x') + "\"}\n" + line("b"));
    REQUIRE(f.get(2));
    CHECK(f.reaches("remint_audit_file_too_long_lines_total", 1));
    CHECK(f.value("remint_audit_file_invalid_lines_total") == 0);
  }
  SECTION("a hole of NULs before a line, as a writer leaves it after a truncation") {
    f.append(line("a") + std::string(200'000, '\0') + line("b") + std::string(3, '\0') + line("c"));
    REQUIRE(f.get(3));
    CHECK(f.reaches("remint_audit_file_skipped_bytes_total", 200'003));
    CHECK(f.value("remint_audit_file_invalid_lines_total") == 0);
  }
  SECTION("NULs within a line") {
    f.append(line("a") + "{\"audit" + std::string(5, '\0') + "\"}\n" + line("b"));
    REQUIRE(f.get(2));
    CHECK(f.reaches("remint_audit_file_invalid_lines_total", 1));
  }
  follower.stop();
  CHECK(f.ids.front() == "a");
}

TEST_CASE("a full queue is waited for: nothing is dropped, and a part of it is left to others") {
  Fixture f;
  f.append("");
  auto follower = f.follower();
  follower.start();
  REQUIRE(f.reaches("remint_audit_file_open", 1));
  constexpr int kRounds = 12;
  for (int i = 0; i < kRounds; ++i) {
    f.append(line(std::to_string(i)));
    // One delivery each, as long as there is room.
    if (i < 4) REQUIRE(f.reaches("remint_audit_file_events_total", i + 1));
  }
  CHECK(f.queue.size() == 4);
  REQUIRE(f.get(kRounds));
  follower.stop();
  CHECK(f.ids.size() == kRounds);
  CHECK(f.metrics
            .counter("remint_audit_events_dropped_total", "Audit events thrown away before detection saw them.",
                     {{"reason", "queue_full"}})
            .value() == 0);
}

TEST_CASE("after a restart reading goes on where detection had got to") {
  Fixture f;
  const std::string state = f.folder.file("state");
  fs::create_directory(state);
  f.append(line("a"));
  {
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(1));
    f.append(line("b") + line("c").substr(0, 20));
    REQUIRE(f.get(2));
    follower.stop();
  }
  SECTION("the partial line is read from its beginning") {
    f.append(line("c").substr(20) + line("d"));
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(4));
    follower.stop();
    CHECK(f.ids == Ids{"a", "b", "c", "d"});
  }
  SECTION("rotated meanwhile") {
    f.append(line("c").substr(20));
    fs::rename(f.path, f.folder.file("audit-2026-07-01T10-27-28.826.log"));
    f.append(line("d"));
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(4));
    follower.stop();
    CHECK(f.ids == Ids{"a", "b", "c", "d"});
  }
  SECTION("rotated and compressed meanwhile, by a machine that lost its power before the end of another one") {
    const auto packed = detect::samples::gzip(line("a") + line("b") + line("c"));
    const auto half = detect::samples::gzip(line("d") + line("e"));
    fs::remove(f.path);
    f.append(packed, f.folder.file("audit-2026-07-01T10-27-28.826.log.gz"));
    f.append(half.substr(0, half.size() - 1), f.folder.file("audit-2026-07-01T10-27-29.826.log.gz"));
    f.append(line("f"));
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(6));
    CHECK(f.reaches("remint_audit_file_broken_archives_total", 1));
    follower.stop();
    CHECK(f.ids == Ids{"a", "b", "c", "d", "e", "f"});
  }
  SECTION("what was handed over and not taken is read again") {
    f.append(line("c").substr(20));
    {
      auto follower = f.follower({.state_dir = state, .last_wait = std::chrono::milliseconds(0)});
      follower.start();
      REQUIRE(f.reaches("remint_audit_file_events_total", 3));
      follower.stop();
    }
    while (f.queue.try_pop()) {
    }  // lost with its process
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(3));
    follower.stop();
    CHECK(f.ids == Ids{"a", "b", "c"});
  }
  SECTION("a state that cannot be read is said and done without") {
    for (const auto& entry : fs::directory_iterator(state)) {
      std::ofstream(entry.path(), std::ios::trunc) << R"({"path":"/etc/passwd","offset":-1)";
    }
    auto follower = f.follower({.state_dir = state});
    follower.start();
    REQUIRE(f.get(4));
    follower.stop();
    CHECK(f.ids == Ids{"a", "b", "a", "b"});  // as on a first start
  }
}

TEST_CASE("a state folder that vanishes costs the memory alone") {
  Fixture f;
  f.append("");
  auto follower = f.follower({.state_dir = f.folder.file("nowhere")});
  follower.start();
  REQUIRE(f.reaches("remint_audit_file_open", 1));
  f.append(line("a"));
  CHECK(f.get(1));
  follower.stop();
}

TEST_CASE("an audit log that is a folder, or vanishes, is waited for") {
  Fixture f;
  fs::create_directory(f.path);
  auto follower = f.follower();
  follower.start();
  follower.stop();
  fs::remove(f.path);
  follower.start();
  REQUIRE(f.reaches("remint_audit_file_open", 0));
  f.append(line("a"));
  REQUIRE(f.get(1));
  fs::remove(f.path);
  CHECK(f.reaches("remint_audit_file_open", 0));
  f.append(line("b"));
  CHECK(f.get(2));
  follower.stop();
}

}  // namespace remint::sources

#include "remint/sources/file_tail.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "rotated.hpp"
#include "tail_fixture.hpp"

namespace remint::sources {
namespace fs = std::filesystem;

TEST_CASE("what is appended is read, partial lines as they come", "[tail]") {
  TailFixture f;
  f.append("old\n");
  auto tail = f.tail();
  f.read(tail);
  CHECK(f.seen.text == "(");
  f.append("one\ntw");
  f.read(tail);
  f.append("o\n");
  f.read(tail, 3);
  CHECK(f.seen.text == "(one\ntwo\n");
  CHECK(f.problems.empty());
}

TEST_CASE("reading begins at the end, or a bounded part before it, which may be within a line", "[tail]") {
  TailFixture f;
  f.append("first\nsecond\nthi");
  const auto begin = [&](std::uint64_t bytes) {
    f.seen.text.clear();
    auto tail = f.tail({.initial_bytes = bytes});
    f.read(tail);
    return f.seen.text;
  };
  CHECK(begin(0) == "<");
  CHECK(begin(3) == "(thi");
  CHECK(begin(5) == "<d\nthi");
  CHECK(begin(16) == "(first\nsecond\nthi");
  CHECK(begin(1000) == "(first\nsecond\nthi");
}

TEST_CASE("a file that appears later is read whole; its absence is said once", "[tail]") {
  TailFixture f;
  auto tail = f.tail();
  f.read(tail, 10);
  CHECK_FALSE(tail.is_open());
  REQUIRE(f.problems.size() == 1);
  CHECK(f.problems[0].code == ErrorCode::kNotFound);
  CHECK(f.problems[0].message.find(f.path) != std::string::npos);
  f.append("one\n");
  f.read(tail);
  CHECK(f.seen.text == "(one\n");
  CHECK(tail.is_open());
}

TEST_CASE("another problem is said again, and the same one after all went well in between", "[tail]") {
  TailFixture f;
  auto tail = f.tail({.linger_rounds = 1});
  f.read(tail, 3);
  fs::create_directory(f.path);
  f.read(tail, 3);
  fs::remove(f.path);
  fs::create_symlink("x.log", f.path);
  f.read(tail, 3);
  fs::remove(f.path);
  f.append("one\n");
  f.read(tail, 3);
  fs::remove(f.path);
  f.read(tail, 3);
  REQUIRE(f.problems.size() == 4);
  CHECK(f.problems[1].message.find("not a regular file") != std::string::npos);
  CHECK(f.problems[2].code == ErrorCode::kInvalid);
  CHECK(f.problems[3].code == ErrorCode::kNotFound);
  CHECK(f.seen.text == "(one\n)");
}

TEST_CASE("a file that may not be read is said, and read once it may", "[tail]") {
  if (::geteuid() == 0) {
    WARN("SKIPPED: root may read every file");
    return;
  }
  TailFixture f;
  f.append("one\n");
  ::chmod(f.path.c_str(), 0);
  auto tail = f.tail();
  f.read(tail, 3);
  REQUIRE(f.problems.size() == 1);
  CHECK(f.problems[0].code == ErrorCode::kForbidden);
  ::chmod(f.path.c_str(), 0600);
  f.append("two\n");
  f.read(tail);
  CHECK(f.seen.text == "(");  // it was there from the start
}

TEST_CASE("a pipe is refused, and does not block", "[tail]") {
  TailFixture f;
  REQUIRE(::mkfifo(f.path.c_str(), 0600) == 0);
  auto tail = f.tail();
  f.read(tail);
  REQUIRE(f.problems.size() == 1);
  CHECK(f.problems[0].code == ErrorCode::kInvalid);
}

TEST_CASE("rotation by rename: the old file is read to its end, then the new one from its beginning", "[tail]") {
  TailFixture f;
  f.append("zero\n");
  auto tail = f.tail({.linger_rounds = 3});
  f.read(tail);
  f.append("one\n");
  fs::rename(f.path, f.path + ".1");
  f.append("two\n", f.path + ".1");  // the writer has not noticed
  f.read(tail);
  CHECK(f.seen.text == "(one\ntwo\n");
  f.append("four\n");
  f.append("three\n", f.path + ".1");
  f.read(tail, 3);
  CHECK(f.seen.text == "(one\ntwo\nthree\n");
  f.read(tail, 1);
  CHECK(f.seen.text == "(one\ntwo\nthree\n)(four\n");
  f.append("five\n");
  f.read(tail);
  CHECK(f.seen.text == "(one\ntwo\nthree\n)(four\nfive\n");
  CHECK(f.problems.empty());
}

TEST_CASE("deleted and made anew, at once or later", "[tail]") {
  TailFixture f;
  f.append("");
  auto tail = f.tail({.linger_rounds = 2});
  f.read(tail);
  f.append("one\n");
  fs::remove(f.path);
  f.append("two\n");
  f.read(tail, 4);
  CHECK(f.seen.text == "(one\n)(two\n");
  fs::remove(f.path);
  f.read(tail, 4);
  CHECK(f.seen.text == "(one\n)(two\n)");
  f.append("three\n");
  f.read(tail, 1);
  CHECK(f.seen.text == "(one\n)(two\n)(three\n");
}

TEST_CASE("rotation by truncation: shorter, longer than before, of the same length", "[tail]") {
  TailFixture f;
  f.append("");
  auto tail = f.tail();
  f.read(tail);
  f.append("one\ntwo\n");
  f.read(tail);
  f.replace("3\n");
  f.read(tail);
  CHECK(f.seen.text == "(one\ntwo\n)(3\n");
  f.replace("four is longer\n");
  f.read(tail);
  CHECK(f.seen.text == "(one\ntwo\n)(3\n)(four is longer\n");
  f.replace("five is longer\n");
  f.append("more\n");
  f.read(tail);
  CHECK(f.seen.text == "(one\ntwo\n)(3\n)(four is longer\n)(five is longer\nmore\n");
  f.replace("");
  f.read(tail);
  f.append("six\n");
  f.read(tail);
  CHECK(f.seen.text.ends_with("more\n)(six\n"));
}

TEST_CASE("a symbolic link that is moved on is a rotation", "[tail]") {
  TailFixture f;
  f.append("", f.folder.file("a"));
  fs::create_symlink(f.folder.file("a"), f.path);
  auto tail = f.tail({.linger_rounds = 1});
  f.read(tail);
  f.append("one\n", f.folder.file("a"));
  f.append("two\n", f.folder.file("b"));
  fs::create_symlink(f.folder.file("b"), f.folder.file("new"));
  fs::rename(f.folder.file("new"), f.path);
  f.read(tail, 3);
  CHECK(f.seen.text == "(one\n)(two\n");
}

TEST_CASE("a round reads only so much", "[tail]") {
  TailFixture f;
  f.append("");
  auto tail = f.tail({.round_bytes = 100'000});
  f.read(tail);
  f.append(std::string(250'000, 'x'));
  for (const unsigned bytes : {100'000U, 100'000U, 50'000U, 0U}) {
    const auto round = tail.round(f.seen);
    CHECK(round.bytes == bytes);
    CHECK(round.more == (bytes == 100'000U));
  }
  CHECK(f.seen.text.size() == 250'001);
}

TEST_CASE("being too far behind, the older part is skipped, and said", "[tail]") {
  TailFixture f;
  f.append("");
  auto tail = f.tail({.backlog_bytes = 10});
  f.read(tail);
  f.append("0123456789abcdef\nxyz\n");
  const auto round = tail.round(f.seen);
  CHECK(round.skipped == 11);
  CHECK(f.seen.text == "()<bcdef\nxyz\n");
  // A sparse file of a terabyte costs nothing.
  fs::resize_file(f.path, std::uintmax_t{1} << 40U);
  f.seen.text.clear();
  CHECK(tail.round(f.seen).skipped > 0);
  CHECK(f.seen.text.size() == 12);
}

TEST_CASE("a position leads back to where reading stopped, or says that it is another file", "[tail]") {
  TailFixture f;
  f.append("first\n");
  std::optional<TailPosition> position;
  {
    auto tail = f.tail({.initial_bytes = 100});
    CHECK_FALSE(tail.position());
    f.read(tail);
    position = tail.position();
  }
  REQUIRE(position);
  CHECK(position->offset == 6);
  f.append("second\n");
  f.seen.text.clear();
  SECTION("the same file") {
    auto tail = f.tail({.resume = position});
    f.read(tail);
    CHECK(f.seen.text == "(second\n");
  }
  SECTION("rotated meanwhile: its rest, then the new one") {
    fs::rename(f.path, f.path + ".1");
    f.append("third is longer\n");
    auto tail = f.tail({.resume = position});
    f.read(tail, 6);
    CHECK(f.seen.text == "(second\n)(third is longer\n");
  }
  SECTION("another one with the same name, and it is nowhere: read whole") {
    fs::rename(f.path, f.folder.file("elsewhere"));
    f.append("third is longer\n");
    auto tail = f.tail({.resume = position});
    f.read(tail);
    CHECK(f.seen.text == "(third is longer\n");
  }
  SECTION("the same inode with another content, too") {
    f.replace("third is longer\n");
    auto tail = f.tail({.resume = position});
    f.read(tail);
    CHECK(f.seen.text == "(third is longer\n");
  }
}

TEST_CASE("names of rotated files are told from other names", "[tail]") {
  for (const char* name : {"audit-2026-07-01T10-27-28.826.log", "audit.log.1", "audit.log-20260701", "audit-1.log",
                           "audit.log.20260701T102728Z", "audit.log.1.gz", "audit-2026-07-01T10-27-28.826.log.gz"}) {
    INFO(name);
    CHECK(is_rotated_name("audit.log", name));
  }
  for (const char* name :
       {"audit.log", "audit.log.gz", "audit.log.1.gz.gz", "audit-policy.log.gz", ".gz", "audit-policy.log",
        "audit-.log", "audits-1.log", "audit1.log", "other.log.1", "audit.logs", "", "audit.log.bak"}) {
    INFO(name);
    CHECK_FALSE(is_rotated_name("audit.log", name));
  }
  CHECK(is_rotated_name("kubernetes.audit", "kubernetes-2026-07-01T10-27-28.826.audit"));
  CHECK(is_rotated_name("audit", "audit.3"));
  CHECK_FALSE(is_rotated_name(".log", "-1.log"));
}

TEST_CASE("rotated several times while nobody followed: every file is read, in order", "[tail]") {
  TailFixture f;
  const auto rotated = [&](const char* mark) { return f.folder.file(std::string("x-") + mark + ".log"); };
  f.append("never\n", rotated("2026-01-01T00-00-00.000"));
  f.append("first\n");
  std::optional<TailPosition> position;
  {
    auto tail = f.tail({.initial_bytes = 100});
    f.read(tail);
    position = tail.position();
  }
  f.append("second\n");
  fs::rename(f.path, rotated("2026-01-02T00-00-00.000"));
  f.append("third\n", rotated("2026-01-03T00-00-00.000"));
  f.append("fourth\n", rotated("2026-01-04T00-00-00.000"));
  f.append("no log\n", f.folder.file("x-notes.log"));
  f.append("fifth\n");
  const std::vector<std::string> all{rotated("2026-01-01T00-00-00.000"), rotated("2026-01-02T00-00-00.000"),
                                     rotated("2026-01-03T00-00-00.000"), rotated("2026-01-04T00-00-00.000"), f.path};
  f.seen.text.clear();
  SECTION("all are there") {
    written_in_order(all);
    auto tail = f.tail({.resume = position});
    f.read(tail, 10);
    CHECK(f.seen.text == "(second\n)(third\n)(fourth\n)(fifth\n");
    CHECK(tail.position()->offset == 6);
  }
  SECTION("the one that was being read is gone: what is younger") {
    written_in_order(all);
    // As of when the position was saved.
    position->modified_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                std::chrono::file_clock::to_sys(fs::last_write_time(all[1])).time_since_epoch())
                                .count();
    fs::remove(all[1]);
    auto tail = f.tail({.resume = position});
    f.read(tail, 10);
    CHECK(f.seen.text == "(third\n)(fourth\n)(fifth\n");
  }
  SECTION("the name itself is not there") {
    written_in_order(all);
    fs::remove(f.path);
    auto tail = f.tail({.resume = position});
    f.read(tail, 10);
    CHECK(f.seen.text == "(second\n)(third\n)(fourth\n)");
  }
  SECTION("what is too far behind is skipped, the oldest first") {
    written_in_order(all);
    auto tail = f.tail({.resume = position, .backlog_bytes = 12});
    std::uint64_t skipped = 0;
    for (int i = 0; i < 20; ++i) skipped += tail.round(f.seen).skipped;
    CHECK(f.seen.text == "(second\n)(fourth\n)(fifth\n");
    CHECK(skipped == 6);
  }
}

TEST_CASE("rotated twice between two rounds: the file in the middle is read, too", "[tail]") {
  TailFixture f;
  f.append("");
  auto tail = f.tail({.linger_rounds = 3});
  f.read(tail);
  f.append("one\n");
  fs::rename(f.path, f.path + ".2");
  f.append("two\n");
  fs::rename(f.path, f.path + ".1");
  f.append("three\n");
  written_in_order({f.path + ".2", f.path + ".1", f.path});
  f.read(tail, 10);
  CHECK(f.seen.text == "(one\n)(two\n)(three\n");
}

TEST_CASE("copied and truncated: what was not read yet is read from the copy", "[tail]") {
  TailFixture f;
  const std::string one = long_line("one");
  const std::string two = long_line("two");
  const std::string three = long_line("three");
  f.append(one);
  SECTION("while it was followed") {
    auto tail = f.tail({.initial_bytes = 1000, .linger_rounds = 1});
    f.read(tail);
    f.append(two);
    fs::copy_file(f.path, f.path + ".1");
    f.replace(three);
    f.read(tail, 4);
    CHECK(f.seen.text == "(" + one + ")(" + two + ")(" + three);
  }
  SECTION("while nobody followed") {
    std::optional<TailPosition> position;
    {
      auto tail = f.tail({.initial_bytes = 1000});
      f.read(tail);
      position = tail.position();
    }
    f.append(two);
    fs::copy_file(f.path, f.path + ".1");
    f.replace(three);
    f.seen.text.clear();
    auto tail = f.tail({.resume = position, .linger_rounds = 1});
    f.read(tail, 4);
    CHECK(f.seen.text == "(" + two + ")(" + three);
  }
}

}  // namespace remint::sources

// Logs that were compressed after their rotation.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "packed_file.hpp"
#include "rotated.hpp"
#include "tail_fixture.hpp"

namespace remint::sources {

namespace fs = std::filesystem;

namespace {

struct Packed : TailFixture {
  [[nodiscard]] std::string rotated(const std::string& mark) const { return folder.file("x-" + mark + ".log"); }
  /// What is there is read, and how far that came is remembered.
  [[nodiscard]] TailPosition read_so_far() {
    auto followed = tail({.initial_bytes = 1'000'000});
    read(followed);
    return *followed.position();
  }
  const std::string one = long_line("one"), two = long_line("two"), three = long_line("three"),
                    four = long_line("four");
};

/// As of long ago, so that a file with a problem comes first.
TailPosition before_all() { return {.head_bytes = 100, .head_sha256 = "none", .modified_ns = 0}; }

}  // namespace

TEST_CASE_METHOD(Packed, "compressed while nobody followed: its rest is read, then the younger ones, in order",
                 "[tail]") {
  append(long_line("never"), rotated("2026-01-01T00-00-00.000"));
  append(one);
  auto position = read_so_far();
  position.modified_ns = 0;
  append(two);
  fs::rename(path, rotated("2026-01-02T00-00-00.000"));
  append(three, rotated("2026-01-03T00-00-00.000"));
  append(four);
  seen.text.clear();
  // kube-apiserver compresses the newest first: times of last change say nothing.
  pack(rotated("2026-01-03T00-00-00.000"));
  pack(rotated("2026-01-02T00-00-00.000"));
  pack(rotated("2026-01-01T00-00-00.000"));
  auto followed = tail({.resume = position, .linger_rounds = 1});
  read(followed, 4);
  CHECK(seen.text == "(" + two + ")(" + three + ")(" + four);
  CHECK(problems.empty());
  CHECK(followed.position()->offset == four.size());
}

TEST_CASE_METHOD(Packed, "compressed while it is followed: nothing is read twice", "[tail]") {
  const bool is_short = GENERATE(false, true);
  const std::string begin = is_short ? "1\n" : one;
  append("");
  auto followed = tail({.linger_rounds = 2});
  read(followed);
  append(begin);
  read(followed);
  fs::rename(path, rotated("2099-01-01T00-00-00.000"));
  pack(rotated("2099-01-01T00-00-00.000"));
  append(two);
  read(followed, 4);
  CHECK(seen.text == "(" + begin + ")(" + two);
}

TEST_CASE_METHOD(Packed, "rotated twice and compressed between two rounds: the file in the middle is read, too",
                 "[tail]") {
  append("");
  auto followed = tail({.linger_rounds = 2});
  read(followed);
  append(one);
  fs::rename(path, rotated("2099-01-01T00-00-00.000"));
  append(two, rotated("2099-01-01T00-00-01.000"));
  append(three);
  const bool both = GENERATE(false, true);
  if (both) pack(rotated("2099-01-01T00-00-00.000"));
  pack(rotated("2099-01-01T00-00-01.000"));
  read(followed, 4);
  CHECK(seen.text == "(" + one + ")(" + two + ")(" + three);
}

TEST_CASE_METHOD(Packed, "beside its original a compressed file is not whole yet, and is left", "[tail]") {
  append(one);
  const auto position = read_so_far();
  append(two);
  fs::rename(path, path + ".1");
  append("\x1f\x8b half", path + ".1.gz");
  append(three);
  seen.text.clear();
  auto followed = tail({.resume = position, .linger_rounds = 1});
  read(followed, 4);
  CHECK(seen.text == "(" + two + ")(" + three);
  CHECK(problems.empty());
}

TEST_CASE_METHOD(Packed, "a file that is compressed in the moment in which it is opened is opened all the same",
                 "[tail]") {
  append(one, path + ".1");
  pack(path + ".1");
  auto opened = TailedFile::open_rotated(path + ".1");
  REQUIRE(opened);
  CHECK(opened->packed());
  CHECK(opened->head(3).value() == "one");
  CHECK_FALSE(TailedFile::open_rotated(path + ".2"));
}

TEST_CASE_METHOD(Packed, "within a compressed file a position leads back to where reading stopped", "[tail]") {
  std::string all;
  for (int i = 0; i < 200; ++i) all += std::to_string(i) + " " + long_line("line");
  append(all, path + ".1");
  pack(path + ".1");
  append(three);
  TailPosition position = before_all();
  int rounds = 0;
  for (; position.offset != three.size() && rounds < 1000; ++rounds) {
    auto followed = tail({.resume = position, .round_bytes = 1'000});
    (void)followed.round(seen);
    position = followed.position().value_or(position);
  }
  CHECK(rounds > 10);
  // Each time it was begun with again, within a line or not.
  std::erase_if(seen.text, [](char c) { return c == '(' || c == '<' || c == ')'; });
  CHECK(seen.text == all + three);
}

TEST_CASE_METHOD(Packed,
                 "what was read of it before may be more than it holds: then nothing is, and the next one comes",
                 "[tail]") {
  append(one);
  auto position = read_so_far();
  position.offset = 5'000'000;
  fs::rename(path, path + ".1");
  pack(path + ".1");
  append(two);
  seen.text.clear();
  SECTION("a little") {}
  SECTION("absurdly") { position.offset = ~std::uint64_t{0}; }
  auto followed = tail({.resume = position});
  read(followed);
  CHECK(seen.text.ends_with(")(" + two));
}

TEST_CASE_METHOD(Packed, "copied, truncated, compressed: what was not read yet is read from the copy", "[tail]") {
  append(one);
  auto followed = tail({.initial_bytes = 1000});
  read(followed);
  append(two);
  fs::copy_file(path, path + ".1");
  pack(path + ".1");
  replace(three);
  read(followed, 4);
  CHECK(seen.text == "(" + one + ")(" + two + ")(" + three);
}

TEST_CASE_METHOD(Packed, "a compressed file that is broken ends with what could be read, and the next one follows",
                 "[tail]") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  std::string packed = detect::samples::gzip(text);
  std::string reason = "cut off";
  bool some = true, as_written = true;
  SECTION("cut off") { packed.resize(packed.size() / 2); }
  SECTION("cut off before its end") { packed.pop_back(); }
  SECTION("a wrong byte") {
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    reason = "corrupt";
    as_written = false;  // only the checksum at the end shows it
  }
  SECTION("something behind it") {
    packed += "tail";
    reason = "corrupt";
  }
  SECTION("no gzip at all") {
    packed = text;
    reason = "corrupt";
    some = false;
  }
  SECTION("binary behind a beginning of gzip") {
    packed = std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + std::string(5000, '\xff');
    reason = "corrupt";
    some = false;
  }
  SECTION("empty") {
    packed.clear();
    some = false;
  }
  append(packed, path + ".1.gz");
  append(three);
  auto followed = tail({.resume = before_all()});
  int broken = 0;
  for (int i = 0; i < 20; ++i) {
    const auto round = followed.round(seen);
    broken += round.broken ? 1 : 0;
    if (round.problem) problems.push_back(*round.problem);
  }
  CHECK(broken == 1);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message.find(path + ".1.gz") != std::string::npos);
  CHECK(problems[0].message.find(reason) != std::string::npos);
  REQUIRE(seen.text.ends_with(")(" + three));
  const auto got = seen.text.substr(1, seen.text.size() - three.size() - 3);
  CHECK((text.starts_with(got) || !as_written));
  CHECK(got.empty() != some);
}

TEST_CASE_METHOD(Packed, "of a bomb only so much is unpacked", "[tail]") {
  append(detect::samples::gzip(std::string(50'000'000, 'x')), path + ".1.gz");
  append(three);
  auto followed = tail({.resume = before_all(), .backlog_bytes = 2'000'000});
  for (int i = 0; i < 20; ++i) {
    const auto round = followed.round(seen);
    if (round.problem) problems.push_back(*round.problem);
  }
  CHECK(seen.text == "(" + std::string(2'000'000, 'x') + ")(" + three);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].code == ErrorCode::kTooLarge);
}

TEST_CASE_METHOD(Packed, "too far behind, the oldest compressed files are skipped by what they hold", "[tail]") {
  for (const char* mark : {"1", "2"}) {
    append(detect::samples::gzip(std::string(mark) + std::string(3'000, mark[0])), path + "." + mark + ".gz");
  }
  written_in_order({path + ".2.gz", path + ".1.gz"});
  append(three);
  auto followed = tail({.resume = before_all(), .backlog_bytes = 1'500});
  std::uint64_t skipped = 0;
  for (int i = 0; i < 20; ++i) skipped += followed.round(seen).skipped;
  CHECK(seen.text.starts_with("(1111"));
  CHECK(skipped > 0);
}

TEST_CASE("when a compressed log was written is read from its name, or is the file's own time", "[tail]") {
  struct stat status{};
  status.st_mtim.tv_sec = 5;
  CHECK(packed_ns_of("/v/audit-2026-07-01T10-27-28.826.log.gz", status) == 1'782'901'648'826'000'000);
  CHECK(packed_ns_of("/T2026/Tx-2026-07-01T10-27-28.826.log.gz", status) == 1'782'901'648'826'000'000);
  for (const char* name : {"audit.log.1.gz", "audit.log-20260701.gz", "audit-2026-07-01T10:27:28.826.log.gz",
                           "audit-2026-07-01T10.gz", "audit-2026-13-01T10-27-28.826.log.gz", "T.gz", ""}) {
    INFO(name);
    CHECK(packed_ns_of(name, status) == 5'000'000'000);
  }
}

}  // namespace remint::sources

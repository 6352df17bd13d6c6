#include "remint/base/file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "temp_dir.hpp"

namespace remint {
namespace {

TEST_CASE("a file is read whole, bytes and all, up to its cap") {
  const TempDir dir;
  const std::string content(
      "line\n\0\xff"
      "end",
      10);
  const std::string path = dir.write("f", content);
  CHECK(read_file(path, 10).value() == content);
  CHECK(read_file(path, 9).error().code == ErrorCode::kTooLarge);
  CHECK(read_file(dir.write("empty", ""), 0).value().empty());
}

TEST_CASE("what cannot be read is named with the reason") {
  const TempDir dir;
  const auto missing = read_file(dir.file("missing"), 10);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message == "cannot read " + dir.file("missing") + ": No such file or directory");
  const auto folder = read_file(dir.file(""), 10);
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::kInvalid);
  CHECK(folder.error().message.ends_with("Is a directory"));
  CHECK_FALSE(read_file(std::string("a\0b", 3), 10));
}

TEST_CASE("a pipe is read to its end, and an endless file only to the cap") {
  const TempDir dir;
  const std::string path = dir.file("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&] { dir.write("pipe", std::string(200'000, 'x')); });
  const auto content = read_file(path, 1U << 20U);
  writer.join();
  REQUIRE(content);
  CHECK(content->size() == 200'000);
  CHECK(read_file("/dev/zero", 100'000).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a stamp changes with the content, through Kubernetes' symlink swap too") {
  namespace fs = std::filesystem;
  const TempDir dir;
  fs::create_directory(dir.file("v1"));
  fs::create_directory(dir.file("v2"));
  dir.write("v1/token", "old");
  dir.write("v2/token", "new");
  fs::create_directory_symlink("v1", dir.file("..data"));
  fs::create_symlink("..data/token", dir.file("token"));
  const FileStamp before = stamp_file(dir.file("token"));
  CHECK(stamp_file(dir.file("token")) == before);
  fs::create_directory_symlink("v2", dir.file("..tmp"));
  fs::rename(dir.file("..tmp"), dir.file("..data"));
  CHECK_FALSE(stamp_file(dir.file("token")) == before);
}

TEST_CASE("a missing file has a stamp of its own") {
  const TempDir dir;
  CHECK(stamp_file(dir.file("missing")) == FileStamp{});
  CHECK_FALSE(stamp_file(dir.write("there", "")) == FileStamp{});
}

}  // namespace
}  // namespace remint

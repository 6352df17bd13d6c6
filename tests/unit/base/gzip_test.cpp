#include "remint/base/gzip.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>

namespace remint {
namespace {

std::string pack(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_CASE("gzip data is unpacked, all members of it") {
  CHECK(gunzip(pack("hello"), 5).value() == "hello");
  CHECK(gunzip(pack("") + pack("a") + pack("") + pack("b"), 5).value() == "ab");
  CHECK(gunzip(pack(""), 0).value().empty());
  const std::string large(3'000'000, 'x');
  CHECK(gunzip(pack(large), large.size()).value() == large);
}

TEST_CASE("a bomb costs no more than the cap") {
  const std::string bomb = pack(std::string(100'000'000, '\0'));
  REQUIRE(bomb.size() < 200'000);
  const auto unpacked = gunzip(bomb, 1'000'000);
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error().code == ErrorCode::kTooLarge);
  CHECK(gunzip(pack("hello"), 4).error().code == ErrorCode::kTooLarge);
  CHECK(gunzip(pack("abc") + pack("abc"), 5).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("every cut-off packet is an error") {
  const std::string packed = pack("some text that is packed");
  for (std::size_t length = 0; length < packed.size(); ++length) {
    const auto unpacked = gunzip(std::string_view(packed).substr(0, length), 1000);
    REQUIRE_FALSE(unpacked);
    REQUIRE(unpacked.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("a flipped bit is an error, or changes nothing: parts of the header and the padding mean nothing") {
  const std::string text = "some text that is packed";
  const std::string packed = pack(text);
  int errors = 0;
  for (std::size_t i = 0; i < packed.size() * 8; ++i) {
    std::string broken = packed;
    broken[i / 8] = static_cast<char>(broken[i / 8] ^ (1 << (i % 8)));
    const auto unpacked = gunzip(broken, 1000);
    CAPTURE(i);
    CHECK((!unpacked || *unpacked == text));
    errors += unpacked ? 0 : 1;
  }
  CHECK(errors > 200);
}

TEST_CASE("other bytes are not taken for gzip, before or after it") {
  CHECK(looks_gzipped(pack("x")));
  CHECK_FALSE(looks_gzipped("{}"));
  CHECK_FALSE(looks_gzipped("\x1f"));
  CHECK(gunzip("{}", 100).error().code == ErrorCode::kInvalid);
  CHECK(gunzip(pack("x") + "tail", 100).error().message.find("followed by other bytes") != std::string::npos);
}

TEST_CASE("gzip data is unpacked in pieces of any size, all members of it") {
  const std::string packed = pack("some text") + pack("") + pack(" that is packed");
  for (const std::size_t most : {1U, 2U, 3U, 7U, 1000U}) {
    for (const std::size_t room : {1U, 2U, 5U, 1000U}) {
      Unpacker unpacker;
      std::string text, left = packed, into(room, '\0');
      for (bool more = true; more;) {
        const auto step = unpacker.step(std::string_view(left).substr(0, most), into);
        REQUIRE(step);
        text.append(into, 0, step->made);
        left.erase(0, step->taken);
        more = step->made > 0 || step->taken > 0;
      }
      CHECK(text == "some text that is packed");
      CHECK(left.empty());
      CHECK(unpacker.whole());
    }
  }
}

TEST_CASE("what unpacks in pieces is whole at its end alone, and other bytes behind it are an error") {
  const std::string packed = pack("x");
  char into[8];
  Unpacker unpacker;
  CHECK_FALSE(unpacker.whole());
  REQUIRE(unpacker.step(packed.substr(0, packed.size() - 1), into));
  CHECK_FALSE(unpacker.whole());
  REQUIRE(unpacker.step(packed.substr(packed.size() - 1), into));
  CHECK(unpacker.whole());
  CHECK(unpacker.step("tail", into).error().code == ErrorCode::kInvalid);
}

}  // namespace
}  // namespace remint

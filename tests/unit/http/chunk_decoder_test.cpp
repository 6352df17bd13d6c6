#include "chunk_decoder.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace remint::http {
namespace {

struct Outcome {
  std::string body;
  std::string rest;  ///< input behind the end of the body
  std::string problem;
  bool done = false;
};

/// Feeds the input in pieces of `step` bytes.
Outcome decode(std::string_view input, std::size_t step) {
  ChunkDecoder decoder;
  Outcome outcome;
  while (!input.empty() && !decoder.done() && decoder.problem().empty()) {
    auto piece = input.substr(0, step);
    while (!piece.empty() && !decoder.done() && decoder.problem().empty()) {
      const auto [consumed, data] = decoder.next(piece);
      outcome.body += data;
      piece.remove_prefix(consumed);
      input.remove_prefix(consumed);
    }
  }
  outcome.rest = input;
  outcome.problem = decoder.problem();
  outcome.done = decoder.done();
  return outcome;
}

}  // namespace

TEST_CASE("a chunked body is the same however it is cut") {
  const std::string input =
      "5\r\nhello\r\n1;name=\"value\"\r\n \r\n0A \r\n0123456789\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\nGET /next";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    INFO("step " << step);
    const auto outcome = decode(input, step);
    CHECK(outcome.problem.empty());
    REQUIRE(outcome.done);
    CHECK(outcome.body == "hello 0123456789");
    CHECK(outcome.rest == "GET /next");
  }
}

TEST_CASE("an empty chunked body is fine, also one byte at a time") {
  CHECK(decode("0\r\n\r\n", 1).done);
  CHECK(decode("0\r\n\r\n", 5).done);
}

TEST_CASE("bad chunks are refused") {
  const auto input =
      GENERATE(as<std::string>{}, "-1\r\nx\r\n", "-5\r\n", "\r\n", " 5\r\nhello\r\n", "+5\r\nhello\r\n",
               "0x5\r\nhello\r\n", "g\r\n", "5\nhello\n", "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
               "5\r\nhello\r\r0", "5 x\ny\r\n", "1000000000000\r\n", "ffffffffffffffff\r\n",
               "00000000000000000000005\r\n", "0\r\n\rx", "0\r\na: b\n\r\n", "0\r\na: b\rc");
  INFO(input);
  CHECK_FALSE(decode(input, 1).problem.empty());
  CHECK_FALSE(decode(input, input.size()).problem.empty());
  CHECK_FALSE(decode(input, 1).done);
}

TEST_CASE("extensions and trailers end somewhere") {
  CHECK_FALSE(decode("5;" + std::string(9000, 'a'), 100).problem.empty());
  CHECK_FALSE(decode("0\r\n" + std::string(9000, 'a'), 100).problem.empty());
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "1;abcd\r\nx\r\n";
  CHECK_FALSE(decode(many, many.size()).problem.empty());
}

}  // namespace remint::http

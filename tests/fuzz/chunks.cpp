// HTTP's chunked coding: of whoever can reach the port.
#include <string>

#include "chunk_decoder.hpp"
#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

struct ReadBody {
  std::string body, problem;
  bool done = false;
  std::size_t consumed = 0;
};

ReadBody read_body(std::string_view text, const Cuts& cuts) {
  ReadBody read;
  http::ChunkDecoder decoder;
  cuts.each(text, [&](std::string_view piece) {
    while (!piece.empty() && !decoder.done() && decoder.problem().empty()) {
      const auto step = decoder.next(piece);
      check(step.consumed > 0 && step.consumed <= piece.size(), "each step gets on, and not too far");
      check(step.data.empty() || (step.data.data() >= piece.data() && step.data.size() <= step.consumed),
            "the body is a part of the input");
      read.body += step.data;
      read.consumed += step.consumed;
      piece.remove_prefix(step.consumed);
    }
    return !decoder.done() && decoder.problem().empty();
  });
  read.done = decoder.done();
  read.problem = decoder.problem();
  check(!read.done || read.problem.empty(), "what is done is valid");
  return read;
}

}  // namespace

void fuzz_chunks(std::string_view input) {
  const Cuts cuts(input);
  std::string_view none;
  const ReadBody whole = read_body(input, Cuts(none));
  const ReadBody cut = read_body(input, cuts);
  check(whole.body == cut.body && whole.done == cut.done && whole.problem == cut.problem,
        "wherever the bytes are cut, the body is the same");
  check(whole.consumed == cut.consumed, "wherever the bytes are cut, the next request begins at the same byte");
  check(whole.body.size() <= input.size(), "a body is no longer than what came");
}

}  // namespace remint::fuzz

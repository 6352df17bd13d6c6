#include "chunk_decoder.hpp"

#include <algorithm>

namespace remint::http {
namespace {

// Extensions and trailers carry nothing that we use; this much of them per body is more than any client sends.
constexpr std::size_t kMaxSkipped = 8U << 10U;
// 2^48 bytes: far above every body limit, far below an overflow.
constexpr std::size_t kMaxDigits = 12;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

ChunkDecoder::Piece ChunkDecoder::next(std::string_view input) {
  if (state_ == State::kData) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    left_ -= n;
    if (left_ == 0) state_ = State::kDataCr;
    return {n, input.substr(0, n)};
  }
  std::size_t used = 0;
  while (used < input.size() && state_ != State::kData && state_ != State::kDone && problem_.empty())
    take(input[used++]);
  return {used, {}};
}

void ChunkDecoder::take(char c) {
  switch (state_) {
    case State::kSize:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > kMaxDigits) return fail("a chunk size has too many digits");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
      } else if (digits_ > 0 && c == '\r') {
        state_ = State::kSizeEnd;
      } else if (digits_ > 0 && (c == ';' || c == ' ' || c == '\t')) {
        state_ = State::kExtension;
      } else {
        fail("a chunk size is not a hexadecimal number");
      }
      return;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeEnd;
      } else if (is_control(c)) {
        fail("a chunk extension has a control character");
      } else if (++skipped_ > kMaxSkipped) {
        fail("chunk extensions are too long");
      }
      return;
    case State::kSizeEnd:
      if (c != '\n') return fail("a chunk size line does not end with CR LF");
      return size_done();
    case State::kDataCr:
      if (c != '\r') return fail("a chunk is longer than its size");
      state_ = State::kDataLf;
      return;
    case State::kDataLf:
      if (c != '\n') return fail("a chunk does not end with CR LF");
      state_ = State::kSize;
      left_ = 0;
      digits_ = 0;
      return;
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kLastLf;
        return;
      }
      state_ = State::kTrailer;
      [[fallthrough]];
    case State::kTrailer:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (is_control(c)) {
        fail("a trailer has a control character");
      } else if (++skipped_ > kMaxSkipped) {
        fail("trailers are too long");
      }
      return;
    case State::kTrailerLf:
      if (c != '\n') return fail("a trailer line does not end with CR LF");
      state_ = State::kTrailerStart;
      return;
    case State::kLastLf:
      if (c != '\n') return fail("the last chunk does not end with CR LF");
      state_ = State::kDone;
      return;
    case State::kData:
    case State::kDone:
      return;
  }
}

void ChunkDecoder::size_done() { state_ = left_ == 0 ? State::kTrailerStart : State::kData; }

}  // namespace remint::http

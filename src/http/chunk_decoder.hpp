#pragma once
// The chunked transfer coding (RFC 9112 section 7.1), decoded strictly and within bounds. Pure; no allocation.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace remint::http {

/// Fed with whatever arrived, in pieces of any size. Chunk extensions and trailers are skipped, never interpreted.
class ChunkDecoder {
 public:
  struct Piece {
    std::size_t consumed = 0;  ///< bytes of the input that are done with
    std::string_view data;     ///< body bytes among them: a part of the input
  };

  /// Takes one step. Call it again with the rest while the rest is not empty and neither done() nor problem() is set.
  [[nodiscard]] Piece next(std::string_view input);
  /// The last chunk and its trailers have been read.
  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  /// Empty while the coding is valid.
  [[nodiscard]] std::string_view problem() const { return problem_; }
  /// Bytes that the sender announced for the chunk being read.
  [[nodiscard]] std::uint64_t announced() const { return left_; }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kLastLf,
    kDone
  };
  void take(char c);
  void size_done();
  void fail(std::string_view problem) { problem_ = problem; }

  State state_ = State::kSize;
  std::uint64_t left_ = 0;
  std::size_t digits_ = 0;
  std::size_t skipped_ = 0;  ///< bytes of extensions and trailers of this body
  std::string_view problem_;
};

}  // namespace remint::http

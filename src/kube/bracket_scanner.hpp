#pragma once
// Where a JSON object or array ends, found without looking at anything but quotes, backslashes and brackets: 64 bytes
// at a time, in text that comes in pieces.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace remint::kube {

/// Braces and square brackets count alike: text that mixes them up is handed on, and refused by who parses it.
/// Not thread-safe.
class BracketScanner {
 public:
  void begin() { *this = {}; }
  /// The first call's piece begins with the opening bracket. Returns how many bytes belong to the value, the closing
  /// bracket included; npos: all of them, and it goes on in the next piece.
  [[nodiscard]] std::size_t feed(std::string_view piece);
  /// Whether there was a byte above 127 in the 64 byte blocks that the value touched so far: if not, it is ASCII.
  [[nodiscard]] bool saw_beyond_ascii() const { return beyond_ascii_; }

  static constexpr std::size_t npos = std::string_view::npos;  // NOLINT(readability-identifier-naming): as there

 private:
  /// The position of the bracket that closes the value, within a block of which `size` bytes count; 64: none.
  unsigned step(const char* block, std::size_t size);

  std::uint64_t in_string_ = 0;  // all ones: the block begins within a string
  std::uint64_t escaped_ = 0;    // 1: its first byte is escaped
  std::size_t depth_ = 0;
  bool beyond_ascii_ = false;
};

}  // namespace remint::kube

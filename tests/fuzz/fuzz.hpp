#pragma once
// What every fuzz target takes: a check that ends the program, choices made by the input, and bytes in pieces.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "remint/base/time.hpp"

namespace remint::fuzz {

/// `what`: the property, as a sentence.
inline void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

/// Pure layers are given the time; here it is always the same one.
inline Time now() { return Time(std::chrono::seconds(1'782'900'000)); }  // 2026-07-01T10:00:00Z

/// The first byte, which it takes away; 0 when there is none.
inline unsigned choice(std::string_view& input) {
  if (input.empty()) {
    return 0;
  }
  const auto byte = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return byte;
}

/// The first line, which it takes away, chooses where the rest is cut: each of its bytes the length of one piece, in
/// turn.
/// '!' to '?' are short pieces, '`' to '~' long ones. An empty line: not at all.
class Cuts {
 public:
  explicit Cuts(std::string_view& input) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    lengths_ = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }

  /// Calls `feed` with the pieces, each at an address of its own, so that AddressSanitizer sees who reads behind its
  /// end. `feed` returns false to stop.
  template <class Feed>
  void each(std::string_view text, Feed&& feed) const {
    if (lengths_.empty()) {
      feed(text);
      return;
    }
    for (std::size_t i = 0; !text.empty(); ++i) {
      const auto byte = static_cast<unsigned char>(lengths_[i % lengths_.size()]);
      const std::size_t length = std::min<std::size_t>(text.size(), byte < 0x60 ? 1 + byte % 32 : (1 + byte % 32) * 32);
      const auto piece = std::make_unique_for_overwrite<char[]>(length);
      std::ranges::copy(text.substr(0, length), piece.get());
      if (!feed(std::string_view(piece.get(), length))) {
        return;
      }
      text.remove_prefix(length);
    }
  }

 private:
  std::string_view lengths_;
};

/// Reads what is said to be readable: AddressSanitizer objects when it is not.
inline void touch(std::string_view bytes) {
  volatile char sink = 0;
  for (const char c : bytes) {
    sink = c;
  }
  static_cast<void>(sink);
}

}  // namespace remint::fuzz

#pragma once
// gzip with a cap on what comes out: a bomb costs no more than the cap.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint {

/// Whether the bytes begin as gzip does.
[[nodiscard]] bool looks_gzipped(std::string_view bytes);
/// Unpacks all members. Bytes after the last one are an error. kTooLarge beyond `max_bytes`, kInvalid for corrupt or
/// truncated input.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes);

/// Unpacks what comes in pieces, all members of it, into pieces: 40 KB, however much it is. Not thread-safe.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;

  struct Step {
    std::size_t taken = 0;  ///< of `packed`
    std::size_t made = 0;   ///< of `into`
  };
  /// One step. Nothing taken and nothing made: it needs more of either. kInvalid: what comes is not gzip, or corrupt.
  [[nodiscard]] Result<Step> step(std::string_view packed, std::span<char> into);
  /// Where it may end: behind a whole member.
  [[nodiscard]] bool whole() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint

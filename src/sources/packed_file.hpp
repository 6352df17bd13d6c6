#pragma once
// A log file that was compressed after its rotation, read as what it holds.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "remint/base/gzip.hpp"
#include "remint/base/result.hpp"

namespace remint::sources {

inline constexpr std::string_view kPackedSuffix = ".gz";
[[nodiscard]] bool is_packed_name(std::string_view name);

/// When what is in the file was written last: gzip keeps the file's time, but lumberjack does not; there the name says
/// when the log was rotated ("audit-2026-07-01T10-27-28.826.log.gz", in UTC).
[[nodiscard]] std::int64_t packed_ns_of(std::string_view path, const struct stat& status);

/// What the file holds, perhaps: gzip says it at the end, modulo 4 GiB, of its last member; at most 32 times the file,
/// since that end may be missing. 0: cannot be read.
[[nodiscard]] std::uint64_t unpacked_estimate(int file);

/// Unpacks forwards; going back begins anew. Memory: 80 KB, whatever the file unpacks to. Errors do not name the file.
class PackedReader {
 public:
  /// More than this is never stepped over to reach a position: some seconds.
  static constexpr std::uint64_t kMostSkipped = std::uint64_t{1} << 30U;

  /// Fewer bytes than asked for: nothing follows. What comes before a fault is given; the fault comes with the next
  /// call. kInvalid: not gzip, corrupt, or cut off; kTooLarge: `offset` is too far ahead.
  [[nodiscard]] Result<std::size_t> read(int file, std::uint64_t offset, std::span<char> into);

 private:
  void begin();
  [[nodiscard]] std::size_t fill(int file, std::span<char> into);
  [[nodiscard]] Result<void> take_more(int file);

  Unpacker unpacker_;
  std::string packed_;      ///< read from the file
  std::size_t taken_ = 0;   ///< of that
  std::uint64_t from_ = 0;  ///< where the next of it is in the file
  std::uint64_t at_ = 0;    ///< of what it unpacks to
  bool over_ = false;       ///< of the file, everything was read
  std::optional<Error> fault_;
};

}  // namespace remint::sources

#pragma once
// Files, read whole and within a bound.

#include <cstdint>
#include <string>

#include "remint/base/result.hpp"

namespace remint {

/// Reads a regular file (or a pipe) of at most `max_bytes`. Errors name the path and the reason: kNotFound, kForbidden
/// (the file's permissions), kTooLarge, kInvalid (a folder, an I/O error).
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

/// What changes when a file's content is replaced, also through Kubernetes' symlink swap: inode, size, mtime of the
/// target. Equal stamps mean "not changed"; a missing (or unreadable) file has a stamp of its own, all zeros.
struct FileStamp {
  std::uint64_t inode = 0, size = 0;
  std::int64_t mtime_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
[[nodiscard]] FileStamp stamp_file(const std::string& path);

}  // namespace remint

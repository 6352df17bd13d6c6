#pragma once
// Files, read whole and within a bound, and what those who read them otherwise need.

#include <cstdint>
#include <string>
#include <utility>

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

/// What `reason`, an errno, says about reading `path`: with read_file's codes.
[[nodiscard]] Error cannot_read(const std::string& path, int reason);

/// Owns an open file and closes it.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  /// Negative: none.
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace remint

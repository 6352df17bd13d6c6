#include "remint/base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace remint {
FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Error cannot_read(const std::string& path, int reason) {
  const ErrorCode code = reason == ENOENT || reason == ENOTDIR ? ErrorCode::kNotFound
                         : reason == EACCES || reason == EPERM ? ErrorCode::kForbidden
                                                               : ErrorCode::kInvalid;
  return {.code = code, .message = fmt::format("cannot read {}: {}", path, std::generic_category().message(reason))};
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  if (path.find('\0') != std::string::npos) {
    return fail(ErrorCode::kInvalid, "cannot read a file whose name contains a NUL character");
  }
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return std::unexpected(cannot_read(path, errno));
  }
  std::string content;
  std::array<char, 65536> chunk;  // read() fills it
  // The size that stat() tells is not trusted: pipes have none, and a file may grow meanwhile.
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got == 0) {
      return content;
    }
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return std::unexpected(cannot_read(path, errno));
    }
    if (static_cast<std::size_t>(got) > max_bytes - content.size()) {
      return fail(ErrorCode::kTooLarge, fmt::format("{} is larger than the {} bytes allowed for it", path, max_bytes));
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

FileStamp stamp_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return {};
  }
  return {.inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .mtime_ns = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace remint

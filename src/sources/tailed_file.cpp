#include "tailed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace remint::sources {

FileIdentity identity_of(const struct stat& status) { return {.device = status.st_dev, .inode = status.st_ino}; }

std::int64_t modified_ns_of(const struct stat& status) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec;
}

Result<TailedFile> TailedFile::open(const std::string& path) {
  // Not blocking: opening a pipe without a writer would wait for one.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return std::unexpected(cannot_read(path, errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kInvalid, "cannot follow " + path + ": it is not a regular file");
  }
  return TailedFile(std::move(file), identity_of(status), path);
}

Result<TailedFile> TailedFile::open_rotated(const std::string& path) {
  auto file = open(path);
  if (!file && file.error().code == ErrorCode::kNotFound && !is_packed_name(path)) {
    return open_rotated(path + std::string(kPackedSuffix));
  }
  if (file && is_packed_name(path)) {
    file->unpacked_ = std::make_unique<PackedReader>();
  }
  return file;
}

Result<FileIdentity> TailedFile::identify(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return std::unexpected(cannot_read(path, errno));
  }
  return identity_of(status);
}

Result<std::uint64_t> TailedFile::size() const {
  if (unpacked_) {
    return unpacked_estimate(file_.get());
  }
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) {
    return std::unexpected(cannot_read(path_, errno));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

std::int64_t TailedFile::modified_ns() const {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) {
    return 0;
  }
  return unpacked_ ? packed_ns_of(path_, status) : modified_ns_of(status);
}

Result<std::size_t> TailedFile::read(std::uint64_t offset, std::span<char> into) const {
  if (unpacked_) {
    const auto got = unpacked_->read(file_.get(), offset, into);
    return got ? got : fail_in(got.error(), "cannot unpack the rest of " + path_);
  }
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got =
        ::pread(file_.get(), into.data() + filled, into.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return std::unexpected(cannot_read(path_, errno));
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<std::string> TailedFile::head(std::size_t count) const {
  std::string bytes(count, '\0');
  const auto got = read(0, bytes);
  if (!got) {
    return std::unexpected(got.error());
  }
  bytes.resize(*got);
  return bytes;
}

}  // namespace remint::sources

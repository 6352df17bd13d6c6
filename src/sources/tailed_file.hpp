#pragma once
// One open file that grows: how large it is, which one it is, what it begins with.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "remint/base/file.hpp"
#include "remint/base/result.hpp"

namespace remint::sources {

struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

[[nodiscard]] FileIdentity identity_of(const struct stat& status);
[[nodiscard]] std::int64_t modified_ns_of(const struct stat& status);

/// Errors name the path.
class TailedFile {
 public:
  /// Regular files only: a pipe would block, and its bytes would be missing elsewhere. Follows symbolic links.
  [[nodiscard]] static Result<TailedFile> open(const std::string& path);
  /// What `path` leads to now; kNotFound when to nothing.
  [[nodiscard]] static Result<FileIdentity> identify(const std::string& path);

  [[nodiscard]] FileIdentity identity() const { return identity_; }
  [[nodiscard]] Result<std::uint64_t> size() const;
  /// When it was written last; 0 when that cannot be read.
  [[nodiscard]] std::int64_t modified_ns() const;
  /// Fewer bytes than asked for: the file ends there, for now.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;
  /// The first bytes, `count` at most.
  [[nodiscard]] Result<std::string> head(std::size_t count) const;

 private:
  TailedFile(FileDescriptor file, FileIdentity identity, std::string path)
      : file_(std::move(file)), identity_(identity), path_(std::move(path)) {}
  FileDescriptor file_;
  FileIdentity identity_;
  std::string path_;
};

}  // namespace remint::sources

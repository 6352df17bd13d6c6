#pragma once
// One open file: how large it is, which one it is, what it begins with. It grows, or it was compressed and is read as
// what it holds.

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "packed_file.hpp"
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
  /// One that was rotated away: unpacked, when its name says that it is packed. If it was packed in this very moment,
  /// the packed one in its place.
  [[nodiscard]] static Result<TailedFile> open_rotated(const std::string& path);
  /// What `path` leads to now; kNotFound when to nothing.
  [[nodiscard]] static Result<FileIdentity> identify(const std::string& path);

  [[nodiscard]] FileIdentity identity() const { return identity_; }
  /// Complete, and read as what it unpacks to.
  [[nodiscard]] bool packed() const { return unpacked_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Of a packed one an estimate.
  [[nodiscard]] Result<std::uint64_t> size() const;
  /// When it was written last; 0 when that cannot be read.
  [[nodiscard]] std::int64_t modified_ns() const;
  /// Fewer bytes than asked for: the file ends there, for now. Of a packed one see PackedReader::read.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;
  /// The first bytes, `count` at most.
  [[nodiscard]] Result<std::string> head(std::size_t count) const;

 private:
  TailedFile(FileDescriptor file, FileIdentity identity, std::string path)
      : file_(std::move(file)), identity_(identity), path_(std::move(path)) {}
  FileDescriptor file_;
  FileIdentity identity_;
  std::string path_;
  std::unique_ptr<PackedReader> unpacked_;  ///< of a packed one; behind a pointer, for reading changes it
};

}  // namespace remint::sources

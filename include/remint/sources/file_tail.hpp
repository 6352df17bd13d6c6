#pragma once
// Follows a file that others append to and rotate: by rename, by truncation (copytruncate), by deleting and making it
// anew. Files that were rotated meanwhile, or while nobody followed, are found beside it by their names, also when they
// were compressed (gzip) since.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint::sources {

/// Takes the bytes of one file after the other: begin, bytes..., end, begin, ... Called within FileTail::round.
class TailSink {
 public:
  virtual ~TailSink() = default;
  /// `within_line`: the bytes that follow begin in the middle of a line.
  virtual void begin(bool within_line) = 0;
  /// Cut anywhere. The view dies on return.
  virtual void bytes(std::string_view bytes) = 0;
  /// No more of this file; a last line without its end stays as it is.
  virtual void end() = 0;
};

/// How far a file was read: enough to know it again after a restart, should its name lead elsewhere by then.
struct TailPosition {
  friend bool operator==(const TailPosition&, const TailPosition&) = default;
  std::uint64_t device = 0, inode = 0;
  std::uint64_t offset = 0;      ///< of the next byte; in a compressed file, of what it holds
  std::uint64_t head_bytes = 0;  ///< how many of its first bytes the next one is about; at most 256
  std::string head_sha256{};     ///< inodes are used again
  std::int64_t modified_ns =
      0;  ///< when the file was written last, as of then: should it be gone, what is younger comes next
};

struct FileTailOptions {
  std::string path{};
  /// Of a file that is there when following begins: how much of its end is read. One that appears later is read whole.
  std::uint64_t initial_bytes = 0;
  /// Begin there instead. If `path` is another file by now, this one is looked for among those with rotated names in
  /// the same folder (by inode and beginning, or by 64 bytes of beginning alone: a copy before a truncation). It is
  /// read to its end, then all that were rotated after it, then the one at `path`. If it is gone, reading begins with
  /// what was written after it. One that was compressed meanwhile is known by 64 bytes of beginning; what is before the
  /// offset is unpacked in one round, which takes seconds if it is hundreds of MB.
  std::optional<TailPosition> resume{};
  std::size_t round_bytes = 1U << 20U;  ///< read in one round, at most
  /// Being further behind than that, what is older is skipped; all files together. So much is read of one compressed
  /// file, at most, since what it says of its size may be a lie.
  std::uint64_t backlog_bytes = 256U << 20U;
  /// Rounds without a new byte after which a file that was renamed or deleted counts as finished: writers go on with it
  /// until they re-open the name.
  int linger_rounds = 5;
};

/// What one round did.
struct TailRound {
  std::uint64_t bytes = 0;         ///< handed on
  std::uint64_t skipped = 0;       ///< not read, see backlog_bytes
  bool more = false;               ///< there is more to read: do not wait
  bool opened = false;             ///< began with a file
  bool broken = false;             ///< of a compressed file the rest cannot be read; `problem` says why
  std::optional<Error> problem{};  ///< new, or another one than before; nothing while it stays the same
};

/// Not thread-safe. Costs three system calls per idle round. However fast files are rotated, each is read, as long as
/// it is there when its turn comes.
class FileTail {
 public:
  explicit FileTail(FileTailOptions options);
  ~FileTail();
  FileTail(const FileTail&) = delete;
  FileTail& operator=(const FileTail&) = delete;

  /// Reads what is new, at most round_bytes, and hands it on. To be called again at once when there is more, else a
  /// moment later. Never waits.
  TailRound round(TailSink& sink);
  /// Nothing while no file is open.
  [[nodiscard]] std::optional<TailPosition> position() const;
  [[nodiscard]] bool is_open() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources

// Which file is followed, from where, and until when.
#include "remint/sources/file_tail.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "remint/base/text.hpp"
#include "rotated.hpp"
#include "tailed_file.hpp"

namespace remint::sources {
namespace {

constexpr std::size_t kHeadBytes = 256;
constexpr std::size_t kChunkBytes = 64U << 10U;

}  // namespace

struct FileTail::Impl {
  explicit Impl(FileTailOptions chosen) : options(std::move(chosen)), chunk(kChunkBytes) {}

  /// One round, or the error that ended it.
  Result<void> go(TailSink& sink, TailRound& round) {
    if (!file) {
      if (const auto ok = open(sink, round); !ok) {
        return ok;
      }
    }
    if (file->packed()) {
      return read_packed(sink, round);
    }
    const auto size = file->size();
    if (!size) {
      return std::unexpected(size.error());
    }
    if (const auto ok = notice_truncation(sink, round, *size); !ok) {
      return ok;
    }
    if (round.more) {
      return {};  // another file now
    }
    if (const auto ok = skip_backlog(sink, round, *size); !ok) {
      return ok;
    }
    if (const auto ok = read(sink, round); !ok) {
      return ok;
    }
    return round.more ? Result<void>() : notice_rotation(sink, round);
  }

  Result<void> open(TailSink& sink, TailRound& round) {
    if (first && options.resume) {
      if (auto saved = find_saved(options.path, *options.resume)) {
        first = false;
        return follow(std::move(*saved), options.resume->offset, sink, round);
      }
      if (auto younger = next_rotated({.modified_ns = options.resume->modified_ns}, round)) {
        first = false;
        return follow(std::move(*younger), 0, sink, round);
      }
    }
    auto opened = TailedFile::open(options.path);
    if (!opened) {
      // What appears from now on is new from its first byte on.
      first = first && opened.error().code != ErrorCode::kNotFound;
      return std::unexpected(opened.error());
    }
    const auto size = opened->size();
    if (!size) {
      return std::unexpected(size.error());
    }
    const bool from_the_end = std::exchange(first, false) && !options.resume;
    return follow(std::move(*opened), from_the_end ? *size - std::min(*size, options.initial_bytes) : 0, sink, round);
  }

  [[nodiscard]] std::optional<TailedFile> next_rotated(const Finished& finished, TailRound& round) const {
    return rotated_after(options.path, finished, options.backlog_bytes, round.skipped);
  }
  [[nodiscard]] Finished own() const { return {file->identity(), file->modified_ns(), head}; }

  /// Begins with `next`; the file before it, if any, is over.
  Result<void> follow(TailedFile next, std::uint64_t from, TailSink& sink, TailRound& round) {
    auto begins = next.head(kHeadBytes);
    if (!begins && !next.packed()) {  // a packed one that is broken is passed over when it is read
      return std::unexpected(begins.error());
    }
    close(sink);
    file.emplace(std::move(next));
    head = std::move(begins).value_or(std::string());
    auto begun = begin(sink, from);
    round.opened = begun.has_value();
    return begun;
  }

  Result<void> begin(TailSink& sink, std::uint64_t from) {
    char before = '\n';
    const auto got = from == 0 ? Result<std::size_t>(1) : file->read(from - 1, {&before, 1});
    if (!got && !file->packed()) {
      file.reset();  // the sink was told of no file yet: the next round begins anew
      return std::unexpected(got.error());
    }
    offset = from;
    packed_end = from + options.backlog_bytes;
    given_up = false;
    idle_rounds = 0;
    sink.begin(before != '\n');
    return {};
  }

  void close(TailSink& sink) {
    if (file) {
      sink.end();
      file.reset();
    }
  }

  /// Shorter than what was read, or with another beginning: written anew, perhaps beyond where we are by now.
  Result<void> notice_truncation(TailSink& sink, TailRound& round, std::uint64_t size) {
    if (size == offset) {
      return {};
    }
    const auto begins = file->head(kHeadBytes);
    if (!begins) {
      return std::unexpected(begins.error());
    }
    if (size >= offset && begins->starts_with(head)) {
      head = *begins;
      return {};
    }
    // The copy that was made before may hold more than what was read of the original.
    if (auto copy = find_copy(options.path, head, offset, file->identity())) {
      round.more = true;
      return follow(std::move(*copy), offset, sink, round);
    }
    head = *begins;
    sink.end();
    return begin(sink, 0);
  }

  Result<void> skip_backlog(TailSink& sink, TailRound& round, std::uint64_t size) {
    const std::uint64_t behind = size - std::min(size, offset);
    if (behind <= options.backlog_bytes) {
      return {};
    }
    round.skipped += behind - options.backlog_bytes;
    sink.end();
    return begin(sink, size - options.backlog_bytes);
  }

  Result<void> read(TailSink& sink, TailRound& round) {
    while (round.bytes < options.round_bytes) {
      const std::size_t wanted = std::min<std::size_t>(chunk.size(), options.round_bytes - round.bytes);
      const auto got = file->read(offset, {chunk.data(), wanted});
      if (!got) {
        return std::unexpected(got.error());
      }
      if (*got > 0) {
        sink.bytes({chunk.data(), *got});
        offset += *got;
        round.bytes += *got;
      }
      if (*got < wanted) {
        return {};
      }
    }
    round.more = true;
    return {};
  }

  /// A compressed file is complete: at its end, or where it is broken, the next one follows.
  Result<void> read_packed(TailSink& sink, TailRound& round) {
    while (round.bytes < options.round_bytes && !given_up) {
      const auto wanted =
          std::min<std::uint64_t>({chunk.size(), options.round_bytes - round.bytes, packed_end - offset});
      const auto got = wanted > 0 ? file->read(offset, {chunk.data(), wanted}) : too_much(round);
      if (!got) {
        round.problem = got.error();
        round.broken = given_up = true;
        break;
      }
      if (*got == 0) {
        return next_file(sink, round);
      }
      sink.bytes({chunk.data(), *got});
      offset += *got;
      round.bytes += *got;
    }
    if (given_up) {
      return next_file(sink, round);
    }
    round.more = true;
    return {};
  }

  [[nodiscard]] Result<std::size_t> too_much(TailRound& round) const {
    const auto size = file->size().value_or(0);
    round.skipped += size - std::min(size, offset);
    return fail(ErrorCode::kTooLarge, file->path() + " unpacks to more than " + std::to_string(options.backlog_bytes) +
                                          " bytes; the rest is skipped");
  }

  Result<void> next_file(TailSink& sink, TailRound& round) {
    auto next = next_rotated(own(), round);
    if (!next) {
      auto opened = TailedFile::open(options.path);
      if (!opened) {
        close(sink);
        return std::unexpected(opened.error());
      }
      next = std::move(*opened);
    }
    round.more = true;
    return follow(std::move(*next), 0, sink, round);
  }

  /// At the end of the file: does the name still lead to it?
  Result<void> notice_rotation(TailSink& sink, TailRound& round) {
    const auto now = TailedFile::identify(options.path);
    if (now && *now == file->identity()) {
      idle_rounds = 0;
      return {};
    }
    idle_rounds = round.bytes > 0 ? 0 : idle_rounds + 1;
    const bool over = idle_rounds >= options.linger_rounds;
    // The folder is looked through twice for each rotation, not in every round. A file that was rotated after this one
    // shows that its writer has gone on.
    if (over) {
      return next_file(sink, round);
    }
    if (auto next = idle_rounds == 1 ? next_rotated(own(), round) : std::nullopt) {
      round.more = true;
      return follow(std::move(*next), 0, sink, round);
    }
    return {};
  }

  FileTailOptions options;
  std::vector<char> chunk;
  std::optional<TailedFile> file;
  std::uint64_t offset = 0;
  std::uint64_t packed_end = 0;  ///< an open packed file is read up to there
  bool given_up = false;         ///< or up to where it is broken
  std::string head;              ///< of the open file, as it was when we looked last
  bool first = true;
  int idle_rounds = 0;  ///< since the name leads elsewhere
  std::string said;     ///< the problem that was reported last, until it passes
};

FileTail::FileTail(FileTailOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
FileTail::~FileTail() = default;

TailRound FileTail::round(TailSink& sink) {
  TailRound round;
  const auto ok = impl_->go(sink, round);
  if (round.broken) {
    return round;  // what else is wrong comes again
  }
  std::string problem = ok ? std::string() : ok.error().message;
  if (!ok && problem != impl_->said) {
    round.problem = ok.error();
  }
  impl_->said = std::move(problem);
  return round;
}

std::optional<TailPosition> FileTail::position() const {
  if (!impl_->file) {
    return std::nullopt;
  }
  const auto identity = impl_->file->identity();
  return TailPosition{.device = identity.device,
                      .inode = identity.inode,
                      .offset = impl_->offset,
                      .head_bytes = impl_->head.size(),
                      .head_sha256 = sha256_hex(impl_->head),
                      .modified_ns = impl_->file->modified_ns()};
}

bool FileTail::is_open() const { return impl_->file.has_value(); }

}  // namespace remint::sources

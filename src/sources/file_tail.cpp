// Which file is followed, from where, and until when.
#include "remint/sources/file_tail.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "remint/base/text.hpp"
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
    const auto size = file->size();
    if (!size) {
      return std::unexpected(size.error());
    }
    if (const auto ok = notice_truncation(sink, *size); !ok) {
      return ok;
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
    auto opened = TailedFile::open(options.path);
    if (!opened) {
      // What appears from now on is new from its first byte on.
      first = first && opened.error().code != ErrorCode::kNotFound;
      return std::unexpected(opened.error());
    }
    return follow(std::move(*opened), sink, round);
  }

  /// Begins with `next`; the file before it, if any, is over.
  Result<void> follow(TailedFile next, TailSink& sink, TailRound& round) {
    const auto size = next.size();
    const auto begins = next.head(kHeadBytes);
    if (!size || !begins) {
      return std::unexpected(size ? begins.error() : size.error());
    }
    std::uint64_t from = 0;
    if (std::exchange(first, false)) {
      from = resumes(next.identity(), *begins, *size) ? options.resume->offset
             : options.resume                         ? 0
                                                      : *size - std::min(*size, options.initial_bytes);
    }
    close(sink);
    file.emplace(std::move(next));
    head = *begins;
    round.opened = true;
    return begin(sink, from);
  }

  [[nodiscard]] bool resumes(const FileIdentity& identity, std::string_view begins, std::uint64_t size) const {
    const auto& saved = options.resume;
    return saved && identity == FileIdentity{saved->device, saved->inode} && saved->offset <= size &&
           saved->head_bytes <= begins.size() && sha256_hex(begins.substr(0, saved->head_bytes)) == saved->head_sha256;
  }

  Result<void> begin(TailSink& sink, std::uint64_t from) {
    char before = '\n';
    const auto got = from == 0 ? Result<std::size_t>(1) : file->read(from - 1, {&before, 1});
    if (!got) {
      file.reset();  // the sink was told of no file yet: the next round begins anew
      return std::unexpected(got.error());
    }
    offset = from;
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
  Result<void> notice_truncation(TailSink& sink, std::uint64_t size) {
    if (size == offset) {
      return {};
    }
    const auto begins = file->head(kHeadBytes);
    if (!begins) {
      return std::unexpected(begins.error());
    }
    const bool truncated = size < offset || !begins->starts_with(head);
    head = *begins;
    if (!truncated) {
      return {};
    }
    sink.end();
    return begin(sink, 0);
  }

  Result<void> skip_backlog(TailSink& sink, TailRound& round, std::uint64_t size) {
    const std::uint64_t behind = size - std::min(size, offset);
    if (behind <= options.backlog_bytes) {
      return {};
    }
    round.skipped = behind - options.backlog_bytes;
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

  /// At the end of the file: does the name still lead to it?
  Result<void> notice_rotation(TailSink& sink, TailRound& round) {
    const auto now = TailedFile::identify(options.path);
    if (now && *now == file->identity()) {
      idle_rounds = 0;
      return {};
    }
    idle_rounds = round.bytes > 0 ? 0 : idle_rounds + 1;
    if (idle_rounds < options.linger_rounds) {
      return {};
    }
    auto next = TailedFile::open(options.path);
    if (!next) {
      close(sink);
      return std::unexpected(next.error());
    }
    round.more = true;
    return follow(std::move(*next), sink, round);
  }

  FileTailOptions options;
  std::vector<char> chunk;
  std::optional<TailedFile> file;
  std::uint64_t offset = 0;
  std::string head;  ///< of the open file, as it was when we looked last
  bool first = true;
  int idle_rounds = 0;  ///< since the name leads elsewhere
  std::string said;     ///< the problem that was reported last, until it passes
};

FileTail::FileTail(FileTailOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
FileTail::~FileTail() = default;

TailRound FileTail::round(TailSink& sink) {
  TailRound round;
  const auto ok = impl_->go(sink, round);
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
                      .head_sha256 = sha256_hex(impl_->head)};
}

bool FileTail::is_open() const { return impl_->file.has_value(); }

}  // namespace remint::sources

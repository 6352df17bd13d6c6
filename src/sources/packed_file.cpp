#include "packed_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "remint/base/time.hpp"
#include "tailed_file.hpp"

namespace remint::sources {
namespace {

constexpr std::size_t kPiece = 32U << 10U;

/// "2026-07-01T10-27-28.826", wherever it is.
std::optional<Time> time_in(std::string_view name) {
  constexpr std::size_t kDate = 10, kLength = 23;
  for (std::size_t at = name.find('T', kDate); at != std::string_view::npos; at = name.find('T', at + 1)) {
    std::string text(name.substr(at - kDate, kLength));
    if (text.size() < kLength) {
      return std::nullopt;
    }
    for (const std::size_t dash : {13U, 16U}) {
      text[dash] = text[dash] == '-' ? ':' : '\0';
    }
    if (const auto time = parse_rfc3339(text + "Z")) {
      return *time;
    }
  }
  return std::nullopt;
}

Result<std::size_t> read_at(int file, std::uint64_t offset, std::span<char> into) {
  for (;;) {
    const ssize_t got = ::pread(file, into.data(), into.size(), static_cast<off_t>(offset));
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR) {
      return fail(ErrorCode::kInvalid, std::generic_category().message(errno));
    }
  }
}

}  // namespace

bool is_packed_name(std::string_view name) {
  return name.size() > kPackedSuffix.size() && name.ends_with(kPackedSuffix);
}

std::int64_t packed_ns_of(std::string_view path, const struct stat& status) {
  const auto time = time_in(path.substr(path.rfind('/') + 1));
  return time ? std::chrono::nanoseconds(time->time_since_epoch()).count() : modified_ns_of(status);
}

std::uint64_t unpacked_estimate(int file) {
  constexpr std::uint64_t kLikely = 32;
  struct stat status{};
  std::array<char, 4> end{};
  if (::fstat(file, &status) != 0 || status.st_size < static_cast<off_t>(end.size())) {
    return 0;
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (const auto got = read_at(file, size - end.size(), end); !got || *got != end.size()) {
    return 0;
  }
  std::uint64_t said = 0;
  for (std::size_t i = end.size(); i-- > 0;) {
    said = said << 8U | static_cast<unsigned char>(end[i]);
  }
  return std::min(said, size * kLikely);
}

Result<std::size_t> PackedReader::read(int file, std::uint64_t offset, std::span<char> into) {
  if (offset < at_) {
    begin();
  }
  if (offset - at_ > kMostSkipped) {
    return fail(ErrorCode::kTooLarge, "what was read before is too much to be stepped over");
  }
  if (offset > at_) {
    std::vector<char> skipped(kPiece);
    while (offset > at_ && fill(file, std::span(skipped).first(std::min(skipped.size(), offset - at_))) > 0) {
    }
  }
  const std::size_t filled = offset == at_ ? fill(file, into) : 0;
  if (filled == 0 && fault_) {
    return std::unexpected(*fault_);
  }
  return filled;
}

void PackedReader::begin() {
  unpacker_ = Unpacker();
  packed_.clear();
  taken_ = 0;
  from_ = at_ = 0;
  over_ = false;
  fault_.reset();
}

std::size_t PackedReader::fill(int file, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size() && !fault_) {
    const auto step = unpacker_.step(std::string_view(packed_).substr(taken_), into.subspan(filled));
    if (!step) {
      fault_ = step.error();
      break;
    }
    taken_ += step->taken;
    filled += step->made;
    if (step->made > 0 || step->taken > 0) {
      continue;
    }
    if (over_) {
      if (!unpacker_.whole()) {
        fault_ = Error{ErrorCode::kInvalid, "gzip data is cut off", 0};
      }
      break;
    }
    if (auto more = take_more(file); !more) {
      fault_ = more.error();
    }
  }
  at_ += filled;
  return filled;
}

Result<void> PackedReader::take_more(int file) {
  packed_.resize(kPiece);
  taken_ = 0;
  const auto got = read_at(file, from_, packed_);
  packed_.resize(got ? *got : 0);
  if (!got) {
    return std::unexpected(got.error());
  }
  from_ += *got;
  over_ = *got == 0;
  return {};
}

}  // namespace remint::sources

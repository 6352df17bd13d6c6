#include "remint/base/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace remint {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream, kGzipOnly) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
  [[nodiscard]] bool ready() const { return ready_; }
  z_stream stream{};

 private:
  bool ready_;
};

}  // namespace

bool looks_gzipped(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes) {
  if (!looks_gzipped(bytes)) {
    return fail(ErrorCode::kInvalid, "not gzip data: the first two bytes are not 1f 8b");
  }
  Unpacker unpacker;
  std::string unpacked;
  std::array<char, 65536> chunk;  // step() fills it
  std::size_t taken = 0;
  for (;;) {
    const auto step = unpacker.step(bytes.substr(taken), chunk);
    if (!step) {
      return fail(step.error().code, fmt::format("{}, near byte {}", step.error().message, taken));
    }
    taken += step->taken;
    if (step->made > max_bytes - unpacked.size()) {
      return fail(ErrorCode::kTooLarge, fmt::format("gzip data unpacks to more than {} bytes", max_bytes));
    }
    unpacked.append(chunk.data(), step->made);
    if (unpacker.whole()) {
      if (taken == bytes.size()) {
        return unpacked;
      }
      if (!looks_gzipped(bytes.substr(taken))) {
        return fail(ErrorCode::kInvalid, fmt::format("gzip data is followed by other bytes at offset {}", taken));
      }
    } else if (step->made == 0 && taken == bytes.size()) {
      return fail(ErrorCode::kInvalid, "gzip data is cut off");
    }
  }
}

struct Unpacker::Impl {
  Inflater inflater;
  bool whole = false;
};

Unpacker::Unpacker() : impl_(std::make_unique<Impl>()) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;

Result<Unpacker::Step> Unpacker::step(std::string_view packed, std::span<char> into) {
  if (!impl_->inflater.ready()) {
    return fail(ErrorCode::kInternal, "zlib could not be set up (out of memory?)");
  }
  z_stream& stream = impl_->inflater.stream;
  if (impl_->whole && !packed.empty()) {
    inflateReset(&stream);
    impl_->whole = false;
  }
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  const std::size_t offered = std::min(packed.size(), kMost);
  const std::size_t room = std::min(into.size(), kMost);
  // zlib's interface is not const-correct; it never writes to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(offered);
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(room);
  const int status = inflate(&stream, Z_NO_FLUSH);
  if (status == Z_STREAM_END) {
    impl_->whole = true;
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    return fail(ErrorCode::kInvalid,
                fmt::format("gzip data is corrupt: {}", stream.msg == nullptr ? "unknown error" : stream.msg));
  }
  return Step{.taken = offered - stream.avail_in, .made = room - stream.avail_out};
}

bool Unpacker::whole() const { return impl_->whole; }

}  // namespace remint

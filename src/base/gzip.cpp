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
  Inflater inflater;
  if (!inflater.ready()) {
    return fail(ErrorCode::kInternal, "zlib could not be set up (out of memory?)");
  }
  z_stream& stream = inflater.stream;
  std::string unpacked;
  std::array<char, 65536> chunk;  // inflate() fills it
  std::size_t taken = 0;
  for (;;) {
    const std::size_t offered = std::min<std::size_t>(bytes.size() - taken, std::numeric_limits<uInt>::max());
    // zlib's interface is not const-correct; it never writes to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
    stream.avail_in = static_cast<uInt>(offered);
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    taken += offered - stream.avail_in;
    const std::size_t produced = chunk.size() - stream.avail_out;
    if (produced > max_bytes - unpacked.size()) {
      return fail(ErrorCode::kTooLarge, fmt::format("gzip data unpacks to more than {} bytes", max_bytes));
    }
    unpacked.append(chunk.data(), produced);
    if (status == Z_STREAM_END) {
      if (taken == bytes.size()) {
        return unpacked;
      }
      if (!looks_gzipped(bytes.substr(taken))) {
        return fail(ErrorCode::kInvalid, fmt::format("gzip data is followed by other bytes at offset {}", taken));
      }
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && taken == bytes.size() && produced == 0)) {
      return fail(ErrorCode::kInvalid, "gzip data is cut off");
    } else if (status != Z_OK) {
      return fail(ErrorCode::kInvalid, fmt::format("gzip data is corrupt near byte {}: {}", taken,
                                                   stream.msg == nullptr ? "unknown error" : stream.msg));
    }
  }
}

}  // namespace remint

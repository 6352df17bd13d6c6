#pragma once
// Memory as simdjson wants it: the text, then zeroed padding. The zeroes matter: on demand looks at the bytes after an
// unbalanced document to find out that it is over.

#include <simdjson.h>

#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace remint::detect {

/// Reused between texts; grows, and shrinks when told.
class PaddedBuffer {
 public:
  /// The view is valid until the next call.
  simdjson::padded_string_view fill(std::string_view text) {
    const std::size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
    if (needed > capacity_) {
      capacity_ = std::bit_ceil(needed);
      bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    if (!text.empty()) {
      std::memcpy(bytes_.get(), text.data(), text.size());
    }
    std::memset(bytes_.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    return simdjson::padded_string_view(bytes_.get(), text.size(), needed);
  }
  [[nodiscard]] const char* begin() const { return bytes_.get(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  void release() {
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace remint::detect

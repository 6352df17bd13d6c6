#pragma once
// The memory of one connection's request bodies: used again for the next body, never zeroed, grown by doubling so that
// a sender who only announces a large body does not get it allocated.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace remint::http {

class BodyBuffer {
 public:
  /// Room for at most `wanted` more bytes, at least one. Throws std::bad_alloc.
  [[nodiscard]] std::span<char> space(std::size_t wanted) {
    if (size_ == capacity_) grow(std::min(std::max(capacity_ * 2, kFirst), size_ + wanted));
    return {data_.get() + size_, std::min(wanted, capacity_ - size_)};
  }
  void commit(std::size_t bytes) { size_ += bytes; }

  void append(std::string_view bytes) {
    if (capacity_ - size_ < bytes.size()) grow(std::max({capacity_ * 2, size_ + bytes.size(), kFirst}));
    std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }

  /// To be called when the connection goes idle: a rare huge body must not keep its memory for the connection's life.
  void shrink_idle() {
    size_ = 0;
    if (capacity_ <= kKeptIdle) return;
    data_.reset();
    capacity_ = 0;
  }

  static constexpr std::size_t kKeptIdle = 1U << 20U;

 private:
  static constexpr std::size_t kFirst = 64U << 10U;
  struct Free {
    void operator()(char* memory) const { std::free(memory); }  // NOLINT: realloc moves large blocks without copying
  };

  void grow(std::size_t target) {
    auto* memory = static_cast<char*>(std::realloc(data_.get(), target));  // NOLINT: see Free
    if (memory == nullptr) throw std::bad_alloc();
    static_cast<void>(data_.release());
    data_.reset(memory);
    capacity_ = target;
  }

  std::unique_ptr<char, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace remint::http

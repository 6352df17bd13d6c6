#pragma once
// Whole lines out of bytes that are cut anywhere.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace remint::sources {

/// Not thread-safe. Copies only lines that came in pieces.
class LineCutter {
 public:
  explicit LineCutter(std::size_t cap) : cap_(cap) {}

  /// Another file; `within_line`: the rest of its first line is dropped.
  void begin(bool within_line) {
    rest_.clear();
    held_ = 0;
    dropping_ = within_line;
  }

  /// Calls `take` with one or more lines, each with its line feed.
  template <class Take>
  void feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      if (rest_.empty() && !dropping_) {
        bytes = without_hole(bytes);
        const auto whole = free_of_holes(bytes);
        if (!whole.empty()) {
          take(whole);
          held_ = 0;
          bytes.remove_prefix(whole.size());
          continue;
        }
      }
      const std::size_t end = bytes.find('\n');
      const auto piece = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
      bytes.remove_prefix(piece.size());
      add(piece);
      if (end == std::string_view::npos) {
        return;
      }
      if (!dropping_) {
        take(rest_);
      }
      begin(false);
    }
  }

  /// The file is over: what is left is a line.
  template <class Take>
  void finish(Take&& take) {
    if (!rest_.empty()) {
      rest_ += '\n';
      take(rest_);
    }
    begin(false);
  }

  /// Bytes of the line that has not come to its end: reading has to begin that much earlier, another time.
  [[nodiscard]] std::uint64_t held() const { return held_; }
  [[nodiscard]] std::uint64_t too_long() const { return too_long_; }
  [[nodiscard]] std::uint64_t hole_bytes() const { return hole_bytes_; }

 private:
  std::string_view without_hole(std::string_view bytes) {
    const std::size_t hole = bytes.find_first_not_of('\0');
    const std::size_t count = hole == std::string_view::npos ? bytes.size() : hole;
    hole_bytes_ += count;
    held_ += count;
    return bytes.substr(count);
  }

  /// The whole lines at the front, up to the one that has NULs in it; that one alone, when it is the first.
  static std::string_view free_of_holes(std::string_view bytes) {
    const auto up_to = [&](std::size_t newline) {
      return newline == std::string_view::npos ? std::string_view() : bytes.substr(0, newline + 1);
    };
    const auto whole = up_to(bytes.rfind('\n'));
    const std::size_t hole = whole.find('\0');
    if (hole == std::string_view::npos) {
      return whole;
    }
    const auto before = up_to(bytes.substr(0, hole).rfind('\n'));
    return before.empty() ? up_to(bytes.find('\n')) : before;
  }

  void add(std::string_view piece) {
    if (!dropping_ && rest_.size() + piece.size() > cap_) {
      ++too_long_;
      rest_.clear();
      rest_.shrink_to_fit();
      held_ = 0;
      dropping_ = true;
    }
    if (!dropping_) {
      rest_ += piece;
      held_ += piece.size();
    }
  }

  const std::size_t cap_;
  std::string rest_;  ///< of a line whose end has not come yet
  std::uint64_t held_ = 0, too_long_ = 0, hole_bytes_ = 0;
  bool dropping_ = false;
};

}  // namespace remint::sources

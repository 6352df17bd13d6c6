#include "log_cursor.hpp"

#include <algorithm>

namespace remint::sources {
namespace {

constexpr std::size_t kLongestStamp = 40;

}  // namespace

std::optional<LineStamp> LineStamp::parse(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  LineStamp stamp{.time = *time};
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return stamp;
  constexpr std::size_t kMicros = 6, kNanos = 9;
  const auto fraction = text.substr(dot + 1, text.find_first_not_of("0123456789", dot + 1) - dot - 1);
  for (std::size_t place = kMicros; place < kNanos; ++place) {  // Go leaves out the zeros at the end
    stamp.nanos = static_cast<std::uint16_t>(stamp.nanos * 10 + (place < fraction.size() ? fraction[place] - '0' : 0));
  }
  return stamp;
}

void LogCursor::resume() {
  at_ = At::kStamp;
  stamp_.clear();
  line_.reset();
  again_ = 0;
  catching_up_ = newest_.has_value();
}

void LogCursor::feed(std::string_view bytes, const Keep& keep) {
  while (!bytes.empty()) {
    if (at_ == At::kStamp) {
      const auto end = bytes.find_first_of(" \n");
      const auto part = bytes.substr(0, std::min(end, kLongestStamp));
      stamp_.append(part);
      bytes.remove_prefix(part.size());
      if (bytes.empty() && stamp_.size() < kLongestStamp) return;
      decide(keep);
      continue;
    }
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (at_ == At::kKept) keep(part);
    bytes.remove_prefix(part.size());
    if (end != std::string_view::npos) end_line();
  }
}

void LogCursor::decide(const Keep& keep) {
  line_ = LineStamp::parse(stamp_);
  at_ = At::kKept;
  if (catching_up_) {
    if (line_ && *line_ > *newest_) {
      catching_up_ = false;
    } else if (line_ && *line_ == *newest_ && again_ >= seen_) {
      // Another one of the same nanosecond, which had not come yet.
    } else {
      at_ = At::kDropped;
    }
  }
  if (at_ == At::kKept) keep(stamp_);
  stamp_.clear();
}

void LogCursor::end_line() {
  if (at_ == At::kDropped) {
    if (line_ && *line_ == *newest_) ++again_;
  } else if (line_ && (!newest_ || *line_ > *newest_)) {
    newest_ = line_;
    seen_ = 1;
  } else if (line_ && *line_ == *newest_) {
    ++seen_;
    ++again_;
  }
  at_ = At::kStamp;
  line_.reset();
}

}  // namespace remint::sources

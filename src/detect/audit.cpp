#include "remint/detect/audit.hpp"

#include <algorithm>

#include "audit_document.hpp"
#include "audit_records.hpp"
#include "json_splitter.hpp"

namespace remint::detect {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const auto white = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && white(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && white(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// JSON lines have a whole value on the first line, and more after it.
bool looks_like_lines(std::string_view body) {
  constexpr std::size_t kFirstLine = 64U << 10U;  // longer first lines are found out on the way
  const std::size_t newline = body.substr(0, kFirstLine).find('\n');
  if (newline == std::string_view::npos || trimmed(body.substr(newline)).empty()) {
    return false;
  }
  JsonSplitter first(body.substr(0, newline));
  return first.value().has_value() && first.at_end();
}

}  // namespace

ArenaText AuditBatch::add(std::string_view text) {
  const ArenaText place{static_cast<std::uint32_t>(arena.size()), static_cast<std::uint32_t>(text.size())};
  arena.append(text);
  return place;
}

void AuditBatch::clear() {
  records.clear();
  arena.clear();
}

struct AuditDecoder::Impl {
  AuditRecords records;
  AuditDocumentReader reader{records};

  void lines(std::string_view body, std::size_t begin);
  void documents(std::string_view body, std::size_t begin);
};

void AuditDecoder::Impl::documents(std::string_view body, std::size_t begin) {
  auto progress = reader.read(body.substr(begin));
  while (!progress.broken) {
    begin += progress.rest;
    JsonSplitter splitter(body, begin);
    if (splitter.at_end()) {
      return;
    }
    begin = splitter.position();
    // One value at a time, so that the parser never sees the same bytes more than twice.
    const auto value = splitter.value();
    progress = value ? reader.read(*value) : reader.salvage(body.substr(begin));
  }
  records.break_at(begin + *progress.broken);
}

void AuditDecoder::Impl::lines(std::string_view body, std::size_t begin) {
  while (begin < body.size()) {
    const std::size_t newline = body.find('\n', begin);
    const std::size_t end = std::min(newline, body.size());
    const std::string_view line = trimmed(body.substr(begin, end - begin));
    if (!line.empty()) {
      auto progress = reader.read(line);
      if (!progress.broken && progress.rest < line.size()) {
        progress.broken = progress.rest;
      }
      // A line break cannot stand inside JSON's strings: after a bad line the next one is safe to read.
      if (progress.broken && newline == std::string_view::npos) {
        return records.break_at(static_cast<std::size_t>(line.data() - body.data()) + *progress.broken);
      }
      if (progress.broken) {
        records.count(ReadStatus::kInvalid);
      }
    }
    begin = end + 1;
  }
}

AuditDecoder::AuditDecoder() : impl_(std::make_unique<Impl>()) {}
AuditDecoder::~AuditDecoder() = default;

AuditReport AuditDecoder::decode(std::string_view body, AuditBatch& batch) {
  impl_->records.begin(batch);
  JsonSplitter start(body, body.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  if (!start.at_end()) {
    const std::size_t first = start.position();
    if (looks_like_lines(body.substr(first))) {
      impl_->lines(body, first);
    } else {
      impl_->documents(body, first);
    }
  }
  impl_->reader.trim();
  return impl_->records.finish();
}

AuditReport AuditDecoder::decode_lines(std::string_view lines, AuditBatch& batch) {
  impl_->records.begin(batch);
  impl_->lines(lines, 0);
  impl_->reader.trim();
  return impl_->records.finish();
}

}  // namespace remint::detect

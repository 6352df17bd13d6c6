#include "audit_time.hpp"

#include <cstdint>
#include <cstring>

namespace remint::detect {
namespace {

// What metav1.MicroTime prints: always six digits, always UTC.
constexpr std::string_view kForm = "2026-07-01T10:27:28.826058Z";

/// The number that `count` digits at `text` spell; -1 when they are no digits.
std::int64_t digits(const char* text, int count) {
  std::int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const int digit = text[i] - '0';
    if (digit < 0 || digit > 9) {
      return -1;
    }
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

std::optional<Time> AuditTimeReader::read(std::string_view text) {
  const bool usual = text.size() == kForm.size() && text[10] == 'T' && text[13] == ':' && text[16] == ':' &&
                     text[19] == '.' && text[26] == 'Z';
  if (!usual || std::memcmp(text.data(), date_, sizeof date_) != 0) {
    const auto time = parse_rfc3339(text);
    // A leap second is the next day's, and would take all that follows of its date there.
    const bool leap = usual && text[17] == '6';
    if (usual && time && !leap) {
      std::memcpy(date_, text.data(), sizeof date_);
      day_ = std::chrono::floor<std::chrono::days>(*time);
    }
    return time;
  }
  const std::int64_t hour = digits(text.data() + 11, 2);
  const std::int64_t minute = digits(text.data() + 14, 2);
  const std::int64_t second = digits(text.data() + 17, 2);
  const std::int64_t fraction = digits(text.data() + 20, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || fraction < 0) {
    return parse_rfc3339(text);  // a leap second, or nonsense
  }
  return day_ + Duration(((hour * 60 + minute) * 60 + second) * 1'000'000 + fraction);
}

}  // namespace remint::detect

#pragma once
// Timestamps of audit events: two per event, nearly all of one form and of one day.

#include <optional>
#include <string_view>

#include "remint/base/time.hpp"

namespace remint::detect {

/// Reads "2026-07-01T10:27:28.826058Z" fast, remembering the day it saw last; every other form as parse_rfc3339 does.
class AuditTimeReader {
 public:
  [[nodiscard]] std::optional<Time> read(std::string_view text);

 private:
  char date_[10] = {};
  Time day_{};
};

}  // namespace remint::detect

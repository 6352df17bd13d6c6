#include "remint/policy/spec.hpp"

#include <fmt/format.h>

namespace remint::policy {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kEnforce:
      return "Enforce";
    case Mode::kApprove:
      return "Approve";
    case Mode::kObserve:
      break;
  }
  return "Observe";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::kObserve, Mode::kApprove, Mode::kEnforce}) {
    if (text == to_string(mode)) {
      return mode;
    }
  }
  return std::nullopt;
}

std::string Policy::reference() const { return fmt::format("{}/{}", kind, key.to_string()); }

}  // namespace remint::policy

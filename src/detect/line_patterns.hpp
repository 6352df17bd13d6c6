#pragma once
// LinePatterns, ready to match.

#include <re2/re2.h>
#include <re2/set.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "known_lines.hpp"
#include "remint/detect/pod_log.hpp"

namespace remint::detect {

/// The known lines, compiled once for all.
struct KnownLineSet {
  KnownLineSet();
  /// The first row whose pattern matches.
  [[nodiscard]] std::optional<std::size_t> match(std::string_view line) const;

  RE2::Set set;
  std::vector<std::unique_ptr<RE2>> lines;          ///< one by one: to see where in a line they match
  std::vector<std::unique_ptr<RE2>> confirmations;  ///< null: none is needed
};
[[nodiscard]] const KnownLineSet& known_line_set();

/// What LinePatterns holds.
struct CompiledPatterns {
  /// Whether a line may be a known one, or matches one of the policy's patterns.
  std::unique_ptr<RE2::Set> filter;
  /// The policy's.
  std::vector<std::unique_ptr<RE2>> own;

  struct Hits {
    bool known = false;              ///< it may be a known line
    std::optional<std::size_t> own;  ///< the first of the policy's patterns that matches
  };
  /// `scratch` is reused memory.
  [[nodiscard]] Hits match(std::string_view line, std::vector<int>& scratch) const;
};

struct LinePatterns::Impl : CompiledPatterns {};

}  // namespace remint::detect

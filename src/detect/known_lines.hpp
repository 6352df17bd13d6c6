#pragma once
// The lines in which Kubernetes clients say that their token was refused, as data. Each is particular to Kubernetes: a
// bare "Unauthorized" or 401 may come from a registry, a cloud's API, or a user of the program.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace remint::detect {

/// What may follow such a line.
enum class ErrorForm : std::uint8_t {
  kLine,    ///< nothing but a stack trace, which is indented
  kHeaded,  ///< lines such as "Reason: ..." and "HTTP response headers: ...", others between them
  kObject,  ///< the rest of an object that is printed over many indented lines; its Audit-Id may stand before it
};

struct KnownLine {
  std::string_view what;     ///< for people
  std::string_view pattern;  ///< for expand()
  ErrorForm form = ErrorForm::kLine;
  std::string_view confirmed_by;  ///< for expand(), by one of the next lines; empty: the line is enough
  std::string_view source;        ///< who was seen to print it, or where it is written so
};

/// The first row that matches counts.
[[nodiscard]] std::span<const KnownLine> known_lines();

/// A pattern as RE2 takes it.
[[nodiscard]] std::string expand(std::string_view pattern);

/// Matches whatever any of the patterns matches, and few ordinary lines.
extern const std::string_view kKnownLineAtoms;

}  // namespace remint::detect

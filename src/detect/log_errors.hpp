#pragma once
// From whole lines to errors: one clue per error, over however many lines its client prints it.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "known_lines.hpp"
#include "line_patterns.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

/// The lines of one stream, in order. An error is told as soon as nothing more is to be learnt of it; what follows and
/// belongs to it is recognised and not told again.
class LogErrors {
 public:
  static constexpr std::size_t kMaxLines = 400;  ///< of one error: client-node prints 315
  static constexpr Duration kMaxTime = std::chrono::seconds(2);

  struct Found {
    Time time{};
    std::string what, text, audit_id;
  };

  /// `patterns` have to outlive it.
  explicit LogErrors(const CompiledPatterns& patterns) : patterns_(&patterns) {}

  /// Appends what is found.
  void line(Time time, std::string_view text, std::vector<Found>& found);
  /// Tells what waits for its Audit-Id. What nothing confirms yet goes on waiting.
  void flush(std::vector<Found>& found);
  /// Forgets what is not told.
  void drop();

 private:
  struct Open {
    Found error;
    ErrorForm form = ErrorForm::kLine;
    const RE2* confirmation = nullptr;  ///< still needed
    bool told = false;
    std::size_t lines = 0, strangers = 0;
  };

  void begin(Time time, std::string_view text, std::optional<std::size_t> row, const CompiledPatterns::Hits& hits,
             std::vector<Found>& found);
  /// One more line of the open error.
  void take_part(std::string_view text, std::optional<std::size_t> row, const CompiledPatterns::Hits& hits,
                 std::vector<Found>& found);
  void close(std::vector<Found>& found);
  void tell(std::vector<Found>& found);
  void tell_if_complete(std::vector<Found>& found);
  /// What a line at the front of an answer says of its Audit-Id.
  void look_for_header(Time time, std::string_view text, bool may_begin);
  [[nodiscard]] bool close_to_open(Time time) const;

  const CompiledPatterns* patterns_;
  std::vector<int> scratch_;
  std::optional<Open> open_;
  std::string last_id_;  ///< of the error that was told last
  /// An Audit-Id that stands before the error that it belongs to.
  struct Header {
    std::string line, id;
    Time time{};
    std::size_t lines_ago = 0;
  };
  std::optional<Header> header_;
};

}  // namespace remint::detect

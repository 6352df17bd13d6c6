#pragma once
// From the log of one container to clues: lines in which a Kubernetes client says that its token was refused (facts:
// the lines that real clients print), and those that a policy's own patterns match. Pure: a line is judged by the time
// that stands before it, never by when it was read.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/detect/clue.hpp"

namespace remint::detect {

/// The known client lines, and a policy's patterns beside them. Immutable; thread-safe.
class LinePatterns {
 public:
  static constexpr std::size_t kMaxPatterns = 30;               ///< of one policy
  static constexpr std::size_t kMaxPatternBytes = 512;          ///< of one pattern
  static constexpr std::int64_t kMaxPatternMemory = 1U << 20U;  ///< RE2's program and states of one pattern

  /// RE2 syntax, unanchored. An error names the pattern's place and what is wrong with it: invalid, too long, too
  /// costly, or one that matches the empty line.
  [[nodiscard]] static Result<std::shared_ptr<const LinePatterns>> compile(std::span<const std::string> patterns);
  /// What compile() would object to, all of it, as "podLog.patterns[2]: ...". For a policy's status.
  [[nodiscard]] static std::vector<std::string> problems(std::span<const std::string> patterns);

  ~LinePatterns();
  LinePatterns(const LinePatterns&) = delete;
  LinePatterns& operator=(const LinePatterns&) = delete;

 private:
  friend class PodLogReader;
  struct Impl;
  explicit LinePatterns(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

/// Where a log comes from.
struct LogOrigin {
  std::string pod_uid;
  std::string container;
  /// When the container's present life began: lines before it are of an earlier one, whose client is gone. min():
  /// unknown.
  Time started = Time::min();
};

struct PodLogCounts {
  std::uint64_t lines = 0;
  std::uint64_t matched = 0;   ///< errors that were told, as one clue each
  std::uint64_t earlier = 0;   ///< errors that were not, being of an earlier life of the container
  std::uint64_t untimed = 0;   ///< lines without a time that can be read
  std::uint64_t oversize = 0;  ///< lines cut at kMaxLine: what lies behind is skipped
};

/// One stream of a container's log, as `kubectl logs --timestamps` prints it: RFC 3339 with fractions, a space, the
/// line. Knows the errors that Python and JavaScript clients print over several lines. Not thread-safe. Memory:
/// kMaxLine, and one error that is not at its end.
class PodLogReader {
 public:
  static constexpr std::size_t kMaxLine = 16U << 10U;  ///< the container runtimes cut lines at 16 KiB, too

  PodLogReader(LogOrigin origin, std::shared_ptr<const LinePatterns> patterns);
  ~PodLogReader();
  PodLogReader(PodLogReader&&) noexcept;
  PodLogReader& operator=(PodLogReader&&) noexcept;

  /// Bytes as they come, cut anywhere. Appends to `clues`.
  void feed(std::string_view bytes, std::vector<Clue>& clues);
  /// A line that came without its text's time before it (collectors carry it beside). No line break in it.
  void feed_line(Time time, std::string_view line, std::vector<Clue>& clues);
  /// Nothing more comes for now: what waits for its next line is told as it is. A line that has not ended counts as it
  /// is; what comes of it later is skipped.
  void flush(std::vector<Clue>& clues);
  /// The stream begins anew, at or before newest(): lines up to that are known, and skipped.
  void reconnected();
  /// The container was started anew.
  void restarted(Time started);

  [[nodiscard]] const PodLogCounts& counts() const;
  /// The newest line's time; min(): none yet. Where to go on after the stream was cut: lines up to it are known.
  [[nodiscard]] Time newest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect

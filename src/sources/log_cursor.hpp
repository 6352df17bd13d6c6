#pragma once
// How far a container's log was read. A kubelet goes back to a whole second (`sinceTime`), so what comes after a
// stream was opened anew begins with lines that are known; they are told by their nanoseconds.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/time.hpp"

namespace remint::sources {

/// A line's own time, as the container runtime wrote it.
struct LineStamp {
  friend auto operator<=>(const LineStamp&, const LineStamp&) = default;
  Time time{};
  std::uint16_t nanos = 0;  ///< beyond the microseconds

  [[nodiscard]] static std::optional<LineStamp> parse(std::string_view text);
};

/// Not thread-safe; small, so that there may be one for each of many thousand containers.
class LogCursor {
 public:
  using Keep = std::function<void(std::string_view)>;

  /// A stream begins: lines that were seen whole are left out, until one comes that was not.
  void resume();
  /// Bytes with timestamps, cut anywhere. `keep` gets those of new lines, cut anywhere.
  void feed(std::string_view bytes, const Keep& keep);
  /// Of the newest line that was seen whole.
  [[nodiscard]] const std::optional<LineStamp>& newest() const { return newest_; }

 private:
  enum class At : std::uint8_t { kStamp, kKept, kDropped };
  void decide(const Keep& keep);
  void end_line();

  std::optional<LineStamp> newest_, line_;
  std::uint32_t seen_ = 0;   ///< lines with the newest stamp
  std::uint32_t again_ = 0;  ///< of those, how many were left out since resume()
  bool catching_up_ = false;
  At at_ = At::kStamp;
  std::string stamp_;  ///< of a line whose beginning was cut
};

}  // namespace remint::sources

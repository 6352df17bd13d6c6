#pragma once
// The clock on the wall of a time zone. What the date library throws ends here.

#include <chrono>
#include <optional>
#include <string_view>

#include "remint/base/time.hpp"

namespace date {
class time_zone;
}

namespace remint::policy {

/// A time as the clock on the wall shows it, wherever that wall is.
using WallTime = std::chrono::local_seconds;

class ZoneClock {
 public:
  /// Nothing when the database does not know the zone, or cannot be read.
  [[nodiscard]] static std::optional<ZoneClock> of(std::string_view zone);

  [[nodiscard]] std::chrono::local_days day_of(Time time) const;
  /// When the clock shows this, for the first or for the last time. Both are the moment of the jump when it never does.
  [[nodiscard]] Time first(WallTime wall) const;
  [[nodiscard]] Time last(WallTime wall) const;

 private:
  enum class Which { kFirst, kLast };
  explicit ZoneClock(const date::time_zone* zone) : zone_(zone) {}
  [[nodiscard]] Time at(WallTime wall, Which which) const;

  const date::time_zone* zone_;
  /// Between these the clock is so far ahead of UTC and does not change: windows are looked up by the hundred.
  mutable std::chrono::sys_seconds since_{}, until_{};
  mutable std::chrono::seconds ahead_{0};
};

}  // namespace remint::policy

#pragma once
// Time as Remint's pure layers see it: a value that is passed in.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint {

using Duration = std::chrono::microseconds;
/// UTC wall-clock time, microseconds: the resolution of audit timestamps.
using Time = std::chrono::sys_time<Duration>;

/// "2026-07-01T10:27:28.826058Z" and everything else RFC 3339 allows (offset, fraction of up to 9 digits, which is
/// cut to microseconds). Years 1970 to 9999, leap seconds accepted. No allocation.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

/// Seconds resolution, as metav1.Time prints it: "2026-07-01T10:27:28Z".
[[nodiscard]] std::string format_rfc3339(Time time);
/// Microseconds, as metav1.MicroTime prints it: "2026-07-01T10:27:28.826058Z".
[[nodiscard]] std::string format_rfc3339_micro(Time time);

/// Go's duration syntax, as used in Kubernetes objects: "1h30m", "30s", "1.5h", "250ms", "0". No sign; at most 100
/// years of 365 days; cut to microseconds. Fails with kInvalid.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// The shortest exact form: "1h30m", "10m", "2.5s"; "0s" for zero.
[[nodiscard]] std::string format_duration(Duration duration);
/// For people, two units at most: "3 d 4 h", "2 min 5 s", "12 s".
[[nodiscard]] std::string humanize(Duration duration);

}  // namespace remint

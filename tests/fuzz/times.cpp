// Times and durations, as audit logs, objects and policies write them.
#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_times(std::string_view input) {
  if (const auto time = parse_rfc3339(input)) {
    check(parse_rfc3339(format_rfc3339_micro(*time)) == time, "a time that was written is read as it was");
    check(parse_rfc3339(format_rfc3339(*time)) == std::chrono::floor<std::chrono::seconds>(*time),
          "a time that was written in seconds has lost its fraction, and nothing else");
  }
  const auto duration = parse_duration(input);
  if (!duration) {
    check(!duration.error().message.empty() && is_valid_utf8(duration.error().message), "an error is safe to print");
    return;
  }
  check(*duration >= Duration::zero() && *duration <= std::chrono::days(36'500), "a duration is within its bounds");
  check(parse_duration(format_duration(*duration)) == *duration, "a duration that was written is read as it was");
  check(!humanize(*duration).empty(), "a duration can be said");
}

}  // namespace remint::fuzz

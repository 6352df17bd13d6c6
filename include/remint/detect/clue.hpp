#pragma once
// What somebody else than the API server's audit log says of a pod: its own log, or a Kubernetes Event. A clue supports
// what the audit log says. By itself it is enough only where a policy says so (`sufficient`): whoever writes to a log
// or creates an Event can say what he likes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "remint/base/time.hpp"

namespace remint::detect {

enum class ClueSource : std::uint8_t { kPodLog, kKubernetesEvent };
/// As evidence names it: "pod-log", "kubernetes-event".
[[nodiscard]] std::string_view to_string(ClueSource source);

struct Clue {
  static constexpr std::size_t kMaxText = 240;

  ClueSource source = ClueSource::kPodLog;
  Time time{};             ///< the line's own, or the newest of the Event's
  std::string pod_uid;     ///< whom it accuses
  std::string what;        ///< for people, which pattern it was: "client-go reflector", "podLog.patterns[1]"
  std::string text;        ///< sanitized, redacted, at most kMaxText bytes
  std::string audit_id{};  ///< that the line prints, lower case: names one request of the audit log; "": none
};

}  // namespace remint::detect

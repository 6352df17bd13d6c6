// A restart that waits to be allowed, or stands still: nothing but words changes.

#include "strategy.hpp"

namespace remint::restart {
namespace {

/// As `advance`, for which it takes no look at the target.
JournalStatus say(const Journal& journal, Phase phase, std::string_view reason, const std::string& why, Time now) {
  const Observation nothing;
  const MachineSettings settings;
  return advance({journal, nothing, settings, now}, phase, "", {std::string(reason), why});
}

}  // namespace

JournalStatus hold(const Journal& journal, Phase phase, std::optional<Time> not_before, const std::string& why,
                   Time now) {
  const bool same =
      journal.status.phase == phase && journal.status.not_before == not_before && !journal.status.message.empty();
  if (same) {
    return journal.status;  // what it says counts requests, and would be written with each one
  }
  JournalStatus status = say(journal, phase, to_string(phase), why, now);
  status.not_before = not_before;
  return status;
}

JournalStatus release(const Journal& journal, const std::string& why, Time now) {
  JournalStatus status = say(journal, Phase::kPending, "Released", why, now);
  status.released = now;
  return status;
}

JournalStatus withdraw(const Journal& journal, std::string_view reason, const std::string& why, Time now) {
  JournalStatus status = say(journal, Phase::kCancelled, reason, why, now);
  status.finished = now;
  return status;
}

JournalStatus note_suspended(const Journal& journal, const std::string& by, Time now) {
  constexpr std::string_view kType = "Suspended";
  const Condition* old = find_condition(journal.status, kType);
  JournalStatus status = journal.status;
  if (by.empty()) {
    if (old != nullptr && old->status) {
      set_condition(status, {std::string(kType), false, "Resumed", "nothing suspends it any more", now});
    }
    return status;
  }
  const std::string message = "suspended by " + by + ": nothing is written to the workload until that is taken back";
  if (old == nullptr || !old->status || old->message != message) {
    set_condition(status, {std::string(kType), true, "Suspended", message, now});
  }
  return status;
}

JournalStatus note_blocked(const Journal& journal, const std::string& reason, const std::string& why, Time now) {
  const Condition* old = find_condition(journal.status, "Blocked");
  if (old != nullptr && old->status && old->reason == reason && old->message == why) {
    return journal.status;
  }
  JournalStatus status = journal.status;
  status.message = why;
  set_condition(status, {"Blocked", true, reason, why, now});
  return status;
}

}  // namespace remint::restart

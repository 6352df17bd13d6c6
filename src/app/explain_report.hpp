#pragma once
// What `remint explain` knows about one workload, and its two forms. Pure.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "remint/policy/decide.hpp"
#include "remint/restart/journal.hpp"

namespace remint::app {

/// What a policy's status says about the workload now.
struct OpenCase {
  std::string policy, diagnosis, decision, reason;
  std::optional<Time> breaks_at;
};

struct EventLine {
  Time time{};
  std::string reason, note;
};

struct ExplainReport {
  policy::WorkloadFacts workload;
  std::string policy;  ///< which one speaks; empty: none
  std::string mode;
  std::vector<policy::FieldOrigin> fields;  ///< the policy that speaks, field by field
  std::string suspended;                    ///< the cluster's kill switch; empty: off
  std::optional<OpenCase> open_case;
  policy::Decision if_it_failed;           ///< what would be decided if its token were refused now
  std::vector<restart::Journal> restarts;  ///< of this workload, newest first
  std::vector<EventLine> events;           ///< Remint's, newest first
  std::vector<std::string> notes;          ///< what could not be read, and what that leaves out
};

void print_text(const ExplainReport& report, std::ostream& out);
void print_json(const ExplainReport& report, std::ostream& out);

}  // namespace remint::app

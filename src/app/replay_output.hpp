#pragma once
// What a replay prints: JSON lines for programs, a story for people.

#include <iosfwd>
#include <map>

#include "remint/controllers/detection_engine.hpp"

namespace remint::app {

/// Counts of a whole replay, for the last line.
struct ReplaySummary {
  detect::DetectorCounts counts;
  std::map<DecisionKind, std::uint64_t> decisions;
  Time begin{}, end{};
};

class ReplayOutput {
 public:
  virtual ~ReplayOutput() = default;
  virtual void decision(const controllers::WorkloadDecision& decision) = 0;
  virtual void summary(const ReplaySummary& summary) = 0;
};

[[nodiscard]] std::unique_ptr<ReplayOutput> json_output(std::ostream& out);
[[nodiscard]] std::unique_ptr<ReplayOutput> text_output(std::ostream& out, bool colour);

}  // namespace remint::app

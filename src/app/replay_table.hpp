#pragma once
// The last page of a replay for people: what each policy would have done, by day and workload.

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "remint/controllers/detection_engine.hpp"

namespace remint::app {

/// Collects decisions in the order of time. A policy in mode Observe is shown with what it would have restarted.
class ReplayTable {
 public:
  void add(const controllers::WorkloadDecision& decision);
  /// Nothing when there were no decisions.
  void print(std::ostream& out) const;

 private:
  struct Row {
    unsigned restarts = 0;  ///< or would be
    unsigned asked = 0;
    std::string last;  ///< why it was not restarted, as decided last
  };
  struct Span {
    Time begin{}, end{};
  };
  /// policy -> day -> workload
  std::map<std::string, std::map<std::string, std::map<std::string, Row>>> policies_;
  std::map<std::string, std::vector<Span>> spans_;  ///< of restarts, by policy
};

}  // namespace remint::app

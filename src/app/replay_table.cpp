#include "replay_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "remint/base/text.hpp"

namespace remint::app {
namespace {

/// How long a restart is taken to last: see replay.cpp.
constexpr auto kAssumed = std::chrono::minutes(1);
constexpr std::size_t kMaxReason = 110;
constexpr std::size_t kMaxRows = 200;

std::string first_part(const std::string& reason) {
  return reason.size() <= kMaxReason ? reason : sanitize(reason.substr(0, kMaxReason), kMaxReason) + " ...";
}

}  // namespace

void ReplayTable::add(const controllers::WorkloadDecision& decision) {
  const auto& what = decision.decision;
  const std::string policy = what.policy.empty() ? "(no policy)" : what.policy;
  Row& row = policies_[policy][format_rfc3339(decision.time).substr(0, 10)][decision.the_case.workload.to_string()];
  const bool acts = what.kind == DecisionKind::kRestart || what.check == "ObserveMode";
  if (acts) {
    ++row.restarts;
    spans_[policy].push_back({decision.time, decision.time + kAssumed});
    return;
  }
  if (what.kind == DecisionKind::kAsk) ++row.asked;
  row.last = fmt::format("{} ({}): {}", to_string(what.kind), what.check, first_part(what.reason));
}

void ReplayTable::print(std::ostream& out) const {
  for (const auto& [policy, days] : policies_) {
    out << fmt::format("\n{} would have done:\n", policy);
    out << fmt::format("  {:<10}  {:<44} {:>8} {:>5}  {}\n", "day", "workload", "restarts", "asks", "else, at last");
    std::size_t rows = 0;
    for (const auto& [day, workloads] : days) {
      for (const auto& [workload, row] : workloads) {
        if (++rows > kMaxRows) continue;
        out << fmt::format("  {:<10}  {:<44} {:>8} {:>5}  {}\n", day, sanitize(workload, 200), row.restarts, row.asked,
                           row.last);
      }
    }
    if (rows > kMaxRows) out << fmt::format("  and {} more rows\n", rows - kMaxRows);
    const auto spans = spans_.find(policy);
    if (spans == spans_.end()) continue;
    // As many as overlap where one begins: the most do so at some beginning.
    std::size_t most = 0;
    Time when{};
    for (const auto& here : spans->second) {
      const auto together = static_cast<std::size_t>(std::ranges::count_if(
          spans->second, [&](const Span& other) { return other.begin <= here.begin && here.begin < other.end; }));
      if (together > most) {
        most = together;
        when = here.begin;
      }
    }
    out << fmt::format("  At most {} at once (at {}), taking a restart for a minute.\n", most, format_rfc3339(when));
  }
}

}  // namespace remint::app

// What is at risk now, for the report and its metrics.
#include <algorithm>
#include <tuple>

#include "remint/controllers/detection_engine.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {

RiskState DetectionEngine::risk_state(const detect::Case& the_case) const {
  if (failing_since(the_case)) return RiskState::kBroken;
  const auto clued = clued_since(the_case);
  if (clued) {
    const auto workload = workload_facts(detector_.inventory(), the_case.workload);
    const auto effective = policy::select_policy(policies_, workload);
    if (effective && clued_since(the_case, effective->spec)) return RiskState::kBroken;
  }
  if (silent_since(the_case)) return RiskState::kSilent;
  return clued ? RiskState::kSuspected : RiskState::kWillBreak;
}

RiskCounts DetectionEngine::risk_counts(Time now) const {
  RiskCounts counts;
  for (const auto& [uid, memory] : remembered_) {
    if (memory.closed) continue;
    const auto& the_case = memory.last.the_case;
    ++counts.by_diagnosis[the_case.diagnosis];
    const auto state = risk_state(the_case);
    if (state == RiskState::kSuspected) ++counts.suspected;
    if (state == RiskState::kBroken) {
      ++counts.broken;
    } else if (the_case.breaks_at && *the_case.breaks_at > now) {
      if (!counts.next_break || *the_case.breaks_at < *counts.next_break) counts.next_break = the_case.breaks_at;
    }
  }
  return counts;
}

std::vector<OpenWorkload> DetectionEngine::open_workloads(std::size_t most, Time now) const {
  // Chosen by what is remembered, and looked at anew only then: looking at a case costs, and there may be thousands.
  struct Known {
    bool waits;
    Time when;
    const std::string* uid;
    const Remembered* memory;
  };
  std::vector<Known> worst;
  for (const auto& [uid, memory] : remembered_) {
    if (memory.closed) continue;
    const auto& the_case = memory.last.the_case;
    const auto troubled = troubled_since(the_case);
    worst.push_back({risk_state(the_case) != RiskState::kBroken,
                     troubled ? *troubled : the_case.breaks_at.value_or(Time::max()), &uid, &memory});
  }
  const auto kept = std::min(most, worst.size());
  std::ranges::partial_sort(worst, worst.begin() + static_cast<std::ptrdiff_t>(kept), {},
                            [](const Known& known) { return std::tie(known.waits, known.when, *known.uid); });
  worst.resize(kept);

  std::vector<OpenWorkload> open;
  const auto past = restarts();
  for (const auto& known : worst) {
    auto the_case = detector_.find_case(*known.uid);
    if (!the_case) continue;
    // What was pending then may be so for another reason now, and nothing was told of it.
    const auto& told = known.memory->last;
    const auto decision = known.memory->decided ? told : decide(*the_case, past, now);
    OpenWorkload workload{std::move(*the_case), decision.decision, decision.restart_name, std::nullopt};
    const auto found = restarts_.find(ObjectKey{workload.the_case.workload.ns, workload.restart_name}.to_string());
    if (found != restarts_.end()) workload.restart = found->second;
    open.push_back(std::move(workload));
  }
  return open;
}

}  // namespace remint::controllers

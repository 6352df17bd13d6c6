// How much is broken at once, and the brakes that this puts on.

#include <algorithm>

#include "remint/controllers/detection_engine.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

/// As far back as a policy's storm.within can reach.
constexpr Duration kRemember = std::chrono::hours(24);

/// Whose clock `remint resume` went by need not be ours.
constexpr Duration kClocksDiffer = std::chrono::minutes(5);

/// Who makes pods with dead tokens all day makes no more of these; so many are a storm already.
constexpr std::size_t kMostBroken = 20'000;

}  // namespace

void DetectionEngine::note_broken(const std::vector<detect::Case>& cases, Time now) {
  // One that was cured meanwhile still counts as one that broke, for as long as anybody asks.
  std::erase_if(broken_, [&](const auto& item) {
    return item.second.broken.since < now - kRemember && !detector_.find_case(item.first);
  });
  for (const auto& the_case : cases) {
    auto since = failing_since(the_case);
    if (!since && silent_since(the_case)) {
      // Broke when it was noticed: a policy's `after` comes long after the change, and storm.within is short.
      const auto known = broken_.find(the_case.workload.uid);
      since = known == broken_.end() ? now : known->second.broken.since;
    }
    // By clues alone it counts where the policy acts upon them.
    if (!since) since = clued_since(the_case);
    if (!since || (broken_.size() >= kMostBroken && !broken_.contains(the_case.workload.uid))) continue;
    const auto workload = workload_facts(detector_.inventory(), the_case.workload);
    const auto effective = policy::select_policy(policies_, workload);
    if (!effective || the_case.confidence < effective->spec.min_confidence) continue;
    // Whether the policy's thresholds are met, its own checks know; history and limits do not matter to that.
    const auto facts = case_facts(the_case);
    const auto bare = policy::decide(policies_, {&workload, &facts, {}, settings_.own_namespace}, now);
    if (bare.pending || bare.check == "SignalDisabled" || bare.check == "Uncorroborated") continue;
    std::vector<std::string> policies{effective->reference};
    if (effective->ceiling) policies.push_back(effective->ceiling->reference);
    broken_.insert_or_assign(the_case.workload.uid, BrokenWorkload{{the_case.workload, *since}, std::move(policies)});
  }
}

std::size_t DetectionEngine::workloads_of(const policy::Policy& policy) const {
  std::size_t count = 0;
  for (const auto& [ns, workloads] : counts_) {
    policy::WorkloadFacts any;
    any.ref.ns = ns;
    if (const auto* record = detector_.inventory().ns(ns)) any.namespace_labels = record->labels;
    if (ns != settings_.own_namespace && policy::names_namespace(policy, any)) count += workloads;
  }
  return count;
}

bool DetectionEngine::still_broken(const std::string& reference) const {
  return std::ranges::any_of(broken_, [&](const auto& item) {
    const auto& policies = item.second.policies;
    return std::ranges::find(policies, reference) != policies.end() && detector_.find_case(item.first);
  });
}

void DetectionEngine::assess_storms(Time now) {
  std::map<std::string, policy::Storm> next;
  for (const auto& policy : policies_) {
    const auto reference = policy.reference();
    std::vector<policy::Broken> broken;
    for (const auto& [uid, workload] : broken_) {
      const bool mine = std::ranges::find(workload.policies, reference) != workload.policies.end();
      if (mine) broken.push_back(workload.broken);
    }
    const auto memory = storm_memories_.find(reference);
    const bool remembered = memory != storm_memories_.end();
    const auto on = storms_.find(reference);
    auto before = on != storms_.end() ? std::optional(on->second) : std::nullopt;
    if (!before && remembered) before = memory->second.storm;
    if (broken.empty() && !before) continue;
    auto resumed = remembered ? memory->second.resumed : std::nullopt;
    // A time that somebody wrote by hand, years ahead, would keep the brake off until then.
    if (resumed && *resumed > now + kClocksDiffer) resumed.reset();
    auto storm = policy::assess_storm(policy.spec.storm, broken, workloads_of(policy), before, resumed, now);
    // What is paced stays paced until all that broke is well again, however long ago the last of it broke.
    const bool paced =
        before && policy.spec.storm.then == policy::StormSpec::Then::kPace && policy.spec.storm.percent > 0;
    const bool over = resumed && before && *resumed >= before->since;
    if (!storm && paced && !over && still_broken(reference)) storm = before;
    if (storm) next.emplace(reference, *storm);
  }
  const bool same = std::ranges::equal(
      next, storms_, {}, [](const auto& item) { return item.first; }, [](const auto& item) { return item.first; });
  if (!same) reconsider_all_ = true;
  storms_ = std::move(next);
}

}  // namespace remint::controllers

// Whose logs are worth reading: of the pods that policies want followed, and of those that may be meant by a rejection.
#include <algorithm>
#include <set>

#include "remint/controllers/detection_engine.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

constexpr Duration kLookAgainAfter = std::chrono::hours(1);
constexpr Duration kAfterFailure = std::chrono::minutes(2);
// More cases than this in an hour that nobody can be named for: the log is not what is missing.
constexpr std::size_t kMaxLooked = 4096;

}  // namespace

void DetectionEngine::collect_patterns() {
  std::map<std::vector<std::string>, PatternList> lists;
  for (const auto& policy : policies_) {
    const auto& signal = policy.spec.pod_log;
    if (!signal.enabled || lists.contains(signal.patterns)) continue;
    const auto known = patterns_.find(signal.patterns);
    lists[signal.patterns] =
        known != patterns_.end() ? known->second : std::make_shared<const std::vector<std::string>>(signal.patterns);
  }
  patterns_ = std::move(lists);
}

DetectionEngine::PatternList DetectionEngine::patterns_for(const ObjectRef& workload) const {
  // What Remint writes of others' lines into its own log must not accuse itself.
  if (patterns_.empty() || workload.ns == settings_.own_namespace) return nullptr;
  const auto effective = policy::select_policy(policies_, workload_facts(detector_.inventory(), workload));
  if (!effective || !effective->spec.pod_log.enabled) return nullptr;
  const auto found = patterns_.find(effective->spec.pod_log.patterns);
  return found == patterns_.end() ? nullptr : found->second;
}

std::optional<PodLogTarget> DetectionEngine::log_target(std::string_view uid, PatternList patterns) const {
  const auto view = detector_.inventory().pod(uid);
  if (!view || view->pod.finished || view->pod.deleting || patterns == nullptr) return std::nullopt;
  return PodLogTarget{view->pod.uid, view->pod.ns, view->pod.name, view->pod.containers, std::move(patterns)};
}

std::vector<PodLogTarget> DetectionEngine::pod_log_targets(std::size_t most, std::size_t* left_out) const {
  if (left_out != nullptr) *left_out = 0;
  if (patterns_.empty()) return {};
  std::set<std::string_view> accused;
  for (const auto& [uid, memory] : remembered_) {
    if (memory.closed) continue;
    for (const auto& pod : memory.last.the_case.pods) accused.insert(pod.uid);
    accused.insert(memory.last.the_case.suspects.begin(), memory.last.the_case.suspects.end());
  }

  struct Wanted {
    bool others;
    std::string_view uid;
    const PatternList* patterns;
  };
  std::vector<Wanted> wanted;
  // Pods of one controller have one policy.
  std::map<std::pair<std::string_view, std::string_view>, PatternList> by_owner;
  detector_.inventory().each_live_pod([&](const detect::LivePod& pod) {
    const auto key = std::pair(pod.ns, pod.owner_uid.empty() ? pod.uid : pod.owner_uid);
    auto known = by_owner.find(key);
    if (known == by_owner.end()) {
      known = by_owner.emplace(key, patterns_for(detector_.inventory().pod(pod.uid)->workload)).first;
    }
    if (known->second != nullptr) wanted.push_back({!accused.contains(pod.uid), pod.uid, &known->second});
  });
  const auto kept = std::min(most, wanted.size());
  if (left_out != nullptr) *left_out = wanted.size() - kept;
  std::ranges::partial_sort(wanted, wanted.begin() + static_cast<std::ptrdiff_t>(kept), {},
                            [](const Wanted& one) { return std::pair(one.others, one.uid); });
  wanted.resize(kept);

  std::vector<PodLogTarget> targets;
  targets.reserve(kept);
  for (const auto& one : wanted) {
    if (auto target = log_target(one.uid, *one.patterns)) {
      target->accused = !one.others;
      targets.push_back(std::move(*target));
    }
  }
  return targets;
}

void DetectionEngine::want_looks(const WorkloadDecision& decision, Time now) {
  if (decision.decision.check != "LowConfidence" || patterns_.empty()) return;
  std::erase_if(looked_, [now](const auto& look) { return now >= look.second; });
  for (const auto& uid : decision.the_case.suspects) {
    const auto view = detector_.inventory().pod(uid);
    // Each suspect's own policy is asked: it may be of another workload than the likeliest one.
    if (!view || looked_.size() >= kMaxLooked || patterns_for(view->workload) == nullptr) continue;
    if (!looked_.emplace(std::pair(decision.the_case.id, uid), now + kLookAgainAfter).second) continue;
    if (wanted_looks_.size() == kMaxLooks) {
      look_failed(wanted_looks_.front(), now);
      wanted_looks_.erase(wanted_looks_.begin());
    }
    wanted_looks_.push_back(uid);
  }
}

void DetectionEngine::look_failed(const std::string& uid, Time now) {
  for (auto& [look, until] : looked_) {
    if (look.second == uid) until = std::min(until, now + kAfterFailure);
  }
}

std::vector<PodLogTarget> DetectionEngine::take_looks() {
  std::vector<PodLogTarget> looks;
  for (const auto& uid : wanted_looks_) {
    const auto view = detector_.inventory().pod(uid);
    auto target = view ? log_target(uid, patterns_for(view->workload)) : std::nullopt;
    if (!target) continue;
    target->accused = true;
    looks.push_back(std::move(*target));
  }
  wanted_looks_.clear();
  return looks;
}

}  // namespace remint::controllers

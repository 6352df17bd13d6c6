// Kubernetes Events: which policy asks for them, and whether it speaks for whom they accuse.
#include <algorithm>

#include "remint/base/text.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

detect::EventMapping own_mapping(const policy::KubernetesEventSignal::Mapping& mapping, std::size_t place,
                                 std::string only_ns) {
  using enum policy::KubernetesEventSignal::Accuses;
  return {"kubernetesEvent.mappings[" + std::to_string(place) + "]",
          mapping.reason,
          mapping.pattern,
          mapping.accuses == kDaemonSetOnNode ? detect::EventMapping::Accuses::kDaemonSetOnNode
                                              : detect::EventMapping::Accuses::kInvolvedPod,
          mapping.ns,
          mapping.name,
          std::move(only_ns)};
}

// Each Warning Event of the cluster is held against them, on the detection thread.
constexpr std::size_t kMaxMappings = 300;

}  // namespace

void DetectionEngine::compile_event_mappings() {
  const auto known = detect::known_event_mappings();
  std::vector<detect::EventMapping> mappings(known.begin(), known.end());
  event_owners_.assign(mappings.size(), "");
  for (const auto& policy : policies_) {
    const auto& signal = policy.spec.kubernetes_event;
    if (!signal.enabled) continue;
    for (std::size_t place = 0; place < signal.mappings.size() && mappings.size() < kMaxMappings; ++place) {
      mappings.push_back(own_mapping(signal.mappings[place], place, policy.key.ns));
      event_owners_.push_back(policy.reference());
    }
  }
  event_matcher_ = detect::EventMatcher(std::move(mappings));
}

void DetectionEngine::observe(const detect::KubernetesEvent& event, Time now) {
  heard_.kubernetes_event = now;
  std::vector<detect::Clue> clues;
  for (auto& accused : event_matcher_.accused(event, detector_.inventory())) {
    const auto view = detector_.inventory().pod(accused.pod_uid);
    const auto effective = policy::select_policy(policies_, workload_facts(detector_.inventory(), view->workload));
    // A policy's own mapping accuses nobody for whom another one speaks: not every namespace may accuse the CNI plugin.
    const std::string& owner = event_owners_[accused.mapping];
    if (!effective || !effective->spec.kubernetes_event.enabled || (!owner.empty() && owner != effective->reference)) {
      continue;
    }
    clues.push_back({detect::ClueSource::kKubernetesEvent, event.time, std::move(accused.pod_uid),
                     event_matcher_.mappings()[accused.mapping].what,
                     sanitize(redact(event.note), detect::Clue::kMaxText)});
  }
  if (!clues.empty()) detector_.observe(clues, now);
}

}  // namespace remint::controllers

#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

std::optional<Time> first_clue(const detect::Case& the_case, bool of_logs, bool of_events) {
  std::optional<Time> since;
  const auto look = [&](const std::vector<Time>& clues) {
    if (!clues.empty() && (!since || clues.front() < *since)) since = clues.front();
  };
  for (const auto& pod : the_case.pods) {
    if (of_logs) look(pod.log_clues);
    if (of_events) look(pod.event_clues);
  }
  return since;
}

}  // namespace

std::optional<Time> failing_since(const detect::Case& the_case) {
  std::optional<Time> since;
  for (const auto& pod : the_case.pods) {
    if (pod.failing_since && (!since || *pod.failing_since < *since)) since = pod.failing_since;
  }
  return since;
}

std::optional<Time> silent_since(const detect::Case& the_case) {
  std::optional<Time> since;
  for (const auto& pod : the_case.pods) {
    if (pod.distrusted_since && (!since || *pod.distrusted_since < *since)) since = pod.distrusted_since;
  }
  return since;
}

std::optional<Time> clued_since(const detect::Case& the_case) { return first_clue(the_case, true, true); }

std::optional<Time> clued_since(const detect::Case& the_case, const policy::Spec& spec) {
  return first_clue(the_case, spec.pod_log.enabled && spec.pod_log.sufficient,
                    spec.kubernetes_event.enabled && spec.kubernetes_event.sufficient);
}

std::optional<Time> troubled_since(const detect::Case& the_case) {
  if (const auto failing = failing_since(the_case)) return failing;
  const auto silent = silent_since(the_case);
  return silent ? silent : clued_since(the_case);
}

policy::CaseFacts case_facts(const detect::Case& the_case) {
  policy::CaseFacts facts;
  facts.cause = the_case.cause;
  facts.diagnosis = the_case.diagnosis;
  facts.confidence = the_case.confidence;
  facts.others = the_case.others;
  facts.breaks_at = the_case.breaks_at;
  facts.clue_confidence = the_case.clue_confidence;
  facts.pods.reserve(the_case.pods.size());
  for (const auto& pod : the_case.pods) {
    facts.pods.push_back({pod.name, pod.rejections, pod.failing_since, pod.stale_since, pod.breaks_at, pod.created,
                          pod.distrusted_since, pod.log_clues, pod.event_clues});
  }
  return facts;
}

policy::WorkloadFacts workload_facts(const detect::Inventory& inventory, const ObjectRef& workload) {
  policy::WorkloadFacts facts;
  facts.ref = workload;
  if (const auto* ns = inventory.ns(workload.ns)) {
    facts.namespace_labels = ns->labels;
    facts.namespace_annotations = ns->annotations;
  }
  if (const auto* record = inventory.workload(workload.uid)) {
    facts.known = true;
    facts.labels = record->labels;
    facts.annotations = record->annotations;
    facts.template_annotations = record->template_annotations;
    facts.deleting = record->deleting;
    facts.paused = record->paused;
    facts.on_delete = record->on_delete;
    facts.stuck = record->stuck;
    facts.replicas = record->replicas;
  } else if (const auto pod = inventory.pod(workload.uid)) {
    facts.known = true;
    facts.labels = pod->pod.labels;
    facts.annotations = pod->pod.annotations;
    facts.deleting = pod->pod.deleting.has_value();
    facts.mirror = pod->pod.mirror;
    // It is its own workload, so what it says of a controller was not believed.
    if (!pod->pod.owner.empty()) facts.controller = pod->pod.owner.kind + "/" + pod->pod.owner.name;
  } else if (!detect::is_watched_controller(workload.api_version, workload.kind)) {
    // Nothing will ever tell more of it than its pods do.
    facts.known = true;
    facts.replicas = static_cast<std::int64_t>(inventory.live_pods(workload.uid).size());
  }
  return facts;
}

}  // namespace remint::controllers

// Values to JSON. Texts and lists are cut to what the CRD takes: a creation that is refused for a long reason would
// leave a broken workload without its cure.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"
#include "remint/restart/journal.hpp"

namespace remint::restart {
namespace {

constexpr std::size_t kMaxText = 1000;
constexpr std::size_t kMaxMessage = 2000;
constexpr std::size_t kMaxPods = 100;
constexpr std::size_t kMaxEvidence = 20;

void put(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) {
    object[key] = text;
  }
}

Json or_null(std::string_view text) { return text.empty() ? Json() : Json(std::string(text)); }

Json or_null(const std::optional<Time>& time) { return time ? Json(format_rfc3339_micro(*time)) : Json(); }

Json target_json(const ObjectRef& target) {
  Json json{{"apiVersion", target.api_version}, {"kind", target.kind}, {"name", target.name}};
  put(json, "namespace", target.ns);
  put(json, "uid", target.uid);
  return json;
}

Json approval_json(const Approval& approval) {
  Json json{{"required", approval.required}};
  put(json, "decision", std::string(to_string(approval.decision)));
  put(json, "by", approval.by);
  put(json, "comment", sanitize(approval.comment, kMaxText));
  if (approval.expires) {
    json["expiresAt"] = format_rfc3339(*approval.expires);
  }
  if (approval.at) {
    json["at"] = format_rfc3339(*approval.at);
  }
  return json;
}

Json spec_json(const JournalSpec& spec) {
  Json json{{"target", target_json(spec.target)},
            {"strategy", std::string(to_string(spec.strategy))},
            {"diagnosis", std::string(to_string(spec.diagnosis))},
            {"confidence", std::clamp(spec.confidence, 0.0, 1.0)},
            {"observe", format_duration(spec.observe)}};
  if (spec.options != StrategyOptions{}) {
    json["options"] = {{"updatePeriod", format_duration(spec.options.update_period)},
                       {"keepNewName", spec.options.keep_new_name},
                       {"keepNode", spec.options.keep_node}};
  }
  if (spec.hold) {
    json["hold"] = true;
  }
  if (spec.approval != Approval{}) {
    json["approval"] = approval_json(spec.approval);
  }
  put(json, "cause", spec.cause);
  put(json, "policy", spec.policy);
  put(json, "reason", sanitize(spec.reason, kMaxText));
  if (!spec.pods.empty()) {
    json["pods"] = std::vector(spec.pods.begin(),
                               spec.pods.begin() + static_cast<std::ptrdiff_t>(std::min(spec.pods.size(), kMaxPods)));
  }
  const std::size_t skipped = spec.evidence.size() - std::min(spec.evidence.size(), kMaxEvidence);
  for (std::size_t i = skipped; i < spec.evidence.size(); ++i) {  // the newest are last
    const EvidenceLine& line = spec.evidence[i];
    json["evidence"].push_back({{"source", sanitize(line.source, 63)},
                                {"time", format_rfc3339_micro(line.time)},
                                {"text", sanitize(line.text, kMaxText)}});
  }
  return json;
}

Json saved_json(const SavedState& saved) {
  if (saved == SavedState{}) {
    return {};
  }
  // Written once, so nothing in it ever needs removing.
  Json json{{"generationBefore", saved.generation_before}};
  put(json, "uid", saved.uid);
  put(json, "restartedAt", saved.restarted_at);
  put(json, "previousRestartedAt", saved.previous_restarted_at);
  put(json, "manifest", saved.manifest);
  put(json, "successor", saved.successor);
  if (saved.replicas) {
    json["replicas"] = *saved.replicas;
  }
  for (const SavedPod& pod : saved.pods) {
    json["pods"].push_back({{"name", pod.name}, {"uid", pod.uid}});
  }
  return json;
}

Json conditions_json(const std::vector<Condition>& conditions, std::int64_t generation) {
  Json list = Json::array();
  for (const Condition& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", condition.status ? "True" : "False"},
                    {"reason", condition.reason},
                    {"message", sanitize(condition.message, kMaxMessage)},
                    {"lastTransitionTime", format_rfc3339(condition.since)},
                    {"observedGeneration", generation}});
  }
  return list;
}

}  // namespace

Json to_object(const Journal& journal) {
  Json object{{"apiVersion", "remint.dev/v1alpha1"},
              {"kind", "WorkloadRestart"},
              {"metadata", {{"namespace", journal.key.ns}, {"name", journal.key.name}}},
              {"spec", spec_json(journal.spec)}};
  if (journal.held) {
    object["metadata"]["finalizers"] = {kFinalizer};
  }
  return object;
}

Json status_patch(const JournalStatus& status) {
  return {{"status",
           {{"observedGeneration", status.observed_generation},
            {"phase", std::string(to_string(status.phase))},
            {"step", or_null(status.step)},
            {"saved", saved_json(status.saved)},
            {"notBefore", or_null(status.not_before)},
            {"releasedAt", or_null(status.released)},
            {"budgets", status.budgets.empty() ? Json() : Json(status.budgets)},
            {"startedAt", or_null(status.started)},
            {"stepSince", or_null(status.step_since)},
            {"rolledOutAt", or_null(status.rolled_out)},
            {"finishedAt", or_null(status.finished)},
            {"successorUID", or_null(status.successor_uid)},
            {"seal", or_null(status.seal)},
            {"outcome", or_null(to_string(status.outcome))},
            {"message", or_null(sanitize(status.message, kMaxMessage))},
            {"conditions", conditions_json(status.conditions, status.observed_generation)}}}};
}

}  // namespace remint::restart

#pragma once
// A journal and a target on which nothing is wrong.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/restart/machine.hpp"

namespace remint::restart {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline Time at(const char* text) { return parse_rfc3339(text).value(); }

inline Journal pending_journal(const std::string& kind = "Deployment") {
  Journal journal;
  journal.key = {"shop", "deployment-cart-0123456789-1"};
  journal.uid = "uid-journal";
  journal.generation = 1;
  journal.created = at("2026-07-01T10:27:59Z");
  journal.spec.target = {"apps/v1", kind, "shop", "cart", "uid-cart"};
  journal.spec.cause = "5f0c";
  journal.spec.reason = "3 requests were answered 401";
  return journal;
}

inline TargetState settled_target() {
  TargetState target;
  target.uid = "uid-cart";
  target.resource_version = "100";
  target.replicas = target.updated = target.ready = target.available = target.current = 3;
  target.generation = target.observed_generation = 7;
  return target;
}

inline SavedState rollout_saved() {
  SavedState saved;
  saved.uid = "uid-cart";
  saved.restarted_at = "2026-07-01T10:28:00Z";
  saved.previous_restarted_at = "2026-01-01T00:00:00Z";
  saved.generation_before = 7;
  return saved;
}

inline Journal running_journal(const char* step, const std::string& kind = "Deployment") {
  Journal journal = pending_journal(kind);
  journal.status.phase = Phase::kRunning;
  journal.status.step = step;
  journal.status.saved = rollout_saved();
  journal.status.started = journal.status.step_since = at("2026-07-01T10:28:00.5Z");
  if (journal.status.step == "WaitRollout") {
    journal.status.step_since = at("2026-07-01T10:28:02Z");
  }
  return journal;
}

inline Observation see(const TargetState& target) {
  Observation observation;
  observation.target = target;
  return observation;
}

inline Observation see_nothing() {
  Observation observation;
  observation.target_gone = true;
  return observation;
}

inline Observation hear(const VerificationInput& input) {
  Observation observation;
  observation.verification = input;
  return observation;
}

inline std::string progressing_reason(const JournalStatus& status) { return std::string(progress_reason(status)); }

/// The first effect of a kind, or nullptr.
template <class Kind>
const Kind* find(const Step& step) {
  for (const Effect& effect : step.effects) {
    if (const auto* act = std::get_if<Kind>(&effect.act)) {
      return act;
    }
  }
  return nullptr;
}

/// A patch of the pod template, as RolloutRestart makes it.
struct TemplatePatch {
  std::string restarted_at, resource_version, uid;
};

inline std::optional<TemplatePatch> as_template_patch(const Patch& patch) {
  const Json body = Json::parse(patch.body);
  const Json::json_pointer annotation("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt");
  if (!body.contains(annotation)) {
    return std::nullopt;
  }
  return TemplatePatch{body.at(annotation), body["metadata"]["resourceVersion"], body["metadata"]["uid"]};
}

inline std::optional<TemplatePatch> patch_of(const Step& step) {
  const Patch* patch = find<Patch>(step);
  return patch != nullptr ? as_template_patch(*patch) : std::nullopt;
}

inline const Notify* notify_of(const Step& step) { return find<Notify>(step); }

}  // namespace remint::restart

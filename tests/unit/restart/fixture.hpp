#pragma once
// A journal and a target on which nothing is wrong.

#include <catch2/catch.hpp>

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

inline Journal running_journal(const char* step, const std::string& kind = "Deployment") {
  Journal journal = pending_journal(kind);
  journal.status.phase = Phase::kRunning;
  journal.status.step = step;
  journal.status.saved = {"uid-cart", "2026-07-01T10:28:00Z", "2026-01-01T00:00:00Z", 7};
  journal.status.started = at("2026-07-01T10:28:00.5Z");
  if (journal.status.step == "WaitRollout") {
    journal.status.patched = at("2026-07-01T10:28:02Z");
  }
  return journal;
}

inline Observation see(const TargetState& target) { return {target, false, std::nullopt}; }

inline std::string progressing_reason(const JournalStatus& status) {
  for (const Condition& condition : status.conditions) {
    if (condition.type == "Progressing") {
      return condition.reason;
    }
  }
  return "";
}

inline const PatchTemplate* patch_of(const Step& step) {
  for (const Effect& effect : step.effects) {
    if (const auto* patch = std::get_if<PatchTemplate>(&effect)) {
      return patch;
    }
  }
  return nullptr;
}

inline const Notify* notify_of(const Step& step) {
  for (const Effect& effect : step.effects) {
    if (const auto* notify = std::get_if<Notify>(&effect)) {
      return notify;
    }
  }
  return nullptr;
}

}  // namespace remint::restart

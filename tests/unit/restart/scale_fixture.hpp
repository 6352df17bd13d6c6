#pragma once
// A restart by ScaleToZero in any of its steps, and what it sees.

#include "fixture.hpp"

namespace remint::restart::scaling {

inline const Time kNow = at("2026-07-01T10:28:00.7Z");

inline Journal asked(const std::string& kind = "ReplicationController") {
  Journal journal = pending_journal(kind);
  journal.spec.strategy = Strategy::kScaleToZero;
  journal.spec.target.api_version = kind == "ReplicationController" ? "v1" : "apps/v1";
  return journal;
}

/// In that step since kNow.
inline Journal in(const char* step) {
  Journal journal = asked();
  journal.held = true;
  journal.status.phase = Phase::kRunning;
  journal.status.step = step;
  journal.status.started = journal.status.step_since = kNow;
  journal.status.saved.uid = "uid-cart";
  journal.status.saved.replicas = 3;
  journal.status.saved.generation_before = 7;
  return journal;
}

inline PodState pod(const std::string& name, Duration age, bool ready = true) {
  PodState state;
  state.name = name;
  state.uid = "uid-" + name;
  state.created = kNow - age;
  state.ready = ready;
  return state;
}

/// Pods made since the restart began.
inline std::vector<PodState> new_pods(int count) {
  std::vector<PodState> pods;
  for (int i = 0; i < count; ++i) {
    pods.push_back(pod("new-" + std::to_string(i), -seconds(30)));
  }
  return pods;
}

inline PodState ending(const std::string& name) {
  PodState state = pod(name, hours(1), false);
  state.terminating = true;
  return state;
}

inline Observation sized(std::int64_t size) {
  TargetState target = settled_target();
  target.replicas = size;
  Observation observation = see(target);
  observation.pods.emplace();
  return observation;
}

/// What the step would set the size to.
inline std::optional<std::int64_t> size_of(const Step& step) {
  const Patch* patch = find<Patch>(step);
  if (patch == nullptr) {
    return std::nullopt;
  }
  CHECK(patch->subresource == "scale");
  const Json body = Json::parse(patch->body);
  CHECK(body["metadata"]["resourceVersion"] == "100");
  return body["spec"]["replicas"].get<std::int64_t>();
}

}  // namespace remint::restart::scaling

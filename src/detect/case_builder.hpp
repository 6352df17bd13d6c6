#pragma once
// From the accused pods of one workload to its case.

#include <optional>
#include <vector>

#include "callers.hpp"
#include "pod_state.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

/// One accused pod, alive.
struct Suspect {
  PodView view;
  const PodState* state = nullptr;
  std::vector<Time> rejections;  ///< since its last success, oldest first
  std::uint64_t count = 0;       ///< so many there were, also those no longer kept
  Time since = Time::max();      ///< the first of them
  std::vector<Evidence> notes;
  double confidence = 1;             ///< that they are its own
  std::vector<std::string> reasons;  ///< for that; empty when the address alone says it

  [[nodiscard]] bool failing() const { return !rejections.empty(); }
};

[[nodiscard]] Suspect suspect_of(PodView view, const PodState* state);
/// Rejections from a shared address that are taken for this pod's.
void add_accusation(Suspect& suspect, const SharedAccusation& accusation);

[[nodiscard]] PodHealth health_of(const Suspect& suspect, const DetectorSettings& settings);

/// The revision that a restart of the workload would change: of the pod's template, or the pod itself.
[[nodiscard]] std::string revision_of(const PodView& view);

/// Nothing without suspects. All are of one workload.
[[nodiscard]] std::optional<Case> build_case(std::vector<Suspect> suspects, const DetectorSettings& settings);

/// "401 to LIST /api/v1/namespaces/shop/configmaps from 10.244.1.7 (pod cart-abc), user agent \"controller/v0.0.0\""
[[nodiscard]] Evidence rejection_note(const AuditBatch& batch, const AuditRecord& record, std::string_view pod_name);

}  // namespace remint::detect

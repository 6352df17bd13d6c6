#pragma once
// From the accused pods of one workload to its case.

#include <optional>
#include <vector>

#include "pod_state.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

/// One accused pod, alive.
struct Suspect {
  PodView view;
  const PodState* state = nullptr;
};

[[nodiscard]] PodHealth health_of(const PodRecord& pod, const PodState* state, const DetectorSettings& settings);

/// The revision that a restart of the workload would change: of the pod's template, or the pod itself.
[[nodiscard]] std::string revision_of(const PodView& view);

/// Nothing without suspects. All are of one workload.
[[nodiscard]] std::optional<Case> build_case(std::vector<Suspect> suspects, const DetectorSettings& settings);

/// "401 to LIST /api/v1/namespaces/shop/configmaps from 10.244.1.7 (pod cart-abc), user agent \"controller/v0.0.0\""
[[nodiscard]] Evidence rejection_note(const AuditBatch& batch, const AuditRecord& record, std::string_view pod_name);

}  // namespace remint::detect

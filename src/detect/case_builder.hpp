#pragma once
// From the accused pods of one workload to its case.

#include <optional>
#include <string>
#include <vector>

#include "remint/detect/reason_join.hpp"
#include "suspect.hpp"

namespace remint::detect {

/// The revision that a restart of the workload would change: of the pod's template, or the pod itself.
[[nodiscard]] std::string revision_of(const PodView& view);

/// Nothing without suspects. All are of one workload.
[[nodiscard]] std::optional<Case> build_case(std::vector<Suspect> suspects, const Inventory& inventory,
                                             const ReasonJoin& reasons, const DetectorSettings& settings);

}  // namespace remint::detect

#pragma once
// What killed a token: by the API server's log where it is read, else by what is known of pod, token and
// ServiceAccount.

#include <optional>
#include <string>
#include <vector>

#include "remint/detect/inventory.hpp"
#include "remint/detect/reason_join.hpp"
#include "suspect.hpp"

namespace remint::detect {

/// When the token in use will be refused at the latest; nothing when the pod's is neither stale nor kept for too long.
[[nodiscard]] std::optional<Time> breaks_at(const PodState& state, const DetectorSettings& settings);

/// Why the token of a pod can be expected to be dead at that time, without any log. `accepted`: the last success of who
/// is in question; a key or an account that was replaced before it is no reason.
[[nodiscard]] std::optional<Diagnosis> reason_to_die(const PodView& view, const PodState& state, Time accepted, Time at,
                                                     const Inventory& inventory, const DetectorSettings& settings);

struct Finding {
  Diagnosis diagnosis = Diagnosis::kUnknown;
  std::string reason;              ///< one sentence
  std::vector<Evidence> evidence;  ///< lines of the API server's log
};
/// Of suspects whose requests were rejected. Lines of the log decide; most of them, should they differ.
[[nodiscard]] Finding diagnose(const std::vector<Suspect>& suspects, const Inventory& inventory,
                               const ReasonJoin& reasons, const DetectorSettings& settings);

}  // namespace remint::detect

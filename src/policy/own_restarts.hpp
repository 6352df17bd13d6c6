#pragma once
// The past restarts of one workload.

#include <span>
#include <vector>

#include "remint/policy/decide.hpp"

namespace remint::policy {

[[nodiscard]] Time ended(const PastRestart& restart);
/// Was it for this very trouble?
[[nodiscard]] bool same_cause(const PastRestart& restart, const CaseFacts& facts);
/// By name. See decide() for what counts as the same workload.
[[nodiscard]] std::vector<const PastRestart*> own_restarts(std::span<const PastRestart> restarts,
                                                           const ObjectRef& workload);
/// Those of the workload's restarts that failed, and ended after the last one that cured it; newest first.
[[nodiscard]] std::vector<const PastRestart*> failures_since_cure(std::span<const PastRestart> restarts,
                                                                  const ObjectRef& workload);

}  // namespace remint::policy

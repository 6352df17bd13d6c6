#pragma once
// The status of a policy as a value: pure, so that it can be tested and compared before anything is written.

#include <cstdint>
#include <string>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/controllers/detection_engine.hpp"

namespace remint::controllers {

struct PolicyView {
  std::string reference;
  std::int64_t generation = 0;          ///< of the newest spec
  const FieldErrors* errors = nullptr;  ///< of the newest spec
  std::int64_t in_force = -1;           ///< generation of the spec in force; -1: none
  const Json* previous = nullptr;       ///< the status so far: keeps lastTransitionTime
};

/// For a merge patch: members that shall go are null.
[[nodiscard]] Json policy_status(const PolicyView& view, const std::vector<WorkloadDecision>& open,
                                 const std::vector<policy::PastRestart>& restarts, Time now);

/// Would the patch change anything?
[[nodiscard]] bool status_equals(const Json& patch, const Json& stored);

}  // namespace remint::controllers

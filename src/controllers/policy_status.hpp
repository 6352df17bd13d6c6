#pragma once
// What a policy's status says. Pure.

#include <optional>
#include <string>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/controllers/detection_engine.hpp"

namespace remint::controllers {

struct PolicyView {
  std::string reference;
  std::int64_t generation = 0;                            ///< of the newest spec
  const FieldErrors* errors = nullptr;                    ///< of the newest spec
  std::int64_t in_force = -1;                             ///< generation of the spec in force; -1: none
  const Json* previous = nullptr;                         ///< the status as it is
  const policy::Policy* policy = nullptr;                 ///< in force; may be absent
  const std::vector<policy::Policy>* policies = nullptr;  ///< all in force
};

/// The fields of status that Remint writes. Times of conditions move only when their status does. `status.storm` is
/// null when no brake is on, so that a merge patch takes it away.
[[nodiscard]] Json policy_status(const PolicyView& view, const OpenState& open,
                                 const std::vector<policy::PastRestart>& restarts, Time now);
/// Does the status as stored say all of this already?
[[nodiscard]] bool status_equals(const Json& patch, const Json& stored);
/// The brake that a status (JSON text) tells of.
[[nodiscard]] std::optional<policy::Storm> storm_in_status(const std::string& status);
/// "12 of 40 workloads broke since ...: nothing is begun until somebody says so: remint resume default"
[[nodiscard]] std::string storm_text(const policy::Storm& storm, const ObjectKey& policy);

}  // namespace remint::controllers

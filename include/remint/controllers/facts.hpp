#pragma once
// Translation between detection's words and policy's: policy may not include detect.

#include "remint/detect/detector.hpp"
#include "remint/policy/decide.hpp"

namespace remint::controllers {

/// Since when the first of its pods has been refused; nothing: none is.
[[nodiscard]] std::optional<Time> failing_since(const detect::Case& the_case);
/// Since when a pod of it has not been accepted, something that it hangs on having been replaced.
[[nodiscard]] std::optional<Time> silent_since(const detect::Case& the_case);
/// Since when its pods' logs, or Events, say that the token of one is refused.
[[nodiscard]] std::optional<Time> clued_since(const detect::Case& the_case);
/// The same, by what `spec` calls sufficient alone.
[[nodiscard]] std::optional<Time> clued_since(const detect::Case& the_case, const policy::Spec& spec);
/// Since when it is not as it should be: refused, else not heard any more, else by clues; nothing: it merely ages.
[[nodiscard]] std::optional<Time> troubled_since(const detect::Case& the_case);
[[nodiscard]] policy::CaseFacts case_facts(const detect::Case& the_case);
/// What the inventory knows about a workload; for a bare pod, the pod itself is the workload.
[[nodiscard]] policy::WorkloadFacts workload_facts(const detect::Inventory& inventory, const ObjectRef& workload);

}  // namespace remint::controllers

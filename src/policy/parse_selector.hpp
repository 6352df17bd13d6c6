#pragma once
// metav1.LabelSelector from JSON.

#include "remint/base/json.hpp"
#include "remint/policy/spec.hpp"

namespace remint::policy {

[[nodiscard]] LabelSelector parse_selector(const JsonReader& reader);

}  // namespace remint::policy

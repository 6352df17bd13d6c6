#pragma once
// spec.signals.

#include "remint/base/json.hpp"
#include "remint/policy/spec.hpp"

namespace remint::policy {

void parse_signals(const JsonReader& reader, Spec& spec);

}  // namespace remint::policy

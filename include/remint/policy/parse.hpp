#pragma once
// Policies from their JSON objects: a value, or every field error at once.

#include "remint/base/json.hpp"
#include "remint/policy/spec.hpp"

namespace remint::policy {

/// `object` is the whole custom resource (apiVersion, kind, metadata, spec). Unknown fields are errors: a mistyped
/// limit must not mean "no limit". Never throws.
[[nodiscard]] std::expected<Policy, FieldErrors> parse_policy(const Json& object);

}  // namespace remint::policy

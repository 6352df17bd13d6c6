#pragma once
// The rules of a write as pure functions of the object before and the object asked for.

#include <expected>
#include <string>

#include "remint/base/json.hpp"
#include "support/api_answer.hpp"
#include "support/api_path.hpp"

namespace remint::testing {

/// What is stored when `asked` is written over `before`: immutable fields kept, status apart from the rest, generation
/// counted. `replacing`: a PUT, whose wrong UID is a conflict; in a patch it is an immutable field.
[[nodiscard]] std::expected<Json, ApiAnswer> apply_update_rules(const ApiResource& resource, const Json& before,
                                                                Json asked, const std::string& subresource,
                                                                bool replacing);

/// The autoscaling/v1 Scale of a workload, and its way back.
[[nodiscard]] Json scale_of(const ApiResource& resource, const Json& workload);
[[nodiscard]] Json with_scale(const Json& workload, const Json& scale);

/// Preconditions of DeleteOptions; nothing: they hold.
[[nodiscard]] std::optional<ApiAnswer> check_preconditions(const ApiResource& resource, const Json& object,
                                                           const Json& options);

/// The answer of an eviction that a PodDisruptionBudget does not allow; nothing: it does, or it does not select the
/// pod.
[[nodiscard]] std::optional<ApiAnswer> check_budget(const Json& budget, const Json& pod);

[[nodiscard]] std::string now_rfc3339();
/// Unique in this process.
[[nodiscard]] std::string new_uid();

}  // namespace remint::testing

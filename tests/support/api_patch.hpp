#pragma once
// The four kinds of patches of the Kubernetes API, as pure functions of two JSON values.

#include <nlohmann/json.hpp>
#include <string>

#include "remint/base/json.hpp"

namespace remint::testing {

/// RFC 7386.
[[nodiscard]] Json merge_patch(Json target, const Json& patch);
/// Maps merge, null deletes, lists whose items have a merge key (containers by name, conditions by type, ...) merge by
/// it, other lists are replaced. "$patch: delete" on an item of a merged list removes it.
[[nodiscard]] Json strategic_merge_patch(Json target, const Json& patch);
/// RFC 6902. Throws Json::exception when an operation does not apply.
[[nodiscard]] Json json_patch(const Json& target, const Json& patch);

}  // namespace remint::testing

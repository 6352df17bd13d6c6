#pragma once

#include "remint/base/json.hpp"
#include "remint/policy/spec.hpp"

namespace remint::policy {

/// spec.strategies, and whether the name of a kind may stand in a policy. Errors go to the reader.
[[nodiscard]] StrategyLists parse_strategies(const JsonReader& reader);
/// Reports a name that is none, or of a kind whose pods are never touched.
[[nodiscard]] bool check_kind(const JsonReader& reader, std::string_view kind);
inline constexpr std::size_t kMaxKinds = 20;

}  // namespace remint::policy

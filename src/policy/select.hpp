#pragma once
// Which policies match, apart from which of them speaks.

#include "remint/policy/decide.hpp"

namespace remint::policy {

enum class Kinds : std::uint8_t { kRespected, kIgnored };

/// By namespace name, as include and exclude say; the label selectors are not looked at.
[[nodiscard]] bool namespace_named(const Match& match, std::string_view ns);
[[nodiscard]] bool matches(const Policy& policy, const WorkloadFacts& workload, Kinds kinds = Kinds::kRespected);

}  // namespace remint::policy

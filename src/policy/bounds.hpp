#pragma once
// Whose limits hold for a decision, and which restarts count for them.

#include <string>
#include <vector>

#include "remint/policy/decide.hpp"

namespace remint::policy {

/// A policy whose limits hold: the one that speaks, and the one above it.
struct Bound {
  const std::string& reference;
  const Match* match;  ///< of a cluster policy: its limits are for all restarts in the namespaces it matches
  const Limits& limits;
  const Breaker& breaker;
  const StormSpec& storm;

  [[nodiscard]] bool counts(const PastRestart& restart) const;
  [[nodiscard]] std::size_t under_way(std::span<const PastRestart> restarts) const;
};
[[nodiscard]] std::vector<Bound> bounds(const Effective& policy);

}  // namespace remint::policy

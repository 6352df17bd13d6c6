#pragma once
// What the API server answers when a PodDisruptionBudget forbids an eviction, for people.

#include <string>

#include "strategy.hpp"

namespace remint::restart {

/// From the words of a 429 answer to an eviction: the Status's message and, after it, those of its details.causes,
/// which alone name the budget (kubernetes/kubernetes pkg/registry/core/pod/storage/eviction.go).
[[nodiscard]] Finding eviction_held_back(const std::string& ns, const std::string& words);

}  // namespace remint::restart

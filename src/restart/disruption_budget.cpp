#include "disruption_budget.hpp"

#include <fmt/format.h>

#include <string_view>

namespace remint::restart {

Finding eviction_held_back(const std::string& ns, const std::string& words) {
  constexpr std::string_view kCause = "The disruption budget ";
  constexpr const char* kReason = "DisruptionBudget";
  const std::size_t cause = words.find(kCause);
  if (cause != std::string::npos) {
    const std::string_view rest = std::string_view(words).substr(cause + kCause.size());
    const std::size_t space = rest.find(' ');
    if (space != std::string_view::npos && space > 0) {
      const std::string_view name = rest.substr(0, space);
      std::string_view why = rest.substr(space + 1);
      if (why.ends_with('.')) {
        why.remove_suffix(1);
      }
      const bool counted = why.starts_with("needs ");
      return {kReason, fmt::format("blocked by PodDisruptionBudget {}/{}: {}it {}", ns, name,
                                   counted ? "0 disruptions allowed, " : "", why)};
    }
  }
  if (words.find("disruption budget") != std::string::npos) {
    return {
        kReason,
        fmt::format("blocked by a PodDisruptionBudget in {}: 0 disruptions allowed (kubectl get pdb -n {})", ns, ns)};
  }
  return {"TooManyRequests", "the API server asks to wait: " + words};
}

}  // namespace remint::restart

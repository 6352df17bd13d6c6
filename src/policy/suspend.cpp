#include <algorithm>

#include "select.hpp"

namespace remint::policy {
namespace {

/// Does it speak for all workloads of the namespaces that it names, so that none is left to those behind it?
bool leaves_nothing(const Policy& policy) {
  const Match& match = policy.spec.match;
  const auto empty = [](const LabelSelector& selector) {
    return selector.match_labels.empty() && selector.match_expressions.empty();
  };
  return empty(match.selector) && empty(match.namespace_selector) &&
         std::ranges::all_of(Match{}.kinds, [&](const std::string& kind) {
           return std::ranges::find(match.kinds, kind) != match.kinds.end();
         });
}

std::string first_suspended(std::span<const Policy* const> policies) {
  const auto found = std::ranges::find_if(policies, [](const Policy* policy) { return policy->spec.suspend; });
  return found == policies.end() ? "" : (*found)->reference();
}

}  // namespace

std::vector<const Policy*> cluster_policies_for(std::span<const Policy> policies, std::string_view ns,
                                                const Labels* namespace_labels) {
  std::vector<const Policy*> found;
  for (const Policy& policy : policies) {
    if (policy.cluster() && namespace_named(policy.spec.match, ns) &&
        (namespace_labels == nullptr || policy.spec.match.namespace_selector.matches(*namespace_labels))) {
      found.push_back(&policy);
    }
  }
  std::ranges::sort(found, [](const Policy* a, const Policy* b) { return goes_before(*a, *b); });
  const auto last = std::ranges::find_if(found, [](const Policy* policy) { return leaves_nothing(*policy); });
  if (last != found.end()) {
    found.erase(last + 1, found.end());
  }
  return found;
}

std::string suspended_by(std::span<const Policy> policies, std::string_view reference, std::string_view ns) {
  for (const Policy& policy : policies) {
    // One that was made by hand stands under every policy of its namespace.
    const bool its_own = reference.empty() ? !policy.cluster() && policy.key.ns == ns : policy.reference() == reference;
    if (its_own && policy.spec.suspend) {
      return policy.reference();
    }
  }
  return reference.starts_with("ClusterTokenRefreshPolicy/")
             ? ""
             : first_suspended(cluster_policies_for(policies, ns, nullptr));
}

}  // namespace remint::policy

#include <algorithm>

#include "remint/policy/spec.hpp"

namespace remint::policy {
namespace {

bool meets(const LabelSelector::Requirement& requirement, const Labels& labels) {
  using Operator = LabelSelector::Operator;
  const auto found = labels.find(requirement.key);
  const bool present = found != labels.end();
  const auto is_listed = [&] {
    return std::ranges::find(requirement.values, found->second) != requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::kIn:
      return present && is_listed();
    case Operator::kNotIn:
      // As in Kubernetes, an object without the label is not in any set.
      return !present || !is_listed();
    case Operator::kExists:
      return present;
    case Operator::kDoesNotExist:
      return !present;
  }
  return false;
}

}  // namespace

bool LabelSelector::matches(const Labels& labels) const {
  for (const auto& [key, value] : match_labels) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) {
      return false;
    }
  }
  return std::ranges::all_of(match_expressions,
                             [&](const Requirement& requirement) { return meets(requirement, labels); });
}

}  // namespace remint::policy

#include "own_restarts.hpp"

#include <algorithm>
#include <set>

namespace remint::policy {
namespace {

/// Remint itself makes these anew, under a UID that no past restart knows.
bool known_by_name(const std::string& kind) { return kind == "Pod" || kind == "ReplicationController"; }

/// The names that a workload had: a RollingReplace may have left it with its successor's.
std::set<std::string> names_of(std::span<const PastRestart> restarts, const ObjectRef& workload) {
  std::set<std::string> names{workload.name};
  for (bool grown = true; grown;) {
    grown = false;
    for (const PastRestart& restart : restarts) {
      const ObjectRef& past = restart.workload;
      const bool leads_here = !restart.successor.empty() && past.kind == workload.kind && past.ns == workload.ns &&
                              names.contains(restart.successor);
      grown = (leads_here && names.insert(past.name).second) || grown;
    }
  }
  return names;
}

}  // namespace

Time ended(const PastRestart& restart) { return restart.finished.value_or(restart.created); }

bool same_cause(const PastRestart& restart, const CaseFacts& facts) {
  return !facts.cause.empty() && restart.cause == facts.cause;
}

std::vector<const PastRestart*> own_restarts(std::span<const PastRestart> restarts, const ObjectRef& workload) {
  const bool by_name = known_by_name(workload.kind);
  const auto names = by_name ? names_of(restarts, workload) : std::set<std::string>{workload.name};
  const auto is_own = [&](const ObjectRef& past) {
    if (!by_name && !past.uid.empty() && !workload.uid.empty()) {
      return past.uid == workload.uid;
    }
    return past.kind == workload.kind && past.ns == workload.ns && names.contains(past.name);
  };
  std::vector<const PastRestart*> own;
  for (const PastRestart& restart : restarts) {
    if (is_own(restart.workload)) {
      own.push_back(&restart);
    }
  }
  // So that no answer, nor the name in it, depends on the order in which the objects came.
  std::ranges::stable_sort(own, {}, [](const PastRestart* restart) -> const std::string& { return restart->name; });
  return own;
}

std::vector<const PastRestart*> failures_since_cure(std::span<const PastRestart> restarts, const ObjectRef& workload) {
  const auto own = own_restarts(restarts, workload);
  std::optional<Time> cured;
  for (const PastRestart* restart : own) {
    if (restart->outcome == Outcome::kCured) {
      cured = std::max(cured.value_or(ended(*restart)), ended(*restart));
    }
  }
  // What was cancelled or could not be verified says nothing about whether a restart helps.
  std::vector<const PastRestart*> failures;
  std::ranges::copy_if(own, std::back_inserter(failures), [&](const PastRestart* restart) {
    return restart->phase == Phase::kFailed && (!cured || ended(*restart) > *cured);
  });
  std::ranges::stable_sort(failures, std::greater<>(), [](const PastRestart* restart) { return ended(*restart); });
  return failures;
}

}  // namespace remint::policy

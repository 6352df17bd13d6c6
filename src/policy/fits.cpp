// What works on what. The restart layer looks again at the object itself; here the kind must do.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

struct Known {
  std::string_view kind;
  std::string_view group;  ///< what its apiVersion begins with
};
constexpr std::array<Known, 6> kKnown{{{"Deployment", "apps/"},
                                       {"StatefulSet", "apps/"},
                                       {"DaemonSet", "apps/"},
                                       {"ReplicaSet", "apps/"},
                                       {"ReplicationController", "v1"},
                                       {"Pod", "v1"}}};

bool is_one_of(std::string_view kind, std::initializer_list<std::string_view> kinds) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

/// Kinds of other groups bear the known names too. Whoever wrote "Deployment" into a policy did not mean those.
bool is_namesake(const ObjectRef& workload) {
  const auto* known = std::ranges::find(kKnown, workload.kind, &Known::kind);
  if (known == kKnown.end()) {
    return false;
  }
  return known->group == "v1" ? workload.api_version != "v1" : !workload.api_version.starts_with(known->group);
}

}  // namespace

bool fits_kind(Strategy strategy, std::string_view kind) {
  if (!never_restarted(kind).empty()) {
    return false;
  }
  switch (strategy) {
    case Strategy::kRolloutRestart:
      return is_one_of(kind, {"Deployment", "StatefulSet", "DaemonSet"});
    case Strategy::kEvictPods:
      return kind != "Pod";  // nobody would make it again
    case Strategy::kScaleToZero:
      return is_one_of(kind, {"ReplicationController", "ReplicaSet", "Deployment", "StatefulSet"});
    case Strategy::kRollingReplace:
      return kind == "ReplicationController";
    case Strategy::kRecreate:
      return kind == "Pod";
    case Strategy::kNone:
      break;
  }
  return false;
}

bool fits(Strategy strategy, const ObjectRef& workload) {
  return fits_kind(strategy, workload.kind) && !is_namesake(workload);
}

std::string_view kinds_for(Strategy strategy) {
  switch (strategy) {
    case Strategy::kRolloutRestart:
      return "Deployment, StatefulSet and DaemonSet";
    case Strategy::kEvictPods:
      return "every kind but Pod";
    case Strategy::kScaleToZero:
      return "ReplicationController, ReplicaSet, Deployment and StatefulSet";
    case Strategy::kRollingReplace:
      return "ReplicationController";
    case Strategy::kRecreate:
      return "Pod";
    case Strategy::kNone:
      break;
  }
  return "nothing";
}

std::string strategies_for(std::string_view kind) {
  std::vector<std::string_view> names;
  for (const Strategy strategy : {Strategy::kRolloutRestart, Strategy::kEvictPods, Strategy::kScaleToZero,
                                  Strategy::kRollingReplace, Strategy::kRecreate}) {
    if (fits_kind(strategy, kind)) {
      names.push_back(to_string(strategy));
    }
  }
  if (names.size() < 2) {
    return names.empty() ? "nothing" : std::string(names.front());
  }
  return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

std::string_view never_restarted(std::string_view kind) {
  if (kind == "Job" || kind == "CronJob") {
    // An evicted pod's work is lost, and counts against the Job's backoffLimit: the cure could fail the Job. When its
    // pod fails for want of a token, the Job makes another one by itself.
    return "the pods of a Job run to completion: an eviction would lose their work and count as a failure of the Job";
  }
  if (kind == "Node") {
    return "static pods are made by their node's kubelet from a file, and have no ServiceAccount token to renew";
  }
  return "";
}

std::string no_strategy_reason(const ObjectRef& workload) {
  if (const std::string_view why = never_restarted(workload.kind); !why.empty()) {
    return fmt::format("{} is left alone: {}", workload.to_string(), why);
  }
  return fmt::format("Remint knows no way to restart a {} of {}: restart it by hand", workload.kind,
                     workload.api_version);
}

std::vector<ListedStrategy> default_strategies(const ObjectRef& workload) {
  std::vector<ListedStrategy> list;
  for (const Strategy strategy : {Strategy::kRecreate, Strategy::kRollingReplace, Strategy::kRolloutRestart}) {
    if (fits(strategy, workload)) {
      list.push_back({strategy, {}});
    }
  }
  if (workload.kind == "ReplicationController" && !list.empty()) {
    list.push_back({Strategy::kScaleToZero, {}});
  }
  if (list.empty() && fits(Strategy::kEvictPods, workload)) {
    list.push_back({Strategy::kEvictPods, {}});
  }
  return list;
}

std::vector<ListedStrategy> listed_strategies(const Spec& spec, const ObjectRef& workload) {
  const auto found = spec.strategies.find(workload.kind);
  auto list = found == spec.strategies.end() ? default_strategies(workload) : found->second;
  std::erase_if(list, [&](const ListedStrategy& listed) { return !fits(listed.type, workload); });
  return list;
}

}  // namespace remint::policy

#include "owners.hpp"

#include <algorithm>

namespace remint::detect {
namespace {

constexpr int kMaxSteps = 8;

}  // namespace

bool is_watched_controller(std::string_view api_version, std::string_view kind) {
  if (api_version == "v1") {
    return kind == "ReplicationController";
  }
  return api_version.starts_with("apps/") &&
         (kind == "Deployment" || kind == "ReplicaSet" || kind == "StatefulSet" || kind == "DaemonSet");
}

void Owners::put(ObjectKind kind, WorkloadRecord workload, std::uint32_t relist) {
  const std::string uid = workload.ref.uid;
  remove(uid);
  if (!workload.owner.empty()) {
    if (is_watched_controller(workload.owner.api_version, workload.owner.kind)) {
      workload.labels.clear();  // policies look at the topmost owner's labels
    }
    children_.emplace(workload.owner.uid, uid);
  }
  by_uid_.insert_or_assign(uid, Entry{std::move(workload), kind, relist});
}

void Owners::remove(std::string_view uid) {
  const auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) {
    return;
  }
  const auto [begin, end] = children_.equal_range(found->second.record.owner.uid);
  const auto child = std::find_if(begin, end, [uid](const auto& pair) { return pair.second == uid; });
  if (child != end) {
    children_.erase(child);
  }
  by_uid_.erase(found);
}

void Owners::remove_not_seen_in(ObjectKind kind, std::uint32_t relist) {
  std::vector<std::string> gone;
  for (const auto& [uid, entry] : by_uid_) {
    if (entry.kind == kind && entry.relist != relist) {
      gone.push_back(uid);
    }
  }
  for (const std::string& uid : gone) {
    remove(uid);
  }
}

const WorkloadRecord* Owners::find(std::string_view uid) const {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? nullptr : &found->second.record;
}

std::vector<std::string> Owners::owned_by(std::string_view uid) const {
  std::vector<std::string> uids;
  const auto [begin, end] = children_.equal_range(std::string(uid));
  std::transform(begin, end, std::back_inserter(uids), [](const auto& pair) { return pair.second; });
  return uids;
}

ObjectRef Owners::top(ObjectRef object, OwnerRef owner) const {
  std::vector<std::string> visited{object.uid};
  for (int step = 0; step < kMaxSteps && !owner.uid.empty(); ++step) {
    if (std::ranges::find(visited, owner.uid) != visited.end()) {
      break;  // a cycle
    }
    visited.push_back(owner.uid);
    const WorkloadRecord* found = find(owner.uid);
    if (found == nullptr && step > 0 && !is_watched_controller(owner.api_version, owner.kind)) {
      break;
    }
    if (found == nullptr) {
      // Mirror pods are controlled by their node, which has no namespace.
      std::string ns = owner.kind == "Node" ? std::string() : object.ns;
      return {std::move(owner.api_version), std::move(owner.kind), std::move(ns), std::move(owner.name),
              std::move(owner.uid)};
    }
    if (found->ref.ns != object.ns || found->ref.kind != owner.kind || found->ref.name != owner.name) {
      break;  // a lie
    }
    object = found->ref;
    owner = found->owner;
  }
  return object;
}

}  // namespace remint::detect

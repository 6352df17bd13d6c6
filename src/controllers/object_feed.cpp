#include "remint/controllers/object_feed.hpp"

#include <utility>

namespace remint::controllers {
namespace {

constexpr std::size_t kBatch = 256;

std::pair<std::string_view, std::string_view> api_kind(detect::ObjectKind kind) {
  using enum detect::ObjectKind;
  switch (kind) {
    case kReplicaSet:
      return {"apps/v1", "ReplicaSet"};
    case kDeployment:
      return {"apps/v1", "Deployment"};
    case kStatefulSet:
      return {"apps/v1", "StatefulSet"};
    case kDaemonSet:
      return {"apps/v1", "DaemonSet"};
    case kReplicationController:
      return {"v1", "ReplicationController"};
    case kPod:
    case kNode:
    case kNamespace:
    case kServiceAccount:
      break;
  }
  return {"v1", ""};
}

}  // namespace

ObjectFeed::ObjectFeed(DetectionController& detection, detect::ObjectKind kind) : detection_(detection), kind_(kind) {}

Result<ObjectFeed::Change> ObjectFeed::decode(std::string_view object) const {
  using enum detect::ObjectKind;
  if (kind_ == kNode) {
    auto node = detect::decode_node(object);
    if (!node) return std::unexpected(node.error());
    return [node = std::move(*node)](DetectionEngine& engine, Time) { engine.detector().inventory().apply(node); };
  }
  if (kind_ == kNamespace) {
    auto ns = detect::decode_namespace(object);
    if (!ns) return std::unexpected(ns.error());
    return [ns = std::move(*ns)](DetectionEngine& engine, Time) {
      engine.detector().inventory().apply(ns);
      engine.reconsider();
    };
  }
  if (kind_ == kServiceAccount) {
    auto account = detect::decode_service_account(object);
    if (!account) return std::unexpected(account.error());
    return [account = std::move(*account)](DetectionEngine& engine, Time) {
      engine.detector().inventory().apply(account);
    };
  }
  const auto [api_version, name] = api_kind(kind_);
  auto workload = detect::decode_workload(object, api_version, name);
  if (!workload) return std::unexpected(workload.error());
  return [kind = kind_, workload = std::move(*workload)](DetectionEngine& engine, Time) {
    engine.detector().inventory().apply(kind, workload);
    // Annotations and pauses decide: whoever unpauses a Deployment expects an answer now.
    engine.reconsider();
  };
}

Result<void> ObjectFeed::add(std::string_view object) {
  if (kind_ == detect::ObjectKind::kPod) {
    auto pod = detect::decode_pod(object);
    if (!pod) return std::unexpected(pod.error());
    pods_.push_back(std::move(*pod));
    return {};
  }
  auto change = decode(object);
  if (!change) return std::unexpected(change.error());
  changes_.push_back(std::move(*change));
  return {};
}

void ObjectFeed::flush() {
  // shared_ptr: std::function wants to be copyable, and these are not cheap to copy.
  if (!pods_.empty()) {
    auto pods = std::make_shared<std::vector<detect::PodRecord>>(std::exchange(pods_, {}));
    detection_.post([pods](DetectionEngine& engine, Time now) {
      for (auto& pod : *pods) {
        // To the inventory, and then to the pod's case: a pod that begins to terminate closes its case.
        engine.detector().inventory().apply(pod, now);
        engine.detector().pod_changed(pod.uid);
      }
    });
  }
  if (!changes_.empty()) {
    auto changes = std::make_shared<std::vector<Change>>(std::exchange(changes_, {}));
    detection_.post([changes](DetectionEngine& engine, Time now) {
      for (auto& change : *changes) change(engine, now);
    });
  }
}

void ObjectFeed::begin_list() {
  pods_.clear();
  changes_.clear();
  detection_.post([kind = kind_](DetectionEngine& engine, Time) { engine.detector().inventory().begin_relist(kind); });
}

Result<void> ObjectFeed::apply(std::string_view object, bool initial) {
  if (auto added = add(object); !added) return added;
  if (!initial || pods_.size() + changes_.size() >= kBatch) flush();
  return {};
}

Result<void> ObjectFeed::remove(std::string_view object) {
  using enum detect::ObjectKind;
  std::string id;
  if (kind_ == kPod) {
    auto pod = detect::decode_pod(object);
    if (!pod) return std::unexpected(pod.error());
    id = pod->uid;
  } else if (kind_ == kNode) {
    auto node = detect::decode_node(object);
    if (!node) return std::unexpected(node.error());
    id = node->name;
  } else if (kind_ == kNamespace) {
    auto ns = detect::decode_namespace(object);
    if (!ns) return std::unexpected(ns.error());
    id = ns->name;
  } else if (kind_ == kServiceAccount) {
    auto account = detect::decode_service_account(object);
    if (!account) return std::unexpected(account.error());
    id = account->uid;
  } else {
    const auto [api_version, name] = api_kind(kind_);
    auto workload = detect::decode_workload(object, api_version, name);
    if (!workload) return std::unexpected(workload.error());
    id = workload->ref.uid;
  }
  flush();
  detection_.post([kind = kind_, id = std::move(id)](DetectionEngine& engine, Time now) {
    engine.detector().inventory().remove(kind, id, now);
    if (kind == kPod) engine.detector().pod_changed(id);
  });
  return {};
}

void ObjectFeed::end_list() {
  flush();
  detection_.post([kind = kind_](DetectionEngine& engine, Time now) {
    engine.detector().inventory().end_relist(kind, now);
    if (kind == detect::ObjectKind::kPod) engine.detector().pods_relisted();
    engine.reconsider();
  });
}

}  // namespace remint::controllers

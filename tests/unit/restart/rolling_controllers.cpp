// The rest of the cluster: replication controllers as the controller manager works them, pods as the kubelet starts and
// ends them, and the garbage collector.

#include <algorithm>

#include "rolling_fixture.hpp"

namespace remint::restart {
namespace {

std::string uid_of(const Json& controller) { return controller.at("metadata").at("uid"); }
bool deleting(const Json& controller) { return controller.at("metadata").contains("deletionTimestamp"); }

}  // namespace

void RollingWorld::replicate(Json& controller) {
  const std::string uid = uid_of(controller);
  std::vector<RollingPod*> mine;
  for (RollingPod& pod : pods) {
    if (pod.owner.empty() && !pod.gone_at && matches(controller["spec"]["selector"], pod.labels)) {
      pod.owner = uid;
    }
    if (pod.owner == uid && !pod.gone_at) {
      mine.push_back(&pod);
    }
  }
  const auto wanted = controller["spec"]["replicas"].get<std::size_t>();
  // As the real one ranks them: those that are not ready go first.
  std::ranges::stable_sort(mine, {}, [](const RollingPod* pod) { return pod->ready_since.has_value(); });
  for (std::size_t i = 0; i + wanted < mine.size(); ++i) {
    mine[i]->gone_at = now + seconds(2);
  }
  Counted counted;
  for (const RollingPod* pod : mine) {
    const bool ready = !pod->gone_at && pod->ready_since;
    counted.replicas += pod->gone_at ? 0 : 1;
    counted.ready += ready ? 1 : 0;
    counted.available += ready && now - *pod->ready_since >= seconds(1) ? 1 : 0;
  }
  const Json& labels = controller["spec"]["template"]["metadata"]["labels"];
  for (std::size_t i = mine.size(); i < wanted && !counted.refused; ++i) {
    counted.refused = pods.size() >= pod_quota;
    if (!counted.refused) {
      pods.push_back({"uid-" + std::to_string(++made_), uid, labels, now, std::nullopt, std::nullopt,
                      matches({{"app", "cart"}}, labels)});
    }
  }
  Counted& said = counted_[controller["metadata"]["name"]];
  counted.version = controller["metadata"]["resourceVersion"];
  if (counted == said) {
    return;
  }
  controller["status"] = {{"replicas", counted.replicas},
                          {"readyReplicas", counted.ready},
                          {"availableReplicas", counted.available},
                          {"observedGeneration", controller["metadata"]["generation"]}};
  if (counted.refused) {
    controller["status"]["conditions"] = {
        {{"type", "ReplicaFailure"}, {"status", "True"}, {"message", "exceeded quota: pods"}}};
  }
  bump(controller);
  counted.version = controller["metadata"]["resourceVersion"];
  said = std::move(counted);
}

void RollingWorld::collect_garbage() {
  if (std::exchange(collected_, version_) == version_) {
    return;
  }
  std::vector<std::string> alive;
  std::erase_if(controllers, [&](const auto& item) {
    if (!deleting(item.second)) {
      return false;
    }
    for (RollingPod& pod : pods) {
      pod.owner = pod.owner == uid_of(item.second) ? "" : pod.owner;
    }
    for (auto& [name, other] : controllers) {
      if (other["metadata"].contains("ownerReferences") &&
          other["metadata"]["ownerReferences"][0]["uid"] == uid_of(item.second)) {
        other["metadata"].erase("ownerReferences");
        bump(other);
      }
    }
    return true;
  });
  for (const auto& [name, controller] : controllers) {
    alive.push_back(uid_of(controller));
  }
  const auto dead = [&](const std::string& uid) { return std::ranges::find(alive, uid) == alive.end(); };
  std::erase_if(controllers, [&](const auto& item) {
    const Json& metadata = item.second.at("metadata");
    return metadata.contains("ownerReferences") && dead(metadata["ownerReferences"][0]["uid"]);
  });
  // What is deleted in this round takes its pods along in the next one.
  collected_ = controllers.size() < alive.size() ? 0 : collected_;
  for (RollingPod& pod : pods) {
    if (!pod.owner.empty() && dead(pod.owner) && !pod.gone_at) {
      pod.gone_at = now + seconds(2);
    }
  }
}

void RollingWorld::others_work(Duration passes) {
  now += passes;
  for (RollingPod& pod : pods) {
    if (!pod.ready_since && !pod.gone_at && now - pod.created >= seconds(2) && !(stays_unready && stays_unready(pod))) {
      pod.ready_since = now;
    }
  }
  std::erase_if(pods, [&](const RollingPod& pod) { return pod.gone_at && *pod.gone_at <= now; });
  for (auto& [name, controller] : controllers) {
    if (!deleting(controller)) {
      replicate(controller);
    }
  }
  if (collector_works) {
    collect_garbage();
  }
  check_service();
}

}  // namespace remint::restart

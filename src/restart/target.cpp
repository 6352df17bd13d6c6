// The target as an observation, and how far its rollout is: the same answers as `kubectl rollout status` gives
// (kubernetes/kubectl pkg/polymorphichelpers/rollout_status.go).

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "remint/restart/observation.hpp"

namespace remint::restart {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int64_t>::max();

std::int64_t count(const JsonReader& reader, std::string_view key, std::int64_t fallback = 0) {
  return reader.at(key).integer(fallback, 0, kMaxInt);
}

bool deadline_exceeded(const JsonReader& status) {
  for (const JsonReader& condition : status.at("conditions").items()) {
    if (condition.at("type").string() == "Progressing" &&
        condition.at("reason").string() == "ProgressDeadlineExceeded") {
      return true;
    }
  }
  return false;
}

struct Controller {
  std::string name, uid;
};

Controller controller_of(const JsonReader& metadata) {
  for (const JsonReader& owner : metadata.at("ownerReferences").items()) {
    if (owner.at("controller").boolean(false)) {
      return {owner.at("kind").string() + "/" + owner.at("name").string(), owner.at("uid").string()};
    }
  }
  return {};
}

/// Since when a pod is Ready; nothing when it is not.
std::optional<Time> ready_since(const JsonReader& status) {
  for (const JsonReader& condition : status.at("conditions").items()) {
    if (condition.at("type").string() == "Ready" && condition.at("status").string() == "True") {
      return condition.at("lastTransitionTime").time().value_or(Time{});
    }
  }
  return std::nullopt;
}

bool is_finished(const JsonReader& pod_status) {
  const std::string phase = pod_status.at("phase").string();
  return phase == "Succeeded" || phase == "Failed";
}

void read_pod(const JsonReader& root, TargetState& target) {
  const JsonReader status = root.at("status");
  target.finished = is_finished(status);
  target.between_controllers = root.at("metadata").at("labels").at(kRestartLabel).present();
  target.mirror = root.at("metadata").at("annotations").at("kubernetes.io/config.mirror").present();
  target.replicas = target.current = target.updated = 1;
  target.ready = target.available = ready_since(status) ? 1 : 0;
}

bool is_scalable(const std::string& kind) {
  return kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet" || kind == "ReplicationController";
}

RolloutProgress deployment_progress(const TargetState& target) {
  if (target.updated < target.replicas) {
    return {false, fmt::format("{} of {} new pods are created", target.updated, target.replicas)};
  }
  if (target.current > target.updated) {
    return {false, fmt::format("{} old pods are still there", target.current - target.updated)};
  }
  return {target.available >= target.updated,
          fmt::format("{} of {} new pods are available", target.available, target.updated)};
}

RolloutProgress stateful_set_progress(const TargetState& target) {
  if (target.ready < target.replicas) {
    return {false, fmt::format("{} of {} pods are ready", target.ready, target.replicas)};
  }
  const std::int64_t wanted = std::max<std::int64_t>(target.replicas - target.partition, 0);
  return {target.updated >= wanted,
          fmt::format("{} of {} pods are new and ready", std::min(target.updated, wanted), wanted)};
}

RolloutProgress daemon_set_progress(const TargetState& target) {
  if (target.updated < target.replicas) {
    return {false, fmt::format("{} of {} new pods are created", target.updated, target.replicas)};
  }
  return {target.available >= target.replicas,
          fmt::format("{} of {} new pods are available", target.available, target.replicas)};
}

}  // namespace

Result<TargetState> parse_target(std::string_view object) {
  const auto json = parse_json(object);
  if (!json) {
    return std::unexpected(json.error());
  }
  FieldErrors errors;
  TargetState target;
  target.object = object;
  const JsonReader root(*json, errors);
  const std::string kind = root.at("kind").string();
  const JsonReader metadata = root.at("metadata");
  const JsonReader spec = root.at("spec");
  const JsonReader status = root.at("status");
  target.uid = metadata.at("uid").string();
  target.resource_version = metadata.at("resourceVersion").string();
  target.deleting = metadata.at("deletionTimestamp").present();
  target.controller = controller_of(metadata).name;
  target.generation = count(metadata, "generation");
  target.observed_generation = count(status, "observedGeneration");
  target.restarted_at =
      spec.at("template").at("metadata").at("annotations").at("kubectl.kubernetes.io/restartedAt").string();
  if (kind == "Pod") {
    read_pod(root, target);
  } else if (kind == "DaemonSet") {
    target.replicas = count(status, "desiredNumberScheduled");
    target.updated = count(status, "updatedNumberScheduled");
    target.ready = count(status, "numberReady");
    target.available = count(status, "numberAvailable");
    target.current = count(status, "currentNumberScheduled");
  } else if (is_scalable(kind)) {
    target.replicas = count(spec, "replicas", 1);
    target.updated = count(status, "updatedReplicas");
    target.ready = count(status, "readyReplicas");
    target.available = count(status, "availableReplicas");
    target.current = count(status, "replicas");
  } else {
    root.at("kind").error("must be Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Pod");
  }
  if (kind == "Deployment") {
    target.paused = spec.at("paused").boolean(false);
    target.progress_deadline_exceeded = deadline_exceeded(status);
  } else if (kind == "StatefulSet" || kind == "DaemonSet") {
    const JsonReader strategy = spec.at("updateStrategy");
    target.on_delete = strategy.at("type").string() == "OnDelete";
    target.partition = count(strategy.at("rollingUpdate"), "partition");
    target.update_revision = status.at("updateRevision").string();
    target.current_revision = status.at("currentRevision").string();
  }
  if (target.uid.empty()) {
    metadata.at("uid").error("is missing");
  }
  if (!errors.empty()) {
    return fail(ErrorCode::kInvalid, join(errors));
  }
  return target;
}

Result<PodState> parse_pod(std::string_view object) {
  const auto json = parse_json(object);
  if (!json) {
    return std::unexpected(json.error());
  }
  FieldErrors errors;
  PodState pod;
  const JsonReader root(*json, errors);
  const JsonReader metadata = root.at("metadata");
  pod.name = metadata.at("name").string();
  pod.uid = metadata.at("uid").string();
  pod.controller_uid = controller_of(metadata).uid;
  pod.created = metadata.at("creationTimestamp").time().value_or(Time{});
  pod.terminating = metadata.at("deletionTimestamp").present();
  pod.grace_over = metadata.at("deletionTimestamp").time();
  pod.finished = is_finished(root.at("status"));
  pod.ready_since = ready_since(root.at("status"));
  pod.ready = pod.ready_since.has_value();
  if (pod.name.empty() || pod.uid.empty()) {
    metadata.error("has no name or no uid");
  }
  if (!errors.empty()) {
    return fail(ErrorCode::kInvalid, join(errors));
  }
  return pod;
}

std::string_view readable_version(std::string_view kind) {
  if (kind == "Pod" || kind == "ReplicationController") {
    return "v1";
  }
  const bool known = kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "ReplicaSet";
  return known ? "apps/v1" : "";
}

RolloutProgress rollout_progress(const std::string& kind, const TargetState& target) {
  // Before its controller has seen the new template, all numbers are those of the old one.
  if (target.observed_generation == 0 || target.observed_generation < target.generation) {
    return {false, "its controller has not taken notice yet"};
  }
  if (kind == "Deployment") {
    return deployment_progress(target);
  }
  return kind == "StatefulSet" ? stateful_set_progress(target) : daemon_set_progress(target);
}

}  // namespace remint::restart

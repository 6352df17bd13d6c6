// The target as an observation, and how far its rollout is: the same answers as `kubectl rollout status` gives
// (kubernetes/kubectl pkg/polymorphichelpers/rollout_status.go).

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "remint/restart/machine.hpp"

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

Result<TargetState> parse_target(const Json& object) {
  FieldErrors errors;
  TargetState target;
  const JsonReader root(object, errors);
  const std::string kind = root.at("kind").string();
  const JsonReader metadata = root.at("metadata");
  const JsonReader spec = root.at("spec");
  const JsonReader status = root.at("status");
  target.uid = metadata.at("uid").string();
  target.resource_version = metadata.at("resourceVersion").string();
  target.deleting = metadata.at("deletionTimestamp").present();
  target.generation = count(metadata, "generation");
  target.observed_generation = count(status, "observedGeneration");
  target.restarted_at =
      spec.at("template").at("metadata").at("annotations").at("kubectl.kubernetes.io/restartedAt").string();
  if (kind == "DaemonSet") {
    target.replicas = count(status, "desiredNumberScheduled");
    target.updated = count(status, "updatedNumberScheduled");
    target.ready = count(status, "numberReady");
    target.available = count(status, "numberAvailable");
    target.current = count(status, "currentNumberScheduled");
  } else if (kind == "Deployment" || kind == "StatefulSet") {
    target.replicas = count(spec, "replicas", 1);
    target.updated = count(status, "updatedReplicas");
    target.ready = count(status, "readyReplicas");
    target.available = count(status, "availableReplicas");
    target.current = count(status, "replicas");
  } else {
    root.at("kind").error("must be Deployment, StatefulSet or DaemonSet");
  }
  if (kind == "Deployment") {
    target.paused = spec.at("paused").boolean(false);
    target.progress_deadline_exceeded = deadline_exceeded(status);
  } else {
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

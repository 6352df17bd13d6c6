#include "pods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace remint::restart {
namespace {

/// Not the same question as rollout_progress(): a pod that is not Ready because its token died is no rollout.
bool is_rolling(const std::string& kind, const TargetState& target) {
  if (kind == "Deployment") {
    return !target.paused && (target.updated < target.replicas || target.current > target.updated);
  }
  if (kind == "StatefulSet") {
    return !target.on_delete && target.updated < std::max<std::int64_t>(target.replicas - target.partition, 0);
  }
  return kind == "DaemonSet" && !target.on_delete && target.updated < target.replicas;
}

}  // namespace

std::optional<std::int64_t> ordinal(const std::string& pod) {
  const std::size_t dash = pod.rfind('-');
  std::int64_t number = 0;
  if (dash == std::string::npos) {
    return std::nullopt;
  }
  const char* end = pod.data() + pod.size();
  const auto parsed = std::from_chars(pod.data() + dash + 1, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

bool is_live(const PodState& pod) { return !pod.terminating && !pod.finished; }

std::int64_t count_ready(std::span<const PodState> pods) {
  return std::ranges::count_if(pods, [](const PodState& pod) { return is_live(pod) && pod.ready; });
}

std::string name_list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() <= kShown ? text : fmt::format("{} and {} more", text, names.size() - kShown);
}

bool is_readable(const ObjectRef& target) {
  return target.kind != "Pod" && !target.api_version.empty() && target.api_version == readable_version(target.kind);
}

std::optional<Finding> rollout_under_way(const View& view) {
  const TargetState& target = *view.observation.target;
  const std::string& kind = view.journal.spec.target.kind;
  const bool has_rollouts = kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet";
  // Before its controller has seen the newest template, its numbers say nothing of it.
  if (has_rollouts && (target.observed_generation < target.generation || is_rolling(kind, target))) {
    return Finding{"RolloutUnderWay", fmt::format("a rollout of {} is under way, which replaces pods by itself: "
                                                  "waiting until it is over",
                                                  target_name(view))};
  }
  return std::nullopt;
}

Step wait_for_rollout(const View& view, const Finding& under_way) {
  const std::optional<Time> since = blocked_since(view.journal.status);
  if (since && view.now - *since > view.settings.rollout_deadline) {
    return cancel(view, {under_way.reason,
                         fmt::format("a rollout of {} has not come to its end within {} (see kubectl rollout status): "
                                     "nothing was done",
                                     target_name(view), format_duration(view.settings.rollout_deadline))});
  }
  return blocked(view, under_way, view.settings.poll);
}

std::optional<Finding> rollout_stuck(const View& view) {
  if (!view.observation.target->progress_deadline_exceeded) {
    return std::nullopt;
  }
  return Finding{"RolloutStuck",
                 fmt::format("the present rollout of {} is stuck (ProgressDeadlineExceeded): taking away the pods that "
                             "still run could leave none; finish it or run kubectl rollout undo first",
                             target_name(view))};
}

}  // namespace remint::restart

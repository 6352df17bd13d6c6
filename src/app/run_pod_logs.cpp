// Pods' logs: whose are read is asked of the detection thread, and clues are given to it.

#include <algorithm>
#include <iterator>

#include "run_parts.hpp"

namespace remint::app {
namespace {

constexpr std::size_t kMostPods = 10'000;

/// One target for each container that runs or crashes again and again, or one without a container where nothing is
/// known of them yet.
std::vector<sources::PodLogTarget> by_container(std::vector<controllers::PodLogTarget> pods, bool posted) {
  std::vector<sources::PodLogTarget> targets;
  targets.reserve(pods.size());
  for (auto& pod : pods) {
    const sources::PodLogTarget target{
        .uid = std::move(pod.uid), .pod = {pod.ns, pod.name}, .container = {}, .patterns = std::move(pod.patterns)};
    if (pod.containers.empty()) targets.push_back(target);
    for (auto& container : pod.containers) {
      // Programs that end at their first 401 wait most of the time: then the log of their last life counts. The API
      // serves that and no other; what is posted may be of any.
      if (!container.running_since && !container.crash_looping) continue;
      auto& one = targets.emplace_back(target);
      one.container = std::move(container.name);
      one.started = container.running_since.value_or(posted ? container.last_began.value_or(Time::max()) : Time::min());
    }
  }
  return targets;
}

}  // namespace

void RunParts::add_pod_logs() {
  if (options_.pod_logs) {
    sources::PodLogSettings settings;
    settings.streams = options_.pod_log_streams;
    pod_logs_ = std::make_unique<sources::PodLogFollower>(
        settings,
        sources::PodLogHooks{[this] { return may_act(); }, [this] { ask_for_targets(false); },
                             [this](std::vector<detect::Clue>&& clues) { return deliver(std::move(clues)); },
                             [this](const std::string& uid) {
                               (void)detection_->try_post(
                                   [uid](auto& engine, Time now) { engine.look_failed(uid, now); });
                             }},
        reader_, metrics_, system_clock());
  }
  if (options_.apiserver_pod_logs) {
    apiserver_pod_logs_ = std::make_unique<sources::ApiServerPodLogs>(
        sources::ApiServerPodLogsSettings{},
        sources::ApiServerPodLogsHooks{
            [this] { return may_act(); },
            [this](std::string_view stream, std::string_view lines) { return log_intake_->take(stream, lines); }},
        reader_, metrics_, system_clock());
  }
}

// Not waited for: a detection thread that is busy must not hold up a stop, nor an answer.
void RunParts::ask_for_targets(bool for_intake) {
  (void)detection_->try_post([this, for_intake](auto& engine, Time now) {
    std::size_t left_out = 0;
    auto targets = by_container(engine.pod_log_targets(kMostPods, &left_out), for_intake);
    if (for_intake) return pod_log_intake_->set_targets(targets, left_out);
    pod_logs_->set_targets(std::move(targets), left_out);
    std::vector<std::string> asked;
    auto pods = engine.take_looks();
    std::ranges::transform(pods, std::back_inserter(asked), &controllers::PodLogTarget::uid);
    auto looks = by_container(std::move(pods), false);
    for (const auto& uid : asked) {  // nothing of it runs just now
      if (std::ranges::find(looks, uid, &sources::PodLogTarget::uid) == looks.end()) engine.look_failed(uid, now);
    }
    pod_logs_->look_into(std::move(looks));
  });
}

bool RunParts::deliver(std::vector<detect::Clue>&& clues) {
  return detection_->try_post(
      [clues = std::move(clues)](auto& engine, Time now) { engine.detector().observe(clues, now); });
}

Result<void> RunParts::create_pod_log_intake(const sources::AuditWebhookSettings& senders) {
  auto created =
      sources::PodLogIntake::create(senders,
                                    {[this] { ask_for_targets(true); },
                                     [this](std::vector<detect::Clue>&& clues) { return deliver(std::move(clues)); }},
                                    metrics_, system_clock());
  if (!created) return std::unexpected(created.error());
  pod_log_intake_ = std::move(*created);
  return {};
}

}  // namespace remint::app

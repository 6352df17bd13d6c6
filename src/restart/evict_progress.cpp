#include "evict_progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace remint::restart {
namespace {

/// A StatefulSet's pods as its own controller would replace them; else those first that serve nobody anyway.
void put_in_order(const std::string& kind, std::vector<const PodState*>& pods) {
  std::ranges::sort(pods, [&](const PodState* left, const PodState* right) {
    if (kind == "StatefulSet" && ordinal(left->name) != ordinal(right->name)) {
      return ordinal(left->name) > ordinal(right->name);
    }
    return std::pair(left->ready, std::string_view(left->name)) <
           std::pair(right->ready, std::string_view(right->name));
  });
}

}  // namespace

std::vector<const PodState*> affected(const View& view) {
  const std::vector<std::string>& accused = view.journal.spec.pods;
  std::vector<const PodState*> found;
  for (const PodState& pod : *view.observation.pods) {
    if (is_live(pod) && (accused.empty() || std::ranges::find(accused, pod.name) != accused.end())) {
      found.push_back(&pod);
    }
  }
  put_in_order(view.journal.spec.target.kind, found);
  return found;
}

Eviction look_at_eviction(const View& view) {
  Eviction progress;
  const std::vector<PodState>& pods = *view.observation.pods;
  for (const SavedPod& saved : view.journal.status.saved.pods) {
    const auto pod = std::ranges::find(pods, saved.uid, &PodState::uid);
    if (pod != pods.end() && is_live(*pod)) {
      progress.left.push_back(&saved);
      continue;
    }
    ++progress.gone;
    if (pod != pods.end() && pod->terminating) {
      progress.terminating.push_back(saved.name);
      progress.grace_over = std::max(progress.grace_over, pod->grace_over);
    }
  }
  progress.ready = count_ready(pods);
  const auto& saved = view.journal.status.saved.pods;
  for (const PodState& pod : pods) {
    if (is_live(pod) && pod.ready && pod.created >= new_pods_since(view.journal) &&
        std::ranges::find(saved, pod.uid, &SavedPod::uid) == saved.end()) {
      ++progress.ready_new;
      progress.newest_ready = std::max(progress.newest_ready, pod.ready_since.value_or(pod.created));
    }
  }
  return progress;
}

std::optional<Wait> not_replaced(const View& view, const Eviction& progress) {
  const bool readable = is_readable(view.journal.spec.target);
  const std::optional<std::int64_t> wanted = readable ? std::optional(view.observation.target->replicas) : std::nullopt;
  const std::int64_t found = view.journal.status.saved.replicas.value_or(0);
  const std::int64_t floor = wanted ? std::min(*wanted, found) : found;
  // Pods that were not Ready when it began are not in that number, so it says nothing of their replacements.
  const bool came_back =
      std::cmp_greater_equal(progress.ready_new, progress.gone) || (wanted && progress.ready >= *wanted);
  if (progress.ready >= floor && came_back) {
    const auto under_way = readable ? rollout_under_way(view) : std::nullopt;
    return under_way ? std::optional(Wait{
                           {under_way->reason,
                            fmt::format("a rollout of {} began meanwhile and has not come to its end within {} (see "
                                        "kubectl rollout status)",
                                        target_name(view), format_duration(view.settings.rollout_deadline))}})
                     : std::nullopt;
  }
  return Wait{{"ReplacementNotReady",
               fmt::format("the pod made in place of an evicted one did not become Ready within {} ({} pods are Ready, "
                           "{} were when it began; see kubectl describe pod)",
                           format_duration(view.settings.rollout_deadline), progress.ready, found)}};
}

std::optional<Wait> not_heard(const View& view, const Eviction& progress) {
  const std::optional<VerificationInput>& seen = view.observation.verification;
  if (progress.gone == 0 || (seen && seen->pods > 0 && seen->authenticated >= seen->pods)) {
    return std::nullopt;
  }
  if (seen && seen->authenticated < seen->heard) {
    return Wait{{"NotCured", fmt::format("{} of {} new pods had requests rejected with 401 and none accepted since",
                                         seen->heard - seen->authenticated, seen->pods)},
                Outcome::kNotCured};
  }
  if (progress.ready_new == 0 || view.now - progress.newest_ready >= view.settings.quiet) {
    return std::nullopt;
  }
  return Wait{{"NotHeard", "no request of the new pods was seen"}};
}

}  // namespace remint::restart

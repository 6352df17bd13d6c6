#pragma once
// POST /pod-log: pods' logs as log collectors ship them (detect/pod_log_shipped.hpp), for clusters that have more pods
// than anybody could follow.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/clue.hpp"
#include "remint/http/server.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/audit_webhook.hpp"
#include "remint/sources/pod_log_follower.hpp"

namespace remint::sources {

struct PodLogIntakeHooks {
  /// Asks for set_targets() to be called soon. Must not wait.
  std::function<void()> ask;
  /// Takes clues; false when there is no room for them now. Must not wait.
  std::function<bool(std::vector<detect::Clue>&&)> deliver;
};

/// Thread-safe. Whose lines matter is asked for while somebody posts, every two seconds at most; of other pods they
/// are counted and left.
///
/// Metrics: remint_pod_log_bodies_total{result}, remint_pod_log_posted_lines_total{result} with result taken, unknown
/// (no pod whose policy has podLog.enabled) or invalid, remint_pod_log_posted_lag_seconds; and, of what was taken,
/// remint_pod_log_lines_total and remint_pod_log_dropped_total; remint_pod_log_left_out as the follower's.
class PodLogIntake {
 public:
  /// As AuditWebhook::create.
  [[nodiscard]] static Result<std::unique_ptr<PodLogIntake>> create(AuditWebhookSettings senders,
                                                                    PodLogIntakeHooks hooks, metrics::Registry& metrics,
                                                                    const Clock& clock);
  ~PodLogIntake();
  /// For Route::admit.
  [[nodiscard]] std::optional<http::Response> admit(const http::Request& request);
  /// 200 once the lines were read; 400 for an empty body or one that breaks or has nothing of a pod in it; 401, 413,
  /// 415; 429 when detection is behind, or before it has said whose lines matter: to be sent again.
  [[nodiscard]] http::Response handle(const http::Request& request);
  /// As PodLogFollower::set_targets.
  /// A body that is being read is given up, and all further ones: 503, to be sent to whoever leads next. At once.
  void stop();
  void set_targets(const std::vector<PodLogTarget>& targets, std::size_t left_out = 0);

 private:
  struct Impl;
  explicit PodLogIntake(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources

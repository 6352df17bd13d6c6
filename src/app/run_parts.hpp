#pragma once
// The parts of a running Remint and how they hang together: the only place that creates concrete types.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "remint/app/options.hpp"
#include "remint/controllers/caller_memory.hpp"
#include "remint/controllers/decision_writer.hpp"
#include "remint/controllers/detection_controller.hpp"
#include "remint/controllers/event_feed.hpp"
#include "remint/controllers/journal_pruner.hpp"
#include "remint/controllers/object_feed.hpp"
#include "remint/controllers/policy_controller.hpp"
#include "remint/controllers/restart_controller.hpp"
#include "remint/http/health.hpp"
#include "remint/http/server.hpp"
#include "remint/metrics/process.hpp"
#include "remint/runtime/events.hpp"
#include "remint/runtime/leader.hpp"
#include "remint/runtime/leader_label.hpp"
#include "remint/runtime/manager.hpp"
#include "remint/runtime/namespace_sinks.hpp"
#include "remint/runtime/reflector.hpp"
#include "remint/runtime/wanted_watch.hpp"
#include "remint/sources/apiserver_log.hpp"
#include "remint/sources/apiserver_log_intake.hpp"
#include "remint/sources/apiserver_pod_logs.hpp"
#include "remint/sources/audit_file.hpp"
#include "remint/sources/audit_webhook.hpp"
#include "remint/sources/pod_log_follower.hpp"
#include "remint/sources/pod_log_intake.hpp"
#include "remint/sources/trust_watch.hpp"
#include "suspension.hpp"

namespace remint::app {

class RunParts {
 public:
  /// Creates everything and connects it; starts nothing. `on_lost` is called when the lease is lost: it must end the
  /// process.
  RunParts(const RunOptions& options, const std::shared_ptr<kube::Transport>& transport, std::function<void()> on_lost);
  ~RunParts();

  /// In the order in which they start.
  void add_to(runtime::Manager& manager);

  [[nodiscard]] std::uint16_t audit_port() const { return audit_server_->port(); }
  [[nodiscard]] std::uint16_t ops_port() const { return ops_server_->port(); }

 private:
  void add_feed(const kube::Resource& resource, detect::ObjectKind kind);
  void add_reflector(const kube::Resource& resource, runtime::ReflectorSink& sink,
                     runtime::NamespaceSinks::Keep keep = runtime::NamespaceSinks::Keep::kIdentity);
  void add_log(const std::string& path);
  /// Those that policies may ask for.
  void create_wanted_watches();
  // run_pod_logs.cpp
  void add_pod_logs();
  void ask_for_targets(bool for_intake);
  [[nodiscard]] bool deliver(std::vector<detect::Clue>&& clues);
  [[nodiscard]] Result<void> create_pod_log_intake(const sources::AuditWebhookSettings& senders);

  [[nodiscard]] bool synced() const;
  [[nodiscard]] bool leads() const;
  [[nodiscard]] bool may_act() const { return leads() && synced(); }
  void journal_changed(const ObjectKey& key, const std::shared_ptr<const restart::Journal>& journal);
  [[nodiscard]] std::vector<policy::PastRestart> past_restarts() const;
  void note_limits(const std::vector<policy::Policy>& in_force);
  [[nodiscard]] restart::PruneRules prune_rules() const;
  [[nodiscard]] std::uint32_t max_per_budget(const std::string& reference) const;
  [[nodiscard]] Result<void> start_ops_server();
  [[nodiscard]] Result<void> start_audit_server();
  [[nodiscard]] Result<void> create_intakes();
  [[nodiscard]] std::optional<http::Response> admit_to_leader() const;
  [[nodiscard]] http::Response answer_report() const;

  RunOptions options_;
  metrics::Registry metrics_;
  metrics::ProcessMetrics process_{metrics_};
  http::Health healthz_, readyz_;
  kube::Client reader_;  ///< no guard: reads, and the lease itself
  kube::Client writer_;  ///< every write asks for the lease first
  sources::BatchQueue batches_;
  runtime::EventRecorder events_;
  Suspension suspension_;
  std::unique_ptr<runtime::LeaderElector> elector_;
  std::unique_ptr<runtime::LeaderLabel> label_;  ///< in a pod, where there may be several
  std::unique_ptr<controllers::DetectionController> detection_;
  std::unique_ptr<controllers::RestartController::Journals> journals_;
  std::unique_ptr<controllers::RestartController> restarts_;
  std::unique_ptr<controllers::DecisionWriter> decisions_;
  std::unique_ptr<controllers::JournalPruner> pruner_;
  std::unique_ptr<controllers::CallerMemory> memory_;
  std::unique_ptr<sources::TrustWatch> trust_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint32_t> max_per_budget_;               ///< limits.maxConcurrentPerBudget by policy
  std::atomic<bool> events_wanted_ = false, secrets_wanted_ = false;  ///< a policy asks for them
  std::atomic<Duration> longest_memory_{std::chrono::hours(24)};      ///< how far back the policies' limits look
  std::unique_ptr<controllers::PolicyController> policies_;
  std::vector<std::unique_ptr<controllers::ObjectFeed>> feeds_;
  std::vector<std::unique_ptr<runtime::NamespaceSinks>> namespace_sinks_;  ///< with --watch-namespace
  std::vector<std::unique_ptr<runtime::Reflector>> reflectors_;
  std::unique_ptr<controllers::EventFeed> event_feed_;
  std::unique_ptr<controllers::ObjectFeed> secret_feed_;
  std::unique_ptr<runtime::WantedWatch> event_watch_, secret_watch_;  ///< while a policy asks for them
  std::vector<std::unique_ptr<sources::ApiServerLogFollower>> logs_;
  std::vector<std::unique_ptr<sources::AuditFileFollower>> audit_files_;
  std::unique_ptr<sources::ApiServerLogIntake> log_intake_;  ///< the webhook hands log lines on to it
  std::unique_ptr<sources::AuditWebhook> webhook_;
  std::unique_ptr<sources::PodLogFollower> pod_logs_;              ///< with --pod-logs
  std::unique_ptr<sources::ApiServerPodLogs> apiserver_pod_logs_;  ///< with --apiserver-pod-logs
  std::unique_ptr<sources::PodLogIntake> pod_log_intake_;
  std::unique_ptr<http::Server> ops_server_, audit_server_;
};

}  // namespace remint::app

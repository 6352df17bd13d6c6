// In which order all that runs is started, and stopped the other way round; each place with the deadlock it avoids.

#include "run_parts.hpp"

namespace remint::app {
namespace {

/// Of what starts without failing and stops at once.
template <class Runs>
runtime::Part part(std::string name, Runs& runs) {
  return {std::move(name),
          [&runs] {
            runs.start();
            return Result<void>();
          },
          [&runs](std::chrono::milliseconds) { runs.stop(); }};
}

}  // namespace

void RunParts::add_to(runtime::Manager& manager) {
  using std::chrono::milliseconds;
  // First the open ports: a probe must find an honest "not ready yet" instead of a closed door.
  manager.add({"metrics and health", [this] { return start_ops_server(); },
               [this](milliseconds grace) { ops_server_->drain(grace); }});
  // Detection before the reflectors that post to it, and stopped after them: a post to a box that nobody empties would
  // hang.
  manager.add(part("detection", *detection_));
  manager.add({"caches",
               [this] {
                 for (auto& reflector : reflectors_) reflector->start();
                 return Result<void>();
               },
               [this](milliseconds) {
                 for (auto& reflector : reflectors_) reflector->stop();
               }});
  // The lease is given up only after everything that writes has stopped, the Events about it included.
  if (elector_) {
    manager.add({"leader election",
                 [this] {
                   elector_->start();
                   return Result<void>();
                 },
                 [this](milliseconds) { elector_->stop(true); }});
  }
  // Taken away before the lease is, and after the audit endpoint has closed: two labelled pods are better than none,
  // and the API server sends again what a closed door did not take.
  if (label_) {
    manager.add({"leader's label",
                 [this] {
                   label_->start();
                   return Result<void>();
                 },
                 [this](milliseconds grace) { label_->stop(grace / 2); }});
  }
  manager.add({"events",
               [this] {
                 events_.start();
                 return Result<void>();
               },
               [this](milliseconds grace) { events_.stop(grace / 2); }});
  manager.add(part("decisions", *decisions_));
  manager.add(part("restarts", *restarts_));
  manager.add(part("pruner", *pruner_));
  manager.add(part("policies", *policies_));
  manager.add(part("callers' memory", *memory_));
  manager.add(part("trust", *trust_));
  manager.add(part("Kubernetes Events", *event_watch_));
  manager.add(part("token Secrets", *secret_watch_));
  manager.add({"API servers' logs",
               [this] {
                 for (auto& log : logs_) log->start();
                 return Result<void>();
               },
               [this](milliseconds) {
                 for (auto& log : logs_) log->stop();
               }});
  // Stopped before detection is: it still takes what was handed over, and so that counts as read.
  manager.add({"audit logs",
               [this] {
                 for (auto& file : audit_files_) file->start();
                 return Result<void>();
               },
               [this](milliseconds) {
                 for (auto& file : audit_files_) file->stop();
               }});
  // Last in, first out: no event is taken that nobody will look at.
  manager.add({"audit intake", [this] { return start_audit_server(); },
               [this](milliseconds grace) {
                 pod_log_intake_->stop();  // one body may take longer than there is time
                 audit_server_->drain(grace);
               }});
  // After the intake, which takes their lines: they would be handed to nothing.
  if (pod_logs_) manager.add(part("pods' logs", *pod_logs_));
  if (apiserver_pod_logs_) manager.add(part("API servers' pods' logs", *apiserver_pod_logs_));
}

}  // namespace remint::app

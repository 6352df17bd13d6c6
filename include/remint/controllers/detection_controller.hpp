#pragma once
// The one thread that owns the detection state: feeds objects and audit batches to the engine, and hands its decisions
// on.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/controllers/mailbox.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/batch_queue.hpp"

namespace remint::controllers {

struct Report;
struct ReportSettings;

struct DetectionHooks {
  /// Until this says true, audit batches wait in their queue: an address cannot be looked up in a half-filled cache.
  std::function<bool()> synced;
  /// Decisions are taken only while this says true.
  std::function<bool()> leads;
  /// On the detection thread; must not block. May arrive again if the process loses and regains nothing: names are
  /// deterministic.
  std::function<void(WorkloadDecision)> on_decision;
  /// Likewise.
  std::function<void(Withdrawal)> on_withdrawal;
  /// The cluster's kill switch, as far as it is known: who or what says so; empty: off.
  std::function<std::string()> suspended;
};

class DetectionController {
 public:
  DetectionController(EngineSettings settings, DetectionHooks hooks, sources::BatchQueue& batches, const Clock& clock,
                      metrics::Registry& metrics);
  ~DetectionController();

  /// Who reports, and from what: before start().
  void report_as(const ReportSettings& settings);
  void start();
  /// Stops taking messages and joins. Idempotent.
  void stop();

  /// Thread-safe: see Mailbox.
  bool post(Mailbox::Message message) { return mailbox_.post(std::move(message)); }
  bool try_post(Mailbox::Message message) { return mailbox_.try_post(std::move(message)); }
  void ring() { mailbox_.ring(); }

  /// How the pods of a workload that were created at or after `since` do, and whether a request of theirs failed or
  /// succeeded. Thread-safe; waits for the detection thread, at most `patience`.
  [[nodiscard]] Result<std::vector<detect::PodHealth>> health(const std::string& workload_uid, Time since,
                                                              std::chrono::milliseconds patience);
  /// Likewise, for CallerMemory: Detector::callers_learnt, save_callers and restore_callers.
  [[nodiscard]] Result<std::uint64_t> callers_learnt(std::chrono::milliseconds patience);
  [[nodiscard]] Result<std::string> save_callers(std::size_t max_bytes, std::chrono::milliseconds patience);
  [[nodiscard]] Result<std::size_t> restore_callers(std::string text, std::chrono::milliseconds patience);
  /// For policy status. Thread-safe, likewise.
  [[nodiscard]] Result<OpenState> open_state(std::chrono::milliseconds patience);
  /// The newest one, some seconds old; null before the first, and while this replica does not lead. Thread-safe, at
  /// once. It is made at most every two seconds, and in at most a hundredth of the time.
  [[nodiscard]] std::shared_ptr<const Report> report() const;

 private:
  void run();
  void drain_batches(Time now);
  void publish_counts();
  void publish_report(bool leads);

  DetectionEngine engine_;
  DetectionHooks hooks_;
  sources::BatchQueue& batches_;
  const Clock& clock_;
  Mailbox mailbox_;
  std::jthread thread_;

  struct Families;
  std::unique_ptr<Families> families_;
  struct Desk;
  std::unique_ptr<Desk> desk_;
};

}  // namespace remint::controllers

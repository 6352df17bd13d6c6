#pragma once
// The audit log that an API server writes to a file, followed through rotation, and gone on with after a restart.
// Facts: kubernetes.md section 5.4.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "remint/base/clock.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/batch_queue.hpp"

namespace remint::sources {

struct AuditFileOptions {
  std::string path{};
  /// Folder for a small file that says how far was read; made by its owner. Empty: nothing is remembered, and a start
  /// begins with the end of what is there.
  std::string state_dir{};
  std::uint64_t initial_bytes = 1U << 20U;  ///< how much of that end, the first time
  std::chrono::milliseconds poll{200};      ///< how often is looked for more
  std::chrono::milliseconds save_every{1'000};
  std::chrono::milliseconds last_wait{500};  ///< at a stop: for detection to take what was handed over
  std::size_t line_bytes = 4U << 20U;        ///< longer lines are dropped and counted
};

/// One file, one thread. start() and stop() belong to one thread.
///
/// Whole lines only; what fills the queue waits in the file. The remembered position follows what detection has taken,
/// at most a second late: so a kill repeats the last second's events, and loses none that still are in a file.
/// A hole of NULs, as a writer leaves it that goes on at its old offset after a truncation, is stepped over.
///
/// Metrics, per file as it was configured, all there from the constructor on: remint_audit_file_open,
/// remint_audit_file_lag_seconds (age of the newest event of interest when it was read), and the counters
/// remint_audit_file_events_total, _invalid_lines_total, _too_long_lines_total, _skipped_bytes_total and
/// _broken_archives_total (what was compressed after its rotation, and cannot be unpacked to its end).
class AuditFileFollower {
 public:
  /// `queue`, `metrics` and `clock` outlive the follower.
  AuditFileFollower(AuditFileOptions options, BatchQueue& queue, metrics::Registry& metrics, const Clock& clock);
  ~AuditFileFollower();
  AuditFileFollower(const AuditFileFollower&) = delete;
  AuditFileFollower& operator=(const AuditFileFollower&) = delete;

  /// An unusable folder or a remembered position that cannot be read is said in the log, and done without.
  void start();
  /// Within last_wait. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources

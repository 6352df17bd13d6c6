#pragma once
// The detector's state. Intake (detector_intake.cpp) puts events into it, accusations (detector_accusations.cpp) are
// what comes of them.

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "callers.hpp"
#include "distrust.hpp"
#include "exact_join.hpp"
#include "owners.hpp"
#include "pod_state.hpp"
#include "recent_ids.hpp"
#include "remint/detect/detector.hpp"
#include "suspect.hpp"

namespace remint::detect {

struct Detector::Impl {
  explicit Impl(DetectorSettings s) : settings(s), inventory(s.inventory), seen(s.dedup_capacity) {}

  DetectorSettings settings;
  Inventory inventory;
  RecentIds seen;
  TextMap<PodState> pods;                  // by UID
  TextMap<std::set<std::string>> accused;  // workload UID -> UIDs of its failing and stale pods
  std::set<std::string> changed;           // workload UIDs
  // Some 350 bytes a line: at most 6 MB for each kind of line of one API server. Events come within half a minute.
  ReasonJoin reasons{ReasonJoinLimits{.streams = 16, .lines = 16'384}};
  Callers callers{{settings, inventory, reasons, pods}};
  struct Unsettled {
    Time heard;
    RequestWindow window;
  };
  std::deque<Unsettled> unsettled;  // rejections whose reason may still come, in the order in which they came
  bool log_read = false;
  ExactJoin joins;
  std::uint64_t callers_learnt = 0;
  std::size_t failing_pods = 0;
  DetectorCounts counts;
  Time last_sweep{}, last_distrust{};
  Listening listening;
  Time heard_at{};  // the newest time that we were told of; event times are others' clocks

  void rejected(const AuditBatch& batch, const AuditRecord& record);
  void accepted(const AuditBatch& batch, const AuditRecord& record);
  /// From an address that is nobody's own.
  void rejected_from_shared(const AuditBatch& batch, const AuditRecord& record);
  // detector_clues.cpp
  /// True when it was not known.
  bool take(const Clue& clue, Time now);
  /// The pod's log prints that Audit-Id.
  void claim(const std::string& audit_id, const std::string& pod_uid, Time now);
  /// Whether a pod's log names that request, which then counts as the pod's. `shared`: from an address where pods were
  /// heard, or a node's.
  bool claimed(const AuditBatch& batch, const AuditRecord& record);
  [[nodiscard]] bool can_have_sent(const PodView& view, const PodState& state, const UnownedRequest& request) const;
  bool join(ExactJoin::Entry& entry);
  /// Undoes it.
  void part(ExactJoin::Entry& entry);
  /// Counts the joins of rejections that we were told of before that time.
  void settle_joins(Time before);
  /// Whether a client in the pod still uses a token that was replaced long ago.
  [[nodiscard]] bool keeps_credential(std::string_view uid, PodState& state, const AuditRecord& record);
  void settle_restored(std::string_view uid, PodState& state, const IpAddress& address, Time now);
  void learn(std::string_view uid, PodState& state, const AuditRecord& record);
  PodState* state_of(std::string_view uid);
  /// Puts an accusation into, and takes it out of, the index by workload.
  void assign(const std::string& uid, PodState& state, const std::string& workload_uid);
  void release(const std::string& uid, PodState& state);
  Accusation& accuse(const std::string& uid, PodState& state);
  /// Lets an accusation follow its pod to another workload: adopted, or the owner has become known.
  void follow(const std::string& uid, PodState& state, const std::string& workload_uid);
  void reconsider(const std::string& uid, PodState& state, bool was_failing);
  void sweep(Time now);
  /// Whom a replaced key, CA or ServiceAccount has silenced.
  void weigh_distrust();
  [[nodiscard]] std::vector<Suspect> suspects_of(std::string_view workload_uid) const;
};

}  // namespace remint::detect

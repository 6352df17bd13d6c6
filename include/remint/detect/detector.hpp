#pragma once
// From records to cases: attribution, failing runs per pod, stale tokens, deduplication, evidence. Pure, single-owner.
// The answers do not depend on the order in which events arrive: everything is computed from event times. (At shared
// addresses, within the bounds of what is kept; and when a pod goes is known by when we are told.)

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/base/words.hpp"
#include "remint/detect/audit.hpp"
#include "remint/detect/clue.hpp"
#include "remint/detect/inventory.hpp"
#include "remint/detect/reason_join.hpp"

namespace remint::detect {

struct Evidence {
  std::string source;  ///< "audit", "apiserver-log", "pod-log", ...
  Time time{};
  std::string text;  ///< sanitized, redacted
};

/// What is known about one pod's authentication.
struct PodHealth {
  std::string uid, name;
  Time created{};
  std::string revision;  ///< of the pod's template
  bool terminating = false;
  bool ready = false;
  std::vector<Time> rejections;       ///< since the last success, oldest first, the last 128
  std::uint64_t rejection_count = 0;  ///< since the last success, all
  std::optional<Time> failing_since;  ///< first rejection after the last success
  std::optional<Time> last_rejection;
  std::optional<Time> last_success;  ///< latest requestReceivedTimestamp of an accepted request
  std::optional<Time> stale_since;   ///< when the token in use passed its warning threshold
  std::optional<Time> last_stale;    ///< latest event with the annotation
  std::optional<Time> breaks_at;     ///< when the stale token will be refused
  /// Not accepted since then, when a signing key, the CA or its ServiceAccount was replaced.
  std::optional<Time> distrusted_since;
  /// Of its newest rejected request, else of the newest with the stale token: sanitized, at most kMaxUserAgent bytes.
  /// "": sent without one. Nothing: neither failing nor stale.
  std::optional<std::string> user_agent{};
  /// Of clues since the last success, oldest first, the last 128.
  std::vector<Time> log_clues{}, event_clues{};

  static constexpr std::size_t kMaxUserAgent = 120;
};

/// What is known about one workload now. Exists while at least one of its live pods fails or uses a stale token.
struct Case {
  std::string id;  ///< short and stable for (workload UID, cause): for logs
  ObjectRef workload;
  std::string cause;  ///< revision of the accused pods (pod UID for a bare pod): a restart changes it
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;             ///< of the attribution
  std::string others;                ///< who else it may have been, "Deployment shop/web (45 %), ..."; often nobody
  std::vector<std::string> reasons;  ///< why we think so, one sentence each
  std::vector<PodHealth> pods;       ///< the accused pods, by name
  std::vector<Evidence> evidence;    ///< newest last, at most 10
  std::optional<Time> breaks_at;     ///< earliest
  double clue_confidence = 0;        ///< of what logs and Events alone say of these pods; 0: nothing
  /// UIDs of the pods that the rejections may be of, likeliest first, at most kMaxSuspects, when it is not sure whose
  /// they are: a look into their logs may tell.
  std::vector<std::string> suspects{};

  static constexpr std::size_t kMaxSuspects = 5;
};

struct DetectorSettings {
  InventorySettings inventory;
  /// Of a token that is extended: 90 days on EKS. Not longer than requested_lifetime: tokens are not extended (AKS).
  Duration extended_lifetime = std::chrono::seconds(31'536'000);
  Duration requested_lifetime = std::chrono::seconds(3607);
  Duration forget_pod_after = std::chrono::hours(1);     ///< quiet failing runs are closed after this
  Duration forget_habit_after = std::chrono::hours(24);  ///< how a pod called that long ago says nothing any more
  std::size_t dedup_capacity = 1U << 17U;
  std::size_t max_failing_pods = 20'000;
};

struct DetectorCounts {
  std::uint64_t audit_events = 0, rejected = 0, stale = 0, accepted = 0;  ///< all but audit_events without duplicates
  std::uint64_t duplicates =
      0;  ///< of rejected and stale events; for others a repetition changes nothing and is not noticed
  /// Rejected, from an ambiguous address, or without one, or from a shared address while it was not known who calls so.
  std::uint64_t unattributed = 0;
  std::uint64_t external = 0;  ///< rejected, from no address of this cluster
  std::uint64_t ignored = 0;   ///< rejected, but the pod was terminating, or is younger than the event, or gone, or has
                               ///< authenticated since
  std::uint64_t overflow = 0;  ///< rejected, but max_failing_pods or too many callers are failing already
  /// Rejections, half a minute old, of which a line in the API server's log says why; several that disagree could;
  /// none does. Not counted before the first line was read.
  std::uint64_t joined = 0, ambiguous = 0, unjoined = 0;
  /// Clues that were taken; of these, by the Audit-Id of a rejection that we know.
  std::uint64_t clues = 0, clues_joined = 0;
};

class Detector {
 public:
  explicit Detector(DetectorSettings settings = {});
  ~Detector();

  [[nodiscard]] Inventory& inventory();
  [[nodiscard]] const Inventory& inventory() const;

  /// Adds to counts().audit_events what the decoder saw (records are a part of it).
  void count_events(const AuditReport& report);
  /// Returns nothing; the workloads whose case may have changed are in take_changed(). The answers depend on event
  /// times alone; `now` is when the batch came, and only paces the judging of callers at shared addresses.
  void observe(const AuditBatch& batch, Time now);
  /// What pods' logs and Events say; of pods that the inventory knows, the others are dropped. Late and doubled ones
  /// are fine. One that prints the Audit-Id of a rejected request from a shared address says for certain whose it was.
  void observe(const std::vector<Clue>& clues, Time now);
  /// Lines of one API server's log; late and doubled ones are fine.
  void observe(ReasonJoin::Stream stream, std::vector<ApiServerLine> lines);
  /// Counts the joins of all rejections seen so far: for the end of a recording.
  void settle_joins();
  /// To be called after inventory changes of that pod (its removal, too), so that its case follows.
  void pod_changed(std::string_view pod_uid);
  /// The same for all pods that a relist found to be gone: nothing else tells of them.
  void pods_relisted();
  /// Workload UIDs whose case changed since the last call.
  [[nodiscard]] std::vector<std::string> take_changed();
  /// What is known of callers at addresses that pods share, as text: it may outlive the process. Pods that were heard
  /// last come first; at most `max_bytes`. Empty when no address is shared.
  [[nodiscard]] std::string save_callers(Time now, std::size_t max_bytes) const;
  /// Takes what save_callers() of an earlier process wrote, of pods that the inventory knows; what has been learnt
  /// since is kept. Nobody listened meanwhile, so silence counts from `now` on. How many pods; kInvalid for a text of
  /// another format, of which nothing is taken; lines that cannot be read are left out.
  [[nodiscard]] Result<std::size_t> restore_callers(std::string_view text, Time now);
  /// Rises when a pod is heard from a shared address in a new way: it is worth saving then.
  [[nodiscard]] std::uint64_t callers_learnt() const;
  /// Closes old runs, forgets deleted pods, expires the inventory. Call about once a second of event time.
  void expire(Time now);

  /// Nothing when the workload has no live failing or stale pod.
  [[nodiscard]] std::optional<Case> find_case(std::string_view workload_uid) const;
  [[nodiscard]] std::vector<std::string> open_cases() const;
  /// Health of the live pods of a workload that were created at or after `since`: for verification. Pods never heard of
  /// have neither successes nor rejections. Rejections from shared addresses count when it is likelier than not that
  /// they are the pod's.
  [[nodiscard]] std::vector<PodHealth> health(std::string_view workload_uid, Time since) const;
  [[nodiscard]] const DetectorCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect

#pragma once
// WorkloadRestart: one cure of one workload, and its write-ahead journal. Values and their JSON form.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/base/object.hpp"
#include "remint/base/words.hpp"
#include "remint/policy/decide.hpp"

namespace remint::restart {

struct EvidenceLine {
  std::string source;
  Time time{};
  std::string text;
  friend bool operator==(const EvidenceLine&, const EvidenceLine&) = default;
};

/// What the policy says about how a strategy works, kept with the restart.
using StrategyOptions = policy::StrategyOptions;

/// A person's word on a restart that waits for it. Who may give it is for the API server to say (charts/remint).
struct Approval {
  enum class Decision : std::uint8_t { kNone, kApproved, kDenied };
  bool required = false;
  std::optional<Time> expires;  ///< not answered by then: cancelled
  Decision decision = Decision::kNone;
  std::string by;  ///< user name
  std::optional<Time> at;
  std::string comment;
  friend bool operator==(const Approval&, const Approval&) = default;
};
/// "" for kNone, "Approved", "Denied"
[[nodiscard]] std::string_view to_string(Approval::Decision decision);
[[nodiscard]] std::optional<Approval::Decision> parse_approval_decision(std::string_view text);

struct JournalSpec {
  ObjectRef target;  ///< with UID: a workload of the same name that was made anew is not touched
  Strategy strategy = Strategy::kRolloutRestart;
  StrategyOptions options;
  std::string cause;
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  std::string policy;
  std::string reason;
  std::vector<std::string> pods;  ///< names of the accused pods
  std::vector<EvidenceLine> evidence;
  Duration observe = std::chrono::minutes(10);  ///< how long verification watches at most
  /// It does not begin before Remint releases it: for approval, or for a window.
  bool hold = false;
  Approval approval;
};

/// A pod as it was when the restart began.
struct SavedPod {
  std::string name, uid;
  friend bool operator==(const SavedPod&, const SavedPod&) = default;
};

/// What finishing or undoing needs: written once, before the first step is taken, and never changed.
struct SavedState {
  std::string uid;           ///< of the target as it was found: a spec made by hand need not name one
  std::string restarted_at;  ///< RolloutRestart: the annotation value that the patch sets: fixed once, so the patch can
                             ///< be repeated
  std::string previous_restarted_at;  ///< the value found before; another value later means somebody else restarted it.
                                      ///< In the form of remember()
  std::int64_t generation_before = 0;
  std::optional<std::int64_t> replicas;  ///< ScaleToZero, RollingReplace: the size to come back to; EvictPods: the
                                         ///< number of ready pods found
  std::vector<SavedPod> pods;            ///< EvictPods: the pods to evict, in order, at most kMaxSavedPods
  std::string manifest;   ///< Recreate: the pod as it will be created again; RollingReplace: the controller as it was.
                          ///< JSON text, at most kMaxManifest bytes
  std::string successor;  ///< RollingReplace: name of the second controller
  friend bool operator==(const SavedState&, const SavedState&) = default;
};
inline constexpr std::size_t kMaxManifest = 256U << 10U;
inline constexpr std::size_t kMaxSavedPods = 500;

struct Condition {
  std::string type;  ///< "Progressing", "Blocked"
  bool status = false;
  std::string reason;  ///< CamelCase
  std::string message;
  Time since{};
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct JournalStatus {
  Phase phase = Phase::kPending;
  std::string step;  ///< what is being done: one of step_names()
  SavedState saved;
  std::optional<Time> not_before;  ///< Scheduled: when it is to begin, as things stand
  std::optional<Time> released;    ///< when what had to wait no longer had to
  std::optional<Time> started, step_since, rolled_out, finished;
  std::vector<std::string> budgets;  ///< names of the PodDisruptionBudgets that cover the pods, at most kMaxBudgets
  std::string successor_uid;         ///< of what took the target's place: the pod or controller made again
  Outcome outcome = Outcome::kNone;
  std::string message;  ///< a sentence for people: what is going on, or how it ended
  std::vector<Condition> conditions;
  std::int64_t observed_generation = 0;
  std::string seal;  ///< see seal.hpp
  friend bool operator==(const JournalStatus&, const JournalStatus&) = default;
};

struct Journal {
  ObjectKey key;
  std::string uid, resource_version;
  std::int64_t generation = 0;
  Time created{};
  bool deleting = false;
  bool held = false;    ///< bears our finalizer
  FieldErrors invalid;  ///< what parse_journal() found wrong: then spec and status are not to be believed
  JournalSpec spec;
  JournalStatus status;
};

/// Condition Progressing's reason in a restart that was cancelled because its strategy does not suit the target.
inline constexpr std::string_view kStrategyUnfit = "StrategyUnfit";
/// The same in a restart that somebody took back (GitOps): strategies that change the object are of no use there.
inline constexpr std::string_view kReverted = "Reverted";
/// The reason of condition Progressing, or "".
[[nodiscard]] std::string_view progress_reason(const JournalStatus& status);
inline constexpr std::string_view kFinalizer = "remint.dev/restore";

/// The same in one that was cancelled before it began because nothing spoke for it any more; because nobody answered in
/// time; because a person denied it.
inline constexpr std::string_view kWithdrawn = "Withdrawn";
inline constexpr std::string_view kLapsed = "ApprovalLapsed";
inline constexpr std::string_view kDenied = "Denied";
inline constexpr std::size_t kMaxBudgets = 10;

/// An annotation value as the journal keeps it: itself, or a digest when it is longer than a time can be.
[[nodiscard]] std::string remember(const std::string& annotation_value);

/// From the custom resource; a person may have written it by hand, so every field error is reported.
[[nodiscard]] std::expected<Journal, FieldErrors> parse_journal(const Json& object);
/// The same, but an object with errors becomes a Journal that says so (`invalid`, with its identity and phase), to be
/// answered in its status. kInvalid: it has not even a name.
[[nodiscard]] Result<Journal> read_journal(std::string_view object);
/// The whole object for creation (no status: the server drops it). Lists and texts are cut to what the CRD takes.
[[nodiscard]] Json to_object(const Journal& journal);
/// {"status": {...}}: for a merge patch of the status subresource; absent optionals become null so that they are
/// removed. The caller adds metadata.resourceVersion, so that of two writers one loses.
[[nodiscard]] Json status_patch(const JournalStatus& status);
/// Is there still something to do for it? False for finished ones that hold no finalizer.
[[nodiscard]] bool unfinished(const Journal& journal);
/// The status of one that has not begun: it waits, until `not_before` where that is known. Equal to the present one
/// when nothing changes. `phase`: kAwaitingApproval or kScheduled.
[[nodiscard]] JournalStatus hold(const Journal& journal, Phase phase, std::optional<Time> not_before,
                                 const std::string& why, Time now);
/// It may begin: Pending.
[[nodiscard]] JournalStatus release(const Journal& journal, const std::string& why, Time now);
/// It will not begin: Cancelled. `reason`: kWithdrawn, kLapsed or kDenied.
[[nodiscard]] JournalStatus withdraw(const Journal& journal, std::string_view reason, const std::string& why, Time now);
/// Condition Suspended as it is to be: `by` whom, "": nobody. Equal to the present status when that says so already.
[[nodiscard]] JournalStatus note_suspended(const Journal& journal, const std::string& by, Time now);
/// Condition Blocked and the message, likewise.
[[nodiscard]] JournalStatus note_blocked(const Journal& journal, const std::string& reason, const std::string& why,
                                         Time now);
/// Every value that status.step takes, as the CRD lists them.
[[nodiscard]] std::span<const std::string_view> step_names();
/// As the policy's limits see it.
[[nodiscard]] policy::PastRestart to_past_restart(const Journal& journal);

/// Deterministic: the same workload, cause and attempt give the same name, whoever computes it; at most 63 characters.
/// "deployment-cart-5f0c2a9d41-1"
[[nodiscard]] std::string journal_name(const ObjectRef& workload, const std::string& cause, unsigned attempt);
/// The attempt that follows those already made for this workload and cause; that of the one that stands, if one does.
[[nodiscard]] unsigned next_attempt(const ObjectRef& workload, const std::string& cause,
                                    std::span<const policy::PastRestart> restarts);

}  // namespace remint::restart

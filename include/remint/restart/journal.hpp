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

struct JournalSpec {
  ObjectRef target;  ///< with UID: a workload of the same name that was made anew is not touched
  Strategy strategy = Strategy::kRolloutRestart;
  std::string cause;
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  std::string policy;
  std::string reason;
  std::vector<std::string> pods;  ///< names of the accused pods
  std::vector<EvidenceLine> evidence;
  Duration observe = std::chrono::minutes(10);  ///< how long verification watches at most
};

/// What finishing needs, saved before the step is taken.
struct SavedState {
  std::string uid;           ///< of the target as it was found: a spec made by hand need not name one
  std::string restarted_at;  ///< the annotation value that the patch sets: fixed once, so the patch can be repeated
  std::string previous_restarted_at;  ///< the value found before; another value later means somebody else restarted it.
                                      ///< In the form of remember()
  std::int64_t generation_before = 0;
  friend bool operator==(const SavedState&, const SavedState&) = default;
};

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
  std::string step;  ///< "", "PatchTemplate", "WaitRollout", "Verify"
  SavedState saved;
  std::optional<Time> started, patched, rolled_out, finished;
  Outcome outcome = Outcome::kNone;
  std::string message;  ///< a sentence for people: what is going on, or how it ended
  std::vector<Condition> conditions;
  std::int64_t observed_generation = 0;
  friend bool operator==(const JournalStatus&, const JournalStatus&) = default;
};

struct Journal {
  ObjectKey key;
  std::string uid, resource_version;
  std::int64_t generation = 0;
  Time created{};
  bool deleting = false;
  JournalSpec spec;
  JournalStatus status;
};

/// An annotation value as the journal keeps it: itself, or a digest when it is longer than a time can be.
[[nodiscard]] std::string remember(const std::string& annotation_value);

/// From the custom resource; a person may have written it by hand, so every field error is reported.
[[nodiscard]] std::expected<Journal, FieldErrors> parse_journal(const Json& object);
/// The whole object for creation (no status: the server drops it). Lists and texts are cut to what the CRD takes.
[[nodiscard]] Json to_object(const Journal& journal);
/// {"status": {...}}: for a merge patch of the status subresource; absent optionals become null so that they are
/// removed. The caller adds metadata.resourceVersion, so that of two writers one loses.
[[nodiscard]] Json status_patch(const JournalStatus& status);
/// As the policy's limits see it.
[[nodiscard]] policy::PastRestart to_past_restart(const Journal& journal);

/// Deterministic: the same workload, cause and attempt give the same name, whoever computes it; at most 63 characters.
/// "deployment-cart-5f0c2a9d41-1"
[[nodiscard]] std::string journal_name(const ObjectRef& workload, const std::string& cause, unsigned attempt);
/// The attempt that follows those already made for this workload and cause.
[[nodiscard]] unsigned next_attempt(const ObjectRef& workload, const std::string& cause,
                                    std::span<const policy::PastRestart> restarts);

}  // namespace remint::restart

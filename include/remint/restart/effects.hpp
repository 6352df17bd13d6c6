#pragma once
// What a strategy wants done, as values. The shell carries effects out in order, after the step's status was written;
// each asks the lease first. An effect that may be repeated after a crash carries what makes repeating it harmless: a
// UID, a resourceVersion, a name that only one object can have.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "remint/base/object.hpp"
#include "remint/base/result.hpp"

namespace remint::restart {

/// POST of `object` (JSON text with apiVersion, kind, metadata).
struct Create {
  std::string kind;
  std::string ns;
  std::string object;
  bool dry_run = false;
  friend bool operator==(const Create&, const Create&) = default;
};

/// `body` is JSON text. Preconditions (metadata.uid, metadata.resourceVersion) are in it.
struct Patch {
  enum class Type : std::uint8_t { kMerge, kStrategicMerge };
  std::string kind;
  ObjectKey key;
  Type type = Type::kMerge;
  std::string body;
  std::string subresource;  ///< "scale" or ""
  friend bool operator==(const Patch&, const Patch&) = default;
};

struct Delete {
  std::string kind;
  ObjectKey key;
  std::string uid;                    ///< precondition, never empty
  std::string propagation;            ///< "Orphan", "Background" or "" for the server's default
  std::string resource_version = {};  ///< precondition too, or "": deleted only as it was looked at
  friend bool operator==(const Delete&, const Delete&) = default;
};

/// Through the Eviction API, so that PodDisruptionBudgets are asked. With the pod's own grace period.
struct Evict {
  ObjectKey pod;
  std::string uid;  ///< precondition, never empty
  friend bool operator==(const Evict&, const Evict&) = default;
};

/// An Event on the target and on the WorkloadRestart.
struct Notify {
  bool warning = false;
  std::string reason;  ///< CamelCase: "RestartStarted", "RestartCured", ...
  std::string message;
  friend bool operator==(const Notify&, const Notify&) = default;
};

/// Puts the finalizer on the WorkloadRestart: whoever deletes it then waits until its workload is whole again.
struct HoldJournal {
  friend bool operator==(const HoldJournal&, const HoldJournal&) = default;
};
/// Takes it off: nothing is owed any more.
struct ReleaseJournal {
  friend bool operator==(const ReleaseJournal&, const ReleaseJournal&) = default;
};

using Act = std::variant<Create, Patch, Delete, Evict, Notify, HoldJournal, ReleaseJournal>;

struct Effect {
  Act act;
  /// The strategy wants to hear what the API server said: step() is called once more with `Observation::answer`. Only
  /// for answers that say something about the request (taken, or refused for good reasons); when the server cannot be
  /// reached the shell tries again later, as for effects that do not ask.
  bool wants_answer = false;
  friend bool operator==(const Effect&, const Effect&) = default;
};

/// What came of the effect that wanted an answer.
struct Answer {
  bool taken = false;
  ErrorCode code = ErrorCode::kInternal;  ///< when not taken: kForbidden, kInvalid, kTooMany, kAlreadyExists,
                                          ///< kConflict, kNotFound
  std::string message;                    ///< the API server's words, sanitized
  bool to_eviction = false;               ///< said to an Evict
};

}  // namespace remint::restart

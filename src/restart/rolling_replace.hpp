#pragma once
// RollingReplace, as its files share it: what the two controllers look like and what is written on them.
//
// Since Kubernetes 1.8 every pod names its controller, and a controller takes only pods that nobody controls. So the
// old controller can stay as it is: the second one selects by the same labels and one more, its pods match the Services
// (and the old selector) from the start, and at the end the original, made again, takes them over as orphans.

#include <memory>
#include <optional>
#include <string>

#include "remint/base/json.hpp"
#include "strategy.hpp"

namespace remint::restart::rolling {

inline constexpr const char* kCreateNext = "CreateNext";
inline constexpr const char* kMove = "Move";
inline constexpr const char* kDeleteOld = "DeleteOld";
inline constexpr const char* kOrphanNext = "OrphanNext";
inline constexpr const char* kCreateFinal = "CreateFinal";
inline constexpr const char* kWaitReady = "WaitReady";
inline constexpr const char* kRollBack = "RollBack";

/// Annotation and label: which restart made this controller, which pods are of the second one.
inline constexpr const char* kRestartedBy = "remint.dev/restarted-by";  ///< UID of the WorkloadRestart
inline constexpr const char* kReplaces = "remint.dev/replaces";         ///< "<name>:<uid>" of the old controller
/// On the old controller: whose restart is under way. See claim_of().
inline constexpr const char* kClaim = "remint.dev/restarting";
/// On both: the size that we set, in the same patch as the size. Another size is somebody else's.
inline constexpr const char* kExpected = "remint.dev/expected-replicas";
/// When we set it: pace and deadline are counted from it, by whichever replica, without a write of their own.
inline constexpr const char* kMovedAt = "remint.dev/moved-at";

// rolling_replace_objects.cpp

/// A member below, or null JSON.
[[nodiscard]] const Json& member(const Json& object, std::initializer_list<const char*> path);
[[nodiscard]] std::string text(const Json& object, std::initializer_list<const char*> path);

/// A controller as it is now, with what was written on it.
struct Seen {
  const TargetState* state = nullptr;
  std::shared_ptr<const Json> json;
  [[nodiscard]] const Json& object() const { return *json; }
  [[nodiscard]] std::string annotation(const char* key) const;
  [[nodiscard]] std::optional<std::int64_t> expected() const;
  [[nodiscard]] std::optional<Time> moved() const;
  [[nodiscard]] std::string finalizers() const;  ///< "a, b"
  [[nodiscard]] bool owned_by(const std::string& uid) const;
};
/// Nothing when there is none.
[[nodiscard]] std::optional<Seen> see(const std::optional<TargetState>& state);

/// Deterministic, from the journal alone: ten hex digits.
[[nodiscard]] std::string hash_of(const Journal& journal);
[[nodiscard]] std::string successor_name(const Journal& journal);
/// What stands in kClaim: while it goes forward, and while it goes back. A patch that changes it changes the
/// resourceVersion, too, so that no write planned before can still be taken.
[[nodiscard]] std::string claim_of(const Journal& journal);
[[nodiscard]] std::string claim_going_back(const Journal& journal);
/// Another restart works on it.
[[nodiscard]] bool claimed_by_others(const Seen& seen, const Journal& journal);

/// The controller without what the server sets and what we wrote on it.
[[nodiscard]] Json manifest_of(const Json& object);
/// Is it still the one that was saved, its size aside?
[[nodiscard]] bool unedited(const Seen& old, const SavedState& saved);
/// The saved manifest, if it can only become the controller that the journal is about.
[[nodiscard]] std::optional<Json> checked_manifest(const Journal& journal);
/// The second controller, of size 0.
[[nodiscard]] Json next_object(const Journal& journal, const Json& manifest);
/// The original again, under its own name.
[[nodiscard]] Json final_object(const Journal& journal, const Json& manifest);
/// Would the pods of `next` be taken over by a controller with the selector of `controller`?
[[nodiscard]] bool takes_pods_of(const Json& controller, const Json& next);
/// Was the second controller made by this restart?
[[nodiscard]] bool is_ours(const Seen& next, const Journal& journal);

// rolling_replace_writes.cpp: every write bears the UID and resourceVersion that were looked at.

/// Merges `metadata` and `spec` into a controller.
[[nodiscard]] Effect change(const View& view, const Seen& seen, const std::string& name, Json metadata, Json spec);
/// A new size, noted beside it, of the old one or the second one.
[[nodiscard]] Effect resize(const View& view, const Seen& seen, const std::string& name, std::int64_t replicas);
[[nodiscard]] Effect claim(const View& view, const Seen& old, const std::string& value, std::int64_t replicas);
[[nodiscard]] Effect create(const View& view, const Json& object, bool dry_run);
[[nodiscard]] Effect remove(const View& view, const Seen& seen, const std::string& name, const char* propagation);
/// A step that only tries this write and hears of it.
[[nodiscard]] Step trying(const View& view, Effect effect);

// rolling_replace_look.cpp

/// Pods of one controller, terminating and finished ones aside.
struct Counts {
  std::int64_t live = 0, ready = 0;
  std::int64_t fresh_ready = 0;    ///< ready, and created since the restart began
  std::optional<Time> last_ready;  ///< when the newest ready pod became so
};
[[nodiscard]] Counts count_pods(const std::vector<PodState>& pods, const std::string& uid, Time since);

/// Both controllers, if they are there and ours to touch.
struct Pair {
  std::optional<Seen> old, next;  ///< `next` only if it is ours
  bool name_taken = false;        ///< there is another one of the second one's name
  Counts old_pods, next_pods;
  std::int64_t available = 0;  ///< pods of `next`: by its status, and still ready
};
[[nodiscard]] Pair look(const View& view);
/// The first sign that a person or another program does something with them that we must not override.
[[nodiscard]] std::optional<Finding> disturbed(const View& view, const Pair& pair);
/// What keeps the second controller from creating pods, in the words of its status; or "".
[[nodiscard]] std::string pods_refused(const Pair& pair);
[[nodiscard]] Duration deadline(const View& view);
/// Since when nothing has moved.
[[nodiscard]] Time last_move(const View& view, const Pair& pair);

// The steps: rolling_replace_move.cpp, rolling_replace_finish.cpp, rolling_replace_back.cpp.
[[nodiscard]] Step step_create_next(const View& view);
[[nodiscard]] Step step_move(const View& view);
[[nodiscard]] Step step_delete_old(const View& view);
/// The old controller is gone: to OrphanNext.
[[nodiscard]] Step let_go(const View& view);
[[nodiscard]] Step step_orphan_next(const View& view);
/// Condition Progressing's reason once the dry run was taken: the second controller may go.
inline constexpr const char* kCreationChecked = "CreationChecked";
[[nodiscard]] Step creation_checked(const View& view);
[[nodiscard]] Step step_create_final(const View& view);
[[nodiscard]] Step step_wait_ready(const View& view);
[[nodiscard]] Step step_roll_back(const View& view);
/// Turns round: the old one gets its size back first, then the second one goes.
[[nodiscard]] Step roll_back(const View& view, const Finding& why);
[[nodiscard]] Step journal_invalid(const View& view, const std::string& what);

}  // namespace remint::restart::rolling

#pragma once
// What the steps of the machine share: building the next status, and one function per step.

#include "remint/restart/machine.hpp"

namespace remint::restart {

namespace step_name {
inline constexpr const char* kPatchTemplate = "PatchTemplate";
inline constexpr const char* kWaitRollout = "WaitRollout";
inline constexpr const char* kVerify = "Verify";
}  // namespace step_name

struct View {
  const Journal& journal;
  const Observation& observation;
  const MachineSettings& settings;
  Time now;
};

/// A reason in CamelCase and a sentence for people.
struct Finding {
  std::string reason;
  std::string message;
};

/// Nothing to write; look again after `settings.poll`.
[[nodiscard]] Step stay(const View& view);
/// The journal's status in a new phase or step, saying so in message and condition.
[[nodiscard]] JournalStatus advance(const View& view, Phase phase, const char* step, const Finding& finding);
/// The end, with the Event that tells of it.
[[nodiscard]] Step finish(const View& view, Phase phase, Outcome outcome, const Finding& finding);

/// "Deployment shop/cart"
[[nodiscard]] std::string target_name(const View& view);
/// Why the target is not the one that was meant, or is not there any more.
[[nodiscard]] std::optional<Finding> target_lost(const View& view);

// steps.cpp
[[nodiscard]] Step step_pending(const View& view);
[[nodiscard]] Step step_patch(const View& view);
[[nodiscard]] Step step_wait(const View& view);
// verify.cpp
[[nodiscard]] Step step_verify(const View& view);

}  // namespace remint::restart

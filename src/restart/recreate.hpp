#pragma once
// Recreate's steps, and what they share.

#include "strategy.hpp"

namespace remint::restart::recreate {

inline constexpr const char* kDryRun = "DryRun";
inline constexpr const char* kDeletePod = "DeletePod";
inline constexpr const char* kCreatePod = "CreatePod";
inline constexpr const char* kGiveUp = "GiveUp";
inline constexpr const char* kWaitReady = "WaitReady";

inline constexpr Duration kPatience = std::chrono::minutes(1);  ///< before people hear of what may pass by itself

[[nodiscard]] Effect dry_run(const View& view, const std::string& manifest);
/// Through the Eviction API, which asks PodDisruptionBudgets; with the pod's own grace period.
[[nodiscard]] Effect eviction(const View& view);
[[nodiscard]] bool overdue(const View& view);
/// Refused for something that passes: too many requests, a quota that somebody changed at the same time, a generated
/// name that was taken.
[[nodiscard]] bool may_pass(const Answer& answer);
[[nodiscard]] std::string refused(const Answer& answer);
/// Why this pod must not be recreated, though it is the one that was meant.
[[nodiscard]] std::optional<Finding> not_this(const View& view);

[[nodiscard]] bool is_blocked(const View& view, std::string_view reason = "");

// recreate_evict.cpp: once the deletion is in the journal, until the old pod is gone or is to stay
[[nodiscard]] Step step_delete(const View& view);
[[nodiscard]] Step step_give_up(const View& view);
// recreate_steps.cpp: once the old pod is gone
[[nodiscard]] Effect create(const View& view);
[[nodiscard]] Step step_create(const View& view);
[[nodiscard]] Step step_wait_ready(const View& view);
/// A pod of that name which is not the old one.
[[nodiscard]] Step found_another(const View& view);

}  // namespace remint::restart::recreate

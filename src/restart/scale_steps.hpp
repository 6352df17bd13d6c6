#pragma once
// ScaleToZero: what its steps share, and the way back up.

#include "pods.hpp"

namespace remint::restart::scale {

inline constexpr const char* kScaleDown = "ScaleDown";
inline constexpr const char* kWaitGone = "WaitGone";
inline constexpr const char* kScaleUp = "ScaleUp";
inline constexpr const char* kWaitReady = "WaitReady";

[[nodiscard]] std::int64_t saved_size(const View& view);
/// The patch of the size; asks for the answer.
[[nodiscard]] Effect set_size(const View& view, std::int64_t size);
/// The step has taken longer than settings.rollout_deadline.
[[nodiscard]] bool overdue(const View& view);
[[nodiscard]] Step failed(const View& view, const Finding& why);

/// To step WaitReady: somebody chose a size, which is not fought over.
[[nodiscard]] Step theirs(const View& view);
/// To step ScaleUp, with its patch.
[[nodiscard]] Step scale_up(const View& view, const Finding& why);
[[nodiscard]] Step step_gone(const View& view);
[[nodiscard]] Step step_up(const View& view);
[[nodiscard]] Step up_refused(const View& view, const Answer& answer);
[[nodiscard]] Step step_ready(const View& view);

}  // namespace remint::restart::scale

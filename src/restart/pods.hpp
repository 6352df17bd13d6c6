#pragma once
// Looking at a target's pods, and at whether its controller is replacing them by itself just now.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "strategy.hpp"

namespace remint::restart {

/// The ordinal of a StatefulSet's pod: cart-12 -> 12.
[[nodiscard]] std::optional<std::int64_t> ordinal(const std::string& pod);
/// Neither finished nor on its way out.
[[nodiscard]] bool is_live(const PodState& pod);
/// Live pods that are Ready.
[[nodiscard]] std::int64_t count_ready(std::span<const PodState> pods);
/// "cart-a, cart-b, cart-c and 4 more"
[[nodiscard]] std::string name_list(const std::vector<std::string>& names);

/// Is it of a kind whose object Remint can read, so that observation.target tells its size?
[[nodiscard]] bool is_readable(const ObjectRef& target);
/// Why pods must not be taken away now: a rollout that is under way. For readable targets.
[[nodiscard]] std::optional<Finding> rollout_under_way(const View& view);
/// In phase Pending: Blocked by such a rollout until it is over, and cancelled when that takes too long.
[[nodiscard]] Step wait_for_rollout(const View& view, const Finding& under_way);
/// ProgressDeadlineExceeded: half of the pods may be all that still works.
[[nodiscard]] std::optional<Finding> rollout_stuck(const View& view);

}  // namespace remint::restart

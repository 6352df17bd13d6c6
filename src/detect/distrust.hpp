#pragma once
// Pods that have not been heard since something they hang on was replaced. A dead token shows itself by a 401, sooner
// or later; a client that trusts the old CA never gets so far: its silence is all there is.

#include <optional>
#include <string>

#include "pod_state.hpp"
#include "remint/detect/inventory.hpp"

namespace remint::detect {

/// Who listens: a silence is one only while somebody would have heard.
struct Listening {
  Time since = Time::min();   ///< nothing was heard before
  Time newest = Time::min();  ///< received time of the newest accepted request of anybody
};

/// Nothing when the pod was accepted since the change, was no client before it, or has been quiet for less than half a
/// minute. `change`: Inventory::change_since_start().
[[nodiscard]] std::optional<Distrust> distrust(const PodView& view, const PodState& state, const TrustChange& change,
                                               const Listening& listening);
/// The cheap half of it, without looking at the pod: whether it was a client, and has been quiet for a while.
[[nodiscard]] bool went_quiet(const PodState& state, const Listening& listening);

}  // namespace remint::detect

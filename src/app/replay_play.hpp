#pragma once
// A recording played through the production engine: what `remint replay` and `remint report` share.

#include <functional>
#include <iosfwd>
#include <optional>

#include "remint/app/options.hpp"
#include "replay_output.hpp"

namespace remint::app {

struct PlayEnd {
  std::optional<Time> at;  ///< nothing: where the recording ends; may lie behind that
  /// The engine as it stands there.
  std::function<void(const controllers::DetectionEngine&, Time)> look;
};

/// Decisions go to `output`, notes and warnings to `err`. Errors name the flag and the file.
[[nodiscard]] Result<void> play(const ReplayOptions& options, ReplayOutput& output, std::ostream& err,
                                const PlayEnd& end);

}  // namespace remint::app

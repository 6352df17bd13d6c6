#pragma once
// The API servers' logs of a replay: one file, one server.

#include <string>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/detect/apiserver_log.hpp"
#include "remint/detect/reason_join.hpp"

namespace remint::app {

struct RecordedLines {
  struct Item {
    detect::ReasonJoin::Stream stream = 0;
    detect::ApiServerLine line;
  };
  std::vector<Item> lines;  ///< by time
  std::vector<std::string> warnings;
};

/// `clock`: a time of the recording, for klog prints neither year nor zone. A file that cannot be read is an error.
[[nodiscard]] Result<RecordedLines> read_apiserver_logs(const std::vector<std::string>& files,
                                                        const detect::LogClock& clock);

}  // namespace remint::app

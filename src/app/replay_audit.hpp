#pragma once
// The audit recordings of a replay: read, unpacked, decoded, merged by time.

#include <string>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/detect/audit.hpp"

namespace remint::app {

struct RecordedAudit {
  std::vector<detect::AuditBatch> batches;  ///< one per file and block
  struct Item {
    Time at{};  ///< when the API server wrote the event
    std::uint32_t batch = 0;
    std::uint32_t record = 0;
  };
  std::vector<Item> order;     ///< by time; equal times in the order of the files
  detect::AuditReport report;  ///< of all files together
  std::vector<std::string> warnings;
};

/// A file that cannot be read is an error; broken events inside one are counted and warned about.
[[nodiscard]] Result<RecordedAudit> read_audit(const std::vector<std::string>& files);

}  // namespace remint::app

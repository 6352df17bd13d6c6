#pragma once
// From raw events to records, and the count of what became of them.

#include <cstddef>
#include <string_view>

#include "audit_event.hpp"
#include "audit_time.hpp"
#include "remint/detect/audit.hpp"

namespace remint::detect {

/// Not thread-safe; one per decoder.
class AuditRecords {
 public:
  /// Records go to the end of `batch`; the report starts anew.
  void begin(AuditBatch& batch);
  [[nodiscard]] AuditReport finish();

  /// Adds a record, uncounted; kInvalid, with nothing added, when a text or a time is not what it should be.
  ReadStatus add(const RawEvent& event);
  /// Undoes the newest add().
  void take_back();
  /// Counts one event of the body, kOk for one that was added.
  void count(ReadStatus status);
  /// Nothing is read from this byte on.
  void break_at(std::size_t offset);

 private:
  bool add_text(std::string_view raw, std::size_t cap, ArenaText& place);

  AuditTimeReader times_;
  AuditBatch* batch_ = nullptr;
  AuditReport report_;
};

}  // namespace remint::detect

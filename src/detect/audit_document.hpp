#pragma once
// One JSON value of a body: an event, a list of events, or an EventList. The fast way parses the text as a whole; what
// the parser refuses is saved event by event.

#include <cstddef>
#include <optional>
#include <string_view>

#include "audit_records.hpp"
#include "padded_buffer.hpp"

namespace remint::detect {

inline constexpr std::size_t kEventCap = 4U << 20U;

/// Not thread-safe; one per decoder.
class AuditDocumentReader {
 public:
  explicit AuditDocumentReader(AuditRecords& records) : records_(records) {}

  /// How far a text was read, as offsets into it.
  struct Progress {
    std::size_t rest = 0;               ///< what follows the first value
    std::optional<std::size_t> broken;  ///< where the JSON breaks
  };
  /// The first value of a text that is not empty and does not begin with white space.
  Progress read(std::string_view text);
  /// The same, by the slow way alone: for a text that ends too early.
  Progress salvage(std::string_view text);
  /// Gives memory back that only an unusually large body needed.
  void trim();

 private:
  using Document = simdjson::ondemand::document;

  Progress root_object(Document& document, std::string_view text);
  Progress root_array(Document& document, std::string_view text);
  /// Events of a list; where it breaks, the offset of the event that is not whole.
  std::optional<std::size_t> events(simdjson::ondemand::array array, Document& document, std::size_t text_size);
  ReadStatus event(simdjson::ondemand::object object);

  Progress salvage_object(std::string_view text);
  /// `first`: the offset of an element, or of the end of the list.
  Progress salvage_elements(std::string_view text, std::size_t first);
  ReadStatus salvage_event(std::string_view text);

  simdjson::error_code parse(std::string_view text, Document& document);
  /// Where the parser stands; `end` when it has read everything.
  std::size_t offset_of(Document& document, std::size_t end) const;

  AuditRecords& records_;
  simdjson::ondemand::parser parser_;
  PaddedBuffer buffer_;
};

}  // namespace remint::detect

#pragma once
// Label and field selectors.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/json.hpp"

namespace remint::testing {

struct SelectorTerm {
  enum class Op : std::uint8_t { kEquals, kNotEquals, kIn, kNotIn, kExists, kAbsent };
  std::string key;
  Op op = Op::kEquals;
  std::vector<std::string> values;
};

/// Both selectors of one request.
struct Selection {
  std::vector<SelectorTerm> labels;
  std::vector<SelectorTerm> fields;
  [[nodiscard]] bool everything() const { return labels.empty() && fields.empty(); }
  [[nodiscard]] bool matches(const Json& object) const;
};

/// The error is the message for the client. Known fields: metadata.name, metadata.namespace, and of pods spec.nodeName,
/// status.phase, spec.serviceAccountName; of Events regarding.* too.
[[nodiscard]] std::expected<Selection, std::string> parse_selection(std::string_view label_selector,
                                                                    std::string_view field_selector,
                                                                    std::string_view kind);

}  // namespace remint::testing

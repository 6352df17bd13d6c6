#pragma once
// JSON string contents, as simdjson hands them out raw: unescaped only when a record needs them.

#include <cstddef>
#include <string>
#include <string_view>

namespace remint::detect {

/// Appends what stands between the quotes of a JSON string, unescaped, at most `cap` bytes (cut between characters).
/// False, with nothing appended, when an escape is wrong. Half a surrogate pair becomes U+FFFD.
[[nodiscard]] bool append_unescaped(std::string& out, std::string_view raw, std::size_t cap);

/// Whether `raw` needs unescaping at all.
[[nodiscard]] inline bool is_plain(std::string_view raw) { return raw.find('\\') == std::string_view::npos; }

}  // namespace remint::detect

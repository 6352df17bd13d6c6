#pragma once
// gzip with a cap on what comes out: a bomb costs no more than the cap.

#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint {

/// Whether the bytes begin as gzip does.
[[nodiscard]] bool looks_gzipped(std::string_view bytes);
/// Unpacks all members. Bytes after the last one are an error. kTooLarge beyond `max_bytes`, kInvalid for corrupt or
/// truncated input.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace remint

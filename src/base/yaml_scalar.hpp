#pragma once
// What a YAML scalar means under the core schema of YAML 1.2: `010` is ten, `yes` is a word, `0o10` is eight.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "remint/base/result.hpp"

namespace remint {

/// `tag` as yaml-cpp reports it: "?" for plain text, "!" for quoted text, else the full name of an explicit tag.
/// Fails for tags beyond the core schema, for text that its tag does not allow, and for numbers that JSON cannot hold.
[[nodiscard]] Result<nlohmann::json> read_yaml_scalar(const std::string& tag, const std::string& text);

/// Whether a collection may have this tag.
[[nodiscard]] bool is_core_collection_tag(const std::string& tag, bool sequence);

}  // namespace remint

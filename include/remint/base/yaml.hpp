#pragma once
// The one YAML reader: kubeconfig and policy files become JSON documents, with caps that defuse alias bombs.

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"

namespace remint {

/// At most 1 MiB of text, 100,000 nodes and 8 MiB of strings per document (aliases count as often as they are used),
/// 64 levels and 100 documents ("---"); empty documents are left out. Plain scalars are typed as YAML 1.2 core does it
/// (true/false, integers, floats, null: `010` is 10, `yes` is a string); quoted ones stay strings. Duplicate keys,
/// merge keys (<<), non-core tags, control characters and anything but UTF-8 are errors: kInvalid, or kTooLarge beyond
/// a cap. Errors carry line and column.
[[nodiscard]] Result<std::vector<nlohmann::json>> parse_yaml(std::string_view text);

}  // namespace remint

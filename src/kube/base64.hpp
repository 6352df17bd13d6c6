#pragma once
// Base64 as kubeconfigs carry it.

#include <optional>
#include <string>
#include <string_view>

namespace remint::kube {

/// Standard alphabet, padded; white space is skipped, because people wrap long lines. nullopt for anything else.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace remint::kube

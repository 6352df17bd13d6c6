#pragma once
// The metadata of a List, which is small and comes before the items or behind them.

#include <string_view>

#include "remint/kube/list_decoder.hpp"

namespace remint::kube {

/// How every answer that is no List is refused.
[[nodiscard]] std::unexpected<Error> not_a_list(std::string_view what);

/// Sets resourceVersion and continue token. At least kItemPadding readable bytes follow `json`. kInvalid: of the wrong
/// type.
[[nodiscard]] Result<void> decode_list_metadata(std::string_view json, ListPage& page);

/// Asked only for text that is not ASCII.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace remint::kube

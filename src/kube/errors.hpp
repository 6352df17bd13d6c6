#pragma once

#include <string_view>

#include "remint/base/result.hpp"

namespace remint::kube {

/// The Status object of a watch's ERROR event as an Error.
[[nodiscard]] Error status_to_error(std::string_view status_object, std::string_view what);

}  // namespace remint::kube

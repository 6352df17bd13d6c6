#pragma once
// What the error text of "Unable to authenticate the request" means.

#include <string_view>

#include "remint/detect/apiserver_log.hpp"

namespace remint::detect {

/// Fills in diagnosis, text and what the text names. `error` is unquoted and may hold anything.
void read_reason(std::string_view error, ApiServerLine& line);

}  // namespace remint::detect

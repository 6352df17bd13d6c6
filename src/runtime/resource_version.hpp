#pragma once
// metadata.resourceVersion of an object's raw JSON, without building a document: every watch event passes here.

#include <string>
#include <string_view>

namespace remint::runtime {

/// Empty when the object has none or is not JSON. Reading stops at the field, which in objects of the API server comes
/// early, so a large object costs little more than a small one. Thread-safe.
[[nodiscard]] std::string resource_version_of(std::string_view object);

}  // namespace remint::runtime

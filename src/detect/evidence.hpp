#pragma once
// What people are shown of a request.

#include <string_view>

#include "remint/detect/audit.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

/// "401 to LIST /api/v1/namespaces/shop/configmaps from 10.244.1.7 (pod cart-abc), user agent \"controller/v0.0.0\"";
/// without a name nobody is named.
[[nodiscard]] Evidence rejection_note(const AuditBatch& batch, const AuditRecord& record, std::string_view pod_name);

}  // namespace remint::detect

#pragma once
// The parts of reading shipped records that stand on their own.

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint::detect {

/// Standard or URL alphabet, padded or not; line feeds are skipped. kInvalid for anything else, kTooLarge when more
/// than `max_bytes` would come out.
[[nodiscard]] Result<std::string> decode_base64(std::string_view text, std::size_t max_bytes);

/// A member that is a string; empty when there is none.
[[nodiscard]] std::string_view text_of(simdjson::dom::object object, std::string_view key);

/// Whether the sender says that a record is of another program than an API server.
[[nodiscard]] bool is_foreign(simdjson::dom::object record);
/// Which API server's log it is, as the sender says; empty when it does not.
[[nodiscard]] std::string_view stream_of(simdjson::dom::object record);

/// Google's LogEntry with an AuditLog of a Kubernetes cluster, as one line of audit.k8s.io. Empty when it is of another
/// service.
[[nodiscard]] std::string google_event(simdjson::dom::object entry, simdjson::dom::object payload);

}  // namespace remint::detect

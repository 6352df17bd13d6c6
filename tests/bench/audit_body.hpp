#pragma once
// Audit bodies of real shape and size, the same on every run.

#include <cstddef>
#include <string>

namespace remint::bench {

struct AuditBodyShape {
  std::size_t events = 400;
  std::size_t pods = 1000;
  std::size_t one_rejected_in = 100;
};

/// Event `i` of the body is of pod `(first + i) % pods`. Pod n has the address 10.(n/65536).(n/256).n and the UID that
/// pod_uid(n) says. Audit IDs are unique over all bodies with different `first`.
[[nodiscard]] std::string audit_body(const AuditBodyShape& shape, std::size_t first);
[[nodiscard]] std::string pod_uid(std::size_t pod);
[[nodiscard]] std::string pod_address(std::size_t pod);

}  // namespace remint::bench

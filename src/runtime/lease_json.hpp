#pragma once
// coordination.k8s.io/v1 Lease to LeaseRecord and back.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "remint/base/json.hpp"
#include "remint/runtime/leader.hpp"

namespace remint::runtime {

struct Lease {
  std::string object;  ///< as the server has it: labels and fields that we do not know are written back as they were
  LeaseRecord record;
};

/// The annotation remint.dev/suspend of a Lease, as somebody wrote it: what it says when it suspends, else "". "false"
/// and an empty value do not.
[[nodiscard]] std::string suspension(const Json& lease);
/// Values that make no sense (a duration below zero, a time that is none) count as absent.
[[nodiscard]] Result<Lease> parse_lease(std::string_view text);
/// `base` with the record's fields set; null: a new object.
[[nodiscard]] Json to_object(const Json& base, const ObjectKey& key, const LeaseRecord& record);

}  // namespace remint::runtime

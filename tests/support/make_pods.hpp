#pragma once
// Many pods of a real shape and size (about 4.8 KB each: managedFields, environment, probes, volumes, conditions), all
// computed from their number, so that serving a hundred thousand of them takes no memory.

#include <cstdint>
#include <string>

#include "remint/base/json.hpp"
#include "remint/base/object.hpp"

namespace remint::testing {

/// Namespace "team-<index % 50>", name like a Deployment's pod.
[[nodiscard]] ObjectKey pod_key(std::uint32_t index);
/// "10.64.0.0" + index
[[nodiscard]] std::string pod_ip(std::uint32_t index);
[[nodiscard]] std::string pod_uid(std::uint32_t index);
/// The pod without kind and apiVersion, as items of a PodList are. About 1 us.
[[nodiscard]] std::string pod_text(std::uint32_t index, std::uint64_t resource_version);
/// With kind and apiVersion.
[[nodiscard]] Json make_pod(std::uint32_t index);

}  // namespace remint::testing

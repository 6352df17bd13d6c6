#pragma once
// EvictPods: which pods, how far it is by the pods as they are now, and what the next eviction has to wait for.

#include <optional>
#include <string>
#include <vector>

#include "pods.hpp"

namespace remint::restart {

/// The pods in question that run now, in the order of their eviction.
[[nodiscard]] std::vector<const PodState*> affected(const View& view);

/// How far it is, by the pods as they are now.
struct Eviction {
  std::vector<const SavedPod*> left;     ///< to be evicted, in order
  std::size_t gone = 0;                  ///< evicted by us or lost otherwise; those still terminating, too
  std::vector<std::string> terminating;  ///< of these
  std::optional<Time> grace_over;        ///< when the last of them should have ended
  std::int64_t ready = 0;                ///< all live pods that are Ready
  std::int64_t ready_new = 0;            ///< of these, made since it began
  Time newest_ready{};                   ///< when the last one of these became Ready
};

[[nodiscard]] Eviction look_at_eviction(const View& view);

struct Wait {
  Finding finding;                   ///< how it ends when it takes too long
  Outcome outcome = Outcome::kNone;  ///< then
};

/// Has everything that went come back?
[[nodiscard]] std::optional<Wait> not_replaced(const View& view, const Eviction& progress);
/// Have the replacements shown that a new token is the cure? Pods that ask the API server rarely get some time for it.
[[nodiscard]] std::optional<Wait> not_heard(const View& view, const Eviction& progress);

}  // namespace remint::restart

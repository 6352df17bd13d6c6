#pragma once
// What a strategy wants to look at, read from the API server.

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/controllers/restart_controller.hpp"

namespace remint::controllers {

/// kUnavailable: the cache has not caught up with what verification asks about; try again.
[[nodiscard]] Result<restart::Observation> observe(kube::Client& client, const restart::Journal& journal,
                                                   const RestartHooks& hooks, const restart::MachineSettings& settings,
                                                   Time now, const std::stop_token& stop);

/// The label selector of a workload object (JSON text) as a query parameter: "app=web,tier in (a,b)". Empty when it has
/// none, or one that cannot be understood: then all pods are to be looked at.
[[nodiscard]] std::string selector_of(const std::string& object);
/// The name of the HorizontalPodAutoscaler among `item`s that targets this workload, or "".
[[nodiscard]] bool targets(std::string_view autoscaler, const ObjectRef& workload);

}  // namespace remint::controllers

#pragma once
// Effects of a strategy as requests to the API server.

#include <stop_token>

#include "remint/kube/client.hpp"
#include "remint/restart/effects.hpp"

namespace remint::controllers {

/// One of the effects that concern the workload: Create, Patch, Delete, Evict.
[[nodiscard]] Result<void> carry_out(kube::Client& client, const restart::Act& act, const std::stop_token& stop);
/// What the act is, for logs: "evict Pod shop/cart-0".
[[nodiscard]] std::string describe(const restart::Act& act);
/// Did the API server answer the request itself? Then the strategy can make something of it; else it is tried again.
[[nodiscard]] bool is_answer(const Error& error);

}  // namespace remint::controllers

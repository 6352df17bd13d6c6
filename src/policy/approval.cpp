#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "own_restarts.hpp"
#include "remint/base/text.hpp"

namespace remint::policy {
namespace {

using State = PastRestart::Approval::State;

const PastRestart* find(const std::vector<const PastRestart*>& restarts, auto&& is) {
  // The first by name, so that the answer does not depend on the order of the objects.
  const PastRestart* found = nullptr;
  for (const PastRestart* restart : restarts) {
    if (is(*restart) && (found == nullptr || restart->name < found->name)) {
      found = restart;
    }
  }
  return found;
}

std::string by(const PastRestart& restart) {
  return restart.approval.by.empty() ? "" : fmt::format(" by {}", sanitize(restart.approval.by, 100));
}

}  // namespace

std::optional<Decision> check_approval(const Context& context) {
  const Effective& policy = context.policy;
  if (policy.spec.mode != Mode::kApprove) {
    return std::nullopt;
  }
  auto restarts = own_restarts(context.restarts, context.workload.ref);
  std::erase_if(restarts, [&](const PastRestart* restart) { return !same_cause(*restart, context.facts); });
  const auto* denied = find(restarts, [](const PastRestart& one) { return one.approval.state == State::kDenied; });
  if (denied != nullptr) {
    return refuse(check::kDenied, fmt::format("{} was denied{}: left alone for this cause until somebody deletes it "
                                              "(kubectl delete wr -n {} {})",
                                              denied->name, by(*denied), denied->workload.ns, denied->name));
  }
  const auto stands_as = [](State state) {
    return [state](const PastRestart& one) { return one.standing() && one.approval.state == state; };
  };
  if (find(restarts, stands_as(State::kApproved)) != nullptr) {
    return std::nullopt;
  }
  const auto* asked = find(restarts, stands_as(State::kAwaited));
  Decision decision;
  decision.kind = DecisionKind::kAsk;
  decision.check = check::kAwaitingApproval;
  decision.standing = true;
  decision.expires = asked != nullptr && asked->approval.expires ? *asked->approval.expires
                                                                 : context.now + policy.spec.approval.expires_after;
  const std::string& asks =
      policy.ceiling && policy.ceiling->narrowed_mode ? policy.ceiling->reference : policy.reference;
  decision.reason = fmt::format(
      "would restart it ({}) when a person approves until {}: remint approve {} (policy: {} is in mode Approve): {}",
      to_string(context.choice.strategy), when(*decision.expires, context.now), asked != nullptr ? asked->name : "NAME",
      asks, context.signals.why);
  return decision;
}

}  // namespace remint::policy

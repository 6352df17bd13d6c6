// When restarting does not help, a person has to look; and should be told where.

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "own_restarts.hpp"

namespace remint::policy {
namespace {

struct Advice {
  std::string_view probably;
  std::string_view look_at;
};

/// Why new pods with new tokens fail as the old ones did.
Advice advice(Diagnosis diagnosis) {
  switch (diagnosis) {
    case Diagnosis::kStaleToken:
    case Diagnosis::kNotReloading:
      return {
          "the client uses a token that it did not get from its own pod: a copy in a Secret, on a volume or in its "
          "configuration",
          "where its configuration takes the token from"};
    case Diagnosis::kSigningKeyChanged:
    case Diagnosis::kCaChanged:
      return {"the API servers do not agree about keys or CA: one of them refuses what another one signs",
              "--service-account-key-file, --service-account-issuer and the CA of each API server"};
    case Diagnosis::kServiceAccountRecreated:
    case Diagnosis::kSecretRegenerated:
    case Diagnosis::kBoundObjectChanged:
      return {"the client reads a token from a Secret or volume that still holds the old one",
              "the Secrets and volumes that its pods mount, and when they were written"};
    default:
      return {
          "the client reads its token from elsewhere than its pod's ServiceAccount mount, or the token is for "
          "another audience or another cluster",
          "its log, the mount of the token in its pods and the API server that it calls"};
  }
}

std::string names(const std::vector<const PastRestart*>& failures) {
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(failures.size(), kNamed); ++i) {
    text += fmt::format("{}{} by {}", i == 0 ? "" : ", ", failures[i]->name, to_string(failures[i]->strategy));
  }
  return failures.size() > kNamed ? text + " ..." : text;
}

}  // namespace

std::optional<Decision> check_breaker(const Context& context) {
  const ObjectRef& workload = context.workload.ref;
  const Breaker& breaker = context.policy.spec.breaker;
  const auto failures = failures_since_cure(context.restarts, workload);
  const std::size_t enough = std::max<std::size_t>(breaker.failures, context.choice.length);
  if (failures.empty() || failures.size() < enough) {
    return std::nullopt;
  }
  const Time until = ended(*failures.front()) + breaker.open_for;
  if (context.now >= until) {
    return std::nullopt;
  }
  const Advice what = advice(context.facts.diagnosis);
  Decision decision = refuse(
      check::kBreakerOpen,
      fmt::format("restarting does not help: the last {} did not ({}). Probably {}. Look at {}, and at kubectl get wr "
                  "-n {}. No restart until {} (policy: breaker.openFor {})",
                  failures.size() == 1 ? std::string("restart") : fmt::format("{} restarts", failures.size()),
                  names(failures), what.probably, what.look_at, workload.ns, when(until, context.now),
                  format_duration(breaker.open_for)));
  decision.not_before = until;
  return decision;
}

}  // namespace remint::policy

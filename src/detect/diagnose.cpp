#include "diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

// The annotation counts whole seconds, and its first one is cut off.
constexpr Duration kAnnotationError = std::chrono::seconds(1);
// Objects' times are whole seconds.
constexpr Duration kObjectError = std::chrono::seconds(1);
// The API server believes a token that it has just checked for so long (its cache of successes: kubernetes.md 1.3).
constexpr Duration kBelieved = std::chrono::seconds(10);
constexpr std::size_t kMaxLines = 3;

/// A key that went between the pod's start and the rejection: its token may have been signed with it, unless it was
/// accepted after the change.
const TrustChange* lost_key(const PodView& view, Time accepted, Time at, const Inventory& inventory) {
  for (const TrustChange& change : inventory.trust_changes()) {
    if (change.diagnosis == Diagnosis::kSigningKeyChanged && view.pod.created < change.until &&
        accepted < change.until && at >= change.from && at - change.until <= kTrustMemory) {
      return &change;
    }
  }
  return nullptr;
}

std::string why(Diagnosis diagnosis, const Suspect& suspect, const Inventory& inventory) {
  if (diagnosis == Diagnosis::kSigningKeyChanged) {
    return fmt::format("{}, and pod {} was started before",
                       lost_key(suspect.view, suspect.state->last_success, suspect.since, inventory)->what,
                       suspect.view.pod.name);
  }
  if (diagnosis == Diagnosis::kServiceAccountRecreated) {
    return fmt::format("ServiceAccount {}/{} was made anew after pod {} had started: tokens of the old one are dead",
                       suspect.view.pod.ns, suspect.view.pod.service_account, suspect.view.pod.name);
  }
  if (diagnosis == Diagnosis::kSecretRegenerated) {
    return fmt::format("Secret {}/{}, which pod {} mounts, was made anew after it had started: the old token is dead",
                       suspect.view.pod.ns, inventory.secret_made_anew(suspect.view.pod)->name, suspect.view.pod.name);
  }
  return suspect.state->stale() ? "the stale token's last day had come before the first rejection"
                                : "the token was used for longer than it can live";
}

}  // namespace

std::optional<Time> breaks_at(const PodState& state, const DetectorSettings& settings) {
  if (state.stale()) {
    return state.stale_since() - settings.requested_lifetime + settings.extended_lifetime;
  }
  if (const Credential* const kept = state.kept_credential()) {
    return kept->first + Duration(state.token_lifetime);
  }
  return std::nullopt;
}

std::optional<Diagnosis> reason_to_die(const PodView& view, const PodState& state, Time accepted, Time at,
                                       const Inventory& inventory, const DetectorSettings& settings) {
  const auto* account = inventory.service_account(view.pod.ns, view.pod.service_account);
  if (account != nullptr && account->created > view.pod.created + kObjectError && account->created <= at &&
      accepted <= account->created + kObjectError + kBelieved) {
    return Diagnosis::kServiceAccountRecreated;
  }
  const auto* secret = inventory.secret_made_anew(view.pod);
  if (secret != nullptr && secret->created <= at && accepted <= secret->created + kObjectError + kBelieved) {
    return Diagnosis::kSecretRegenerated;
  }
  const auto breaks = breaks_at(state, settings);
  if (breaks && *breaks - kAnnotationError <= at) {
    return Diagnosis::kExpired;
  }
  if (lost_key(view, accepted, at, inventory) != nullptr) {
    return Diagnosis::kSigningKeyChanged;
  }
  return std::nullopt;
}

Finding diagnose(const std::vector<Suspect>& suspects, const Inventory& inventory, const ReasonJoin& reasons,
                 const DetectorSettings& settings) {
  std::map<Diagnosis, std::vector<const ApiServerLine*>> said;
  for (const Suspect& suspect : suspects) {
    for (const RequestWindow& window : suspect.windows) {
      const auto join = reasons.find(window.received, window.staged, window.audit_id);
      if (join.line != nullptr) {
        said[join.line->diagnosis].push_back(join.line);
      }
    }
  }
  Finding finding;
  if (!said.empty()) {
    const auto& [diagnosis, lines] =
        *std::ranges::max_element(said, {}, [](const auto& entry) { return entry.second.size(); });
    finding.diagnosis = diagnosis;
    finding.reason = sanitize(fmt::format("the API server's log says why: {} ({} of the rejections were found in it)",
                                          lines.back()->text, lines.size()));
    for (std::size_t i = lines.size() - std::min(lines.size(), kMaxLines); i < lines.size(); ++i) {
      finding.evidence.push_back({"apiserver-log", lines[i]->time, lines[i]->text});
    }
    if (diagnosis != Diagnosis::kUnknown) {
      return finding;
    }
  }
  for (const Suspect& suspect : suspects) {
    if (!suspect.failing()) {
      continue;
    }
    if (const auto reason = reason_to_die(suspect.view, *suspect.state, suspect.state->last_success, suspect.since,
                                          inventory, settings)) {
      finding.diagnosis = *reason;
      finding.reason = sanitize(why(*reason, suspect, inventory));
      return finding;
    }
  }
  if (finding.reason.empty()) {
    finding.reason = "the audit event does not say why the token was refused";
  }
  return finding;
}

}  // namespace remint::detect

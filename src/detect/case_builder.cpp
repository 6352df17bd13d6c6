#include "case_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "diagnose.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kMaxReasons = 6;
constexpr std::size_t kMaxEvidence = 10;
constexpr double kHalf = 0.5;
constexpr double kMostSureOfMany = 0.99;
// A line stands in the log of its pod, whoever made the program print it. An Event names its pod or its DaemonSet, and
// is as true as who created it: whether that is enough is what the policy's `sufficient` says.
constexpr double kByLog = 0.95;
constexpr double kByEvent = 0.9;
// Of a pod that was accepted again and again after it had said so: it is refused by somebody else.
constexpr double kByCries = 0.5;
constexpr std::size_t kMaxStatusNotes = 3;  // of a case: what was said of requests is worth more

std::string pod_path(const PodRecord& pod) { return pod.ns + "/" + pod.name; }

/// Since when its token is older than it should be, though it is accepted.
Time ageing_since(const Suspect& suspect) {
  const PodState& state = *suspect.state;
  const Credential* const kept = state.kept_credential();
  return state.stale() || kept == nullptr ? state.stale_since() : kept->first + renewed_within(state.token_lifetime);
}

Time clued_since(const Suspect& suspect) {
  const Accusation& accusation = *suspect.state->accusation;
  Time since = Time::max();
  for (const ClueRun* const clues : {&accusation.log_clues, &accusation.event_clues}) {
    since = clues->empty() ? since : std::min(since, clues->since());
  }
  return since;
}

/// What accuses a pod. The surest first, for what the pod's workload is judged by.
enum class Charge : std::uint8_t { kRejected, kDistrusted, kAgeing, kClue };

Charge charge_of(const Suspect& suspect) {
  const PodState& state = *suspect.state;
  if (suspect.failing()) {
    return Charge::kRejected;
  }
  if (state.distrust() != nullptr) {
    return Charge::kDistrusted;
  }
  return state.stale() || state.kept_credential() != nullptr ? Charge::kAgeing : Charge::kClue;
}

Time charged_since(const Suspect& suspect) {
  switch (charge_of(suspect)) {
    case Charge::kRejected:
      return suspect.since;
    case Charge::kDistrusted:
      return suspect.state->distrust()->since;
    case Charge::kAgeing:
      return ageing_since(suspect);
    case Charge::kClue:
      break;
  }
  return clued_since(suspect);
}

void add_once(std::vector<std::string>& reasons, std::string reason) {
  if (std::ranges::find(reasons, reason) == reasons.end()) {
    reasons.push_back(std::move(reason));
  }
}

std::string newest_id(const FailingRuns& runs) {
  const RequestWindow* newest = nullptr;
  for (const auto& [agent, run] : runs.all()) {
    if (!run.empty() && (newest == nullptr || run.windows().back().received > newest->received)) {
      newest = &run.windows().back();
    }
  }
  return newest == nullptr ? std::string() : newest->audit_id;
}

void add_reasons(const Suspect& suspect, const DetectorSettings& settings, std::vector<std::string>& reasons) {
  const PodRecord& pod = suspect.view.pod;
  const PodState& state = *suspect.state;
  const bool named_itself = state.accusation && !state.accusation->joined.empty();
  if (named_itself) {
    reasons.push_back(sanitize(fmt::format("pod {}: its own log names the request (Audit-Id {})", pod_path(pod),
                                           newest_id(state.accusation->joined))));
  }
  if (suspect.failing() && !suspect.reasons.empty()) {
    for (const std::string& reason : suspect.reasons) {
      add_once(reasons, reason);  // two pods that one caller accuses share its reasons
    }
  } else if (suspect.failing() && !state.accusation->runs.empty()) {
    reasons.push_back(sanitize(fmt::format("{} was the address of pod {} since {}, which is not on the host network",
                                           state.accusation->address.to_string(), pod_path(pod),
                                           format_rfc3339(state.accusation->address_since))));
  }
  if (const Distrust* const distrust = state.distrust(); distrust != nullptr && !suspect.failing()) {
    reasons.push_back(distrust->what);
  }
  if (!suspect.failing() && state.clued()) {
    const bool log = !state.accusation->log_clues.empty();
    reasons.push_back(sanitize(fmt::format(
        "{} since {} that a token of pod {} is refused{}", log ? "its own log says" : "Kubernetes Events say",
        format_rfc3339(clued_since(suspect)), pod_path(pod), log ? ", and nothing of it was accepted since" : "")));
  }
  const auto breaks = breaks_at(state, settings);
  if (state.stale()) {
    reasons.push_back(sanitize(fmt::format(
        "the API server says that pod {} (UID {}) used a token that has been stale since {} and breaks at {}",
        pod_path(pod), pod.uid, format_rfc3339(state.stale_since()), format_rfc3339(*breaks))));
  } else if (const Credential* const kept = state.kept_credential()) {
    reasons.push_back(
        sanitize(fmt::format("pod {} (UID {}) has used one token since {} or before, of {} of life, and the kubelet "
                             "has put another there by "
                             "{}: it does not read it again, and breaks at {} or before",
                             pod_path(pod), pod.uid, format_rfc3339(kept->first), humanize(state.token_lifetime),
                             format_rfc3339(ageing_since(suspect)), format_rfc3339(*breaks))));
  }
}

std::vector<std::string> reasons_of(const std::vector<Suspect>& suspects, const DetectorSettings& settings) {
  std::vector<std::string> reasons;
  std::size_t told = 0;
  while (told < suspects.size() && reasons.size() < kMaxReasons) {
    add_reasons(suspects[told++], settings, reasons);
  }
  if (told < suspects.size()) {
    reasons.push_back(fmt::format("{} more pods of the same revision likewise", suspects.size() - told));
  }
  return reasons;
}

Evidence ageing_note(const Suspect& suspect, const DetectorSettings& settings) {
  const PodState& state = *suspect.state;
  const auto breaks = breaks_at(state, settings);
  if (state.stale()) {
    return {"audit", state.last_stale,
            sanitize(fmt::format("request of pod {} accepted with a token that has been stale for {} and breaks at {}",
                                 suspect.view.pod.name, humanize(std::chrono::seconds(state.stale_seconds)),
                                 format_rfc3339(*breaks)))};
  }
  const Credential& kept = *state.kept_credential();
  return {"audit", kept.last,
          sanitize(fmt::format("request of pod {} accepted with a token that it has used for {}", suspect.view.pod.name,
                               humanize(kept.last - kept.first)))};
}

/// Of the workload: one pod that is surely accused is enough. Addresses tell apart from each other: that a stranger
/// calls like the workload's pods on one node may be, but hardly on each of several.
double confidence_of(const std::vector<Suspect>& suspects) {
  double surest = 0;
  std::map<IpAddress, double> by_address;
  for (const Suspect& suspect : suspects) {
    surest = std::max(surest, suspect.failing() ? suspect.confidence : 0);
    for (const auto& [address, confidence] : suspect.by_address) {
      by_address[address] = std::max(by_address[address], confidence);
    }
  }
  double none = 1;
  for (const auto& [address, confidence] : by_address) {
    // Where more speaks against it than for it, nothing is added.
    none *= confidence > kHalf ? 1 - confidence : 1;
  }
  return std::max(surest, std::min(1 - none, kMostSureOfMany));
}

double surest_distrust(const std::vector<Suspect>& suspects) {
  double surest = 0;
  for (const Suspect& suspect : suspects) {
    const Distrust* const distrust = suspect.state->distrust();
    surest = std::max(surest, distrust == nullptr ? 0 : distrust->confidence);
  }
  return surest;
}

double surest_clue(const std::vector<Suspect>& suspects) {
  double surest = 0;
  for (const Suspect& suspect : suspects) {
    const Accusation* const accusation = suspect.state->accusation.get();
    if (accusation == nullptr) {
      continue;
    }
    if (!accusation->log_clues.empty()) {
      const LogCries* const cries = suspect.state->cries.get();
      surest = std::max(
          surest, cries != nullptr && cries->many(accusation->log_clues.last(), suspect.state->last_success) ? kByCries
                                                                                                             : kByLog);
    }
    surest = std::max(surest, accusation->event_clues.empty() ? 0 : kByEvent);
  }
  return surest;
}

/// Containers that ended after the pod's trouble began. It may be why, and it may be what came of it: never a case
/// alone.
void add_status_notes(const Suspect& suspect, std::vector<Evidence>& all, std::size_t& told) {
  const bool clued = suspect.state->clued();
  if (!suspect.failing() && !clued) {
    return;
  }
  const Time since =
      std::min(suspect.failing() ? suspect.since : Time::max(), clued ? clued_since(suspect) : Time::max());
  for (const ContainerState& container : suspect.view.pod.containers) {
    if (!container.last_ended || *container.last_ended < since || told == kMaxStatusNotes) {
      continue;
    }
    ++told;
    all.push_back({"pod-status", *container.last_ended,
                   sanitize(fmt::format(
                       "container {} of pod {} ended after its first 401, with exit code {}; restarted "
                       "{} time{} in all{}",
                       container.name, suspect.view.pod.name, container.exit_code, container.restarts,
                       container.restarts == 1 ? "" : "s", container.crash_looping ? "; CrashLoopBackOff" : ""))});
  }
}

std::vector<Evidence> evidence_of(const std::vector<Suspect>& suspects, std::vector<Evidence> all,
                                  const DetectorSettings& settings) {
  std::size_t status_notes = 0;
  for (const Suspect& suspect : suspects) {
    std::ranges::copy(suspect.notes, std::back_inserter(all));
    if (const auto& accusation = suspect.state->accusation) {
      std::ranges::copy(accusation->log_clues.notes(), std::back_inserter(all));
      std::ranges::copy(accusation->event_clues.notes(), std::back_inserter(all));
    }
    add_status_notes(suspect, all, status_notes);
    if (const Distrust* const distrust = suspect.state->distrust()) {
      all.push_back({"trust", distrust->since, distrust->what});
    }
    if (breaks_at(*suspect.state, settings)) {
      all.push_back(ageing_note(suspect, settings));
    }
  }
  std::ranges::sort(
      all, [](const Evidence& a, const Evidence& b) { return std::tie(a.time, a.text) < std::tie(b.time, b.text); });
  if (all.size() > kMaxEvidence) {
    all.erase(all.begin(), all.end() - kMaxEvidence);
  }
  return all;
}

/// Of rejections from shared addresses.
std::vector<std::string> whom_else(const std::vector<Suspect>& suspects) {
  std::vector<std::string> uids;
  for (const Suspect& suspect : suspects) {
    for (const std::string& uid : suspect.suspects) {
      if (uids.size() < Case::kMaxSuspects && std::ranges::find(uids, uid) == uids.end()) uids.push_back(uid);
    }
  }
  return uids;
}

/// As far as it can be told without a rejected request.
Finding diagnose_by_clues(const std::vector<Suspect>& suspects, const Inventory& inventory,
                          const DetectorSettings& settings) {
  Finding finding;
  for (const Suspect& suspect : suspects) {
    if (!suspect.state->clued()) {
      continue;
    }
    if (const auto found = reason_to_die(suspect.view, *suspect.state, suspect.state->last_success,
                                         clued_since(suspect), inventory, settings)) {
      finding.diagnosis = *found;
      finding.reason = fmt::format("its token had to die before that: {}", to_string(*found));
      return finding;
    }
  }
  finding.reason = "nothing says why, and the audit log names no request of it";
  return finding;
}

}  // namespace

std::string revision_of(const PodView& view) {
  const PodRecord& pod = view.pod;
  if (view.workload.uid == pod.uid) {
    return pod.uid;
  }
  return pod.revision.empty() ? pod.owner.uid : pod.revision;
}

std::optional<Case> build_case(std::vector<Suspect> suspects, const Inventory& inventory, const ReasonJoin& reasons,
                               const DetectorSettings& settings) {
  if (suspects.empty()) {
    return std::nullopt;
  }
  // Rejected wins over stale, and clues come last; then whoever began first shows the revision that is at fault. Newer
  // revisions may fail, too, but a restart for the sake of both would never know which of them it cured.
  const auto rank = [](const Suspect& s) { return std::make_tuple(charge_of(s), charged_since(s), s.view.pod.name); };
  std::ranges::sort(suspects, {}, rank);
  Case found;
  found.workload = suspects.front().view.workload;
  found.cause = revision_of(suspects.front().view);
  // The UID of a controller that is not watched is only what the pods say: another namespace's pods may say it, too.
  std::erase_if(suspects, [&found](const Suspect& s) {
    return revision_of(s.view) != found.cause || s.view.workload != found.workload;
  });

  found.id = sha256_hex(found.workload.uid + "\n" + found.cause, 4);
  found.reasons = reasons_of(suspects, settings);
  Finding finding;
  const Suspect& worst = suspects.front();
  switch (charge_of(worst)) {
    case Charge::kRejected:
      finding = diagnose(suspects, inventory, reasons, settings);
      found.reasons.push_back(finding.reason);
      found.confidence = confidence_of(suspects);
      found.others = worst.others;
      found.suspects = whom_else(suspects);
      break;
    case Charge::kDistrusted:
      finding.diagnosis = worst.state->distrust()->diagnosis;
      found.confidence = surest_distrust(suspects);
      break;
    case Charge::kAgeing:
      finding.diagnosis = worst.state->stale() ? Diagnosis::kStaleToken : Diagnosis::kNotReloading;
      found.confidence = 1;  // the API server vouches for the UID in user.extra
      break;
    case Charge::kClue:
      finding = diagnose_by_clues(suspects, inventory, settings);
      found.reasons.push_back(finding.reason);
      found.confidence = surest_clue(suspects);
      break;
  }
  const bool clued = std::ranges::any_of(suspects, [](const Suspect& s) { return s.state->clued(); });
  found.clue_confidence = clued ? surest_clue(suspects) : 0;
  found.diagnosis = finding.diagnosis;
  found.evidence = evidence_of(suspects, std::move(finding.evidence), settings);
  for (const Suspect& suspect : suspects) {
    found.pods.push_back(health_of(suspect, settings));
    const auto& breaks = found.pods.back().breaks_at;
    if (breaks && (!found.breaks_at || *breaks < *found.breaks_at)) {
      found.breaks_at = breaks;
    }
  }
  std::ranges::sort(found.pods, [](const PodHealth& a, const PodHealth& b) {
    return std::tie(a.name, a.uid) < std::tie(b.name, b.uid);
  });
  return found;
}

}  // namespace remint::detect

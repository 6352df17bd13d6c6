#include "case_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <tuple>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

// The API server vouches for the UID in user.extra. An address is nearly as good: exactly one pod had it, but a program
// on the node can send from it, too.
constexpr double kByUid = 1.0;
constexpr double kByAddress = 0.97;
constexpr std::size_t kMaxReasons = 4;
constexpr std::size_t kMaxEvidence = 10;
// The annotation counts whole seconds, and its first one is cut off.
constexpr Duration kAnnotationError = std::chrono::seconds(1);

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string pod_path(const PodRecord& pod) { return pod.ns + "/" + pod.name; }

Time breaks_at(const PodState& state, const DetectorSettings& settings) {
  return state.stale_since() - settings.requested_lifetime + settings.extended_lifetime;
}

/// A token that was seen past its warning threshold, and whose last day has come before the first rejection.
bool expired(const Suspect& suspect, const DetectorSettings& settings) {
  return suspect.failing() && suspect.state->stale() &&
         breaks_at(*suspect.state, settings) - kAnnotationError <= suspect.since;
}

void add_reasons(const Suspect& suspect, const DetectorSettings& settings, std::vector<std::string>& reasons) {
  const PodRecord& pod = suspect.view.pod;
  const PodState& state = *suspect.state;
  if (suspect.failing() && !suspect.reasons.empty()) {
    // Two pods that one caller accuses share its reasons.
    std::ranges::copy_if(suspect.reasons, std::back_inserter(reasons), [&](const std::string& reason) {
      return std::ranges::find(reasons, reason) == reasons.end();
    });
  } else if (suspect.failing()) {
    reasons.push_back(sanitize(fmt::format("{} was the address of pod {} since {}, which is not on the host network",
                                           state.accusation->address.to_string(), pod_path(pod),
                                           format_rfc3339(state.accusation->address_since))));
  }
  if (state.stale()) {
    reasons.push_back(sanitize(fmt::format(
        "the API server says that pod {} (UID {}) used a token that has been stale since {} and breaks at {}",
        pod_path(pod), pod.uid, format_rfc3339(state.stale_since()), format_rfc3339(breaks_at(state, settings)))));
  }
}

std::vector<std::string> reasons_of(const std::vector<Suspect>& suspects, Diagnosis diagnosis,
                                    const DetectorSettings& settings) {
  std::vector<std::string> reasons;
  std::size_t told = 0;
  while (told < suspects.size() && reasons.size() < kMaxReasons) {
    add_reasons(suspects[told++], settings, reasons);
  }
  if (told < suspects.size()) {
    reasons.push_back(fmt::format("{} more pods of the same revision likewise", suspects.size() - told));
  }
  if (diagnosis == Diagnosis::kExpired) {
    reasons.emplace_back("the stale token's last day had come before the first rejection");
  } else if (diagnosis == Diagnosis::kUnknown) {
    reasons.emplace_back("the audit event does not say why the token was refused");
  }
  return reasons;
}

Evidence stale_note(const Suspect& suspect, const DetectorSettings& settings) {
  const PodState& state = *suspect.state;
  return {"audit", state.last_stale,
          sanitize(fmt::format("request of pod {} accepted with a token that has been stale for {} and breaks at {}",
                               suspect.view.pod.name, humanize(std::chrono::seconds(state.stale_seconds)),
                               format_rfc3339(breaks_at(state, settings))))};
}

std::vector<Evidence> evidence_of(const std::vector<Suspect>& suspects, const DetectorSettings& settings) {
  std::vector<Evidence> all;
  for (const Suspect& suspect : suspects) {
    std::ranges::copy(suspect.notes, std::back_inserter(all));
    if (suspect.state->stale()) {
      all.push_back(stale_note(suspect, settings));
    }
  }
  std::ranges::sort(
      all, [](const Evidence& a, const Evidence& b) { return std::tie(a.time, a.text) < std::tie(b.time, b.text); });
  if (all.size() > kMaxEvidence) {
    all.erase(all.begin(), all.end() - kMaxEvidence);
  }
  return all;
}

}  // namespace

std::string revision_of(const PodView& view) {
  const PodRecord& pod = view.pod;
  if (view.workload.uid == pod.uid) {
    return pod.uid;
  }
  return pod.revision.empty() ? pod.owner.uid : pod.revision;
}

Suspect suspect_of(PodView view, const PodState* state) {
  static const PodState kNeverHeard;
  Suspect suspect;
  suspect.view = std::move(view);
  suspect.state = state == nullptr ? &kNeverHeard : state;
  if (suspect.state->failing()) {
    const FailingRun& run = suspect.state->accusation->run;
    suspect.rejections = run.times();
    suspect.count = run.count();
    suspect.since = run.since();
    suspect.notes = run.notes();
    suspect.confidence = kByAddress;
  }
  return suspect;
}

void add_accusation(Suspect& suspect, const SharedAccusation& accusation) {
  const bool better = !suspect.failing() || accusation.confidence > suspect.confidence;
  if (better) {
    suspect.confidence = accusation.confidence;
    suspect.reasons = accusation.reasons;
  }
  std::vector<Time> merged;
  std::ranges::merge(suspect.rejections, accusation.rejections, std::back_inserter(merged));
  suspect.rejections = std::move(merged);
  suspect.count += accusation.rejections.size();
  suspect.since = suspect.rejections.front();
  std::ranges::copy(accusation.notes, std::back_inserter(suspect.notes));
}

PodHealth health_of(const Suspect& suspect, const DetectorSettings& settings) {
  const PodRecord& pod = suspect.view.pod;
  const PodState* const state = suspect.state;
  PodHealth health;
  health.uid = pod.uid;
  health.name = pod.name;
  health.created = pod.created;
  health.revision = pod.revision;
  health.terminating = pod.deleting.has_value();
  health.ready = pod.ready;
  if (suspect.failing()) {
    health.rejections = suspect.rejections;
    health.rejection_count = suspect.count;
    health.failing_since = suspect.since;
    health.last_rejection = suspect.rejections.back();
  }
  if (state->last_success != PodState::kNever) {
    health.last_success = state->last_success;
  }
  if (state->stale()) {
    health.stale_since = state->stale_since();
    health.last_stale = state->last_stale;
    health.breaks_at = breaks_at(*state, settings);
  }
  return health;
}

std::optional<Case> build_case(std::vector<Suspect> suspects, const DetectorSettings& settings) {
  if (suspects.empty()) {
    return std::nullopt;
  }
  // Rejected wins over stale; then whoever began first shows the revision that is at fault. Newer revisions may fail,
  // too, but a restart for the sake of both would never know which of them it cured.
  const auto rank = [](const Suspect& s) {
    return std::make_tuple(!s.failing(), s.failing() ? s.since : s.state->stale_since(), s.view.pod.name);
  };
  std::ranges::sort(suspects, {}, rank);
  Case found;
  found.workload = suspects.front().view.workload;
  found.cause = revision_of(suspects.front().view);
  // The UID of a controller that is not watched is only what the pods say: another namespace's pods may say it, too.
  std::erase_if(suspects, [&found](const Suspect& s) {
    return revision_of(s.view) != found.cause || s.view.workload != found.workload;
  });

  const bool rejected = suspects.front().failing();
  const bool any_expired = std::ranges::any_of(suspects, [&](const Suspect& s) { return expired(s, settings); });
  found.diagnosis = !rejected ? Diagnosis::kStaleToken : any_expired ? Diagnosis::kExpired : Diagnosis::kUnknown;
  found.confidence = kByUid;
  if (rejected) {
    // Of pods that are accused at all one is enough: what is restarted is their workload.
    const auto surest =
        std::ranges::max_element(suspects, {}, [](const Suspect& s) { return s.failing() ? s.confidence : 0; });
    found.confidence = surest->confidence;
  }
  found.id = sha256_hex(found.workload.uid + "\n" + found.cause, 4);
  found.reasons = reasons_of(suspects, found.diagnosis, settings);
  found.evidence = evidence_of(suspects, settings);
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

Evidence rejection_note(const AuditBatch& batch, const AuditRecord& record, std::string_view pod_name) {
  constexpr std::size_t kMaxPath = 200;
  constexpr std::size_t kMaxAgent = 120;
  const std::string_view uri = batch.text(record.uri);
  // The query may hold what is nobody's business.
  const std::string path = sanitize(uri.substr(0, uri.find('?')), kMaxPath);
  const std::string agent = sanitize(batch.text(record.user_agent), kMaxAgent);
  return {"audit", record.received,
          fmt::format("401 to {} {} from {}{}, {}", sanitize(upper(batch.text(record.verb)), 20), path,
                      record.source ? record.source->to_string() : "an unknown address",
                      pod_name.empty() ? std::string() : fmt::format(" (pod {})", sanitize(pod_name)),
                      agent.empty() ? std::string("no user agent") : fmt::format("user agent \"{}\"", agent))};
}

}  // namespace remint::detect

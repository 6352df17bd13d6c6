#include "remint/controllers/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "remint/base/text.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

/// What most of its pods send; of equals the lesser text, so that reports can be compared.
std::optional<std::string> usual_agent(const detect::Case& the_case) {
  std::map<std::string, std::size_t> sent;
  for (const auto& pod : the_case.pods) {
    if (pod.user_agent) ++sent[*pod.user_agent];
  }
  const auto most = std::ranges::max_element(sent, {}, [](const auto& one) { return one.second; });
  return most == sent.end() ? std::nullopt : std::optional(most->first);
}

std::optional<Time> since_of(const detect::Case& the_case, RiskState state) {
  if (const auto failing = failing_since(the_case)) return failing;
  if (state == RiskState::kBroken || state == RiskState::kSuspected) return clued_since(the_case);
  std::optional<Time> since;
  for (const auto& pod : the_case.pods) {
    const auto one = pod.distrusted_since ? pod.distrusted_since : pod.stale_since;
    if (one && (!since || *one < *since)) since = one;
  }
  return since;
}

std::string approve_command(const AtRisk& risk) {
  return fmt::format("remint approve -n {} {}", risk.workload.ns, risk.restart);
}

/// What Remint will do when. The decision's reason says why, and goes with all but what is under way.
std::string plan_of(const AtRisk& risk, Time now) {
  const std::string by = risk.strategy == Strategy::kNone ? "" : fmt::format(" by {}", to_string(risk.strategy));
  const std::string when =
      risk.not_before && *risk.not_before > now
          ? fmt::format(" not before {} (in {})", format_rfc3339(*risk.not_before), humanize(*risk.not_before - now))
          : "";
  if (risk.pending) return fmt::format("Watches{}: {}", when, risk.reason);
  if (risk.phase && !is_final(*risk.phase) && *risk.phase != Phase::kAwaitingApproval &&
      *risk.phase != Phase::kScheduled) {
    return fmt::format("Restarts it{} now: WorkloadRestart {} is {}", by, risk.restart, to_string(*risk.phase));
  }
  switch (risk.decision) {
    case DecisionKind::kRestart:
      return risk.phase && is_final(*risk.phase)
                 ? fmt::format("Has restarted it{} ({}): looks again when its pods are heard anew", by,
                               to_string(*risk.phase))
                 : fmt::format("Restarts it{} now: {}", by, risk.reason);
    case DecisionKind::kWait:
      return fmt::format("Restarts it{}{}: {}", by, when.empty() ? " later" : when, risk.reason);
    case DecisionKind::kAsk:
      return fmt::format("Asks first ({}), then restarts it{}: {}", approve_command(risk), by, risk.reason);
    case DecisionKind::kObserve:
      return fmt::format("Only reports: {}", risk.reason);
    case DecisionKind::kRefuse:
      return fmt::format("Leaves it alone{}: {}", when, risk.reason);
  }
  return risk.reason;
}

AtRisk at_risk(const DetectionEngine& engine, const OpenWorkload& open, Time now) {
  const auto& the_case = open.the_case;
  const auto& inventory = engine.detector().inventory();
  AtRisk risk;
  risk.workload = the_case.workload;
  risk.affected = the_case.pods.size();
  for (const auto& pod : the_case.pods) {
    if (risk.pods.size() < Report::kMaxPods) risk.pods.push_back(pod.name);
  }
  const auto facts = workload_facts(inventory, the_case.workload);
  risk.replicas = facts.known ? std::max<std::int64_t>(facts.replicas, 0) : 0;
  risk.diagnosis = the_case.diagnosis;
  risk.confidence = the_case.confidence;
  risk.state = engine.risk_state(the_case);
  risk.since = since_of(the_case, risk.state);
  risk.breaks_at = the_case.breaks_at;
  risk.user_agent = usual_agent(the_case);
  if (risk.user_agent) {
    risk.client = detect::client_library(*risk.user_agent);
  } else {
    risk.client.advice =
        "No request of it was seen, so its client is not known: upgrade it to one that reads its token again, or have "
        "the program read the token's file again.";
  }
  risk.origin = origin_of(inventory, the_case.workload);
  risk.fix = sanitize(fix_of(risk.diagnosis, risk.client, risk.origin), Report::kMaxText);
  risk.decision = open.decision.kind;
  risk.strategy = open.decision.strategy;
  risk.policy = open.decision.policy;
  risk.check = open.decision.check;
  risk.reason = sanitize(open.decision.reason, Report::kMaxText);
  risk.not_before = open.decision.not_before;
  risk.pending = open.decision.pending;
  if (open.restart) {
    risk.restart = open.restart_name;
    risk.phase = open.restart->phase;
  } else if (risk.decision == DecisionKind::kAsk) {
    risk.restart = open.restart_name;
  }
  risk.plan = sanitize(plan_of(risk, now), Report::kMaxText);
  return risk;
}

}  // namespace

const std::array<Diagnosis, 14>& all_diagnoses() {
  using enum Diagnosis;
  static constexpr std::array kAll{kStaleToken,        kNotReloading,
                                   kExpired,           kSigningKeyChanged,
                                   kCaChanged,         kServiceAccountRecreated,
                                   kSecretRegenerated, kBoundObjectChanged,
                                   kPodTerminating,    kNotYetValid,
                                   kWrongAudience,     kForbidden,
                                   kNoToken,           kUnknown};
  return kAll;
}

std::string_view to_string(RiskState state) {
  switch (state) {
    case RiskState::kBroken:
      return "Broken";
    case RiskState::kSilent:
      return "Silent";
    case RiskState::kSuspected:
      return "Suspected";
    case RiskState::kWillBreak:
      break;
  }
  return "WillBreak";
}

void sort_worst_first(std::vector<AtRisk>& workloads) {
  const auto rank = [](const AtRisk& risk) {
    const Time since = risk.since.value_or(Time::max());
    // Who is not heard since a key was replaced, or says that it is refused, is probably broken, and goes before what
    // breaks one day.
    const Time when = risk.state != RiskState::kWillBreak ? since : risk.breaks_at.value_or(since);
    return std::make_tuple(risk.state != RiskState::kBroken, when, std::cref(risk.workload.ns),
                           std::cref(risk.workload.name), std::cref(risk.workload.kind));
  };
  std::ranges::stable_sort(workloads, [&](const AtRisk& a, const AtRisk& b) { return rank(a) < rank(b); });
}

Report build_report(const DetectionEngine& engine, const ReportSettings& settings, Time now) {
  Report report;
  report.as_of = now;
  report.source = settings.source;
  report.suspended = sanitize(engine.suspended());
  for (const auto& [policy, storm] : engine.storms()) report.storms.push_back(policy);
  auto counts = engine.risk_counts(now);
  for (const auto& [diagnosis, count] : counts.by_diagnosis) report.total += count;
  report.broken = counts.broken;
  report.suspected = counts.suspected;
  report.by_diagnosis = std::move(counts.by_diagnosis);
  report.next_break = counts.next_break;
  const auto open = engine.open_workloads(std::min(settings.most, Report::kMaxWorkloads), now);
  for (const auto& workload : open) report.workloads.push_back(at_risk(engine, workload, now));
  sort_worst_first(report.workloads);
  report.signals = signals_of(report, engine, settings);
  return report;
}

}  // namespace remint::controllers

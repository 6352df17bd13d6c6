#include "remint/controllers/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "remint/base/text.hpp"
#include "remint/controllers/facts.hpp"

namespace remint::controllers {
namespace {

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// What most of its pods send; of equals the lesser text, so that reports can be compared.
std::optional<std::string> usual_agent(const detect::Case& the_case) {
  std::map<std::string, std::size_t> sent;
  for (const auto& pod : the_case.pods) {
    if (pod.user_agent) ++sent[*pod.user_agent];
  }
  const auto most = std::ranges::max_element(sent, {}, [](const auto& one) { return one.second; });
  return most == sent.end() ? std::nullopt : std::optional(most->first);
}

/// Of what is not refused: stale, not heard any more, or by clues.
std::optional<Time> suspect_since(const detect::Case& the_case) {
  std::optional<Time> since;
  for (const auto& pod : the_case.pods) {
    const auto one = pod.distrusted_since ? pod.distrusted_since : pod.stale_since;
    if (one && (!since || *one < *since)) since = one;
  }
  if (!since) since = clued_since(the_case);
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
  const auto failing = failing_since(the_case);
  risk.broken = failing.has_value();
  risk.silent = !failing && silent_since(the_case);
  risk.since = failing ? failing : suspect_since(the_case);
  risk.breaks_at = the_case.breaks_at;
  risk.user_agent = usual_agent(the_case);
  risk.client = detect::client_library(risk.user_agent.value_or(""));
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

std::size_t count_of(const Report& report, Diagnosis diagnosis) {
  const auto found = report.by_diagnosis.find(diagnosis);
  return found == report.by_diagnosis.end() ? 0 : found->second;
}

/// Sources that a policy asks for.
void add_optional_signals(const std::vector<policy::Policy>& policies, std::vector<Signal>& signals) {
  const auto asked = [&](auto wants) { return std::ranges::any_of(policies, wants); };
  const bool logs = asked([](const auto& p) { return p.spec.pod_log.enabled; });
  signals.push_back({"pod-log", logs,
                     logs ? "pods' own logs are read where policies ask for it"
                          : "no policy reads pods' own logs (signals.podLog), which tell apart who shares an address; "
                            "how: deploy/sources.md"});
  const bool events = asked([](const auto& p) { return p.spec.kubernetes_event.enabled; });
  signals.push_back({"kubernetes-event", events,
                     events ? "Kubernetes Events are watched where policies ask for it"
                            : "no policy watches Kubernetes Events (signals.kubernetesEvent): a CNI plugin whose token "
                              "died is not seen; how: deploy/sources.md"});
}

std::vector<Signal> signals_of(const Report& report, const detect::DetectorCounts& counts,
                               const std::vector<policy::Policy>& policies, bool configured) {
  std::vector<Signal> signals;
  const bool heard = counts.audit_events > 0;
  signals.push_back({"audit", heard,
                     heard ? fmt::format("audit log: {} heard", plural(counts.audit_events, "event"))
                           : "no audit event was heard: nothing is known of any workload; here is how to turn it on: "
                             "deploy/sources.md"});
  const bool accepted = counts.accepted > 0;
  signals.push_back({"accepted-requests", accepted,
                     accepted ? "the audit log has accepted requests of pods: what will break is seen before it does"
                              : "no accepted request of a pod in the audit log: what breaks next is not seen before it "
                                "does, and whose requests come from shared addresses is not learnt; the rules that log "
                                "them: deploy/audit/policy.yaml"});
  const bool read = configured || counts.joined + counts.ambiguous + counts.unjoined > 0;
  const auto unknown = count_of(report, Diagnosis::kUnknown);
  std::string log = "the API server's log is read: it says why a token is refused";
  if (!read) {
    log = fmt::format("no API-server log: {}; here is how to turn it on: deploy/sources.md",
                      unknown == 0 ? std::string("why a token is refused is not known for certain")
                                   : fmt::format("diagnoses are Unknown for {}", plural(unknown, "workload")));
  } else if (unknown > 0) {
    log += fmt::format(", but not for {} (no line fits, or several that disagree)", plural(unknown, "workload"));
  }
  signals.push_back({"apiserver-log", read, std::move(log)});
  signals.push_back(
      {"own-address", counts.unattributed == 0,
       counts.unattributed == 0
           ? "no refused request came from an address that many share and nobody is known to use"
           : fmt::format(
                 "{} came from addresses that pods share (host network, source NAT), while it was not known "
                 "whose they were: their workloads are missing here; what helps: src/ARCHITECTURE.md, \"Which pod "
                 "it was\"",
                 plural(counts.unattributed, "refused request"))});
  add_optional_signals(policies, signals);
  if (counts.external > 0) {
    signals.push_back({"outside", false,
                       fmt::format("{} came from outside the cluster: counted, and nobody's here",
                                   plural(counts.external, "refused request"))});
  }
  return signals;
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

void sort_worst_first(std::vector<AtRisk>& workloads) {
  const auto rank = [](const AtRisk& risk) {
    const Time since = risk.since.value_or(Time::max());
    // Who is not heard since a key was replaced is probably broken, and goes before what breaks one day.
    const Time when = risk.broken || risk.silent ? since : risk.breaks_at.value_or(since);
    return std::make_tuple(!risk.broken, when, std::cref(risk.workload.ns), std::cref(risk.workload.name),
                           std::cref(risk.workload.kind));
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
  report.by_diagnosis = std::move(counts.by_diagnosis);
  report.next_break = counts.next_break;
  const auto open = engine.open_workloads(std::min(settings.most, Report::kMaxWorkloads), now);
  for (const auto& workload : open) report.workloads.push_back(at_risk(engine, workload, now));
  sort_worst_first(report.workloads);
  report.signals = signals_of(report, engine.detector().counts(), engine.policies(), settings.reads_apiserver_log);
  return report;
}

}  // namespace remint::controllers

// What this cluster tells and what not: by what came, not by what is configured.
#include <fmt/format.h>

#include <algorithm>

#include "remint/controllers/report.hpp"

namespace remint::controllers {
namespace {

/// A cluster says something more often: leases are renewed by the second, watches within ten minutes.
constexpr Duration kLongSilence = std::chrono::minutes(30);

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

bool lately(const std::optional<Time>& heard, Time now) { return heard && now - *heard <= kLongSilence; }

std::string since(const std::optional<Time>& heard, Time now) {
  return fmt::format("since {} ({})", format_rfc3339(*heard), humanize(now - *heard));
}

Signal audit_signal(const Report& report, const detect::DetectorCounts& counts, const Heard& heard) {
  // A recording's events are counted before it is played; those that say nothing have no time there.
  if (lately(heard.audit, report.as_of) || (!heard.audit && counts.audit_events > 0)) {
    return {"audit", true, fmt::format("audit log: {} heard", plural(counts.audit_events, "event"))};
  }
  if (heard.audit) {
    return {"audit", false,
            fmt::format("no audit event {}: who broke or was cured since then is not known; is the API server still "
                        "told to send them? deploy/sources.md",
                        since(heard.audit, report.as_of))};
  }
  return {"audit", false,
          fmt::format("no audit event was heard: {}; here is how to turn it on: deploy/sources.md",
                      report.total == 0 ? "nothing is known of any workload"
                                        : "only what logs, Events and the cluster's objects say is known")};
}

Signal accepted_signal(const Heard& heard, Time now) {
  constexpr std::string_view kMeans =
      "what breaks next is not seen before it does, and whose requests come from shared addresses is not learnt; the "
      "rules that log them: deploy/audit/policy.yaml";
  if (lately(heard.accepted, now)) {
    return {"accepted-requests", true,
            "the audit log has accepted requests of pods: what will break is seen before it does"};
  }
  return {"accepted-requests", false,
          fmt::format("no accepted request of a pod in the audit log{}: {}",
                      heard.accepted ? " " + since(heard.accepted, now) : "", kMeans)};
}

Signal log_signal(const Report& report, const detect::DetectorCounts& counts, const Heard& heard, bool configured) {
  const auto found = report.by_diagnosis.find(Diagnosis::kUnknown);
  const auto unknown = plural(found == report.by_diagnosis.end() ? 0 : found->second, "workload");
  const bool any_unknown = found != report.by_diagnosis.end() && found->second > 0;
  const std::string means = any_unknown ? fmt::format("diagnoses are Unknown for {}", unknown)
                                        : std::string("why a token is refused is not known for certain");
  if (heard.apiserver_log) {
    std::string text = "the API server's log is read: it says why a token is refused";
    if (any_unknown) text += fmt::format(", but not for {} (no line fits, or several that disagree)", unknown);
    return {"apiserver-log", true, std::move(text)};
  }
  if (!configured) {
    return {"apiserver-log", false,
            fmt::format("no API-server log: {}; here is how to turn it on: deploy/sources.md", means)};
  }
  // Only lines about tokens are taken, so without a refusal none can have come.
  if (counts.rejected == 0) {
    return {"apiserver-log", true, "the API server's log is asked for; no token was refused of which it could tell"};
  }
  return {"apiserver-log", false,
          fmt::format(
              "the API server's log is asked for, and no line about a refused token came of it, although {}: "
              "{}; can it be opened? Remint's own log and deploy/sources.md",
              counts.rejected == 1 ? "1 request was refused" : fmt::format("{} requests were refused", counts.rejected),
              means)};
}

Signal pod_log_signal(bool asked, bool reads, const Heard& heard, Time now) {
  if (!asked) {
    return {"pod-log", false,
            "no policy reads pods' own logs (signals.podLog), which tell apart who shares an address; how: "
            "deploy/sources.md"};
  }
  if (reads || lately(heard.pod_log, now)) {
    return {"pod-log", true, "pods' own logs are read where policies ask for it"};
  }
  return {"pod-log", false,
          heard.pod_log ? fmt::format("no pod's log was posted {}: does what collects them still send them?",
                                      since(heard.pod_log, now))
                        : std::string("a policy asks for pods' own logs, and none was read: --pod-logs (the chart's "
                                      "podLogs.enabled) or POST /pod-log; how: deploy/sources.md")};
}

Signal event_signal(bool asked, const Heard& heard) {
  if (!asked) {
    return {"kubernetes-event", false,
            "no policy watches Kubernetes Events (signals.kubernetesEvent): a CNI plugin whose token died is not seen; "
            "how: deploy/sources.md"};
  }
  if (heard.kubernetes_event) {
    return {"kubernetes-event", true, "Kubernetes Events are watched where policies ask for it"};
  }
  return {
      "kubernetes-event", false,
      "Kubernetes Events are asked for, and no Warning was heard: there was none, or Remint may not watch them (the "
      "chart's kubernetesEvents.enabled)"};
}

}  // namespace

std::vector<Signal> signals_of(const Report& report, const DetectionEngine& engine, const ReportSettings& settings) {
  const auto& counts = engine.detector().counts();
  const auto& heard = engine.heard();
  const auto asked = [&](auto wants) { return std::ranges::any_of(engine.policies(), wants); };
  std::vector<Signal> signals{audit_signal(report, counts, heard), accepted_signal(heard, report.as_of),
                              log_signal(report, counts, heard, settings.reads_apiserver_log)};
  signals.push_back(
      {"own-address", counts.unattributed == 0,
       counts.unattributed == 0
           ? "no refused request came from an address that many share and nobody is known to use"
           : fmt::format(
                 "{} came from addresses that pods share (host network, source NAT), while it was not known "
                 "whose they were: their workloads are missing here; what helps: src/ARCHITECTURE.md, \"Which pod "
                 "it was\"",
                 plural(counts.unattributed, "refused request"))});
  signals.push_back(pod_log_signal(asked([](const auto& p) { return p.spec.pod_log.enabled; }), settings.reads_pod_logs,
                                   heard, report.as_of));
  signals.push_back(event_signal(asked([](const auto& p) { return p.spec.kubernetes_event.enabled; }), heard));
  if (counts.external > 0) {
    signals.push_back({"outside", false,
                       fmt::format("{} came from outside the cluster: counted, and nobody's here",
                                   plural(counts.external, "refused request"))});
  }
  return signals;
}

}  // namespace remint::controllers

#pragma once
// Where it breaks next: the workloads at risk, worst first, with what would fix them for good, what Remint will do
// when, and the signals that this cluster does not give. Pure: the running operator and `remint report` on a recording
// make it with the same code.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/detect/client_library.hpp"

namespace remint::controllers {

/// Where a workload comes from, as far as its labels and its owner say.
struct Origin {
  std::string chart, chart_version;  ///< label helm.sh/chart
  std::string release;               ///< annotation meta.helm.sh/release-name
  std::string app, app_version;      ///< labels app.kubernetes.io/name and version
  std::string managed_by;            ///< label app.kubernetes.io/managed-by
  std::string owner;                 ///< "ScyllaCluster/db": an operator's object that it belongs to
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct AtRisk {
  ObjectRef workload;
  std::vector<std::string> pods;  ///< names, at most Report::kMaxPods
  std::size_t affected = 0;       ///< pods, all of them
  std::int64_t replicas = 0;      ///< wanted; 0: not known
  Diagnosis diagnosis = Diagnosis::kUnknown;
  double confidence = 0;
  RiskState state = RiskState::kWillBreak;
  std::optional<Time> since;      ///< of the first refusal, or of the first word of it; or when the token passed its
                                  ///< warning threshold, or what it hangs on was replaced
  std::optional<Time> breaks_at;  ///< of what is accepted as yet
  std::optional<std::string> user_agent;
  detect::ClientLibrary client;
  Origin origin;
  std::string fix;  ///< for good, for people
  DecisionKind decision = DecisionKind::kObserve;
  Strategy strategy = Strategy::kNone;
  std::string policy, check, reason;
  std::optional<Time> not_before;
  bool pending = false;        ///< the policy's thresholds are not met yet
  std::string restart;         ///< name of its WorkloadRestart; empty: there is none
  std::optional<Phase> phase;  ///< of that
  std::string plan;            ///< what Remint will do when, for people
};

/// One kind of signal, as this cluster gives it.
struct Signal {
  std::string name;  ///< "audit", "accepted-requests", "apiserver-log", "own-address", "pod-log", "kubernetes-event"
  bool given = false;
  std::string text;  ///< what is missing and how to turn it on; or what there is
};

struct Report {
  static constexpr std::size_t kMaxWorkloads = 500;  ///< more are counted, and not listed
  static constexpr std::size_t kMaxPods = 20;
  static constexpr std::size_t kMaxText = 1024;

  Time as_of{};
  std::string source;                             ///< "remint-0", or "a recording"
  std::string suspended;                          ///< the cluster's kill switch; empty: off
  std::vector<std::string> storms;                ///< policies whose brake is on
  std::vector<AtRisk> workloads;                  ///< worst first: refused for longest, then soonest to break
  std::size_t total = 0, broken = 0;              ///< also those that are not listed
  std::size_t suspected = 0;                      ///< likewise
  std::map<Diagnosis, std::size_t> by_diagnosis;  ///< likewise
  std::optional<Time> next_break;                 ///< the earliest that is still to come
  std::vector<Signal> signals;
};

/// What the report needs beside the engine.
struct ReportSettings {
  std::string source;
  bool reads_apiserver_log = false;  ///< a source of it is configured
  bool reads_pod_logs = false;       ///< Remint follows them itself, where policies ask for it
  std::size_t most = Report::kMaxWorkloads;
};

/// All diagnoses, for label sets that exist from the start.
[[nodiscard]] const std::array<Diagnosis, 14>& all_diagnoses();

/// The engine must be current (advance()).
[[nodiscard]] Report build_report(const DetectionEngine& engine, const ReportSettings& settings, Time now);
/// report_signals.cpp. All but its signals must be in `report`.
[[nodiscard]] std::vector<Signal> signals_of(const Report& report, const DetectionEngine& engine,
                                             const ReportSettings& settings);
/// Labels and owner of a workload; empty strings where they say nothing.
[[nodiscard]] Origin origin_of(const detect::Inventory& inventory, const ObjectRef& workload);
/// Sentences: what would fix it for good.
[[nodiscard]] std::string fix_of(Diagnosis diagnosis, const detect::ClientLibrary& client, const Origin& origin);
/// "Broken", "Silent", "Suspected", "WillBreak".
[[nodiscard]] std::string_view to_string(RiskState state);
/// Puts the worst first.
void sort_worst_first(std::vector<AtRisk>& workloads);

/// Times as RFC 3339, or null. At most some 2 KiB a workload.
[[nodiscard]] std::string report_json(const Report& report);
/// Reads what report_json() wrote, or somebody who pretends to: bounded, texts sanitized. Errors name the field.
[[nodiscard]] Result<Report> parse_report(std::string_view json);

}  // namespace remint::controllers

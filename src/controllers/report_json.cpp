#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"
#include "remint/controllers/report.hpp"

namespace remint::controllers {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kMaxDocument = 16U << 20U;
constexpr std::size_t kMaxSignals = 50;
constexpr std::int64_t kMost = 10'000'000;

OrderedJson time_or_null(const std::optional<Time>& time) {
  return time ? OrderedJson(format_rfc3339(*time)) : OrderedJson(nullptr);
}

OrderedJson text_or_null(std::string_view text) { return text.empty() ? OrderedJson(nullptr) : OrderedJson(text); }

OrderedJson to_json(const AtRisk& risk) {
  OrderedJson json;
  json["workload"] = {{"apiVersion", risk.workload.api_version},
                      {"kind", risk.workload.kind},
                      {"namespace", risk.workload.ns},
                      {"name", risk.workload.name},
                      {"uid", risk.workload.uid}};
  json["pods"] = risk.pods;
  json["affectedPods"] = risk.affected;
  json["replicas"] = risk.replicas;
  json["state"] = to_string(risk.state);
  json["diagnosis"] = to_string(risk.diagnosis);
  json["confidence"] = risk.confidence;
  json["since"] = time_or_null(risk.since);
  json["breaksAt"] = time_or_null(risk.breaks_at);
  json["client"] = {{"userAgent", risk.user_agent ? OrderedJson(*risk.user_agent) : OrderedJson(nullptr)},
                    {"library", text_or_null(risk.client.library)},
                    {"version", text_or_null(risk.client.version)},
                    {"program", text_or_null(risk.client.program)},
                    {"reReadsToken", to_string(risk.client.re_reads)},
                    {"minimumVersion", text_or_null(risk.client.minimum_version)}};
  json["origin"] = {{"chart", text_or_null(risk.origin.chart)},
                    {"chartVersion", text_or_null(risk.origin.chart_version)},
                    {"release", text_or_null(risk.origin.release)},
                    {"app", text_or_null(risk.origin.app)},
                    {"appVersion", text_or_null(risk.origin.app_version)},
                    {"managedBy", text_or_null(risk.origin.managed_by)},
                    {"owner", text_or_null(risk.origin.owner)}};
  json["fix"] = risk.fix;
  json["decision"] = to_string(risk.decision);
  json["strategy"] = text_or_null(to_string(risk.strategy));
  json["policy"] = text_or_null(risk.policy);
  json["check"] = text_or_null(risk.check);
  json["notBefore"] = time_or_null(risk.not_before);
  json["pending"] = risk.pending;
  json["restart"] = text_or_null(risk.restart);
  json["phase"] = risk.phase ? OrderedJson(to_string(*risk.phase)) : OrderedJson(nullptr);
  json["reason"] = risk.reason;
  json["plan"] = risk.plan;
  return json;
}

std::string text(const JsonReader& reader, std::size_t most = Report::kMaxText) {
  return sanitize(reader.string(), most);
}

/// Names of objects, labels, versions.
std::string name(const JsonReader& reader) { return text(reader, 300); }

DecisionKind decision_of(const JsonReader& reader) {
  using enum DecisionKind;
  const auto spelled = reader.string("Observe");
  for (const auto kind : {kRestart, kWait, kAsk, kObserve, kRefuse}) {
    if (spelled == to_string(kind)) return kind;
  }
  reader.error("is no decision");
  return kObserve;
}

Diagnosis diagnosis_of(const JsonReader& reader) {
  const auto found = parse_diagnosis(reader.string("Unknown"));
  if (!found) reader.error("is no diagnosis");
  return found.value_or(Diagnosis::kUnknown);
}

RiskState state_of(const std::string& spelled) {
  using enum RiskState;
  for (const auto state : {kBroken, kSilent, kSuspected}) {
    if (spelled == to_string(state)) return state;
  }
  return kWillBreak;
}

detect::ReReads re_reads_of(const std::string& spelled) {
  if (spelled == "yes") return detect::ReReads::kYes;
  return spelled == "no" ? detect::ReReads::kNo : detect::ReReads::kUnknown;
}

AtRisk read_risk(const JsonReader& item) {
  AtRisk risk;
  const auto workload = item.at("workload");
  risk.workload = {name(workload.at("apiVersion")), name(workload.at("kind")), name(workload.at("namespace")),
                   name(workload.at("name")), name(workload.at("uid"))};
  for (const auto& pod : item.at("pods").items()) {
    if (risk.pods.size() < Report::kMaxPods) risk.pods.push_back(name(pod));
  }
  risk.affected = static_cast<std::size_t>(item.at("affectedPods").integer(0, 0, kMost));
  risk.replicas = item.at("replicas").integer(0, 0, kMost);
  risk.state = state_of(item.at("state").string());
  risk.diagnosis = diagnosis_of(item.at("diagnosis"));
  risk.confidence = item.at("confidence").number(0, 0, 1);
  risk.since = item.at("since").time();
  risk.breaks_at = item.at("breaksAt").time();
  const auto client = item.at("client");
  if (client.at("userAgent").present()) risk.user_agent = name(client.at("userAgent"));
  risk.client.library = name(client.at("library"));
  risk.client.version = name(client.at("version"));
  risk.client.program = name(client.at("program"));
  risk.client.re_reads = re_reads_of(client.at("reReadsToken").string());
  risk.client.minimum_version = name(client.at("minimumVersion"));
  const auto origin = item.at("origin");
  risk.origin = {name(origin.at("chart")), name(origin.at("chartVersion")), name(origin.at("release")),
                 name(origin.at("app")),   name(origin.at("appVersion")),   name(origin.at("managedBy")),
                 name(origin.at("owner"))};
  risk.fix = text(item.at("fix"));
  risk.decision = decision_of(item.at("decision"));
  risk.strategy = parse_strategy(item.at("strategy").string()).value_or(Strategy::kNone);
  risk.policy = name(item.at("policy"));
  risk.check = name(item.at("check"));
  risk.not_before = item.at("notBefore").time();
  risk.pending = item.at("pending").boolean(false);
  risk.restart = name(item.at("restart"));
  risk.phase = parse_phase(item.at("phase").string());
  risk.reason = text(item.at("reason"));
  risk.plan = text(item.at("plan"));
  return risk;
}

}  // namespace

std::string report_json(const Report& report) {
  OrderedJson json;
  json["kind"] = "RemintReport";
  json["asOf"] = format_rfc3339(report.as_of);
  json["source"] = report.source;
  json["suspended"] = text_or_null(report.suspended);
  json["storms"] = report.storms;
  auto& summary = json["summary"];
  summary["workloads"] = report.total;
  summary["listed"] = report.workloads.size();
  summary["broken"] = report.broken;
  summary["suspected"] = report.suspected;
  summary["nextBreak"] = time_or_null(report.next_break);
  summary["byDiagnosis"] = OrderedJson::object();
  for (const auto diagnosis : all_diagnoses()) {
    const auto found = report.by_diagnosis.find(diagnosis);
    summary["byDiagnosis"][std::string(to_string(diagnosis))] = found == report.by_diagnosis.end() ? 0U : found->second;
  }
  json["signals"] = OrderedJson::array();
  for (const auto& signal : report.signals) {
    json["signals"].push_back({{"name", signal.name}, {"given", signal.given}, {"text", signal.text}});
  }
  json["workloads"] = OrderedJson::array();
  for (const auto& risk : report.workloads) json["workloads"].push_back(to_json(risk));
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<Report> parse_report(std::string_view document) {
  const auto json = parse_json(document, kMaxDocument);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  const JsonReader root(*json, errors);
  if (root.at("kind").string() != "RemintReport") {
    return fail(ErrorCode::kInvalid, "the answer is no report of Remint");
  }
  Report report;
  const auto as_of = root.at("asOf").time();
  if (!as_of) root.at("asOf").error("must be a time");
  report.as_of = as_of.value_or(Time{});
  report.source = name(root.at("source"));
  report.suspended = text(root.at("suspended"));
  for (const auto& storm : root.at("storms").items()) {
    if (report.storms.size() < Report::kMaxPods) report.storms.push_back(name(storm));
  }
  const auto summary = root.at("summary");
  report.total = static_cast<std::size_t>(summary.at("workloads").integer(0, 0, kMost));
  report.broken = static_cast<std::size_t>(summary.at("broken").integer(0, 0, kMost));
  report.suspected = static_cast<std::size_t>(summary.at("suspected").integer(0, 0, kMost));
  report.next_break = summary.at("nextBreak").time();
  for (const auto diagnosis : all_diagnoses()) {
    const auto count = summary.at("byDiagnosis").at(to_string(diagnosis)).integer(0, 0, kMost);
    if (count > 0) report.by_diagnosis[diagnosis] = static_cast<std::size_t>(count);
  }
  for (const auto& signal : root.at("signals").items()) {
    if (report.signals.size() == kMaxSignals) break;
    report.signals.push_back({name(signal.at("name")), signal.at("given").boolean(false), text(signal.at("text"))});
  }
  for (const auto& item : root.at("workloads").items()) {
    if (report.workloads.size() == Report::kMaxWorkloads) break;
    report.workloads.push_back(read_risk(item));
  }
  if (!errors.empty()) return fail(ErrorCode::kInvalid, "the report cannot be read: " + join(errors));
  return report;
}

}  // namespace remint::controllers

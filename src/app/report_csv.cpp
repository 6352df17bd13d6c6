#include <fmt/format.h>

#include <ostream>

#include "remint/base/text.hpp"
#include "report_output.hpp"

namespace remint::app {
namespace {

constexpr const char* kHeader =
    "rank,state,kind,namespace,name,affected pods,replicas,pods,diagnosis,confidence,since,breaks at,library,library "
    "version,re-reads token,minimum version,program,user agent,chart,chart version,release,app,app "
    "version,managed by,owner,fix,decision,strategy,policy,not before,restart,plan";

std::string time_or_nothing(const std::optional<Time>& time) { return time ? format_rfc3339(*time) : std::string(); }

std::string state_of(controllers::RiskState state) {
  using enum controllers::RiskState;
  return state == kBroken ? "broken" : state == kSilent ? "silent" : state == kSuspected ? "suspected" : "will break";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string safe = sanitize(text, 2 * controllers::Report::kMaxText);
  // Excel, LibreOffice and Google Sheets evaluate what begins so, whatever the file says.
  if (!safe.empty() && std::string_view("=+-@\t\r|%").find(safe.front()) != std::string_view::npos)
    safe.insert(safe.begin(), '\'');
  if (safe.find_first_of(",\"\r\n;") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

void print_report_csv(const controllers::Report& report, std::ostream& out) {
  out << kHeader << "\r\n";
  std::size_t rank = 0;
  for (const auto& risk : report.workloads) {
    const auto& client = risk.client;
    const auto& origin = risk.origin;
    const std::vector<std::string> cells{std::to_string(++rank),
                                         state_of(risk.state),
                                         risk.workload.kind,
                                         risk.workload.ns,
                                         risk.workload.name,
                                         std::to_string(risk.affected),
                                         std::to_string(risk.replicas),
                                         joined(risk.pods),
                                         std::string(to_string(risk.diagnosis)),
                                         fmt::format("{:.2f}", risk.confidence),
                                         time_or_nothing(risk.since),
                                         time_or_nothing(risk.breaks_at),
                                         client.library,
                                         client.version,
                                         std::string(to_string(client.re_reads)),
                                         client.minimum_version,
                                         client.program,
                                         risk.user_agent.value_or(""),
                                         origin.chart,
                                         origin.chart_version,
                                         origin.release,
                                         origin.app,
                                         origin.app_version,
                                         origin.managed_by,
                                         origin.owner,
                                         risk.fix,
                                         std::string(to_string(risk.decision)),
                                         std::string(to_string(risk.strategy)),
                                         risk.policy,
                                         time_or_nothing(risk.not_before),
                                         risk.restart,
                                         risk.plan};
    for (std::size_t i = 0; i < cells.size(); ++i) out << (i == 0 ? "" : ",") << csv_cell(cells[i]);
    out << "\r\n";
  }
}

}  // namespace remint::app

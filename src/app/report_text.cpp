#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "remint/base/text.hpp"
#include "report_output.hpp"

namespace remint::app {
namespace {

using controllers::AtRisk;
using controllers::Report;
using controllers::RiskState;

constexpr std::size_t kMaxCell = 60;
constexpr std::size_t kLine = 112;
constexpr std::size_t kMaxFixes = 30;  // further ones are in the other forms

using Row = std::vector<std::string>;

/// What is written in the cluster ends up on a terminal.
std::string safe(std::string_view text, std::size_t most = 1000) { return sanitize(text, most); }

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string state_of(const AtRisk& risk, Time now) {
  if (risk.state != RiskState::kWillBreak) {
    const std::string state = risk.state == RiskState::kBroken   ? "broken"
                              : risk.state == RiskState::kSilent ? "not heard"
                                                                 : "suspected";
    return risk.since ? state + " for " + humanize(now - *risk.since) : state;
  }
  if (!risk.breaks_at) return "will break";
  return *risk.breaks_at > now ? "breaks in " + humanize(*risk.breaks_at - now) : "breaks now";
}

std::string pods_of(const AtRisk& risk) {
  return risk.replicas > 0 ? fmt::format("{}/{}", risk.affected, risk.replicas) : std::to_string(risk.affected);
}

std::string client_of(const AtRisk& risk) {
  const auto& client = risk.client;
  if (!risk.user_agent) return "not seen";
  if (client.library.empty()) return client.program.empty() ? "sends no name" : safe(client.program, kMaxCell);
  const std::string library = client.version.empty() ? client.library : client.library + " " + client.version;
  return safe(client.program.empty() ? library : fmt::format("{} ({})", library, client.program), kMaxCell);
}

std::string short_plan(const AtRisk& risk, Time now) {
  const std::string by = risk.strategy == Strategy::kNone ? "" : fmt::format(", {}", to_string(risk.strategy));
  const std::string when = risk.not_before && *risk.not_before > now ? " in " + humanize(*risk.not_before - now) : "";
  if (risk.pending) return "watches";
  switch (risk.decision) {
    case DecisionKind::kRestart:
      return (risk.phase && is_final(*risk.phase) ? "restarted" : "restarts now") + by;
    case DecisionKind::kWait:
      return (when.empty() ? "restarts later" : "restarts" + when) + by;
    case DecisionKind::kAsk:
      return "asks for approval" + by;
    case DecisionKind::kObserve:
      return "only reports";
    case DecisionKind::kRefuse:
      return "leaves it alone";
  }
  return "";
}

std::string time_or_dash(const std::optional<Time>& time) { return time ? format_rfc3339(*time) : "-"; }
std::string text_or_dash(const std::string& text) { return text.empty() ? "-" : safe(text); }

/// Characters, as far as a terminal shows one each.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void print_table(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    out << line << '\n';
  }
}

/// Breaks at spaces; the first line begins with `label`, the others are indented as far.
void print_wrapped(const std::string& label, const std::string& text, std::ostream& out) {
  std::string line = label;
  bool empty = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    if (!empty && line.size() + 1 + word.size() > kLine) {
      out << line << '\n';
      line = std::string(label.size(), ' ');
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
    at = end + 1;
  }
  out << line << '\n';
}

std::string headline(const Report& report) {
  if (report.total == 0) return "No workload is known to be at risk";
  std::string text = fmt::format("{} at risk, {} broken now", plural(report.total, "workload"), report.broken);
  if (report.suspected > 0) text += fmt::format(", {} suspected by logs or Events alone", report.suspected);
  if (report.next_break && *report.next_break > report.as_of) {
    text += fmt::format("; the next one breaks in {} ({})", humanize(*report.next_break - report.as_of),
                        format_rfc3339(*report.next_break));
  }
  return text;
}

std::vector<Row> short_rows(const Report& report) {
  std::vector<Row> rows{{"#", "STATE", "WORKLOAD", "PODS", "DIAGNOSIS", "CLIENT", "REMINT"}};
  for (const auto& risk : report.workloads) {
    rows.push_back({std::to_string(rows.size()), state_of(risk, report.as_of),
                    safe(risk.workload.to_string(), kMaxCell), pods_of(risk), std::string(to_string(risk.diagnosis)),
                    client_of(risk), short_plan(risk, report.as_of)});
  }
  return rows;
}

std::vector<Row> wide_rows(const Report& report) {
  std::vector<Row> rows{{"#", "STATE", "WORKLOAD", "PODS", "DIAGNOSIS", "SURE", "SINCE", "BREAKS AT", "CLIENT",
                         "RE-READS", "FROM VERSION", "USER AGENT", "CHART", "POLICY", "RESTART", "REMINT", "FOR GOOD"}};
  for (const auto& risk : report.workloads) {
    const auto& origin = risk.origin;
    rows.push_back(
        {std::to_string(rows.size()), state_of(risk, report.as_of), safe(risk.workload.to_string()), pods_of(risk),
         std::string(to_string(risk.diagnosis)), fmt::format("{:.0f} %", risk.confidence * 100),
         time_or_dash(risk.since), time_or_dash(risk.breaks_at), client_of(risk),
         std::string(to_string(risk.client.re_reads)), text_or_dash(risk.client.minimum_version),
         risk.user_agent ? text_or_dash(*risk.user_agent) : "-",
         text_or_dash(origin.chart_version.empty() ? origin.chart : origin.chart + " " + origin.chart_version),
         text_or_dash(risk.policy), text_or_dash(risk.restart), text_or_dash(risk.plan), text_or_dash(risk.fix)});
  }
  return rows;
}

/// Each fix once, with the numbers of those whom it fixes.
void print_fixes(const Report& report, std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fixes;  // numbers, text
  for (std::size_t i = 0; i < report.workloads.size(); ++i) {
    const auto text = safe(report.workloads[i].fix, Report::kMaxText);
    if (text.empty()) continue;
    const auto known = std::ranges::find(fixes, text, &std::pair<std::string, std::string>::second);
    if (known != fixes.end()) {
      known->first += ", " + std::to_string(i + 1);
    } else {
      fixes.emplace_back(std::to_string(i + 1), text);
    }
  }
  if (fixes.empty()) return;
  out << "\nWhat would fix it for good:\n";
  for (std::size_t i = 0; i < std::min(fixes.size(), kMaxFixes); ++i) {
    print_wrapped("  ", fixes[i].first + ": " + fixes[i].second, out);
  }
  if (fixes.size() > kMaxFixes) out << fmt::format("  and {} more: remint report -o wide\n", fixes.size() - kMaxFixes);
}

}  // namespace

void print_report(const Report& report, bool wide, std::ostream& out) {
  out << headline(report) << ".\n";
  out << "As of " << format_rfc3339(report.as_of) << ", from " << safe(report.source, 253) << ".\n";
  if (!report.suspended.empty()) out << "REMINT IS SUSPENDED by " << safe(report.suspended) << '\n';
  for (const auto& storm : report.storms) out << "STORM BRAKE of " << safe(storm) << " is on\n";
  if (!report.workloads.empty()) {
    out << '\n';
    print_table(wide ? wide_rows(report) : short_rows(report), out);
  }
  if (report.total > report.workloads.size()) {
    out << fmt::format("and {} more, which are less urgent and not listed\n", report.total - report.workloads.size());
  }
  if (!wide) print_fixes(report, out);
  if (std::ranges::none_of(report.signals, [](const auto& signal) { return !signal.given; })) return;
  out << "\nWhat this cluster does not tell:\n";
  for (const auto& signal : report.signals) {
    if (!signal.given) print_wrapped("  - ", safe(signal.text), out);
  }
}

}  // namespace remint::app

#include "explain_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "remint/base/text.hpp"

namespace remint::app {
namespace {

constexpr std::size_t kShownRestarts = 10;
constexpr std::size_t kShownEvents = 5;

std::string how_it_ended(const restart::JournalStatus& status) {
  std::string text(to_string(status.phase));
  if (!status.step.empty()) text += "/" + status.step;
  if (status.outcome != Outcome::kNone) text += ", " + std::string(to_string(status.outcome));
  return text;
}

nlohmann::ordered_json time_or_null(const std::optional<Time>& time) {
  return time ? nlohmann::ordered_json(format_rfc3339(*time)) : nlohmann::ordered_json(nullptr);
}

/// What is in its way just now, or nothing.
const restart::Condition* blocked(const restart::JournalStatus& status) {
  const auto found = std::ranges::find_if(
      status.conditions, [](const auto& condition) { return condition.type == "Blocked" && condition.status; });
  return found == status.conditions.end() ? nullptr : &*found;
}

/// What is written in the cluster ends up on a terminal.
std::string safe(const std::string& text) { return sanitize(text, 1000); }

void print_restarts(const ExplainReport& report, std::ostream& out) {
  if (report.restarts.empty()) out << "  restarts       none is on record\n";
  for (std::size_t i = 0; i < std::min(report.restarts.size(), kShownRestarts); ++i) {
    const auto& journal = report.restarts[i];
    out << (i == 0 ? "  restarts       " : "                 ") << format_rfc3339(journal.created) << "  "
        << to_string(journal.spec.strategy) << ": " << how_it_ended(journal.status) << "  (" << safe(journal.key.name)
        << ")\n                   why: " << safe(journal.spec.reason) << '\n';
    // What is in its way is its message, too.
    if (const auto* condition = blocked(journal.status)) {
      out << "                   BLOCKED: " << safe(condition->message) << '\n';
    } else if (!journal.status.message.empty()) {
      out << (is_final(journal.status.phase) ? "                   end: " : "                   now: ")
          << safe(journal.status.message) << '\n';
    }
  }
  if (report.restarts.size() > kShownRestarts) {
    out << fmt::format("                 and {} older ones\n", report.restarts.size() - kShownRestarts);
  }
}

}  // namespace

void print_text(const ExplainReport& report, std::ostream& out) {
  out << report.workload.ref.to_string() << '\n';
  out << "  policy         "
      << (report.policy.empty() ? "none matches: Remint reports what it sees, and leaves it alone"
                                : safe(report.policy) + ", mode " + report.mode)
      << '\n';
  if (!report.suspended.empty()) out << "  SUSPENDED      by " << safe(report.suspended) << '\n';
  for (const auto& [where, annotations] : {std::pair("", &report.workload.annotations),
                                           std::pair(" (pod template)", &report.workload.template_annotations),
                                           std::pair(" (namespace)", &report.workload.namespace_annotations)}) {
    for (const auto& [key, value] : *annotations) {
      out << "  annotation     " << safe(key) << ": " << safe(value) << where << '\n';
    }
  }
  if (report.open_case) {
    const auto& open = *report.open_case;
    out << "  now            " << safe(open.diagnosis) << " -> " << safe(open.decision) << ": " << safe(open.reason)
        << '\n';
    if (open.breaks_at) out << "                 breaks at " << format_rfc3339(*open.breaks_at) << '\n';
  } else {
    out << "  now            no open case: nothing of it is known to fail or to be about to\n";
  }
  const auto& would = report.if_it_failed;
  out << "  if it failed   " << to_string(would.kind);
  if (would.strategy != Strategy::kNone) out << " by " << to_string(would.strategy);
  if (would.kind != DecisionKind::kRestart) out << " (" << would.check << "): " << safe(would.reason);
  out << '\n';
  print_restarts(report, out);
  for (std::size_t i = 0; i < std::min(report.events.size(), kShownEvents); ++i) {
    const auto& event = report.events[i];
    out << (i == 0 ? "  events         " : "                 ") << format_rfc3339(event.time) << "  "
        << safe(event.reason) << ": " << safe(event.note) << '\n';
  }
  for (std::size_t i = 0; i < report.fields.size(); ++i) {
    const auto& field = report.fields[i];
    out << (i == 0 ? "  policy in full " : "                 ")
        << fmt::format("{:<32} {:<24} {}{}\n", field.field, safe(field.value), safe(field.from),
                       field.over.empty() ? "" : " (instead of " + safe(field.over) + ")");
  }
  for (const auto& note : report.notes) out << "  note           " << safe(note) << '\n';
}

void print_json(const ExplainReport& report, std::ostream& out) {
  nlohmann::ordered_json json;
  const auto& ref = report.workload.ref;
  json["workload"] = {
      {"apiVersion", ref.api_version}, {"kind", ref.kind}, {"namespace", ref.ns}, {"name", ref.name}, {"uid", ref.uid}};
  json["annotations"] = report.workload.annotations;
  json["policy"] = report.policy.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(report.policy);
  json["mode"] = report.mode;
  json["suspended"] =
      report.suspended.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(report.suspended);
  json["effectivePolicy"] = nlohmann::ordered_json::array();
  for (const auto& field : report.fields) {
    json["effectivePolicy"].push_back(
        {{"field", field.field}, {"value", field.value}, {"from", field.from}, {"over", field.over}});
  }
  json["now"] = nullptr;
  if (report.open_case) {
    const auto& open = *report.open_case;
    json["now"] = {
        {"policy", open.policy}, {"diagnosis", open.diagnosis}, {"decision", open.decision}, {"reason", open.reason}};
    json["now"]["breaksAt"] = time_or_null(open.breaks_at);
  }
  const auto& would = report.if_it_failed;
  json["ifItFailed"] = {{"decision", to_string(would.kind)},
                        {"strategy", to_string(would.strategy)},
                        {"check", would.check},
                        {"reason", would.reason}};
  json["ifItFailed"]["notBefore"] = time_or_null(would.not_before);
  json["restarts"] = nlohmann::ordered_json::array();
  for (const auto& journal : report.restarts) {
    nlohmann::ordered_json item{{"name", journal.key.name},
                                {"created", format_rfc3339(journal.created)},
                                {"strategy", to_string(journal.spec.strategy)},
                                {"diagnosis", to_string(journal.spec.diagnosis)},
                                {"policy", journal.spec.policy},
                                {"reason", journal.spec.reason},
                                {"phase", to_string(journal.status.phase)},
                                {"step", journal.status.step},
                                {"outcome", to_string(journal.status.outcome)},
                                {"message", journal.status.message}};
    const auto* condition = blocked(journal.status);
    item["blocked"] =
        condition == nullptr ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(condition->message);
    item["finished"] = time_or_null(journal.status.finished);
    json["restarts"].push_back(std::move(item));
  }
  json["events"] = nlohmann::ordered_json::array();
  for (const auto& event : report.events) {
    json["events"].push_back({{"time", format_rfc3339(event.time)}, {"reason", event.reason}, {"note", event.note}});
  }
  json["notes"] = report.notes;
  out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace remint::app

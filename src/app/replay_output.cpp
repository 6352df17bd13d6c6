#include "replay_output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "replay_table.hpp"

namespace remint::app {
namespace {

using controllers::WorkloadDecision;
using OrderedJson = nlohmann::ordered_json;

constexpr std::array kKinds{DecisionKind::kRestart, DecisionKind::kWait, DecisionKind::kAsk, DecisionKind::kObserve,
                            DecisionKind::kRefuse};

OrderedJson time_or_null(const std::optional<Time>& time) {
  return time ? OrderedJson(format_rfc3339_micro(*time)) : OrderedJson(nullptr);
}

OrderedJson text_or_null(std::string_view text) { return text.empty() ? OrderedJson(nullptr) : OrderedJson(text); }

class JsonOutput final : public ReplayOutput {
 public:
  explicit JsonOutput(std::ostream& out) : out_(out) {}

  void decision(const WorkloadDecision& d) override {
    const auto& workload = d.the_case.workload;
    OrderedJson line;
    line["time"] = format_rfc3339_micro(d.time);
    line["workload"] = {{"apiVersion", workload.api_version},
                        {"kind", workload.kind},
                        {"namespace", workload.ns},
                        {"name", workload.name},
                        {"uid", workload.uid}};
    line["pods"] = OrderedJson::array();
    for (const auto& pod : d.the_case.pods) line["pods"].push_back(pod.name);
    line["diagnosis"] = to_string(d.the_case.diagnosis);
    line["confidence"] = d.the_case.confidence;
    line["decision"] = to_string(d.decision.kind);
    line["strategy"] = text_or_null(to_string(d.decision.strategy));
    line["policy"] = text_or_null(d.decision.policy);
    line["notBefore"] = time_or_null(d.decision.not_before);
    line["breaksAt"] = time_or_null(d.the_case.breaks_at);
    line["reason"] = d.decision.reason;
    line["evidence"] = OrderedJson::array();
    for (const auto& e : d.the_case.evidence) {
      line["evidence"].push_back({{"source", e.source}, {"time", format_rfc3339_micro(e.time)}, {"text", e.text}});
    }
    for (const auto& reason : d.the_case.reasons) {
      line["evidence"].push_back({{"source", "attribution"}, {"time", format_rfc3339_micro(d.time)}, {"text", reason}});
    }
    out_ << line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
  }

  void summary(const ReplaySummary& s) override {
    OrderedJson decisions;
    for (const auto kind : kKinds) {
      const auto it = s.decisions.find(kind);
      decisions[std::string(to_string(kind))] = it == s.decisions.end() ? 0U : it->second;
    }
    const OrderedJson line{{"summary",
                            {{"auditEvents", s.counts.audit_events},
                             {"rejected", s.counts.rejected},
                             {"stale", s.counts.stale},
                             {"unattributed", s.counts.unattributed},
                             {"external", s.counts.external},
                             {"decisions", decisions}}}};
    out_ << line.dump() << '\n';
  }

 private:
  std::ostream& out_;
};

class TextOutput final : public ReplayOutput {
 public:
  TextOutput(std::ostream& out, bool colour) : out_(out), colour_(colour) {}

  void decision(const WorkloadDecision& d) override {
    table_.add(d);
    const auto& c = d.the_case;
    out_ << fmt::format("\n{}  {}  {}\n", format_rfc3339(d.time), paint(d.decision.kind), bold(c.workload.to_string()));
    row("why", d.decision.reason);
    row("found", fmt::format("{}, {:.0f} % sure{}", to_string(c.diagnosis), c.confidence * 100, pods(c)));
    for (const auto& reason : c.reasons) row("", reason);
    if (c.breaks_at)
      row("breaks", fmt::format("{} (in {})", format_rfc3339(*c.breaks_at), humanize(*c.breaks_at - d.time)));
    if (d.decision.strategy != Strategy::kNone) row("how", std::string(to_string(d.decision.strategy)));
    if (d.decision.not_before) row("not before", format_rfc3339(*d.decision.not_before));
    if (!d.decision.policy.empty()) row("policy", d.decision.policy);
    const std::size_t shown = std::min<std::size_t>(c.evidence.size(), 3);
    for (std::size_t i = c.evidence.size() - shown; i < c.evidence.size(); ++i) {
      const auto& e = c.evidence[i];
      row(i + shown == c.evidence.size() ? "seen" : "", fmt::format("{}  {}", format_rfc3339(e.time), e.text));
    }
  }

  void summary(const ReplaySummary& s) override {
    table_.print(out_);
    out_ << fmt::format("\n{} of recording, {} audit events: {} rejected, {} with a stale token.\n",
                        humanize(s.end - s.begin), s.counts.audit_events, s.counts.rejected, s.counts.stale);
    if (s.counts.unattributed > 0) {
      out_ << fmt::format(
          "{} rejections came from an address that pods share, and were nobody's for certain: not acted on.\n",
          s.counts.unattributed);
    }
    if (const auto joins = s.counts.joined + s.counts.ambiguous + s.counts.unjoined; joins > 0) {
      out_ << fmt::format(
          "The API server's log says of {} of {} rejections why; of {} it could be more than one line.\n",
          s.counts.joined, joins, s.counts.ambiguous);
    }
    if (s.counts.external > 0) {
      out_ << fmt::format("{} rejections came from outside the cluster: not acted on.\n", s.counts.external);
    }
    std::string line;
    for (const auto kind : kKinds) {
      const auto it = s.decisions.find(kind);
      if (it == s.decisions.end()) continue;
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", to_string(kind), it->second);
    }
    out_ << "Decisions: " << (line.empty() ? "none; no workload needs anything" : line) << ".\n";
  }

 private:
  void row(std::string_view label, const std::string& text) { out_ << fmt::format("  {:<11}{}\n", label, text); }

  [[nodiscard]] std::string bold(const std::string& text) const {
    return colour_ ? "\033[1m" + text + "\033[0m" : text;
  }

  [[nodiscard]] std::string paint(DecisionKind kind) const {
    std::string text = fmt::format("{:<7}", to_string(kind));
    if (!colour_) return text;
    const int code = kind == DecisionKind::kRestart ? 32 : kind == DecisionKind::kRefuse ? 31 : 33;
    return fmt::format("\033[{};1m{}\033[0m", code, text);
  }

  [[nodiscard]] static std::string pods(const detect::Case& c) {
    if (c.pods.empty()) return "";
    std::string text = c.pods.size() == 1 ? "; pod " : "; pods ";
    for (std::size_t i = 0; i < c.pods.size() && i < 4; ++i) text += (i > 0 ? ", " : "") + c.pods[i].name;
    if (c.pods.size() > 4) text += fmt::format(" and {} more", c.pods.size() - 4);
    return text;
  }

  std::ostream& out_;
  bool colour_;
  ReplayTable table_;
};

}  // namespace

std::unique_ptr<ReplayOutput> json_output(std::ostream& out) { return std::make_unique<JsonOutput>(out); }
std::unique_ptr<ReplayOutput> text_output(std::ostream& out, bool colour) {
  return std::make_unique<TextOutput>(out, colour);
}

}  // namespace remint::app

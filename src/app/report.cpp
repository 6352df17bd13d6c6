// `remint report`.

#include <fstream>
#include <ostream>
#include <sstream>

#include "remint/app/commands.hpp"
#include "replay_play.hpp"
#include "report_fetch.hpp"
#include "report_output.hpp"

namespace remint::app {
namespace {

/// What a replay would print on its way is not asked for here.
class NoOutput final : public ReplayOutput {
  void decision(const controllers::WorkloadDecision& /*decision*/) override {}
  void summary(const ReplaySummary& /*summary*/) override {}
};

Result<controllers::Report> report_of_recording(const ReportOptions& options, std::ostream& err) {
  NoOutput none;
  controllers::Report report;
  const controllers::ReportSettings settings{"a recording", !options.recording.apiserver_log.empty(),
                                             !options.recording.pod_logs.empty()};
  const auto played =
      play(options.recording, none, err, {options.at, [&](const controllers::DetectionEngine& engine, Time now) {
                                            report = controllers::build_report(engine, settings, now);
                                          }});
  if (!played) return std::unexpected(played.error());
  return report;
}

void print(const controllers::Report& report, ReportOptions::Format format, std::ostream& out) {
  using enum ReportOptions::Format;
  switch (format) {
    case kText:
      return print_report(report, false, out);
    case kWide:
      return print_report(report, true, out);
    case kJson:
      out << controllers::report_json(report);
      return;
    case kYaml:
      return print_report_yaml(report, out);
    case kCsv:
      return print_report_csv(report, out);
    case kHtml:
      return print_report_html(report, out);
  }
}

}  // namespace

int report(const ReportOptions& options, std::ostream& out, std::ostream& err) {
  log::setup(options.log.level, options.log.format);
  const bool recorded = !options.recording.audit.empty();
  const auto made = recorded ? report_of_recording(options, err) : fetch_report(options);
  if (!made) {
    err << "remint report: " << made.error().message << '\n';
    return recorded ? kUsage : kFailed;
  }
  if (options.output_file.empty()) {
    print(*made, options.format, out);
    return kOk;
  }
  std::ofstream file(options.output_file, std::ios::binary | std::ios::trunc);
  print(*made, options.format, file);
  file.close();
  if (!file) {
    err << "remint report: --output-file " << options.output_file << " cannot be written\n";
    return kFailed;
  }
  return kOk;
}

}  // namespace remint::app

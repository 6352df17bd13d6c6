// `remint report`: where it is to be had from, and in which form.

#include <map>

#include "option_flags.hpp"

namespace remint::app {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  remint report                                        # of the cluster of your kubeconfig, through the API "
    "server\n"
    "  remint report -o html --output-file report.html      # one file, for everybody\n"
    "  remint report --url http://127.0.0.1:8080/report     # of a Remint at hand, or behind kubectl port-forward\n"
    "  remint report --audit audit.log --objects objects.json --apiserver-log kube-apiserver.log\n"
    "Through the API server it needs the right to get leases and pods/proxy in Remint's namespace.\n";

using enum ReportOptions::Format;
const std::map<std::string, ReportOptions::Format> kFormats{{"text", kText}, {"wide", kWide}, {"json", kJson},
                                                            {"yaml", kYaml}, {"csv", kCsv},   {"html", kHtml}};

CLI::Validator time_into(std::optional<Time>& target) {
  return CLI::Validator(
      [&target](std::string& text) -> std::string {
        target = parse_rfc3339(text);
        return target ? std::string() : "must be a time such as 2026-07-01T10:00:00Z";
      },
      "TIME");
}

}  // namespace

void add_report(CLI::App& app, ReportOptions& o, std::vector<std::string>& texts) {
  auto& report = *app.add_subcommand(
      "report", "Where it breaks next: workloads at risk, what would fix them for good, what Remint will do when");
  report.footer(kFooter);
  report
      .add_option_function<std::string>(
          "-o,--output", [&o](const std::string& name) { o.format = kFormats.at(name); },
          "text, wide, json, yaml, csv or html (default: text)")
      ->check(CLI::IsMember({"text", "wide", "json", "yaml", "csv", "html"}));
  report.add_option("--output-file", o.output_file, "Write it there instead of to standard output");
  report.add_option("--kubeconfig", o.kube.kubeconfig, "Default: $KUBECONFIG, then ~/.kube/config");
  report.add_option("--context", o.kube.context, "Context of the kubeconfig (default: its current one)");
  report.add_flag("--insecure-skip-tls-verify", o.kube.allow_insecure_tls, "Accept a kubeconfig that says so");
  report.add_option("--lease-namespace", o.own_namespace, "Remint's own namespace (default: remint-system)");
  report.add_option("--lease-name", o.lease_name, "Of the Lease that names the leader")->capture_default_str();
  report.add_option("--port", o.port, "Of the operator's --listen, in its pod")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  report.add_option("--url", o.url, "Ask this address instead, such as http://127.0.0.1:8080/report");
  auto& recording = o.recording;
  report.add_option("--audit", recording.audit, "From a recording, without a cluster: as in `remint replay`");
  report.add_option("--objects", recording.objects, "With --audit: a List as kubectl prints it, or JSON lines");
  report.add_option("--policy", recording.policy, "With --audit: policies (YAML or JSON)");
  report.add_option("--apiserver-log", recording.apiserver_log, "With --audit: logs of API servers, one file each");
  report.add_option("--pod-logs", recording.pod_logs, "With --audit: a folder of pods' logs, as in `remint replay`");
  add_utc_offset_flag(report, recording.apiserver_log_utc_offset);
  report.add_option("--at", texts[0], "With --audit: as of this time (default: the recording's end)")
      ->check(time_into(o.at));
  report.add_option("--extended-token-lifetime", texts[1], "With --audit: life of an extended token (default: 8760h)")
      ->check(duration_into(recording.extended_token_lifetime));
  add_log_flags(report, o.log);
}

Result<void> check(const ReportOptions& o) {
  const auto& recording = o.recording;
  if (recording.audit.empty()) {
    if (!recording.objects.empty() || !recording.policy.empty() || !recording.apiserver_log.empty() ||
        !recording.pod_logs.empty() || o.at) {
      return fail(ErrorCode::kInvalid, "--objects, --policy, --apiserver-log, --pod-logs and --at go with --audit");
    }
    return {};
  }
  if (recording.objects.empty()) return fail(ErrorCode::kInvalid, "--audit needs --objects");
  if (!o.url.empty()) return fail(ErrorCode::kInvalid, "--url and --audit exclude each other");
  return {};
}

}  // namespace remint::app

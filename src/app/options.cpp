#include "remint/app/options.hpp"

#include <sstream>

#include "option_flags.hpp"

namespace remint::app {
namespace {

constexpr const char* kDescription =
    "Remint keeps Kubernetes workloads authenticated: it finds the pods whose ServiceAccount tokens are dead or\n"
    "dying, restarts their workloads within the policies that you wrote, and checks that it helped.\n";
constexpr const char* kFooter =
    "Exit codes: 0 all went well; 1 something failed at run time; 2 a flag, file or recording cannot be used;\n"
    "            3 the lease was lost (the process ends so that it cannot act beside the new leader).\n";
constexpr const char* kReplayFooter =
    "Examples:\n"
    "  kubectl get pods,rs,deploy,sts,ds,rc,nodes,ns,sa -A -o json > objects.json\n"
    "  remint replay --audit /var/log/kubernetes/audit.log --objects objects.json\n"
    "  remint replay --audit audit.log --apiserver-log kube-apiserver.log --objects objects.json\n"
    "  kubectl logs -n shop cart-1 -c main --timestamps > logs/shop_cart-1_main.log\n"
    "  remint replay --audit audit.log --pod-logs logs --objects objects.json\n"
    "  remint replay --audit a.log.gz b.log.gz --objects objects.jsonl --policy policy.yaml --output json\n";

void add_replay(CLI::App& app, ReplayOptions& o, std::string& output, std::string& lifetime) {
  auto& replay =
      *app.add_subcommand("replay", "Decide about a recording: the same code that `run` runs, at the recording's time");
  replay.footer(kReplayFooter);
  replay
      .add_option("--audit", o.audit, "Audit logs: EventList, events, arrays or JSON lines, also .gz; merged by time")
      ->required();
  replay.add_option("--objects", o.objects, "A List as kubectl prints it, or JSON lines of {time, type, object}")
      ->required();
  replay.add_option("--policy", o.policy,
                    "Policies (YAML or JSON); default: those in --objects, else one in mode Observe");
  replay.add_option("--apiserver-log", o.apiserver_log,
                    "Logs of API servers, one file each, also .gz: they say why tokens were rejected");
  add_utc_offset_flag(replay, o.apiserver_log_utc_offset);
  replay.add_option(
      "--pod-logs", o.pod_logs,
      "Folder of <namespace>_<pod>_<container>.log, also .gz, as kubectl logs --timestamps prints them; read "
      "where a policy has podLog.enabled");
  replay.add_option("--output", output, "text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  replay.add_option("--extended-token-lifetime", lifetime, "Life of an extended token: 2160h on EKS (default: 8760h)")
      ->check(duration_into(o.extended_token_lifetime));
  add_log_flags(replay, o.log);
}

}  // namespace

std::expected<Options, Ending> parse_options(int argc, const char* const* argv) {
  RunOptions run;
  ReplayOptions replay;
  RestartOptions restart;
  ExplainOptions explain;
  AnswerOptions approve;
  AnswerOptions deny;
  ResumeOptions resume;
  ReportOptions report;
  VersionOptions version;
  std::string output = "text";
  std::vector<std::string> restart_durations(2);
  std::vector<std::string> durations(6);
  std::string lifetime;
  std::vector<std::string> report_texts(3);

  CLI::App app(kDescription, "remint");
  app.footer(kFooter);
  app.require_subcommand(1);
  add_run(app, run, durations);
  add_replay(app, replay, output, lifetime);
  add_restart(app, restart, output, restart_durations);
  add_explain(app, explain, output);
  add_answer(app, approve, output, true);
  add_answer(app, deny, output, false);
  add_resume(app, resume, output);
  add_report(app, report, report_texts);
  auto& version_command = *app.add_subcommand("version", "Version, commit and libraries");
  version_command.add_flag("--json", version.json, "As JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(e, out, err);
    return std::unexpected(Ending{code == 0 ? kOk : kUsage, out.str(), err.str()});
  }
  if (app.got_subcommand("run")) {
    if (const auto ok = check(run); !ok) {
      return std::unexpected(Ending{kUsage, "", ok.error().message + "\nRun `remint run --help` for more.\n"});
    }
    return run;
  }
  if (app.got_subcommand("replay")) {
    replay.json = output == "json";
    return replay;
  }
  for (auto* cluster : {&restart.cluster, &explain.cluster, &approve.cluster, &deny.cluster, &resume.cluster}) {
    cluster->json = output == "json";
  }
  if (app.got_subcommand("report")) {
    if (const auto ok = check(report); !ok) {
      return std::unexpected(Ending{kUsage, "", ok.error().message + "\nRun `remint report --help` for more.\n"});
    }
    return report;
  }
  if (app.got_subcommand("restart")) return restart;
  if (app.got_subcommand("explain")) return explain;
  if (app.got_subcommand("approve")) return approve;
  if (app.got_subcommand("deny")) return deny;
  if (app.got_subcommand("resume")) return resume;
  return version;
}

}  // namespace remint::app

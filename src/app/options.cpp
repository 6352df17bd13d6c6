#include "remint/app/options.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "remint/base/file.hpp"
#include "remint/restart/seal.hpp"

namespace remint::app {
namespace {

constexpr const char* kDescription =
    "Remint keeps Kubernetes workloads authenticated: it finds the pods whose ServiceAccount tokens are dead or\n"
    "dying, restarts their workloads within the policies that you wrote, and checks that it helped.\n";
constexpr const char* kFooter =
    "Exit codes: 0 all went well; 1 something failed at run time; 2 a flag, file or recording cannot be used;\n"
    "            3 the lease was lost (the process ends so that it cannot act beside the new leader).\n";
constexpr const char* kRunFooter =
    "Examples:\n"
    "  remint run --audit-tls-cert tls.crt --audit-tls-key tls.key --audit-client-ca ca.crt\n"
    "  remint run --kubeconfig ~/.kube/config --context dev --log-level debug ...\n"
    "  remint run --audit-insecure-http --audit-listen 127.0.0.1:8081      # a laptop, nothing else\n";
constexpr const char* kReplayFooter =
    "Examples:\n"
    "  kubectl get pods,rs,deploy,sts,ds,rc,nodes,ns -A -o json > objects.json\n"
    "  remint replay --audit /var/log/kubernetes/audit.log --objects objects.json\n"
    "  remint replay --audit a.log.gz b.log.gz --objects objects.jsonl --policy policy.yaml --output json\n";

constexpr const char* kRestartFooter =
    "Examples:\n"
    "  remint restart deploy/cart -n shop --wait\n"
    "  remint restart rc/web --strategy ScaleToZero --reason \"key rotated, CHG-1234\"\n"
    "  remint restart deploy/cart --strategy EvictPods --pod cart-6d4cf56db6-x2x7p\n"
    "Creates a WorkloadRestart; the operator carries it out whatever the policies say. Who may create\n"
    "WorkloadRestarts in a namespace may have its workloads restarted.\n";
constexpr const char* kExplainFooter =
    "Examples:\n"
    "  remint explain deploy/cart -n shop\n"
    "  remint explain pod/shell -o json\n";

/// Turns CLI11's texts into values of ours, with its own way of reporting errors.
CLI::Validator duration_into(Duration& target) {
  return CLI::Validator(
      [&target](std::string& text) -> std::string {
        const auto parsed = parse_duration(text);
        if (!parsed) return parsed.error().message;
        target = *parsed;
        return {};
      },
      "DURATION");
}

/// A duration with a sign, such as +2h or -3h30m: what a clock shows when it is noon in UTC.
Result<Duration> parse_utc_offset(std::string_view text) {
  constexpr Duration kWidest = std::chrono::hours(15);  // zones reach from -12h to +14h
  const bool west = text.starts_with('-');
  const auto offset = parse_duration(west || text.starts_with('+') ? text.substr(1) : text);
  if (!offset) return std::unexpected(offset.error());
  if (*offset > kWidest) {
    return fail(ErrorCode::kInvalid, "must lie between -15h and +15h, is " + std::string(text));
  }
  return west ? -*offset : *offset;
}

void add_apiserver_log_flags(CLI::App& run, RunOptions& o) {
  run.add_option("--apiserver-log", o.apiserver_log,
                 "Log file of an API server, to be followed: says why tokens were rejected (text or JSON, rotated or "
                 "not); one per API server, may be given several times")
      ->allow_extra_args(false);
  run.add_option_function<std::string>(
         "--apiserver-log-utc-offset",
         [&o](const std::string& text) {
           const auto offset = parse_utc_offset(text);
           if (!offset) throw CLI::ValidationError("--apiserver-log-utc-offset", offset.error().message);
           o.apiserver_log_utc_offset = *offset;
         },
         "Local time of the API servers minus UTC, such as +2h or -5h30m: their text logs name no zone (default: 0)")
      ->type_name("DURATION");
}

void add_log_flags(CLI::App& command, LogOptions& log) {
  command.add_option_function<std::string>(
      "--log-level",
      [&log](const std::string& text) {
        const auto level = log::parse_level(text);
        if (!level) throw CLI::ValidationError("--log-level", level.error().message);
        log.level = *level;
      },
      "debug, info, warn or error (default: info)");
  command.add_option_function<std::string>(
      "--log-format",
      [&log](const std::string& text) {
        const auto format = log::parse_format(text);
        if (!format) throw CLI::ValidationError("--log-format", format.error().message);
        log.format = *format;
      },
      "text, json or auto: text on a terminal, JSON otherwise (default: auto)");
}

std::vector<std::string> read_keys(const std::string& path) {
  constexpr std::size_t kLongest = 64U << 10U;
  const auto text = read_file(path, kLongest);
  if (!text) throw CLI::ValidationError("--journal-key-file", text.error().message);
  auto keys = restart::parse_journal_keys(*text);
  if (!keys) throw CLI::ValidationError("--journal-key-file", path + ": " + keys.error().message);
  return std::move(*keys);
}

void add_run(CLI::App& app, RunOptions& o, std::vector<std::string>& durations) {
  auto& run = *app.add_subcommand("run", "Watch, decide and act, until SIGTERM");
  run.footer(kRunFooter);
  run.add_option("--kubeconfig", o.kube.kubeconfig,
                 "Default: $KUBECONFIG, then the pod's own account, then ~/.kube/config");
  run.add_option("--context", o.kube.context, "Context of the kubeconfig (default: its current one)");
  run.add_flag("--insecure-skip-tls-verify", o.kube.allow_insecure_tls,
               "Accept a kubeconfig that says so; without this flag it is refused");
  run.add_option("--listen", o.listen, "Address of /metrics, /healthz and /readyz")->capture_default_str();
  run.add_option("--audit-listen", o.audit_listen, "Address of POST /audit")->capture_default_str();
  run.add_option("--audit-tls-cert", o.audit_tls_cert, "Server certificate (PEM); read again when it changes");
  run.add_option("--audit-tls-key", o.audit_tls_key, "Its key (PEM)");
  run.add_option("--audit-client-ca", o.audit_client_ca, "Who signs the API server's client certificate (PEM)");
  run.add_option("--audit-token-file", o.audit_token_file, "File with the bearer token that senders must show");
  run.add_flag("--audit-insecure-http", o.audit_insecure_http,
               "Plain HTTP, no authentication, on a loopback address only: for trying things out");
  run.add_flag("--leader-elect,!--no-leader-elect", o.leader_elect, "Act only while holding the Lease (default: yes)");
  run.add_option(
      "--lease-namespace", o.own_namespace,
      "Remint's own namespace: holds the Lease and is never touched (default: $POD_NAMESPACE, else remint-system)");
  run.add_option("--lease-name", o.lease_name, "Name of the Lease")->capture_default_str();
  run.add_option("--identity", o.identity, "Name of this replica (default: $POD_NAME, else host name and process id)");
  run.add_option("--lease-duration", durations[0], "How long a silent leader is waited for (default: 15s)")
      ->check(duration_into(o.lease_duration));
  run.add_option("--extended-token-lifetime", durations[1], "Life of an extended token: 2160h on EKS (default: 8760h)")
      ->check(duration_into(o.extended_token_lifetime));
  run.add_option("--grace", durations[2], "How long a stop may take (default: 20s)")->check(duration_into(o.grace));
  run.add_option("--restart-deadline", durations[3],
                 "How long pods may take to be replaced and become available (default: 15m)")
      ->check(duration_into(o.restart_deadline));
  run.add_option("--restart-quiet", durations[4],
                 "How long all new pods must authenticate before they count as cured (default: 30s)")
      ->check(duration_into(o.restart_quiet));
  run.add_option("--restart-poll", durations[5], "How often a restart under way is looked at (default: 2s)")
      ->check(duration_into(o.restart_poll));
  run.add_option_function<std::string>(
      "--journal-key-file", [&o](const std::string& path) { o.journal_keys = read_keys(path); },
      "File with a random key of at least 32 characters, the same for all replicas. With it only journals whose status "
      "Remint itself wrote are carried on; without it, whoever may write the status of WorkloadRestarts acts through "
      "Remint. One key per line: the first one seals, all are accepted");
  add_apiserver_log_flags(run, o);
  add_log_flags(run, o.log);
}

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
                    "API-server logs (accepted; not used by this version, which says so)");
  replay.add_option("--pod-logs", o.pod_logs, "Folder of pod logs (accepted; not used by this version, which says so)");
  replay.add_option("--output", output, "text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  replay.add_option("--extended-token-lifetime", lifetime, "Life of an extended token: 2160h on EKS (default: 8760h)")
      ->check(duration_into(o.extended_token_lifetime));
  add_log_flags(replay, o.log);
}

void add_cluster_flags(CLI::App& command, ClusterOptions& o, std::string& output) {
  command.add_option("-n,--namespace", o.ns, "Namespace of the workload (default: the context's)");
  command.add_option("--kubeconfig", o.kube.kubeconfig, "Default: $KUBECONFIG, then ~/.kube/config");
  command.add_option("--context", o.kube.context, "Context of the kubeconfig (default: its current one)");
  command.add_flag("--insecure-skip-tls-verify", o.kube.allow_insecure_tls, "Accept a kubeconfig that says so");
  command.add_option("-o,--output", output, "text or json")->check(CLI::IsMember({"text", "json"}));
  add_log_flags(command, o.log);
}

void add_restart(CLI::App& app, RestartOptions& o, std::string& output, std::vector<std::string>& durations) {
  auto& restart = *app.add_subcommand("restart", "Have a workload restarted now, by hand");
  restart.footer(kRestartFooter);
  restart.add_option("workload", o.workload, "KIND/NAME, such as deploy/cart, rc/web, pod/shell")->required();
  restart.add_option("--strategy", o.strategy, "RolloutRestart, EvictPods, ScaleToZero, RollingReplace or Recreate")
      ->check(CLI::IsMember({"RolloutRestart", "EvictPods", "ScaleToZero", "RollingReplace", "Recreate"}));
  restart.add_option("--pod", o.pods, "With EvictPods: only this pod; may be given several times");
  restart.add_option("--reason", o.reason, "Kept in the WorkloadRestart and shown in Events");
  restart.add_option("--observe", durations[0], "How long the new pods are watched at most (default: 10m)")
      ->check(duration_into(o.observe));
  restart.add_flag("--wait", o.wait, "Follow it to its end; the exit code then says how it went");
  restart.add_option("--timeout", durations[1], "With --wait: give up following after this long (default: 30m)")
      ->check(duration_into(o.timeout));
  add_cluster_flags(restart, o.cluster, output);
}

void add_explain(CLI::App& app, ExplainOptions& o, std::string& output) {
  auto& explain = *app.add_subcommand("explain", "Why a workload was or was not restarted, from the cluster's objects");
  explain.footer(kExplainFooter);
  explain.add_option("workload", o.workload, "KIND/NAME, such as deploy/cart, rc/web, pod/shell")->required();
  explain.add_option("--lease-namespace", o.own_namespace, "Remint's own namespace (default: remint-system)");
  add_cluster_flags(explain, o.cluster, output);
}

Result<void> check(const RunOptions& o) {
  if (o.leader_elect && (o.lease_duration < std::chrono::seconds(3) || o.lease_duration > std::chrono::hours(1))) {
    return fail(ErrorCode::kInvalid,
                "--lease-duration must lie between 3s and 1h, is " + format_duration(o.lease_duration));
  }
  if (o.restart_poll < std::chrono::milliseconds(50) || o.restart_poll > std::chrono::minutes(1)) {
    return fail(ErrorCode::kInvalid,
                "--restart-poll must lie between 50ms and 1m, is " + format_duration(o.restart_poll));
  }
  if (o.audit_insecure_http) {
    if (!o.audit_tls_cert.empty() || !o.audit_client_ca.empty()) {
      return fail(ErrorCode::kInvalid, "--audit-insecure-http goes without --audit-tls-cert and --audit-client-ca");
    }
    return {};
  }
  if (o.audit_tls_cert.empty() || o.audit_tls_key.empty()) {
    return fail(ErrorCode::kInvalid,
                "the audit endpoint needs --audit-tls-cert and --audit-tls-key (or --audit-insecure-http on a loopback "
                "address)");
  }
  if (o.audit_client_ca.empty() && o.audit_token_file.empty()) {
    return fail(ErrorCode::kInvalid,
                "the audit endpoint must know its senders: give --audit-client-ca, --audit-token-file or both; "
                "whoever may post to it can have workloads restarted");
  }
  return {};
}

}  // namespace

std::expected<Options, Ending> parse_options(int argc, const char* const* argv) {
  RunOptions run;
  ReplayOptions replay;
  RestartOptions restart;
  ExplainOptions explain;
  VersionOptions version;
  std::string output = "text";
  std::vector<std::string> restart_durations(2);
  std::vector<std::string> durations(6);
  std::string lifetime;

  CLI::App app(kDescription, "remint");
  app.footer(kFooter);
  app.require_subcommand(1);
  add_run(app, run, durations);
  add_replay(app, replay, output, lifetime);
  add_restart(app, restart, output, restart_durations);
  add_explain(app, explain, output);
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
  if (app.got_subcommand("restart")) {
    restart.cluster.json = output == "json";
    return restart;
  }
  if (app.got_subcommand("explain")) {
    explain.cluster.json = output == "json";
    return explain;
  }
  return version;
}

}  // namespace remint::app

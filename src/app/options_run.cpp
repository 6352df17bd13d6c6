// The flags of `remint run`.
#include <unistd.h>

#include <algorithm>

#include "option_flags.hpp"
#include "remint/base/file.hpp"
#include "remint/base/text.hpp"
#include "remint/restart/seal.hpp"
#include "remint/sources/pod_log_follower.hpp"

namespace remint::app {
namespace {

constexpr const char* kRunFooter =
    "Examples:\n"
    "  remint run --audit-tls-cert tls.crt --audit-tls-key tls.key --audit-client-ca ca.crt\n"
    "  remint run --kubeconfig ~/.kube/config --context dev --log-level debug ...\n"
    "  remint run --audit-insecure-http --audit-listen 127.0.0.1:8081      # a laptop, nothing else\n";

std::vector<std::string> read_keys(const std::string& path) {
  constexpr std::size_t kLongest = 64U << 10U;
  const auto text = read_file(path, kLongest);
  if (!text) throw CLI::ValidationError("--journal-key-file", text.error().message);
  auto keys = restart::parse_journal_keys(*text);
  if (!keys) throw CLI::ValidationError("--journal-key-file", path + ": " + keys.error().message);
  return std::move(*keys);
}

/// Two readers of one file would count each event twice, and keep one position.
Result<void> check_audit_logs(const RunOptions& o) {
  auto paths = o.audit_log;
  std::ranges::sort(paths);
  if (const auto twice = std::ranges::adjacent_find(paths); twice != paths.end()) {
    return fail(ErrorCode::kInvalid, "--audit-log " + *twice + " is given twice");
  }
  if (!o.state_dir.empty() && ::access(o.state_dir.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(ErrorCode::kInvalid, "--state-dir: " + o.state_dir + " is no folder that can be written");
  }
  return {};
}

}  // namespace

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
  run.add_option("--audit-client-name", o.audit_client_names,
                 "Common name that the client's certificate must have; may be given several times (default: whoever "
                 "--audit-client-ca signed may post)")
      ->allow_extra_args(false);
  run.add_option("--audit-token-file", o.audit_token_file, "File with the bearer token that senders must show");
  run.add_option("--pod-log-token-file", o.pod_log_token_file,
                 "File with the bearer token for POST /pod-log, which then opens that path alone, and the one of "
                 "--audit-token-file does not open it (default: whoever may post to /audit may post there, too)");
  run.add_flag("--audit-insecure-http", o.audit_insecure_http,
               "Plain HTTP, no authentication, on a loopback address only: for trying things out");
  run.add_option("--watch-namespace", o.watch_namespaces,
                 "Watch and act in this namespace alone; may be given several times (default: the whole cluster). Then "
                 "no nodes, namespaces or ClusterTokenRefreshPolicies are read: roles in the namespaces are enough")
      ->allow_extra_args(false);
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
  run.add_option("--apiserver-log", o.apiserver_log,
                 "Log file of an API server, to be followed: says why tokens were rejected (text or JSON, rotated or "
                 "not); one per API server, may be given several times")
      ->allow_extra_args(false);
  add_utc_offset_flag(run, o.apiserver_log_utc_offset);
  run.add_option(
         "--audit-log", o.audit_log,
         "Audit log file of an API server (JSON lines), to be followed through rotation; one per API server, may "
         "be given several times")
      ->allow_extra_args(false);
  run.add_option("--state-dir", o.state_dir,
                 "Folder that outlives a restart: keeps how far each --audit-log was read, so that nothing is lost or "
                 "read twice (default: none, a start begins with the last MB of the file)");
  run.add_flag("--pod-logs", o.pod_logs,
               "Read the logs of pods whose policy has podLog.enabled: lines in which clients say that their token was "
               "refused. Needs the right to get pods/log");
  run.add_option("--pod-log-streams", o.pod_log_streams,
                 "How many containers' logs are followed at once, those of suspects first; of all others the ends are "
                 "read in turn")
      ->check(CLI::Range(std::size_t{0}, sources::PodLogSettings::kMostStreams))
      ->capture_default_str();
  run.add_flag("--apiserver-pod-logs", o.apiserver_pod_logs,
               "Follow the logs of kube-apiserver's mirror pods (kubeadm, OpenShift): they say why tokens were "
               "rejected. Needs the rights to list pods and to get pods/log in their namespace");
  add_log_flags(run, o.log);
}

Result<void> check(const RunOptions& o) {
  for (const auto& ns : o.watch_namespaces) {
    constexpr std::size_t kLongestLabel = 63;
    if (ns.empty() || ns.contains('.') || dns_name(ns, kLongestLabel) != ns) {
      return fail(ErrorCode::kInvalid, "--watch-namespace: \"" + sanitize(ns) + "\" is no name of a namespace");
    }
  }
  if (o.leader_elect && (o.lease_duration < std::chrono::seconds(3) || o.lease_duration > std::chrono::hours(1))) {
    return fail(ErrorCode::kInvalid,
                "--lease-duration must lie between 3s and 1h, is " + format_duration(o.lease_duration));
  }
  if (o.restart_poll < std::chrono::milliseconds(50) || o.restart_poll > std::chrono::minutes(1)) {
    return fail(ErrorCode::kInvalid,
                "--restart-poll must lie between 50ms and 1m, is " + format_duration(o.restart_poll));
  }
  if (auto logs = check_audit_logs(o); !logs) return logs;
  if (!o.pod_log_token_file.empty() && o.pod_log_token_file == o.audit_token_file) {
    return fail(
        ErrorCode::kInvalid,
        "--pod-log-token-file must be another file than --audit-token-file: whoever has the audit token can have "
        "workloads restarted");
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
  if (!o.audit_client_names.empty() && o.audit_client_ca.empty()) {
    return fail(ErrorCode::kInvalid, "--audit-client-name goes with --audit-client-ca, which signs that certificate");
  }
  return {};
}

}  // namespace remint::app

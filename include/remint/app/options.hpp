#pragma once
// The command line, parsed and validated once into values.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "remint/base/log.hpp"
#include "remint/base/time.hpp"
#include "remint/kube/config.hpp"

namespace remint::app {

/// Exit codes, documented in `remint --help`.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,     ///< something went wrong at run time
  kUsage = 2,      ///< a flag, file or recording that cannot be used
  kLostLease = 3,  ///< another replica leads now, or ours could not be renewed: to be started again
};

struct LogOptions {
  log::Level level = log::Level::kInfo;
  log::Format format = log::Format::kAuto;
};

struct RunOptions {
  LogOptions log;
  kube::LoadOptions kube;
  std::string listen = "[::]:8080";  ///< metrics and health
  std::string audit_listen = "[::]:8443";
  std::string audit_tls_cert, audit_tls_key, audit_client_ca, audit_token_file;
  std::string pod_log_token_file;               ///< opens /pod-log alone; empty: what opens /audit opens it
  std::vector<std::string> audit_client_names;  ///< common names; empty: whoever --audit-client-ca signed
  bool audit_insecure_http = false;
  std::vector<std::string> watch_namespaces;  ///< empty: the whole cluster
  bool leader_elect = true;
  std::string own_namespace;  ///< Remint's own: its lease, and never touched
  std::string own_pod;        ///< $POD_NAME: carries the leader's label; empty: not in a pod
  std::string lease_name = "remint";
  std::string identity;
  Duration lease_duration = std::chrono::seconds(15);
  Duration extended_token_lifetime = std::chrono::seconds(31'536'000);
  Duration grace = std::chrono::seconds(20);
  std::vector<std::string> journal_keys;  ///< of --journal-key-file; empty without it
  Duration restart_poll = std::chrono::seconds(2);
  Duration restart_quiet = std::chrono::seconds(30);
  Duration restart_deadline = std::chrono::minutes(15);
  std::vector<std::string> apiserver_log;  ///< files to follow, one per API server; may not be there yet
  Duration apiserver_log_utc_offset{};     ///< local time minus UTC of the API servers; negative in the west
  std::vector<std::string> audit_log;      ///< audit log files to follow, one per API server; may not be there yet
  bool pod_logs = false;                   ///< read the logs of pods whose policy has podLog.enabled
  std::size_t pod_log_streams = 50;        ///< that are followed at once; the others' tails are read in turn
  bool apiserver_pod_logs = false;         ///< follow the logs of kube-apiserver's mirror pods
  std::string state_dir;                   ///< where is kept how far they were read; empty: nowhere
};

struct ReplayOptions {
  LogOptions log;
  std::vector<std::string> audit, apiserver_log;
  Duration apiserver_log_utc_offset{};
  std::string pod_logs, objects, policy;
  bool json = false;
  Duration extended_token_lifetime = std::chrono::seconds(31'536'000);
};

/// For the commands that a person runs with rights of their own.
struct ClusterOptions {
  LogOptions log{.level = log::Level::kWarn};
  kube::LoadOptions kube;
  std::string ns;  ///< empty: the context's
  bool json = false;
};

struct RestartOptions {
  ClusterOptions cluster;
  std::string workload;  ///< KIND/NAME
  std::string strategy;  ///< empty: the kind's usual one
  std::string reason;
  std::vector<std::string> pods;  ///< EvictPods: only these
  Duration observe = std::chrono::minutes(10);
  bool wait = false;
  Duration timeout = std::chrono::minutes(30);
};

struct ExplainOptions {
  ClusterOptions cluster;
  std::string workload;
  std::string own_namespace;
  std::string lease_name = "remint";
};

/// `remint approve` and `remint deny`.
struct AnswerOptions {
  ClusterOptions cluster;
  std::string restart;  ///< name of the WorkloadRestart
  bool approve = true;
  std::string comment;
};

struct ResumeOptions {
  ClusterOptions cluster;  ///< with a namespace: a TokenRefreshPolicy there
  std::string policy;
};

/// From a running operator through its cluster, from a URL, or from a recording.
struct ReportOptions {
  LogOptions log{.level = log::Level::kWarn};
  enum class Format : std::uint8_t { kText, kWide, kJson, kYaml, kCsv, kHtml };
  Format format = Format::kText;
  std::string output_file;  ///< empty: standard output
  kube::LoadOptions kube;
  std::string own_namespace, lease_name = "remint";
  unsigned port = 8080;     ///< of the operator's --listen
  std::string url;          ///< "http://127.0.0.1:8080/report"; empty: not asked for
  ReplayOptions recording;  ///< when it has audit files
  std::optional<Time> at;   ///< of the recording; nothing: its end
};

struct VersionOptions {
  bool json = false;
};

/// What was asked for, or what to print and the code to end with (help, usage errors).
struct Ending {
  int code = kOk;
  std::string out, err;
};
using Options = std::variant<RunOptions, ReplayOptions, RestartOptions, ExplainOptions, AnswerOptions, ResumeOptions,
                             ReportOptions, VersionOptions>;
[[nodiscard]] std::expected<Options, Ending> parse_options(int argc, const char* const* argv);

}  // namespace remint::app

// The commands that a person runs beside the operator.

#include "option_flags.hpp"

namespace remint::app {
namespace {

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
constexpr const char* kAnswerFooter =
    "Examples:\n"
    "  kubectl get wr -A                                  # Phase AwaitingApproval\n"
    "  remint approve -n shop deployment-cart-5f0c2a9d41-1\n"
    "  remint deny -n shop deployment-cart-5f0c2a9d41-1 --comment \"frozen until Monday\"\n"
    "Who may answer is for the API server to say: the verb approve on workloadrestarts.remint.dev. Your user name and\n"
    "the time are kept with the answer, and the answer is final. What is approved is looked at once more, and begins\n"
    "as the policy's limits and windows allow.\n";
constexpr const char* kResumeFooter =
    "Examples:\n"
    "  kubectl get ctrp                                   # condition StormBrake\n"
    "  remint resume default\n"
    "  remint resume own -n shop                          # a TokenRefreshPolicy\n";

void add_cluster_flags(CLI::App& command, ClusterOptions& o, std::string& output) {
  command.add_option("-n,--namespace", o.ns, "Namespace of the workload (default: the context's)");
  command.add_option("--kubeconfig", o.kube.kubeconfig, "Default: $KUBECONFIG, then ~/.kube/config");
  command.add_option("--context", o.kube.context, "Context of the kubeconfig (default: its current one)");
  command.add_flag("--insecure-skip-tls-verify", o.kube.allow_insecure_tls, "Accept a kubeconfig that says so");
  command.add_option("-o,--output", output, "text or json")->check(CLI::IsMember({"text", "json"}));
  add_log_flags(command, o.log);
}

}  // namespace

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
  explain.add_option("--lease-name", o.lease_name, "Of its Lease, which bears the cluster's kill switch")
      ->capture_default_str();
  add_cluster_flags(explain, o.cluster, output);
}

void add_answer(CLI::App& app, AnswerOptions& o, std::string& output, bool approve) {
  auto& answer =
      *app.add_subcommand(approve ? "approve" : "deny", approve ? "Let a restart that waits for approval begin"
                                                                : "Have a restart that waits for approval not begin");
  answer.footer(kAnswerFooter);
  answer.add_option("restart", o.restart, "Name of the WorkloadRestart")->required();
  answer.add_option("--comment", o.comment, "Kept with the answer, at most 1024 characters");
  add_cluster_flags(answer, o.cluster, output);
  o.approve = approve;
}

void add_resume(CLI::App& app, ResumeOptions& o, std::string& output) {
  auto& resume = *app.add_subcommand("resume", "Take a policy's storm brake off: restarts go on within its limits");
  resume.footer(kResumeFooter);
  resume.add_option("policy", o.policy, "Name of a ClusterTokenRefreshPolicy; with -n of a TokenRefreshPolicy")
      ->required();
  add_cluster_flags(resume, o.cluster, output);
}

}  // namespace remint::app

// `remint restart`: a WorkloadRestart made by hand, and followed.

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cluster_access.hpp"
#include "remint/app/commands.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"
#include "remint/policy/strategy.hpp"
#include "remint/restart/journal.hpp"
#include "remint/restart/observation.hpp"

namespace remint::app {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(1);
/// After this long in Pending it is worth saying that nobody seems to be there.
constexpr auto kNobodyThere = std::chrono::seconds(20);

/// As it was asked for; else what is usual for the kind.
Strategy strategy_for(const RestartOptions& options, const ObjectRef& target) {
  if (!options.strategy.empty()) return parse_strategy(options.strategy).value_or(Strategy::kNone);
  if (target.kind == "Pod") return Strategy::kRecreate;
  if (target.kind == "ReplicationController") return Strategy::kRollingReplace;
  return target.kind == "ReplicaSet" ? Strategy::kEvictPods : Strategy::kRolloutRestart;
}

/// With generateName, so that a person may restart the same thing twice.
Json to_create(const RestartOptions& options, const ObjectRef& target) {
  restart::Journal journal;
  journal.key.ns = target.ns;
  journal.spec.target = target;
  journal.spec.strategy = strategy_for(options, target);
  journal.spec.reason = options.reason.empty() ? "by hand: remint restart" : options.reason;
  journal.spec.pods = options.pods;
  journal.spec.observe = options.observe;
  Json object = restart::to_object(journal);
  object["metadata"].erase("name");
  object["metadata"]["generateName"] = dns_name(target.kind + "-" + target.name, 50) + "-by-hand-";
  return object;
}

void print_line(std::ostream& out, const restart::Journal& journal, Time now) {
  const auto& status = journal.status;
  const std::string where = status.step.empty() ? std::string(to_string(status.phase))
                                                : std::string(to_string(status.phase)) + "/" + status.step;
  out << format_rfc3339(now).substr(11, 8) << "  " << where
      << std::string(where.size() < 22 ? 22 - where.size() : 1, ' ') << status.message << '\n'
      << std::flush;
}

/// Until it is final. kTimeout: nobody finished it in time.
Result<restart::Journal> follow(kube::Client& client, const ObjectKey& key, const RestartOptions& options,
                                std::ostream& out) {
  const std::stop_token never;
  const auto begun = std::chrono::steady_clock::now();
  std::string said;
  bool nobody_said = false;
  for (;;) {
    const auto text = client.get(kube::kWorkloadRestarts, key, never);
    if (!text && text.error().code == ErrorCode::kNotFound) {
      return fail(ErrorCode::kNotFound, "WorkloadRestart " + key.to_string() + " was deleted");
    }
    if (!text) return std::unexpected(text.error());
    auto journal = restart::read_journal(*text);
    if (!journal) return std::unexpected(journal.error());
    const auto waited = std::chrono::steady_clock::now() - begun;
    const auto now_says =
        std::string(to_string(journal->status.phase)) + journal->status.step + journal->status.message;
    if (now_says != said && !options.cluster.json) print_line(out, *journal, system_clock().now());
    said = now_says;
    if (is_final(journal->status.phase)) return journal;
    if (journal->status.phase == Phase::kPending && waited > kNobodyThere && !nobody_said && !options.cluster.json) {
      out << "          nobody has taken it up for 20 s: is Remint running, and does one replica hold the lease?"
          << '\n'
          << std::flush;
      nobody_said = true;
    }
    if (waited > options.timeout) {
      return fail(ErrorCode::kTimeout, "not finished within " + format_duration(options.timeout) +
                                           "; it goes on, see kubectl get wr -n " + key.ns + " " + key.name);
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

/// The operator would cancel it, but only after the command has said that all is well.
Result<void> check_fit(const RestartOptions& options, const ObjectRef& target) {
  const Strategy strategy = strategy_for(options, target);
  if (policy::fits(strategy, target)) return {};
  return fail(ErrorCode::kInvalid, options.strategy + " works on " + std::string(policy::kinds_for(strategy)) +
                                       ", not on a " + target.kind + ": write " + policy::strategies_for(target.kind) +
                                       ", or leave --strategy out");
}

Result<std::string> create(kube::Client& client, const RestartOptions& options, const ObjectRef& target) {
  auto created =
      client.create(kube::kWorkloadRestarts, target.ns, dump_json(to_create(options, target)), std::stop_token());
  // The namespace is there: it has just told of the workload.
  if (!created && created.error().code == ErrorCode::kNotFound) {
    return fail(
        ErrorCode::kNotFound,
        created.error().message + "; are Remint's CRDs installed (kubectl get crd workloadrestarts.remint.dev)?");
  }
  return created;
}

int fail_with(std::ostream& err, const Error& error, int code) {
  err << "remint restart: " << error.message << '\n';
  return code;
}

}  // namespace

int restart(const RestartOptions& options, std::ostream& out, std::ostream& err) {
  log::setup(options.cluster.log.level, options.cluster.log.format);
  const auto cluster = open_cluster(options.cluster.kube);
  if (!cluster) return fail_with(err, cluster.error(), kUsage);
  kube::Client& client = *(*cluster)->client;
  auto target =
      parse_workload(options.workload, options.cluster.ns.empty() ? (*cluster)->default_namespace : options.cluster.ns);
  if (!target) return fail_with(err, target.error(), kUsage);
  if (const auto fit = check_fit(options, *target); !fit) return fail_with(err, fit.error(), kUsage);

  const std::stop_token never;
  const auto object = client.get(*kube::workload_resource(target->kind), target->key(), never);
  if (!object) return fail_with(err, object.error(), kFailed);
  const auto state = restart::parse_target(*object);
  if (!state) return fail_with(err, state.error(), kFailed);
  target->uid = state->uid;

  const auto created = create(client, options, *target);
  if (!created) return fail_with(err, created.error(), kFailed);
  auto journal = restart::read_journal(*created);
  if (!journal) return fail_with(err, journal.error(), kFailed);
  if (!options.cluster.json)
    out << "workloadrestart.remint.dev/" << journal->key.name << " created" << '\n' << std::flush;
  if (!options.wait) {
    if (options.cluster.json) out << *created << '\n';
    return kOk;
  }
  journal = follow(client, journal->key, options, out);
  if (!journal) return fail_with(err, journal.error(), kFailed);
  if (options.cluster.json) {
    if (const auto last = client.get(kube::kWorkloadRestarts, journal->key, never)) out << *last << '\n';
  } else {
    out << target->to_string() << ": " << to_string(journal->status.phase)
        << (journal->status.outcome == Outcome::kNone ? "" : ", ") << to_string(journal->status.outcome) << '\n';
  }
  return journal->status.phase == Phase::kSucceeded ? kOk : kFailed;
}

}  // namespace remint::app

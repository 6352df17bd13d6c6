// `remint approve` and `remint deny`.

#include <iostream>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "remint/app/commands.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"
#include "remint/restart/journal.hpp"

namespace remint::app {
namespace {

/// The operator may write the status between our look and our answer.
constexpr int kTries = 5;
constexpr std::size_t kMaxComment = 1024;

/// Why there is nothing to answer, or nothing.
Result<void> check_waits(const restart::Journal& journal, Time now) {
  const auto& approval = journal.spec.approval;
  const std::string name = "WorkloadRestart " + journal.key.to_string();
  if (!journal.invalid.empty()) return fail(ErrorCode::kInvalid, name + " is not valid: " + join(journal.invalid));
  if (!approval.required) return fail(ErrorCode::kInvalid, name + " does not wait for approval");
  if (approval.decision != restart::Approval::Decision::kNone) {
    const auto when = approval.at ? " at " + format_rfc3339(*approval.at) : "";
    return fail(ErrorCode::kInvalid, name + " was answered already: " + std::string(to_string(approval.decision)) +
                                         " by " + sanitize(approval.by, 256) + when + "; an answer is final");
  }
  if (journal.status.phase != Phase::kAwaitingApproval) {
    return fail(ErrorCode::kInvalid, name + " is " + std::string(to_string(journal.status.phase)) +
                                         ", not AwaitingApproval: " + sanitize(journal.status.message, 500));
  }
  if (approval.expires && *approval.expires <= now) {
    return fail(ErrorCode::kInvalid, name + " lapsed at " + format_rfc3339(*approval.expires) +
                                         "; if the case still stands, it is asked again after the policy's cooldown");
  }
  return {};
}

Result<restart::Journal> read(kube::Client& client, const ObjectKey& key) {
  const auto text = client.get(kube::kWorkloadRestarts, key, std::stop_token());
  if (!text) return std::unexpected(text.error());
  return restart::read_journal(*text);
}

Result<restart::Journal> write(kube::Client& client, const ObjectKey& key, const AnswerOptions& options,
                               const std::string& who) {
  for (int tried = 1;; ++tried) {
    const auto journal = read(client, key);
    if (!journal) return std::unexpected(journal.error());
    const Time now = system_clock().now();
    if (const auto waits = check_waits(*journal, now); !waits) return std::unexpected(waits.error());
    Json approval{{"decision", options.approve ? "Approved" : "Denied"}, {"by", who}, {"at", format_rfc3339(now)}};
    if (!options.comment.empty()) approval["comment"] = options.comment;
    const Json body{{"metadata", {{"resourceVersion", journal->resource_version}}},
                    {"spec", {{"approval", std::move(approval)}}}};
    const auto stored =
        client.patch(kube::kWorkloadRestarts, key, kube::PatchType::kMerge, dump_json(body), std::stop_token());
    if (stored) return restart::read_journal(*stored);
    if (stored.error().code != ErrorCode::kConflict || tried == kTries) return std::unexpected(stored.error());
  }
}

void print(const restart::Journal& journal, bool approved, bool json, std::ostream& out) {
  const auto& approval = journal.spec.approval;
  if (json) {
    out << nlohmann::ordered_json{{"name", journal.key.name},
                                  {"namespace", journal.key.ns},
                                  {"decision", to_string(approval.decision)},
                                  {"by", approval.by},
                                  {"at", approval.at ? format_rfc3339(*approval.at) : ""},
                                  {"comment", approval.comment}}
               .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
        << '\n';
    return;
  }
  out << (approved ? "approved " : "denied ") << journal.key.to_string() << " as " << sanitize(approval.by, 256) << ": "
      << to_string(journal.spec.strategy) << " of " << sanitize(journal.spec.target.to_string(), 400) << ", "
      << to_string(journal.spec.diagnosis) << '\n';
  out << (approved ? "Remint looks at the case once more, and begins as limits and windows allow: kubectl get wr -n "
                   : "It is not restarted for this, nor asked about again as long as this WorkloadRestart exists: "
                     "kubectl get wr -n ")
      << journal.key.ns << ' ' << journal.key.name << '\n';
}

}  // namespace

int answer(const AnswerOptions& options, std::ostream& out, std::ostream& err) {
  log::setup(options.cluster.log.level, options.cluster.log.format);
  const char* command = options.approve ? "remint approve: " : "remint deny: ";
  if (options.comment.size() > kMaxComment) {
    err << command << "--comment is longer than " << kMaxComment << " bytes\n";
    return kUsage;
  }
  const auto cluster = open_cluster(options.cluster.kube);
  if (!cluster) {
    err << command << cluster.error().message << '\n';
    return kUsage;
  }
  kube::Client& client = *(*cluster)->client;
  const ObjectKey key{options.cluster.ns.empty() ? (*cluster)->default_namespace : options.cluster.ns, options.restart};
  const auto who = who_am_i(client);
  if (!who) {
    err << command << who.error().message << '\n';
    return kFailed;
  }
  const auto written = write(client, key, options, *who);
  if (!written) {
    err << command << written.error().message << '\n';
    return kFailed;
  }
  print(*written, options.approve, options.cluster.json, out);
  return kOk;
}

}  // namespace remint::app

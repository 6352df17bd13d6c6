#include "remint/controllers/decision_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "remint/base/log.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

/// A Restart that could not be written for this long is decided anew: what it stood on may have changed.
constexpr auto kTooOld = std::chrono::minutes(1);

/// What the CRD takes; with one more the API server would refuse the whole restart.
constexpr std::size_t kMaxEvidence = 20;

/// What an Event is called. Each reason not to act has its own: Events of one name are counted up as one, and the newer
/// text would be lost.
std::string event_reason(const WorkloadDecision& decision) {
  return decision.decision.kind == DecisionKind::kRestart ? "TokenRestart" : decision.decision.check;
}

}  // namespace

restart::Journal make_journal(const WorkloadDecision& decision) {
  restart::Journal journal;
  journal.key = {decision.the_case.workload.ns, decision.restart_name};
  auto& spec = journal.spec;
  spec.target = decision.the_case.workload;
  spec.strategy = decision.decision.strategy;
  spec.options = decision.decision.options;
  spec.cause = decision.the_case.cause;
  spec.diagnosis = decision.the_case.diagnosis;
  spec.confidence = decision.the_case.confidence;
  spec.policy = decision.decision.policy;
  spec.reason = decision.decision.reason;
  spec.observe = decision.observe;
  spec.hold = decision.decision.standing;
  spec.approval.required = decision.decision.kind == DecisionKind::kAsk;
  spec.approval.expires = decision.decision.expires;
  for (const auto& pod : decision.the_case.pods) {
    if (spec.pods.size() == 100) break;
    spec.pods.push_back(pod.name);
  }
  // What was seen goes first into the room that there is; why it is taken for this workload's has the rest.
  const auto& seen = decision.the_case.evidence;
  const auto left = static_cast<std::ptrdiff_t>(kMaxEvidence - std::min(kMaxEvidence, seen.size()));
  for (const auto& why : decision.the_case.reasons | std::views::take(left)) {
    spec.evidence.push_back({"attribution", decision.time, why});
  }
  for (const auto& line : seen | std::views::take(static_cast<std::ptrdiff_t>(kMaxEvidence))) {
    spec.evidence.push_back({line.source, line.time, line.text});
  }
  return journal;
}

DecisionWriter::DecisionWriter(kube::Client& client, runtime::EventRecorder& events, const Clock& clock,
                               metrics::Registry& metrics, DecisionWriterHooks hooks)
    : client_(client),
      events_(events),
      clock_(clock),
      hooks_(std::move(hooks)),
      queue_(clock, metrics, "decisions",
             {std::chrono::milliseconds(200), std::chrono::milliseconds(10'000), 2.0, 0.2}) {
  for (const auto kind : {DecisionKind::kRestart, DecisionKind::kWait, DecisionKind::kAsk, DecisionKind::kObserve,
                          DecisionKind::kRefuse}) {
    decisions_[kind] =
        &metrics.counter("remint_decisions_total", "Decisions about workloads with a dead or dying token.",
                         {{"decision", std::string(to_string(kind))}});
  }
}

DecisionWriter::~DecisionWriter() { stop(); }

void DecisionWriter::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void DecisionWriter::stop() {
  if (!thread_.joinable()) return;
  queue_.shut_down();
  thread_.request_stop();
  thread_.join();
}

void DecisionWriter::submit(WorkloadDecision decision) {
  announce(decision);
  if (decision.decision.kind != DecisionKind::kRestart && !decision.decision.standing) return;
  const ObjectKey key{decision.the_case.workload.ns, decision.restart_name};
  {
    const std::lock_guard lock(mutex_);
    pending_.insert_or_assign(key, std::move(decision));
  }
  queue_.add(key);
}

void DecisionWriter::withdraw(Withdrawal withdrawal) {
  const ObjectKey key{withdrawal.ns, withdrawal.name};
  log::info("Restart withdrawn", {{"restart", key.to_string()},
                                  {"workload", withdrawal.workload.to_string()},
                                  {"cause", withdrawal.reason},
                                  {"reason", withdrawal.why}});
  events_.record({withdrawal.workload, withdrawal.name, false, "Restart" + std::string(withdrawal.reason), "Decide",
                  "not restarted: " + withdrawal.why});
  {
    const std::lock_guard lock(mutex_);
    pending_.erase(key);
    withdrawals_.insert_or_assign(key, std::move(withdrawal));
  }
  queue_.add(key);
}

void DecisionWriter::announce(const WorkloadDecision& decision) {
  decisions_.at(decision.decision.kind)->add();
  const auto& the_case = decision.the_case;
  log::info("Decision",
            {{"case", the_case.id},
             {"decision", to_string(decision.decision.kind)},
             {"check", decision.decision.check},
             {"workload", the_case.workload.to_string()},
             {"diagnosis", to_string(the_case.diagnosis)},
             {"confidence", the_case.confidence},
             {"policy", decision.decision.policy},
             {"reason", decision.decision.reason},
             {"notBefore", decision.decision.not_before ? format_rfc3339(*decision.decision.not_before) : ""}});
  // Who wrote no policy for a workload did not ask to hear about it: `remint_cases` and the log tell.
  if (decision.decision.policy.empty()) return;
  const bool warning =
      decision.decision.kind == DecisionKind::kObserve || decision.decision.kind == DecisionKind::kRefuse;
  const bool restart = decision.decision.kind == DecisionKind::kRestart || decision.decision.standing;
  events_.record({the_case.workload, restart ? decision.restart_name : "", warning, event_reason(decision), "Decide",
                  std::string(to_string(the_case.diagnosis)) + ": " + decision.decision.reason});
}

void DecisionWriter::work(const std::stop_token& stop) {
  while (const auto key = queue_.get(stop)) {
    std::optional<WorkloadDecision> decision;
    std::optional<Withdrawal> withdrawal;
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = pending_.find(*key); it != pending_.end()) decision = it->second;
      if (const auto it = withdrawals_.find(*key); it != withdrawals_.end() && !decision) withdrawal = it->second;
    }
    if (decision) carry_out(*key, *decision, stop);
    if (withdrawal) carry_out(*key, *withdrawal, stop);
    queue_.done(*key);
  }
}

Result<restart::Journal> DecisionWriter::create(const WorkloadDecision& decision, const std::stop_token& stop) {
  const auto journal = make_journal(decision);
  auto stored = client_.create(kube::kWorkloadRestarts, journal.key.ns, dump_json(restart::to_object(journal)), stop);
  if (!stored && (stored.error().code == ErrorCode::kAlreadyExists || stored.error().code == ErrorCode::kUnavailable)) {
    // The answer may have been lost, or another leader was here first: the name says that it is the same restart.
    auto existing = client_.get(kube::kWorkloadRestarts, journal.key, stop);
    if (existing) stored = std::move(existing);
  }
  if (!stored) return std::unexpected(stored.error());
  const auto object = parse_json(*stored);
  if (!object) return fail_in(object.error(), "answer of the API server");
  auto parsed = restart::parse_journal(*object);
  if (!parsed)
    return fail(ErrorCode::kInternal, "WorkloadRestart " + journal.key.to_string() + ": " + join(parsed.error()));
  return std::move(*parsed);
}

Result<restart::Journal> DecisionWriter::put(const ObjectKey& key, const WorkloadDecision& decision,
                                             const std::stop_token& stop) {
  auto journal = create(decision, stop);
  if (!journal) return journal;
  const auto phase = journal->status.phase;
  // Made at once without having to wait, or begun or over already: nothing is to be said.
  const bool stands = phase == Phase::kAwaitingApproval || phase == Phase::kScheduled;
  if (!stands) return journal;
  const auto& what = decision.decision;
  restart::JournalStatus next;
  if (what.kind == DecisionKind::kRestart) {
    next = restart::release(*journal, what.reason, clock_.now());
  } else {
    // As long as nobody has answered it is the answer that it waits for, whatever else there is.
    const auto& approval = journal->spec.approval;
    const bool asks = approval.required && approval.decision == restart::Approval::Decision::kNone;
    next = restart::hold(*journal, asks ? Phase::kAwaitingApproval : Phase::kScheduled,
                         asks ? std::nullopt : what.not_before, what.reason, clock_.now());
  }
  if (next == journal->status) return journal;
  auto saved = hooks_.save(*journal, std::move(next), stop);
  if (!saved) return fail_in(saved.error(), "status of " + key.to_string());
  return saved;
}

void DecisionWriter::carry_out(const ObjectKey& key, const Withdrawal& withdrawal, const std::stop_token& stop) {
  const auto text = client_.get(kube::kWorkloadRestarts, key, stop);
  const bool gone = !text && text.error().code == ErrorCode::kNotFound;
  Result<void> done;
  if (!text && !gone) done = std::unexpected(text.error());
  if (text) {
    const auto journal = restart::read_journal(*text);
    const auto phase = journal ? journal->status.phase : Phase::kPending;
    if (!journal) {
      done = std::unexpected(journal.error());
    } else if (phase == Phase::kAwaitingApproval || phase == Phase::kScheduled) {
      const auto saved =
          hooks_.save(*journal, restart::withdraw(*journal, withdrawal.reason, withdrawal.why, clock_.now()), stop);
      if (!saved) done = std::unexpected(saved.error());
    }
  }
  if (!done) {
    log::warn("WorkloadRestart could not be withdrawn, trying again",
              {{"restart", key.to_string()}, {"error", done.error()}});
    queue_.add_rate_limited(key);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    withdrawals_.erase(key);
  }
  queue_.forget(key);
}

void DecisionWriter::carry_out(const ObjectKey& key, const WorkloadDecision& decision, const std::stop_token& stop) {
  auto journal = put(key, decision, stop);
  if (journal) {
    {
      const std::lock_guard lock(mutex_);
      const auto it = pending_.find(key);
      // A newer one about the same restart may have come meanwhile.
      if (it != pending_.end() && it->second.time == decision.time) pending_.erase(it);
    }
    queue_.forget(key);
    hooks_.on_created(std::move(*journal));
    return;
  }
  log::error("WorkloadRestart could not be created", {{"case", decision.the_case.id},
                                                      {"restart", key.to_string()},
                                                      {"workload", decision.the_case.workload.to_string()},
                                                      {"error", journal.error()}});
  if (clock_.now() - decision.time < kTooOld) {
    queue_.add_rate_limited(key);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    pending_.erase(key);
  }
  queue_.forget(key);
  hooks_.on_given_up(key.ns, key.name);
}

}  // namespace remint::controllers

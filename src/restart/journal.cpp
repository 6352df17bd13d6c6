#include "remint/restart/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "remint/base/text.hpp"

namespace remint::restart {

std::string remember(const std::string& annotation_value) {
  // An annotation may be 256 KiB of anything; the journal only has to tell whether it changed.
  constexpr std::size_t kLongestTime = 64;
  return annotation_value.size() <= kLongestTime ? annotation_value : "sha256:" + sha256_hex(annotation_value, 20);
}

std::string_view progress_reason(const JournalStatus& status) {
  for (const Condition& condition : status.conditions) {
    if (condition.type == "Progressing") {
      return condition.reason;
    }
  }
  return "";
}

bool unfinished(const Journal& journal) { return !is_final(journal.status.phase) || journal.held; }

std::span<const std::string_view> step_names() {
  static constexpr std::array<std::string_view, 19> kNames{"",  // not begun, or over
                                                           "PatchTemplate",
                                                           "WaitRollout",  // RolloutRestart
                                                           "Evict",        // EvictPods
                                                           "ScaleDown",
                                                           "WaitGone",
                                                           "ScaleUp",  // ScaleToZero
                                                           "CreateNext",
                                                           "Move",
                                                           "DeleteOld",
                                                           "OrphanNext",
                                                           "CreateFinal",
                                                           "RollBack",  // RollingReplace
                                                           "DryRun",
                                                           "DeletePod",
                                                           "GiveUp",
                                                           "CreatePod",  // Recreate
                                                           "WaitReady",  // what all three that make pods anew end with
                                                           "Verify"};
  return kNames;
}

namespace {

policy::PastRestart::Approval past_approval(const Approval& approval) {
  using enum policy::PastRestart::Approval::State;
  policy::PastRestart::Approval past{kNotAsked, approval.by, approval.expires};
  if (approval.required) {
    past.state = kAwaited;
  }
  if (approval.decision != Approval::Decision::kNone) {
    past.state = approval.decision == Approval::Decision::kApproved ? kApproved : kDenied;
  }
  return past;
}

}  // namespace

policy::PastRestart to_past_restart(const Journal& journal) {
  policy::PastRestart past;
  past.name = journal.key.name;
  past.workload = journal.spec.target;
  if (past.workload.uid.empty()) {
    past.workload.uid = journal.status.saved.uid;
  }
  past.strategy = journal.spec.strategy;
  past.cause = journal.spec.cause;
  past.policy = journal.spec.policy;
  past.phase = journal.status.phase;
  past.outcome = journal.status.outcome;
  past.created = journal.created;
  past.finished = journal.status.finished;
  const std::string_view reason = progress_reason(journal.status);
  past.unfit = past.phase == Phase::kCancelled && reason == kStrategyUnfit;
  past.reverted = past.phase == Phase::kFailed && reason == kReverted;
  past.withdrawn = past.phase == Phase::kCancelled && reason == kWithdrawn;
  past.released = journal.status.released;
  past.budgets = journal.status.budgets;
  past.approval = past_approval(journal.spec.approval);
  if (past.strategy == Strategy::kEvictPods) {
    past.pods = journal.spec.pods;
    for (const SavedPod& pod : journal.status.saved.pods) {
      past.pods.push_back(pod.name);
    }
  }
  // While it runs, the second controller is no workload of its own, whatever its pods do.
  if (past.strategy == Strategy::kRollingReplace && (journal.spec.options.keep_new_name || !is_final(past.phase))) {
    past.successor = journal.status.saved.successor;
  }
  return past;
}

std::string journal_name(const ObjectRef& workload, const std::string& cause, unsigned attempt) {
  constexpr std::size_t kMaxName = 63;
  constexpr std::size_t kHashBytes = 5;
  // '\n' occurs in none of the parts, so no two workloads share a text.
  const std::string identity =
      fmt::format("{}\n{}\n{}\n{}\n{}", workload.kind, workload.ns, workload.name, workload.uid, cause);
  const std::string tail = fmt::format("-{}-{}", sha256_hex(identity, kHashBytes), attempt);
  return dns_name(fmt::format("{}-{}", workload.kind, workload.name), kMaxName - tail.size()) + tail;
}

std::string_view to_string(Approval::Decision decision) {
  switch (decision) {
    case Approval::Decision::kNone:
      return "";
    case Approval::Decision::kApproved:
      return "Approved";
    case Approval::Decision::kDenied:
      return "Denied";
  }
  return "";
}

std::optional<Approval::Decision> parse_approval_decision(std::string_view text) {
  using enum Approval::Decision;
  for (const auto decision : {kNone, kApproved, kDenied}) {
    if (text == to_string(decision)) {
      return decision;
    }
  }
  return std::nullopt;
}

unsigned next_attempt(const ObjectRef& workload, const std::string& cause,
                      std::span<const policy::PastRestart> restarts) {
  unsigned last = 0;
  for (const policy::PastRestart& restart : restarts) {
    if (restart.cause != cause || restart.workload.ns != workload.ns) {
      continue;
    }
    // Counting would give a number out again once old ones are pruned; the names tell.
    unsigned attempt = 0;
    const std::size_t dash = restart.name.rfind('-');
    const char* begin = restart.name.data() + (dash == std::string::npos ? restart.name.size() : dash + 1);
    const char* end = restart.name.data() + restart.name.size();
    const auto parsed = std::from_chars(begin, end, attempt);
    if (parsed.ec == std::errc() && parsed.ptr == end && attempt < 1'000'000 &&
        restart.name == journal_name(workload, cause, attempt)) {
      if (restart.standing()) {
        return attempt;  // it has not begun: what is decided now is about that one
      }
      last = std::max(last, attempt);
    }
  }
  return last + 1;
}

}  // namespace remint::restart

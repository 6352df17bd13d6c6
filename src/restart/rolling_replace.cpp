// RollingReplace: a ReplicationController's pods are replaced without downtime, by way of a second controller.
//
//   CreateNext   the old controller is marked as being restarted; the second one is created, with no pods
//   Move         one pod more there, and once it is available one less here, until all are there
//   DeleteOld    the old controller, of size 0, is deleted
//   OrphanNext   the second one is deleted, its pods stay; only after a dry run showed that the original can be created
//   CreateFinal  the original is created again and takes the pods over
//   WaitReady    it has them all
//   RollBack     from CreateNext, Move, or DeleteOld as long as nothing was deleted: back to how it was

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart {
namespace {

using namespace rolling;

/// Why this strategy cannot work on it, though another may.
std::string unsuitable(const View& view, const Seen& seen, const Json& manifest) {
  const TargetState& target = *seen.state;
  const std::string name = target_name(view);
  if (!target.controller.empty()) {
    return fmt::format("{} belongs to {}, which would undo every change of its size", name, target.controller);
  }
  if (!view.observation.autoscaler.empty()) {
    return fmt::format("HorizontalPodAutoscaler {} sets the size of {}: it would fight over it",
                       view.observation.autoscaler, name);
  }
  if (const std::string finalizers = seen.finalizers(); !finalizers.empty()) {
    return fmt::format("{} has finalizers ({}): somebody must be told before it is deleted", name, finalizers);
  }
  if (!member(manifest, {"spec", "template"}).is_object() || !member(manifest, {"spec", "selector"}).is_object()) {
    return fmt::format("{} has no pod template or no selector", name);
  }
  if (dump_json(manifest).size() > kMaxManifest) {
    return fmt::format("{} is larger than the {} KiB that can be saved to create it again", name, kMaxManifest / 1024);
  }
  if (view.observation.successor) {
    return fmt::format(
        "there is another ReplicationController named {}, the name that the second controller of {} takes",
        successor_name(view.journal), name);
  }
  return "";
}

Step begin(const View& view) {
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  const Seen target = *see(view.observation.target);
  const std::string name = target_name(view);
  if (target.state->replicas == 0) {
    return cancel(view, {"ScaledToZero", fmt::format("{} has 0 replicas: there is nothing to restart", name)});
  }
  if (claimed_by_others(target, view.journal)) {
    return cancel(view, {"AnotherRestart",
                         fmt::format("{} is being replaced by another restart. If there is none any more, give it the "
                                     "size it should have and remove its annotation {}",
                                     name, kClaim)});
  }
  Json manifest = manifest_of(target.object());
  if (const std::string why = unsuitable(view, target, manifest); !why.empty()) {
    return unfit(view, why);
  }
  manifest["spec"]["replicas"] = target.state->replicas;
  SavedState saved;
  saved.uid = target.state->uid;
  saved.replicas = target.state->replicas;
  saved.manifest = dump_json(manifest);
  saved.successor = successor_name(view.journal);
  return start(view, kCreateNext, saved,
               {"Replacing", fmt::format("replacing the {} pods of {} one by one, by way of a second controller {}",
                                         *saved.replicas, name, saved.successor)});
}

/// What the API server said to the one write of the step before.
Step on_answer(const View& view, const Answer& answer) {
  const std::string& step = view.journal.status.step;
  const bool newcomer = view.observation.target && view.observation.target->uid != view.journal.status.saved.uid;
  const bool dry_run = step == kOrphanNext && !newcomer && progress_reason(view.journal.status) != kCreationChecked;
  const bool creating = dry_run || step == kCreateFinal;
  if (answer.taken) {
    return dry_run ? creation_checked(view) : stay(view);
  }
  switch (answer.code) {
    case ErrorCode::kConflict:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
      return stay(view);  // it has changed since: look again
    case ErrorCode::kTooMany:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
      return stay(view, backoff(view, std::chrono::seconds(30)));
    default:
      break;
  }
  const std::string name = target_name(view);
  if (step == kCreateNext) {
    const std::string why = fmt::format("the API server does not let {} be replaced: {}", name, answer.message);
    const Pair pair = look(view);
    const bool untouched = pair.old && pair.old->annotation(kClaim) != claim_of(view.journal) && !pair.next;
    return untouched ? unfit(view, why) : roll_back(view, {std::string(kStrategyUnfit), why});
  }
  const std::string what =
      creating ? fmt::format(
                     "the API server refuses to create {} again: {}. Its pods are kept{}; Remint tries again, for as "
                     "long as it takes. The controller as it was is in status.saved.manifest",
                     name, answer.message, dry_run ? " by " + view.journal.status.saved.successor : "")
               : fmt::format("the API server refuses step {} of replacing {}: {}. Remint tries again", step, name,
                             answer.message);
  return blocked(view, {creating ? "CreateRefused" : "WriteRefused", what}, backoff(view, std::chrono::minutes(5)));
}

Step run(const View& view) {
  const JournalStatus& status = view.journal.status;
  if (view.journal.deleting && view.observation.namespace_deleting) {
    return cancel(view, {"NamespaceDeleting", "its namespace is being deleted, and everything in it"});
  }
  // The status is input: whoever may write it must not have other controllers created or deleted by it.
  if (status.saved.successor != successor_name(view.journal) || !checked_manifest(view.journal)) {
    return journal_invalid(view, "its saved state does not belong to " + target_name(view));
  }
  if (view.observation.answer) {
    return on_answer(view, *view.observation.answer);
  }
  const std::string& step = status.step;
  if (step == kCreateNext) {
    return step_create_next(view);
  }
  if (step == kMove) {
    return step_move(view);
  }
  if (step == kDeleteOld) {
    return step_delete_old(view);
  }
  if (step == kOrphanNext) {
    return step_orphan_next(view);
  }
  if (step == kCreateFinal) {
    return step_create_final(view);
  }
  return step == kWaitReady ? step_wait_ready(view) : step_roll_back(view);
}

Needs needs_of(const Journal& journal) {
  const std::string& step = journal.status.step;
  Needs needs;
  needs.target = true;
  if (journal.status.phase == Phase::kPending) {
    needs.autoscaler = true;
    needs.successor = successor_name(journal);
    return needs;
  }
  needs.pods = step == kMove || step == kDeleteOld || step == kOrphanNext || step == kWaitReady || step == kRollBack;
  needs.verification = step == kMove;
  if (step != kCreateFinal && step != kWaitReady) {
    // Never a name out of the status: it may be forged.
    needs.successor = successor_name(journal);
  }
  return needs;
}

bool fits(const ObjectRef& target) { return target.api_version == "v1" && target.kind == "ReplicationController"; }

bool valid(const JournalStatus& status) {
  constexpr std::array<std::string_view, 7> kSteps{kCreateNext,  kMove,      kDeleteOld, kOrphanNext,
                                                   kCreateFinal, kWaitReady, kRollBack};
  const SavedState& saved = status.saved;
  return std::ranges::find(kSteps, status.step) != kSteps.end() && !saved.uid.empty() && saved.replicas > 0 &&
         !saved.manifest.empty() && !saved.successor.empty();
}

}  // namespace

const Strategies kRollingReplaceStrategy{needs_of, begin, run, true, fits, valid};

}  // namespace remint::restart

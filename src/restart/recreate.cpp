// Recreate: a bare pod is evicted and created again from its saved manifest. From the moment its deletion is in the
// journal nobody can tell whether a request for it is still under way; so from then on this ends only when a pod of
// that name is there again, when none is wanted any more, or when the old pod still runs long after the last request
// that anybody may have sent: step GiveUp. One that was answered has done nothing; but who crashed heard no answer.

#include <fmt/format.h>

#include <algorithm>

#include "pod_manifest.hpp"
#include "recreate.hpp"

namespace remint::restart {
namespace recreate {

Effect dry_run(const View& view, const std::string& manifest) {
  return and_tell(Create{"Pod", view.journal.key.ns, under_generated_name(manifest), true});
}
Effect eviction(const View& view) {
  return and_tell(Evict{view.journal.spec.target.key(), view.journal.status.saved.uid});
}

bool is_blocked(const View& view, std::string_view reason) {
  return std::ranges::any_of(view.journal.status.conditions, [&](const Condition& condition) {
    return condition.type == "Blocked" && condition.status && (reason.empty() || condition.reason == reason);
  });
}

bool overdue(const View& view) { return in_step(view) > view.settings.rollout_deadline; }

bool may_pass(const Answer& answer) {
  return answer.code == ErrorCode::kTooMany || answer.code == ErrorCode::kConflict ||
         answer.code == ErrorCode::kAlreadyExists;
}

std::optional<Finding> not_this(const View& view) {
  const TargetState& target = *view.observation.target;
  const std::string name = target_name(view);
  if (target.mirror) {
    return Finding{"MirrorPod", name + " is the mirror of a static pod: only its node can restart it"};
  }
  if (!target.controller.empty()) {
    return Finding{std::string(kStrategyUnfit), fmt::format("{} belongs to {}, which replaces it when it is deleted: "
                                                            "only bare pods are recreated",
                                                            name, target.controller)};
  }
  if (target.between_controllers) {
    return Finding{"BetweenControllers", name +
                                             " is being handed from one ReplicationController to the next: it will "
                                             "have a controller in a moment"};
  }
  if (target.finished) {
    return Finding{"PodFinished", fmt::format("{} has finished: there is nothing to restart", name)};
  }
  return std::nullopt;
}

std::string refused(const Answer& answer) { return "recreating it would be refused: " + answer.message; }

}  // namespace recreate

namespace {

using namespace recreate;

Step begin(const View& view) {
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  if (const auto reason = not_this(view)) {
    return cancel(view, *reason);
  }
  const TargetState& target = *view.observation.target;
  auto manifest = manifest_of(target.object, view.journal);
  if (!manifest) {
    return cancel(view, {"ManifestUnreadable", "its manifest cannot be saved: " + manifest.error().message});
  }
  if (manifest->size() > kMaxManifest) {
    return cancel(view, {"ManifestTooLarge", fmt::format("its manifest has {} bytes; {} can be saved in the journal",
                                                         manifest->size(), kMaxManifest)});
  }
  SavedState saved;
  saved.uid = target.uid;
  saved.generation_before = target.generation;
  saved.manifest = std::move(*manifest);
  // What would not be accepted later is found now, while nothing is owed.
  Journal later = view.journal;
  later.status.saved = saved;
  if (const std::string problem = manifest_problem(later); !problem.empty()) {
    return cancel(view, {"ManifestUnreadable", "its manifest cannot be saved: " + problem});
  }
  Effect asking = dry_run(view, saved.manifest);
  Step step = start(view, kDryRun, std::move(saved),
                    {"DryRun", "asking the API server whether it would create the pod again (dry run)"});
  step.effects.push_back(std::move(asking));
  return step;
}

Step step_dry_run(const View& view) {
  if (view.journal.deleting) {
    return cancel(view, {"JournalDeleting", "it was deleted before anything was done to the pod"});
  }
  if (const auto lost = target_lost(view)) {
    return cancel(view, *lost);
  }
  if (const auto reason = not_this(view)) {
    return cancel(view, *reason);
  }
  if (edited_since(view.observation.target->object, view.journal)) {
    return cancel(view,
                  {"TargetChanged", "the pod was changed since its manifest was saved: the change would be lost"});
  }
  const std::optional<Answer>& answer = view.observation.answer;
  if (answer && answer->taken) {
    Step step = go_to(view, kDeletePod, {"Deleting", "evicting the pod, with its own grace period"});
    step.effects.push_back(eviction(view));
    return step;
  }
  if (answer && !may_pass(*answer)) {
    return cancel(view, {"RecreateRefused", refused(*answer)});
  }
  if (overdue(view)) {
    return cancel(view, {"DryRunUnanswered",
                         fmt::format("the API server did not say within {} whether it would create the pod again: see "
                                     "Remint's log",
                                     format_duration(view.settings.rollout_deadline))});
  }
  Step step = stay(view, backoff(view, kPatience));
  if (!answer) {
    step.effects.push_back(dry_run(view, view.journal.status.saved.manifest));
  }
  return step;
}

/// What the journal says is input like any other; empty: nothing is wrong with it.
std::string problem_of(const Journal& journal) {
  const std::string& named = journal.spec.target.uid;
  if (!named.empty() && named != journal.status.saved.uid) {
    return "its saved UID is not that of the pod that it names";
  }
  // The finalizer is on before the first deletion and off after the end, and whoever may write only the status can do
  // neither. So an old status, put back after the end, brings no pod back that somebody has deleted since.
  if (journal.status.step != kDryRun && !journal.held) {
    return fmt::format("it does not bear the finalizer {}", kFinalizer);
  }
  const std::string problem = manifest_problem(journal);
  return problem.empty() ? "" : "its saved manifest is not one that Remint wrote: " + problem;
}

Step run(const View& view) {
  if (const std::string problem = problem_of(view.journal); !problem.empty()) {
    return finish(view, Phase::kFailed, Outcome::kNone, {"JournalInvalid", problem + ". Nothing more is done"});
  }
  const std::string& step = view.journal.status.step;
  if (step == kDryRun) {
    return step_dry_run(view);
  }
  if (step == kWaitReady) {
    return step_wait_ready(view);
  }
  if (view.observation.namespace_deleting) {
    return cancel(view, {"NamespaceDeleting", "its namespace is being deleted: no pod can be created there any more"});
  }
  if (step == kGiveUp) {
    return step_give_up(view);
  }
  return step == kDeletePod ? step_delete(view) : step_create(view);
}

Needs needs_target(const Journal& /*journal*/) {
  Needs needs;
  needs.target = true;
  return needs;
}

bool fits_pod(const ObjectRef& target) { return target.api_version == "v1" && target.kind == "Pod"; }

bool valid(const JournalStatus& status) {
  const bool known =
      status.step == kDryRun || status.step == kDeletePod || status.step == kGiveUp || status.step == kCreatePod;
  return (known || (status.step == kWaitReady && !status.successor_uid.empty())) && !status.saved.uid.empty() &&
         !status.saved.manifest.empty();
}

}  // namespace

const Strategies kRecreateStrategy{needs_target, begin, run, true, fits_pod, valid};

}  // namespace remint::restart

#include "remint/controllers/restart_controller.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

/// How much longer than `verification.observe` a watch that was cut is waited for.
constexpr auto kWatchMayLag = std::chrono::minutes(1);

const kube::Resource* resource_of(const std::string& kind) {
  for (const auto* resource : {&kube::kDeployments, &kube::kStatefulSets, &kube::kDaemonSets}) {
    if (resource->kind == kind) return resource;
  }
  return nullptr;
}

Json template_patch(const restart::PatchTemplate& patch) {
  Json body;
  body["metadata"] = {{"resourceVersion", patch.resource_version}, {"uid", patch.uid}};
  body["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = patch.restarted_at;
  return body;
}

}  // namespace

restart::VerificationInput summarize(const std::vector<detect::PodHealth>& pods, const std::string& cause,
                                     unsigned failing_threshold) {
  restart::VerificationInput input;
  for (const auto& pod : pods) {
    if (pod.terminating || (!cause.empty() && pod.revision == cause)) continue;
    ++input.pods;
    const bool stale = pod.stale_since.has_value();
    const bool rejected = pod.failing_since.has_value();
    if (pod.last_success || pod.last_rejection) ++input.heard;
    if (pod.last_success && !rejected && !stale) ++input.authenticated;
    if (stale || pod.rejection_count >= failing_threshold) ++input.failing;
  }
  return input;
}

RestartController::RestartController(kube::Client& client, Journals& journals, runtime::EventRecorder& events,
                                     const Clock& clock, metrics::Registry& metrics, restart::MachineSettings settings,
                                     RestartHooks hooks)
    : client_(client),
      journals_(journals),
      events_(events),
      clock_(clock),
      settings_(settings),
      hooks_(std::move(hooks)),
      cancelled_(
          metrics.counter("remint_restarts_total", "Restarts that ended, by outcome.", {{"outcome", "Cancelled"}})),
      queue_(clock, metrics, "restarts") {
  for (const auto outcome : {Outcome::kNone, Outcome::kCured, Outcome::kNotCured, Outcome::kUnverified}) {
    // A rollout that never became ready has no outcome: nothing could be verified.
    const std::string label = outcome == Outcome::kNone ? "Failed" : std::string(to_string(outcome));
    outcomes_[outcome] =
        &metrics.counter("remint_restarts_total", "Restarts that ended, by outcome.", {{"outcome", label}});
  }
}

RestartController::~RestartController() { stop(); }

void RestartController::start(unsigned workers) {
  for (unsigned i = 0; i < workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void RestartController::stop() {
  queue_.shut_down();
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();
}

void RestartController::work(const std::stop_token& stop) {
  while (const auto key = queue_.get(stop)) {
    const auto next = reconcile(*key, stop);
    if (!next) {
      // Conflicts are daily business: somebody else wrote, and the next look sees it.
      const bool conflict = next.error().code == ErrorCode::kConflict;
      log::write(conflict ? log::Level::kDebug : log::Level::kWarn, "Restart step did not go through, trying again",
                 {{"restart", key->to_string()}, {"error", next.error()}});
      queue_.add_rate_limited(*key);
    } else {
      queue_.forget(*key);
      if (*next) queue_.add_after(*key, std::chrono::duration_cast<std::chrono::milliseconds>(**next));
    }
    queue_.done(*key);
  }
}

Result<std::optional<Duration>> RestartController::reconcile(const ObjectKey& key, const std::stop_token& stop) {
  const auto cached = journals_.get(key);
  if (!cached || is_final(cached->status.phase) || cached->deleting) return std::nullopt;
  if (!hooks_.leads()) return Duration(std::chrono::seconds(1));

  restart::Journal journal = *cached;
  const auto observation = observe(journal, stop);
  if (!observation) return std::unexpected(observation.error());
  const auto step = restart::step(journal, *observation, settings_, clock_.now());

  if (restart::status_patch(step.status) != restart::status_patch(journal.status)) {
    auto saved = save(journal, step.status, stop);
    if (!saved) {
      // Our copy may be old. Read what is really there, so that the next try stands on it.
      if (auto fresh = client_.get(kube::kWorkloadRestarts, key, stop)) {
        if (const auto object = parse_json(*fresh)) {
          if (auto parsed = restart::parse_journal(*object)) journals_.put(key, std::move(*parsed));
        }
      }
      return std::unexpected(saved.error());
    }
    journal = std::move(*saved);
    hooks_.passed("after-journal");
  }
  for (const auto& effect : step.effects) {
    if (auto done = carry_out(journal, effect, stop); !done) return std::unexpected(done.error());
  }
  if (is_final(journal.status.phase)) count(journal);
  return step.look_again;
}

Result<restart::Observation> RestartController::observe(const restart::Journal& journal, const std::stop_token& stop) {
  restart::Observation observation;
  const auto needs = restart::needs(journal);
  const auto& target = journal.spec.target;
  if (needs.target) {
    const auto* resource = resource_of(target.kind);
    if (resource == nullptr) {
      observation.target_gone = true;
      return observation;
    }
    auto text = client_.get(*resource, target.key(), stop);
    if (!text && text.error().code == ErrorCode::kNotFound) {
      observation.target_gone = true;
    } else if (!text) {
      return fail_in(text.error(), "reading " + target.to_string());
    } else {
      const auto object = parse_json(*text);
      if (!object) return fail_in(object.error(), target.to_string());
      auto state = restart::parse_target(*object);
      if (!state) return fail_in(state.error(), target.to_string());
      observation.target = std::move(*state);
    }
  }
  if (needs.verification) {
    const auto since = restart::new_pods_since(journal);
    // Who wrote the restart by hand may have left the UID out; it was saved before the first step.
    const std::string& uid = target.uid.empty() ? journal.status.saved.uid : target.uid;
    const auto pods = hooks_.health(uid, since);
    if (!pods) return fail_in(pods.error(), "health of " + target.to_string());
    observation.verification = summarize(*pods, journal.spec.cause, settings_.failing_threshold);
    // The rollout is done, so there are new pods; after an outage of the API server our own watch may not have told of
    // them yet.
    const auto rolled_out = journal.status.rolled_out.value_or(journal.created);
    if (observation.verification->pods == 0 && clock_.now() < rolled_out + journal.spec.observe + kWatchMayLag) {
      return fail(ErrorCode::kUnavailable, "the new pods of " + target.to_string() + " are not in the cache yet");
    }
  }
  return observation;
}

Result<restart::Journal> RestartController::save(const restart::Journal& journal, const restart::JournalStatus& status,
                                                 const std::stop_token& stop) {
  auto body = restart::status_patch(status);
  body["metadata"]["resourceVersion"] = journal.resource_version;
  kube::WriteOptions options;
  options.subresource = "status";
  const auto stored =
      client_.patch(kube::kWorkloadRestarts, journal.key, kube::PatchType::kMerge, dump_json(body), stop, options);
  if (!stored) return fail_in(stored.error(), "writing the journal " + journal.key.to_string());
  const auto object = parse_json(*stored);
  if (!object) return fail_in(object.error(), "answer of the API server");
  auto parsed = restart::parse_journal(*object);
  if (!parsed)
    return fail(ErrorCode::kInternal, "WorkloadRestart " + journal.key.to_string() + ": " + join(parsed.error()));
  if (parsed->status.phase != journal.status.phase) {
    log::info("Restart phase", {{"restart", journal.key.to_string()},
                                {"workload", journal.spec.target.to_string()},
                                {"phase", to_string(parsed->status.phase)},
                                {"outcome", to_string(parsed->status.outcome)},
                                {"detail", parsed->status.message}});
  }
  journals_.put(journal.key, *parsed);
  return std::move(*parsed);
}

Result<void> RestartController::carry_out(const restart::Journal& journal, const restart::Effect& effect,
                                          const std::stop_token& stop) {
  if (const auto* notify = std::get_if<restart::Notify>(&effect)) {
    events_.record(
        {journal.spec.target, journal.key.name, notify->warning, notify->reason, "Restart", notify->message});
    return {};
  }
  const auto& patch = std::get<restart::PatchTemplate>(effect);
  const auto* resource = resource_of(journal.spec.target.kind);
  if (resource == nullptr) return fail(ErrorCode::kInternal, "no resource for kind " + journal.spec.target.kind);
  const auto patched = client_.patch(*resource, journal.spec.target.key(), kube::PatchType::kStrategicMerge,
                                     dump_json(template_patch(patch)), stop);
  if (!patched) return fail_in(patched.error(), "restarting " + journal.spec.target.to_string());
  log::info("Pod template patched", {{"restart", journal.key.to_string()},
                                     {"workload", journal.spec.target.to_string()},
                                     {"restartedAt", patch.restarted_at}});
  hooks_.passed("after-patch");
  return {};
}

void RestartController::count(const restart::Journal& journal) {
  if (journal.status.phase == Phase::kCancelled) {
    cancelled_.add();
  } else {
    outcomes_.at(journal.status.outcome)->add();
  }
}

}  // namespace remint::controllers

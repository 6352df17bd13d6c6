#include "remint/controllers/restart_controller.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"
#include "remint/restart/seal.hpp"
#include "restart_acts.hpp"
#include "restart_looks.hpp"

namespace remint::controllers {
namespace {

/// A strategy that hears an answer may act on it at once, and hear the next one; not for ever.
constexpr int kAnswersInARow = 4;
/// The kill switch is off again when somebody says so; nobody tells us.
constexpr Duration kLookAgainSuspended = std::chrono::seconds(2);

bool is_blocked(const restart::JournalStatus& status) {
  for (const auto& condition : status.conditions) {
    if (condition.type == "Blocked") return condition.status && !is_final(status.phase);
  }
  return false;
}

ObjectRef own_ref(const restart::Journal& journal) {
  return {"remint.dev/v1alpha1", "WorkloadRestart", journal.key.ns, journal.key.name, journal.uid};
}

/// Whom Events are about. Who wrote the restart by hand need not name the UID, and an Event without one shows up
/// nowhere; whom an invalid one means cannot be trusted.
ObjectRef told_on(const restart::Journal& journal, const restart::Observation& observation) {
  if (!journal.invalid.empty()) return own_ref(journal);
  ObjectRef target = journal.spec.target;
  if (target.uid.empty()) target.uid = journal.status.saved.uid;
  if (target.uid.empty() && observation.target) target.uid = observation.target->uid;
  return target;
}

}  // namespace

RestartController::RestartController(kube::Client& client, Journals& journals, runtime::EventRecorder& events,
                                     const Clock& clock, metrics::Registry& metrics, RestartSettings settings,
                                     RestartHooks hooks)
    : client_(client),
      journals_(journals),
      events_(events),
      clock_(clock),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      cancelled_(
          metrics.counter("remint_restarts_total", "Restarts that ended, by outcome.", {{"outcome", "Cancelled"}})),
      blocked_(metrics.gauge("remint_restarts_blocked", "Restarts that something stands in the way of.")),
      queue_(clock, metrics, "restarts") {
  if (!hooks_.suspended) hooks_.suspended = [](const auto&, const auto&) { return Result<std::string>(""); };
  if (!hooks_.max_per_budget) hooks_.max_per_budget = [](const auto&) { return 1U; };
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
      const bool usual = next.error().code == ErrorCode::kConflict || next.error().code == ErrorCode::kCancelled;
      log::write(usual ? log::Level::kDebug : log::Level::kWarn, "Restart step did not go through, trying again",
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
  note_blocked(key, cached && is_blocked(cached->status));
  if (!cached || !restart::unfinished(*cached)) return std::nullopt;
  const auto phase = cached->status.phase;
  if (phase == Phase::kAwaitingApproval || phase == Phase::kScheduled) return std::nullopt;  // not ours to begin
  if (!hooks_.leads()) return Duration(std::chrono::seconds(1));

  restart::Journal journal = *cached;
  if (phase != Phase::kVerifying && journal.invalid.empty()) {
    const auto still = stands_still(journal, stop);
    if (!still) return std::unexpected(still.error());
    if (*still) return kLookAgainSuspended;
  }
  if (!settings_.journal_keys.empty() && !restart::sealed(journal, settings_.journal_keys)) {
    journal.invalid.push_back({"status.seal", "this status was not written by Remint, or with another journal key"});
  }
  std::optional<ObjectRef> about;
  std::optional<restart::Answer> answer;
  for (int round = 0;; ++round) {
    // Looked at anew each time: while the API server was asked, a person may have edited what is deleted next.
    auto observation = observe(client_, journal, hooks_, settings_.machine, clock_.now(), stop);
    if (!observation) return std::unexpected(observation.error());
    if (!about) about = told_on(journal, *observation);
    std::unique_lock<std::mutex> beginning;
    if (journal.status.phase == Phase::kPending && journal.invalid.empty() && !journal.deleting) {
      beginning = std::unique_lock(beginning_);
      const auto waits = waits_for_budget(journal, *observation, stop);
      if (!waits) return std::unexpected(waits.error());
      if (*waits) return settings_.machine.poll;
    }
    observation->answer = std::move(answer);
    const auto step = restart::step(journal, *observation, settings_.machine, clock_.now());
    auto taken = take(journal, step, *about, stop);
    if (!taken) return std::unexpected(taken.error());
    if (!*taken || round == kAnswersInARow) return step.look_again;
    answer = std::move(*taken);
  }
}

Result<std::optional<restart::Answer>> RestartController::take(restart::Journal& journal, const restart::Step& step,
                                                               const ObjectRef& about, const std::stop_token& stop) {
  if (step.status != journal.status) {
    auto saved = save(journal, step.status, stop);
    if (!saved) {
      // Our copy may be old. Read what is really there, so that the next try stands on it.
      if (auto fresh = client_.get(kube::kWorkloadRestarts, journal.key, stop)) {
        if (auto parsed = restart::read_journal(*fresh)) journals_.put(journal.key, std::move(*parsed));
      }
      return std::unexpected(saved.error());
    }
    journal = std::move(*saved);
    hooks_.passed("after-journal");
  }
  std::optional<restart::Answer> answer;
  for (const auto& effect : step.effects) {
    if (const auto* note = std::get_if<restart::Notify>(&effect.act)) {
      events_.record({about, about.kind == "WorkloadRestart" ? "" : journal.key.name, note->warning, note->reason,
                      "Restart", note->message});
      continue;
    }
    const auto done = carry_out(journal, effect.act, stop);
    if (effect.wants_answer && (done || is_answer(done.error()))) {
      answer = done ? restart::Answer{true, {}, ""} : restart::Answer{false, done.error().code, done.error().message};
      answer->to_eviction = std::holds_alternative<restart::Evict>(effect.act);
    } else if (!done) {
      return std::unexpected(done.error());
    }
  }
  return answer;
}

Result<restart::Journal> RestartController::save(const restart::Journal& journal, restart::JournalStatus status,
                                                 const std::stop_token& stop) {
  if (!settings_.journal_keys.empty()) status.seal = restart::seal(journal, status, settings_.journal_keys.front());
  auto body = restart::status_patch(status);
  // What was saved is written once, and then never touched: not even spelled in another way than whoever wrote it did.
  const bool unchanged = !journal.invalid.empty() || status.saved == journal.status.saved;
  if (unchanged) body["status"].erase("saved");
  body["metadata"]["resourceVersion"] = journal.resource_version;
  kube::WriteOptions options;
  options.subresource = "status";
  const auto stored =
      client_.patch(kube::kWorkloadRestarts, journal.key, kube::PatchType::kMerge, dump_json(body), stop, options);
  if (!stored) return fail_in(stored.error(), "writing the journal " + journal.key.to_string());
  auto parsed = restart::read_journal(*stored);
  if (!parsed) return fail_in(parsed.error(), "answer of the API server");
  if (parsed->status.phase != journal.status.phase) {
    log::info("Restart phase", {{"restart", journal.key.to_string()},
                                {"workload", journal.spec.target.to_string()},
                                {"strategy", to_string(journal.spec.strategy)},
                                {"phase", to_string(parsed->status.phase)},
                                {"outcome", to_string(parsed->status.outcome)},
                                {"detail", parsed->status.message}});
  }
  if (!is_final(journal.status.phase) && is_final(parsed->status.phase)) count(*parsed);
  journals_.put(journal.key, *parsed);
  return std::move(*parsed);
}

Result<void> RestartController::set_finalizer(restart::Journal& journal, bool held, const std::stop_token& stop) {
  const auto text = client_.get(kube::kWorkloadRestarts, journal.key, stop);
  // Nobody can hold on to it, or let go of it, any more.
  if (!text && text.error().code == ErrorCode::kNotFound && !held) return {};
  if (!text) return fail_in(text.error(), "reading the journal " + journal.key.to_string());
  const auto json = parse_json(*text);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  const auto metadata = JsonReader(*json, errors).at("metadata");
  if (metadata.at("uid").string() != journal.uid) {
    return fail(ErrorCode::kConflict, "the journal " + journal.key.to_string() + " is another one now");
  }
  auto finalizers = metadata.at("finalizers").strings();
  std::erase(finalizers, std::string(restart::kFinalizer));
  if (held) finalizers.emplace_back(restart::kFinalizer);
  Json body;
  body["metadata"] = {{"finalizers", finalizers}, {"resourceVersion", metadata.at("resourceVersion").string()}};
  const auto stored =
      client_.patch(kube::kWorkloadRestarts, journal.key, kube::PatchType::kMerge, dump_json(body), stop);
  if (!stored) return fail_in(stored.error(), "finalizer of the journal " + journal.key.to_string());
  auto parsed = restart::read_journal(*stored);
  if (!parsed) return fail_in(parsed.error(), "answer of the API server");
  journal.held = parsed->held;
  // Without its finalizer a deleted one is gone, and must not come back into the cache.
  if (held || !parsed->deleting) {
    journals_.put(journal.key, *parsed);
    journal = std::move(*parsed);
  }
  return {};
}

Result<void> RestartController::carry_out(restart::Journal& journal, const restart::Act& act,
                                          const std::stop_token& stop) {
  if (std::holds_alternative<restart::HoldJournal>(act)) return set_finalizer(journal, true, stop);
  if (std::holds_alternative<restart::ReleaseJournal>(act)) return set_finalizer(journal, false, stop);
  const auto suspended = hooks_.suspended(journal, stop);
  if (!suspended) return fail_in(suspended.error(), "asking whether Remint is suspended");
  if (!suspended->empty()) return fail(ErrorCode::kRefused, "suspended by " + *suspended + ": not writing");
  auto done = controllers::carry_out(client_, act, stop);
  if (!done) return fail_in(done.error(), "restarting " + journal.spec.target.to_string());
  log::info("Restart step taken", {{"restart", journal.key.to_string()},
                                   {"workload", journal.spec.target.to_string()},
                                   {"step", journal.status.step},
                                   {"act", describe(act)}});
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

void RestartController::note_blocked(const ObjectKey& key, bool blocked) {
  const std::lock_guard lock(mutex_);
  if (blocked) {
    blocked_keys_.insert(key);
  } else {
    blocked_keys_.erase(key);
  }
  blocked_.set(static_cast<double>(blocked_keys_.size()));
}

}  // namespace remint::controllers

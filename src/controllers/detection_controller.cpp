#include "remint/controllers/detection_controller.hpp"

#include <algorithm>
#include <future>
#include <limits>
#include <mutex>

#include "remint/base/log.hpp"
#include "remint/controllers/report.hpp"

namespace remint::controllers {

using std::chrono::steady_clock;

namespace {
constexpr const char* kJoinsHelp =
    "Rejections, half a minute old, of which the API server's log says why; of which several lines disagree; of which "
    "none does.";
}  // namespace

struct DetectionController::Families {
  explicit Families(metrics::Registry& r)
      : events(r.counter("remint_audit_events_total", "Audit events seen.")),
        rejected(r.counter("remint_audit_events_rejected_total", "Audit events that tell of a rejected token.")),
        stale(r.counter("remint_audit_events_stale_total", "Audit events with the stale-token annotation.")),
        duplicates(r.counter("remint_audit_events_duplicate_total", "Rejections delivered more than once.")),
        unattributed(r.counter("remint_rejections_unattributed_total",
                               "Rejections from an address that pods share, while it was not known whose they are.")),
        external(r.counter("remint_rejections_external_total", "Rejections from outside the cluster: never acted on.")),
        ignored(r.counter("remint_rejections_ignored_total",
                          "Rejections of pods that are terminating, gone, or younger than the request.")),
        overflow(r.counter("remint_rejections_overflow_total",
                           "Rejections that were not kept: too many pods or callers are failing already.")),
        joined(r.counter("remint_apiserver_log_joins_total", kJoinsHelp, {{"result", "joined"}})),
        ambiguous(r.counter("remint_apiserver_log_joins_total", kJoinsHelp, {{"result", "ambiguous"}})),
        unjoined(r.counter("remint_apiserver_log_joins_total", kJoinsHelp, {{"result", "unjoined"}})),
        pods(r.gauge("remint_pods", "Pods in the cache.")),
        cases(r.gauge("remint_cases", "Workloads with a failing or stale token now.")),
        storms(r.gauge("remint_storm_brakes", "Storm brakes that are on, of all policies.")),
        suspended(r.gauge("remint_suspended", "1 while the cluster's kill switch is on.")),
        next_break(r.gauge("remint_next_break_seconds",
                           "Until the next stale token is refused that is accepted as yet; +Inf: none is known of.")),
        latency(r.histogram("remint_detection_latency_seconds",
                            "From the receipt of an audit batch to the decisions on it.",
                            {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10})) {
    next_break.set(std::numeric_limits<double>::infinity());
    for (const auto diagnosis : all_diagnoses()) {
      at_risk.emplace(diagnosis,
                      &r.gauge("remint_workloads_at_risk", "Workloads at risk now: the leader's, by diagnosis.",
                               {{"diagnosis", std::string(to_string(diagnosis))}}));
    }
  }
  metrics::Counter &events, &rejected, &stale, &duplicates, &unattributed, &external, &ignored, &overflow, &joined,
      &ambiguous, &unjoined;
  metrics::Gauge &pods, &cases, &storms, &suspended, &next_break;
  std::map<Diagnosis, metrics::Gauge*> at_risk;
  metrics::Histogram& latency;
  detect::DetectorCounts published;
  steady_clock::time_point last_published;
};

/// The published report, and when the next one may be made.
struct DetectionController::Desk {
  ReportSettings settings;
  steady_clock::time_point next;
  mutable std::mutex mutex;
  std::shared_ptr<const Report> newest;
};

DetectionController::DetectionController(EngineSettings settings, DetectionHooks hooks, sources::BatchQueue& batches,
                                         const Clock& clock, metrics::Registry& metrics)
    : engine_(std::move(settings)),
      hooks_(std::move(hooks)),
      batches_(batches),
      clock_(clock),
      families_(std::make_unique<Families>(metrics)),
      desk_(std::make_unique<Desk>()) {
  batches_.on_push([this] { mailbox_.ring(); });
}

DetectionController::~DetectionController() { stop(); }

void DetectionController::report_as(const ReportSettings& settings) { desk_->settings = settings; }

void DetectionController::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) run();
  });
}

void DetectionController::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  mailbox_.close();
  thread_.join();
}

void DetectionController::run() {
  // Once a second at least: silence is an input too (runs that end, addresses that are forgotten, leadership that was
  // won).
  auto wake = steady_clock::now() + std::chrono::seconds(1);
  if (const auto deadline = engine_.next_deadline()) {
    const auto until = std::max(*deadline - clock_.now(), Duration::zero());
    wake = std::min(wake, steady_clock::now() + until);
  }
  bool leads = false;
  auto messages = mailbox_.wait(wake);
  const Time now = clock_.now();
  for (auto& message : messages) message(engine_, now);
  if (hooks_.synced()) {
    drain_batches(now);
    leads = hooks_.leads();
    if (leads) {
      engine_.set_suspended(hooks_.suspended());
      auto decisions = engine_.advance(clock_.now());
      // First what goes, then what comes: a decision may ask for the name that a withdrawn restart had.
      for (auto& withdrawal : engine_.take_withdrawals()) hooks_.on_withdrawal(std::move(withdrawal));
      for (auto& decision : decisions) hooks_.on_decision(std::move(decision));
    } else {
      engine_.detector().expire(now);
    }
  }
  publish_counts();
  publish_report(leads);
}

void DetectionController::publish_report(bool leads) {
  constexpr auto kShare = 100;
  const auto begin = steady_clock::now();
  if (leads && begin < desk_->next) return;
  std::shared_ptr<const Report> made;
  RiskCounts counts;
  const Time now = clock_.now();
  if (leads) {
    made = std::make_shared<const Report>(build_report(engine_, desk_->settings, now));
    counts = engine_.risk_counts(now);
  }
  for (const auto& [diagnosis, gauge] : families_->at_risk) {
    const auto found = counts.by_diagnosis.find(diagnosis);
    gauge->set(found == counts.by_diagnosis.end() ? 0.0 : static_cast<double>(found->second));
  }
  families_->next_break.set(counts.next_break ? std::chrono::duration<double>(*counts.next_break - now).count()
                                              : std::numeric_limits<double>::infinity());
  desk_->next =
      begin + std::max<steady_clock::duration>(std::chrono::seconds(2), (steady_clock::now() - begin) * kShare);
  const std::lock_guard lock(desk_->mutex);
  desk_->newest = std::move(made);
}

std::shared_ptr<const Report> DetectionController::report() const {
  const std::lock_guard lock(desk_->mutex);
  return desk_->newest;
}

void DetectionController::drain_batches(Time now) {
  // A bound on one round, so that messages (verification waits for them) are not starved by a flood of events.
  for (int round = 0; round < 64; ++round) {
    auto delivery = batches_.try_pop();
    if (!delivery) return;
    engine_.observe(delivery->report, delivery->batch, now);
    if (delivery->received_ns > 0) {
      families_->latency.observe(static_cast<double>(clock_.steady_now().count() - delivery->received_ns) / 1e9);
    }
    batches_.recycle(std::move(delivery));
  }
  mailbox_.ring();
}

void DetectionController::publish_counts() {
  // Counting open cases walks them all: not once per batch.
  if (steady_clock::now() - families_->last_published < std::chrono::milliseconds(500)) return;
  families_->last_published = steady_clock::now();
  const auto& now = engine_.detector().counts();
  auto& was = families_->published;
  const auto add = [](metrics::Counter& counter, std::uint64_t from, std::uint64_t to) {
    if (to > from) counter.add(static_cast<double>(to - from));
  };
  add(families_->events, was.audit_events, now.audit_events);
  add(families_->rejected, was.rejected, now.rejected);
  add(families_->stale, was.stale, now.stale);
  add(families_->duplicates, was.duplicates, now.duplicates);
  add(families_->unattributed, was.unattributed, now.unattributed);
  add(families_->external, was.external, now.external);
  add(families_->ignored, was.ignored, now.ignored);
  add(families_->overflow, was.overflow, now.overflow);
  add(families_->joined, was.joined, now.joined);
  add(families_->ambiguous, was.ambiguous, now.ambiguous);
  add(families_->unjoined, was.unjoined, now.unjoined);
  was = now;
  families_->pods.set(static_cast<double>(engine_.detector().inventory().pod_count()));
  families_->cases.set(static_cast<double>(engine_.detector().open_cases().size()));
  families_->storms.set(static_cast<double>(engine_.storms().size()));
  families_->suspended.set(hooks_.suspended().empty() ? 0 : 1);
}

namespace {

/// Runs `question` on the detection thread and waits for its answer, but not for ever.
template <class T>
Result<T> ask(DetectionController& controller, std::function<T(DetectionEngine&, Time)> question,
              std::chrono::milliseconds patience) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  const bool posted = controller.post([promise, question = std::move(question)](DetectionEngine& engine, Time now) {
    promise->set_value(question(engine, now));
  });
  promise.reset();
  if (!posted) return fail(ErrorCode::kCancelled, "detection has stopped");
  if (future.wait_for(patience) != std::future_status::ready) {
    return fail(ErrorCode::kTimeout, "the detection thread did not answer in time");
  }
  try {
    return future.get();
  } catch (const std::future_error&) {
    // The box was closed with our message in it.
    return fail(ErrorCode::kCancelled, "detection has stopped");
  }
}

}  // namespace

Result<std::vector<detect::PodHealth>> DetectionController::health(const std::string& workload_uid, Time since,
                                                                   std::chrono::milliseconds patience) {
  return ask<std::vector<detect::PodHealth>>(
      *this,
      [workload_uid, since](DetectionEngine& engine, Time) { return engine.detector().health(workload_uid, since); },
      patience);
}

Result<std::uint64_t> DetectionController::callers_learnt(std::chrono::milliseconds patience) {
  return ask<std::uint64_t>(
      *this, [](DetectionEngine& engine, Time) { return engine.detector().callers_learnt(); }, patience);
}

Result<std::string> DetectionController::save_callers(std::size_t max_bytes, std::chrono::milliseconds patience) {
  return ask<std::string>(
      *this, [max_bytes](DetectionEngine& engine, Time now) { return engine.detector().save_callers(now, max_bytes); },
      patience);
}

Result<std::size_t> DetectionController::restore_callers(std::string text, std::chrono::milliseconds patience) {
  auto restored = ask<Result<std::size_t>>(
      *this,
      [text = std::move(text)](DetectionEngine& engine, Time now) {
        return engine.detector().restore_callers(text, now);
      },
      patience);
  if (!restored) return std::unexpected(restored.error());
  return std::move(*restored);
}

Result<OpenState> DetectionController::open_state(std::chrono::milliseconds patience) {
  return ask<OpenState>(*this, [](DetectionEngine& engine, Time) { return engine.open_state(); }, patience);
}

}  // namespace remint::controllers

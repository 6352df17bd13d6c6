#include <algorithm>
#include <ostream>

#include "remint/app/commands.hpp"
#include "replay_audit.hpp"
#include "replay_log.hpp"
#include "replay_objects.hpp"
#include "replay_output.hpp"
#include "replay_play.hpp"
#include "replay_pod_logs.hpp"

namespace remint::app {
namespace {

/// How long a restart is taken to last at most in a recording, where nobody carries it out: what the limits count with.
/// Half a minute for the rollout, and the half a minute without a failure that ends verification.
constexpr auto kAssumedRestart = std::chrono::minutes(1);

/// Pods' lines are read a step at a time, as `run` gets them in pieces.
constexpr auto kLogStep = std::chrono::seconds(1);

policy::Policy default_policy() {
  policy::Policy policy;
  policy.kind = "ClusterTokenRefreshPolicy";
  policy.key.name = "default";
  return policy;
}

/// One record as a batch of its own: the recording's time moves from event to event.
void single_out(const detect::AuditBatch& from, std::uint32_t index, detect::AuditBatch& to) {
  to.clear();
  detect::AuditRecord record = from.records[index];
  for (auto* text : {&record.audit_id, &record.verb, &record.uri, &record.user_agent, &record.resource, &record.ns,
                     &record.pod_uid, &record.pod_name, &record.user_name}) {
    *text = to.add(from.text(*text));
  }
  to.records.push_back(record);
}

class Player {
 public:
  Player(controllers::DetectionEngine& engine, ReplayOutput& output) : engine_(engine), output_(output) {}

  /// What time alone brings about before `until`.
  void run_deadlines(Time until) {
    while (true) {
      const auto deadline = engine_.next_deadline();
      if (!deadline || *deadline > until) return;
      advance(*deadline);
    }
  }
  void advance(Time now) {
    for (const auto& decision : engine_.advance(now)) emit(decision);
  }
  void emit(const controllers::WorkloadDecision& decision) {
    ++summary.decisions[decision.decision.kind];
    output_.decision(decision);
  }

  ReplaySummary summary;

 private:
  controllers::DetectionEngine& engine_;
  ReplayOutput& output_;
};

}  // namespace

Result<void> play(const ReplayOptions& options, ReplayOutput& output, std::ostream& err, const PlayEnd& end) {
  auto audit = read_audit(options.audit);
  if (!audit) return std::unexpected(audit.error());
  auto objects = read_objects(options.objects);
  if (!objects) return std::unexpected(objects.error());
  std::vector<policy::Policy> policies;
  const bool has_policy = std::any_of(objects->begin(), objects->end(), [](const auto& change) {
    return change.kind == "ClusterTokenRefreshPolicy" || change.kind == "TokenRefreshPolicy";
  });
  if (!options.policy.empty()) {
    auto read = read_policies(options.policy);
    if (!read) return std::unexpected(read.error());
    policies = std::move(*read);
  } else if (!has_policy) {
    err << "note: no policy given; using ClusterTokenRefreshPolicy/default with the defaults (mode Observe)\n";
    policies.push_back(default_policy());
    policies.back().spec.pod_log.enabled = !options.pod_logs.empty();
  }
  auto pod_logs = PodLogPlayer::read(options.pod_logs);
  if (!pod_logs) return std::unexpected(pod_logs.error());
  for (const auto& warning : pod_logs->warnings()) err << "warning: " << warning << '\n';
  for (const auto& warning : audit->warnings) err << "warning: " << warning << '\n';

  controllers::EngineSettings settings;
  settings.detector.extended_lifetime = options.extended_token_lifetime;
  settings.assumed_restart = kAssumedRestart;
  controllers::DetectionEngine engine(std::move(settings));
  ObjectPlayer player_of_objects(engine, std::move(policies), !options.policy.empty());
  Player player(engine, output);

  std::stable_sort(objects->begin(), objects->end(), [](const auto& a, const auto& b) {
    return a.at.value_or(Time::min()) < b.at.value_or(Time::min());
  });
  const auto first_change =
      std::find_if(objects->begin(), objects->end(), [](const auto& c) { return c.at.has_value(); });
  Time now = Time::max();
  if (!audit->order.empty()) now = audit->order.front().at;
  if (first_change != objects->end()) now = std::min(now, *first_change->at);
  const auto first_line = pod_logs->next();
  if (first_line && now == Time::max()) now = *first_line;
  if (now == Time::max()) now = Time{};
  player.summary.begin = now;
  auto log = read_apiserver_logs(options.apiserver_log, {now, options.apiserver_log_utc_offset});
  if (!log) return std::unexpected(log.error());
  for (const auto& warning : log->warnings) err << "warning: " << warning << '\n';

  const auto apply = [&](const ObjectChange& change) {
    pod_logs->changed();
    if (const auto ok = player_of_objects.apply(change, now); !ok) err << "warning: " << ok.error().message << '\n';
  };
  for (auto it = objects->begin(); it != first_change; ++it) apply(*it);

  engine.detector().count_events(audit->report);
  detect::AuditBatch one;
  const detect::AuditReport nothing;
  auto change = first_change;
  auto event = audit->order.begin();
  auto line = log->lines.begin();
  const auto feed_log = [&](Time until) {
    for (; line != log->lines.end() && line->line.time <= until; ++line) {
      engine.observe(line->stream, {line->line}, line->line.time);
    }
  };
  // Lines that say nothing do not make the recording longer than its events do.
  const auto feed_pod_logs = [&](Time until) {
    const auto clues = pod_logs->advance(engine, until);
    if (clues.empty()) return;
    now = std::max(now, clues.back().time);
    feed_log(now);
    player.run_deadlines(now);
    engine.detector().observe(clues, now);
    player.advance(now);
  };
  while (change != objects->end() || event != audit->order.end() || pod_logs->next()) {
    const Time next = std::min(change != objects->end() ? *change->at : Time::max(),
                               event != audit->order.end() ? event->at : Time::max());
    if (const auto said = pod_logs->next(); said && *said < next) {
      if (end.at && *said > *end.at) break;
      feed_pod_logs(std::min({std::max(now, *said + kLogStep), next, end.at.value_or(Time::max())}));
      continue;
    }
    if (end.at && next > *end.at) break;
    const bool take_change = change != objects->end() && (event == audit->order.end() || *change->at <= event->at);
    now = std::max(now, take_change ? *change->at : event->at);
    feed_log(now);
    player.run_deadlines(now);
    if (take_change) {
      apply(*change++);
    } else {
      single_out(audit->batches[event->batch], event->record, one);
      engine.observe(nothing, one, now);
      ++event;
    }
    player.advance(now);
  }
  if (end.at && *end.at > now) {
    now = *end.at;
    feed_log(now);
    player.run_deadlines(now);
    player.advance(now);
  }
  for (const auto& remark : pod_logs->remarks()) err << "note: " << remark << '\n';
  player.run_deadlines(now);
  for (const auto& decision : engine.undecided(now)) player.emit(decision);
  engine.detector().settle_joins();
  if (end.look) end.look(engine, now);
  player.summary.end = now;
  player.summary.counts = engine.detector().counts();
  output.summary(player.summary);
  return {};
}

int replay(const ReplayOptions& options, std::ostream& out, std::ostream& err, bool colour) {
  log::setup(options.log.level, options.log.format);
  const auto output = options.json ? json_output(out) : text_output(out, colour);
  if (const auto ok = play(options, *output, err, {}); !ok) {
    err << "remint replay: " << ok.error().message << '\n';
    return kUsage;
  }
  return kOk;
}

}  // namespace remint::app

#include "run_parts.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "remint/controllers/report.hpp"
#include "remint/kube/resources.hpp"

namespace remint::app {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);

Result<std::pair<ObjectKey, restart::Journal>> decode_journal(std::string_view text) {
  auto journal = restart::read_journal(text);
  if (!journal) return std::unexpected(journal.error());
  auto key = journal->key;
  return std::pair(std::move(key), std::move(*journal));
}

/// Crash tests name a place in $REMINT_FAULT_POINT; the process dies there as under kill -9.
void passed(std::string_view place) {
  static const char* const kPlace = std::getenv("REMINT_FAULT_POINT");
  if (kPlace == nullptr || place != kPlace) return;
  ::kill(::getpid(), SIGKILL);
}

controllers::RestartSettings restart_settings(const RunOptions& options) {
  controllers::RestartSettings settings;
  settings.machine.poll = options.restart_poll;
  settings.machine.quiet = options.restart_quiet;
  settings.machine.rollout_deadline = options.restart_deadline;
  settings.journal_keys = options.journal_keys;
  return settings;
}

}  // namespace

RunParts::RunParts(const RunOptions& options, const std::shared_ptr<kube::Transport>& transport,
                   std::function<void()> on_lost)
    : options_(options),
      reader_(transport, metrics_, system_clock()),
      writer_(transport, metrics_, system_clock(),
              [this]() -> Result<void> {
                if (leads()) return {};
                return fail(ErrorCode::kRefused, "the lease is not held: not writing");
              }),
      batches_({}, metrics_),
      events_(writer_, options.identity, system_clock(), metrics_),
      suspension_(reader_, {options.own_namespace, options.lease_name}, options.watch_namespaces.empty()) {
  if (options_.leader_elect) {
    runtime::LeaderSettings settings;
    settings.lease = {options_.own_namespace, options_.lease_name};
    settings.identity = options_.identity;
    settings.duration = std::chrono::duration_cast<std::chrono::milliseconds>(options_.lease_duration);
    settings.renew_every = settings.duration / 3;
    settings.margin = settings.duration / 7;
    elector_ = std::make_unique<runtime::LeaderElector>(
        reader_, settings, system_clock(), metrics_,
        [this] {
          detection_->ring();
          if (label_) label_->ring();
        },
        std::move(on_lost));
    if (!options_.own_pod.empty()) {
      label_ = std::make_unique<runtime::LeaderLabel>(reader_, ObjectKey{options_.own_namespace, options_.own_pod},
                                                      [this] { return leads(); });
    }
  }

  controllers::EngineSettings engine;
  engine.own_namespace = options_.own_namespace;
  engine.detector.extended_lifetime = options_.extended_token_lifetime;
  detection_ = std::make_unique<controllers::DetectionController>(
      engine,
      controllers::DetectionHooks{[this] { return synced(); }, [this] { return may_act(); },
                                  [this](controllers::WorkloadDecision d) { decisions_->submit(std::move(d)); },
                                  [this](controllers::Withdrawal w) { decisions_->withdraw(std::move(w)); },
                                  [this] { return elector_ ? elector_->suspended() : std::string(); }},
      batches_, system_clock(), metrics_);
  detection_->report_as(
      {options_.identity, !options_.apiserver_log.empty() || options_.apiserver_pod_logs, options_.pod_logs});

  journals_ = std::make_unique<controllers::RestartController::Journals>(
      decode_journal, [this](const ObjectKey& key, const auto& journal) { journal_changed(key, journal); });
  restarts_ = std::make_unique<controllers::RestartController>(
      writer_, *journals_, events_, system_clock(), metrics_, restart_settings(options_),
      controllers::RestartHooks{
          [this] { return may_act(); },
          [this](const std::string& uid, Time since) { return detection_->health(uid, since, kPatience); }, passed,
          [this](const restart::Journal& journal, const std::stop_token& stop) {
            return suspension_.of(journal, stop);
          },
          [this](const restart::Journal& journal) { return max_per_budget(journal.spec.policy); }});
  decisions_ = std::make_unique<controllers::DecisionWriter>(
      writer_, events_, system_clock(), metrics_,
      controllers::DecisionWriterHooks{
          [this](restart::Journal journal) {
            const auto key = journal.key;
            journals_->put(key, std::move(journal));
          },
          [this](const std::string& ns, const std::string& name) {
            detection_->post([ns, name](auto& e, Time) { e.remove_restart(ns, name); });
          },
          [this](const restart::Journal& journal, restart::JournalStatus status, const std::stop_token& stop) {
            return restarts_->save(journal, std::move(status), stop);
          }});
  pruner_ = std::make_unique<controllers::JournalPruner>(
      writer_, *journals_, system_clock(), metrics_,
      controllers::PrunerHooks{[this] { return may_act(); }, [this] { return prune_rules(); }});
  const ObjectKey memory{options_.own_namespace, options_.lease_name + "-memory"};
  memory_ = std::make_unique<controllers::CallerMemory>(
      writer_, memory, system_clock(), metrics_,
      controllers::CallerMemoryHooks{
          [this] { return may_act(); }, [this] { return detection_->callers_learnt(kPatience); },
          [this](std::size_t bytes) { return detection_->save_callers(bytes, kPatience); },
          [this](std::string text) { return detection_->restore_callers(std::move(text), kPatience); }});
  trust_ = std::make_unique<sources::TrustWatch>(
      writer_, sources::TrustWatchSettings{memory, options_.own_namespace}, system_clock(), metrics_,
      sources::TrustWatchHooks{
          [this] { return may_act(); },
          [this](detect::TrustChange change) {
            detection_->post([change = std::move(change)](auto& e, Time) { e.detector().inventory().apply(change); });
          },
          [this](bool repeat) {
            detection_->post([repeat](auto& e, Time) { e.detector().inventory().set_tokens_repeat(repeat); });
          }});
  policies_ = std::make_unique<controllers::PolicyController>(
      writer_, system_clock(), metrics_,
      controllers::PolicyHooks{
          [this] { return may_act(); },
          [this](std::vector<policy::Policy> in_force, std::map<std::string, controllers::StormMemory> storms) {
            note_limits(in_force);
            detection_->post([in_force = std::move(in_force), storms = std::move(storms)](auto& e, Time) {
              e.set_policies(in_force, storms);
            });
          },
          [this] { return detection_->open_state(kPatience); }, [this] { return past_restarts(); },
          [this](runtime::EventNote note) { events_.record(std::move(note)); }});

  using enum detect::ObjectKind;
  // Owners before pods: a pod whose ReplicaSet is not there yet would be shown as owned by it.
  add_feed(kube::kNamespaces, kNamespace);
  add_feed(kube::kNodes, kNode);
  add_feed(kube::kServiceAccounts, kServiceAccount);
  add_feed(kube::kDeployments, kDeployment);
  add_feed(kube::kReplicaSets, kReplicaSet);
  add_feed(kube::kStatefulSets, kStatefulSet);
  add_feed(kube::kDaemonSets, kDaemonSet);
  add_feed(kube::kReplicationControllers, kReplicationController);
  add_feed(kube::kPods, kPod);
  add_reflector(kube::kWorkloadRestarts, *journals_, runtime::NamespaceSinks::Keep::kWhole);
  add_reflector(kube::kClusterPolicies, policies_->cluster_sink());
  add_reflector(kube::kPolicies, policies_->namespaced_sink());

  create_wanted_watches();
  for (const auto& path : options_.apiserver_log) add_log(path);
  for (const auto& path : options_.audit_log) {
    audit_files_.push_back(std::make_unique<sources::AuditFileFollower>(
        sources::AuditFileOptions{.path = path, .state_dir = options_.state_dir}, batches_, metrics_, system_clock()));
  }

  add_pod_logs();

  readyz_.add("caches", [this]() -> Result<void> {
    for (const auto& reflector : reflectors_) {
      if (!reflector->synced()) {
        const auto why = reflector->last_error();
        return fail(ErrorCode::kUnavailable,
                    reflector->name() + ": " + (why.empty() ? "its first list is not whole yet" : why));
      }
    }
    return {};
  });
}

RunParts::~RunParts() = default;

void RunParts::add_feed(const kube::Resource& resource, detect::ObjectKind kind) {
  feeds_.push_back(std::make_unique<controllers::ObjectFeed>(*detection_, kind));
  add_reflector(resource, *feeds_.back());
}

void RunParts::add_reflector(const kube::Resource& resource, runtime::ReflectorSink& sink,
                             runtime::NamespaceSinks::Keep keep) {
  const auto add = [&](const std::string& ns, runtime::ReflectorSink& to) {
    reflectors_.push_back(
        std::make_unique<runtime::Reflector>(reader_, runtime::ReflectorSettings{resource, ns, ""}, to, metrics_));
  };
  if (options_.watch_namespaces.empty()) return add("", sink);
  if (!resource.namespaced) return;  // no Role can grant it
  auto& sinks = *namespace_sinks_.emplace_back(std::make_unique<runtime::NamespaceSinks>(sink, keep));
  for (const auto& ns : options_.watch_namespaces) add(ns, sinks.add());
}

void RunParts::create_wanted_watches() {
  event_feed_ = std::make_unique<controllers::EventFeed>(*detection_, system_clock(), metrics_);
  event_watch_ =
      std::make_unique<runtime::WantedWatch>(reader_, metrics_, [this] { return events_wanted_ && may_act(); });
  const std::vector<std::string> everywhere{""};
  const auto& namespaces = options_.watch_namespaces.empty() ? everywhere : options_.watch_namespaces;
  for (const auto& ns : namespaces) event_watch_->add({kube::kEvents, ns, "type=Warning"}, *event_feed_);

  // Not only by whoever leads: a successor is to know what was made anew before its time.
  secret_feed_ = std::make_unique<controllers::ObjectFeed>(*detection_, detect::ObjectKind::kTokenSecret);
  secret_watch_ = std::make_unique<runtime::WantedWatch>(reader_, metrics_, [this] { return secrets_wanted_.load(); });
  const std::string tokens = "type=kubernetes.io/service-account-token";
  if (options_.watch_namespaces.empty()) return secret_watch_->add({kube::kSecrets, "", tokens}, *secret_feed_);
  auto& sinks = *namespace_sinks_.emplace_back(
      std::make_unique<runtime::NamespaceSinks>(*secret_feed_, runtime::NamespaceSinks::Keep::kIdentity));
  for (const auto& ns : namespaces) secret_watch_->add({kube::kSecrets, ns, tokens}, sinks.add());
}

void RunParts::add_log(const std::string& path) {
  const auto stream = static_cast<detect::ReasonJoin::Stream>(logs_.size());
  logs_.push_back(std::make_unique<sources::ApiServerLogFollower>(
      sources::ApiServerLogOptions{.path = path, .utc_offset = options_.apiserver_log_utc_offset},
      [this, stream](std::vector<detect::ApiServerLine>&& lines) {
        detection_->post([stream, lines = std::move(lines)](auto& e, Time now) { e.observe(stream, lines, now); });
      },
      metrics_, system_clock()));
}

bool RunParts::synced() const {
  for (const auto& reflector : reflectors_) {
    if (!reflector->synced()) return false;
  }
  return true;
}

bool RunParts::leads() const { return !elector_ || elector_->leads(); }

void RunParts::journal_changed(const ObjectKey& key, const std::shared_ptr<const restart::Journal>& journal) {
  if (journal) {
    detection_->post(
        [ns = key.ns, past = restart::to_past_restart(*journal)](auto& e, Time) { e.set_restart(ns, past); });
  } else {
    detection_->post([key](auto& e, Time) { e.remove_restart(key.ns, key.name); });
  }
  // One that is gone, too: or it would be counted as blocked for ever.
  restarts_->enqueue(key);
}

std::vector<policy::PastRestart> RunParts::past_restarts() const {
  std::vector<policy::PastRestart> past;
  for (const auto& journal : journals_->all()) past.push_back(restart::to_past_restart(*journal));
  return past;
}

void RunParts::note_limits(const std::vector<policy::Policy>& in_force) {
  Duration longest = std::chrono::hours(24);
  std::map<std::string, std::uint32_t> per_budget;
  for (const auto& policy : in_force) {
    longest = std::max({longest, policy.spec.limits.cooldown, policy.spec.breaker.open_for});
    per_budget.emplace(policy.reference(), policy.spec.limits.max_concurrent_per_budget);
  }
  events_wanted_ = std::ranges::any_of(in_force, [](const auto& p) { return p.spec.kubernetes_event.enabled; });
  secrets_wanted_ = std::ranges::any_of(
      in_force, [](const auto& p) { return p.spec.trust_change.enabled && p.spec.trust_change.secrets; });
  longest_memory_.store(longest);
  const std::lock_guard lock(mutex_);
  max_per_budget_ = std::move(per_budget);
}

std::uint32_t RunParts::max_per_budget(const std::string& reference) const {
  const std::lock_guard lock(mutex_);
  const auto found = max_per_budget_.find(reference);
  return found == max_per_budget_.end() ? 1 : found->second;
}

restart::PruneRules RunParts::prune_rules() const {
  restart::PruneRules rules;
  rules.keep_for = longest_memory_.load();
  return rules;
}

}  // namespace remint::app

#include "restart_looks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

/// How much longer than `verification.observe` a watch that was cut is waited for.
constexpr auto kWatchMayLag = std::chrono::minutes(1);

struct Look {
  kube::Client& client;
  const restart::Journal& journal;
  const std::stop_token& stop;
  [[nodiscard]] const ObjectRef& target() const { return journal.spec.target; }
};

/// Nothing: there is no such object.
Result<std::optional<restart::TargetState>> read_object(const Look& look, const std::string& name) {
  const auto* resource = kube::workload_resource(look.target().kind);
  const ObjectKey key{look.target().ns, name};
  if (resource == nullptr || resource->api_version() != look.target().api_version) {
    return fail(ErrorCode::kInternal, "no objects of kind " + look.target().kind + " can be read");
  }
  const auto text = look.client.get(*resource, key, look.stop);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return fail_in(text.error(), "reading " + key.to_string());
  auto state = restart::parse_target(*text);
  if (!state) return fail_in(state.error(), key.to_string());
  return std::optional(std::move(*state));
}

/// The UIDs of the controllers whose pods count as the target's: itself, and ReplicaSets of its own.
Result<std::set<std::string>> controllers_of(const Look& look, const std::string& uid, const std::string& selector) {
  std::set<std::string> uids{uid};
  static const std::set<std::string, std::less<>> kDirect{"StatefulSet", "DaemonSet", "ReplicaSet",
                                                          "ReplicationController"};
  if (kDirect.contains(look.target().kind)) return uids;
  const auto listed = look.client.list(
      kube::kReplicaSets, {look.target().ns, selector, "", 500},
      [&](std::string_view text) -> Result<void> {
        const auto json = parse_json(text);
        if (!json) return std::unexpected(json.error());
        FieldErrors errors;
        const auto metadata = JsonReader(*json, errors).at("metadata");
        for (const auto& owner : metadata.at("ownerReferences").items()) {
          if (owner.at("controller").boolean(false) && owner.at("uid").string() == uid) {
            uids.insert(metadata.at("uid").string());
          }
        }
        return {};
      },
      look.stop);
  if (!listed) return fail_in(listed.error(), "listing ReplicaSets in " + look.target().ns);
  return uids;
}

Result<std::vector<restart::PodState>> list_pods(const Look& look, const std::string& selector) {
  std::vector<restart::PodState> pods;
  const auto listed = look.client.list(
      kube::kPods, {look.target().ns, selector, "", 500},
      [&](std::string_view text) -> Result<void> {
        auto pod = restart::parse_pod(text);
        if (!pod) return std::unexpected(pod.error());
        pods.push_back(std::move(*pod));
        return {};
      },
      look.stop);
  if (!listed) return fail_in(listed.error(), "listing pods in " + look.target().ns);
  std::ranges::sort(pods, {}, &restart::PodState::name);
  return pods;
}

std::vector<restart::PodState> controlled_by(const std::vector<restart::PodState>& pods,
                                             const std::set<std::string>& uids) {
  std::vector<restart::PodState> own;
  std::ranges::copy_if(pods, std::back_inserter(own),
                       [&](const auto& pod) { return uids.contains(pod.controller_uid); });
  return own;
}

/// Fills pods and successor_pods.
Result<void> look_at_pods(const Look& look, restart::Observation& observation) {
  const auto& any = observation.target ? observation.target : observation.successor;
  // The successor's pods bear the target's labels too, so one list tells of both.
  const std::string selector = any ? selector_of(any->object) : "";
  const auto pods = list_pods(look, selector);
  if (!pods) return std::unexpected(pods.error());
  const auto& saved = look.journal.status.saved.uid;
  const auto& uid = observation.target ? observation.target->uid : saved.empty() ? look.target().uid : saved;
  const auto uids = controllers_of(look, uid, selector);
  if (!uids) return std::unexpected(uids.error());
  observation.pods = controlled_by(*pods, *uids);
  if (observation.successor) observation.successor_pods = controlled_by(*pods, {observation.successor->uid});
  return {};
}

Result<std::string> find_autoscaler(const Look& look) {
  std::string found;
  const auto listed = look.client.list(
      kube::kAutoscalers, {look.target().ns, "", "", 500},
      [&](std::string_view text) -> Result<void> {
        if (!targets(text, look.target())) return {};
        const auto json = parse_json(text);
        FieldErrors errors;
        found = JsonReader(*json, errors).at("metadata").at("name").string();
        return {};
      },
      look.stop);
  if (!listed && listed.error().code != ErrorCode::kNotFound) {
    return fail_in(listed.error(), "listing HorizontalPodAutoscalers in " + look.target().ns);
  }
  return found;
}

Result<bool> namespace_deleting(const Look& look) {
  const auto text = look.client.get(kube::kNamespaces, {"", look.target().ns}, look.stop);
  if (!text && text.error().code == ErrorCode::kNotFound) return true;
  if (!text) return fail_in(text.error(), "reading namespace " + look.target().ns);
  const auto json = parse_json(*text);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  return JsonReader(*json, errors).at("metadata").at("deletionTimestamp").present();
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
    // Of a pod that the audit log never heard its own log is all there is. Events are not asked: anybody may make them.
    const bool heard = pod.last_success || pod.last_rejection;
    const std::uint64_t refused = heard ? pod.rejection_count : pod.log_clues.size();
    if (heard || refused > 0) ++input.heard;
    if (pod.last_success && !rejected && !stale) ++input.authenticated;
    if (stale || refused >= failing_threshold) ++input.failing;
  }
  return input;
}

Result<restart::Observation> observe(kube::Client& client, const restart::Journal& journal, const RestartHooks& hooks,
                                     const restart::MachineSettings& settings, Time now, const std::stop_token& stop) {
  const Look look{client, journal, stop};
  const auto needs = restart::needs(journal);
  restart::Observation observation;
  if (needs.target) {
    auto target = read_object(look, look.target().name);
    if (!target) return std::unexpected(target.error());
    observation.target = std::move(*target);
    observation.target_gone = !observation.target;
  }
  if (!needs.successor.empty()) {
    auto successor = read_object(look, needs.successor);
    if (!successor) return std::unexpected(successor.error());
    observation.successor = std::move(*successor);
  }
  if (needs.pods) {
    if (auto looked = look_at_pods(look, observation); !looked) return std::unexpected(looked.error());
  }
  if (needs.autoscaler) {
    auto autoscaler = find_autoscaler(look);
    if (!autoscaler) return std::unexpected(autoscaler.error());
    observation.autoscaler = std::move(*autoscaler);
  }
  if (journal.deleting) {
    const auto deleting = namespace_deleting(look);
    if (!deleting) return std::unexpected(deleting.error());
    observation.namespace_deleting = *deleting;
  }
  if (needs.verification) {
    const auto pods = hooks.health(restart::verification_uid(journal), restart::new_pods_since(journal));
    if (!pods) return fail_in(pods.error(), "health of " + look.target().to_string());
    // Only a rollout changes the revision; the pods that others make anew are of the same one.
    const bool new_revision = journal.spec.strategy == Strategy::kRolloutRestart;
    observation.verification = summarize(*pods, new_revision ? journal.spec.cause : "", settings.failing_threshold);
    // The pods are replaced, so there are new ones; after an outage of the API server our own watch may not have told
    // of them yet.
    const auto since = journal.status.rolled_out.value_or(journal.created);
    if (journal.status.phase == Phase::kVerifying && observation.verification->pods == 0 &&
        now < since + journal.spec.observe + kWatchMayLag) {
      return fail(ErrorCode::kUnavailable,
                  "the new pods of " + look.target().to_string() + " are not in the cache yet");
    }
  }
  return observation;
}

}  // namespace remint::controllers

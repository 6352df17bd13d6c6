#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "remint/restart/journal.hpp"
#include "remint/restart/observation.hpp"

namespace remint::restart {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int64_t>::max();

/// A word of the design: absent means `fallback`, any other text is an error.
template <class Word, class Parse>
Word word(const JsonReader& reader, Word fallback, const Parse& parse, std::string_view known) {
  const std::string text = reader.string(to_string(fallback));
  if (const auto parsed = parse(text)) {
    return *parsed;
  }
  if (!text.empty() || fallback != Word{}) {
    reader.error(fmt::format("must be {}", known));
  }
  return fallback;
}

ObjectRef parse_target(const JsonReader& reader, const std::string& own_namespace) {
  reader.only({"apiVersion", "kind", "namespace", "name", "uid"});
  ObjectRef target;
  target.kind = reader.at("kind").string();
  if (target.kind.empty()) {
    reader.at("kind").error("is missing");
  }
  target.name = reader.at("name").string();
  if (target.name.empty()) {
    reader.at("name").error("is missing");
  }
  // Other kinds have pods that can be evicted; which objects they are, only their apiVersion tells.
  target.api_version = reader.at("apiVersion").string(readable_version(target.kind));
  if (target.api_version.empty()) {
    reader.at("apiVersion")
        .error(fmt::format("is missing: it may be left out for Deployment, StatefulSet, DaemonSet, ReplicaSet, "
                           "ReplicationController and Pod, not for {}",
                           target.kind));
  }
  target.ns = reader.at("namespace").string(own_namespace);
  if (target.ns != own_namespace) {
    // Who may create objects in one namespace must not have things restarted in another.
    reader.at("namespace").error(fmt::format("must be {}, the namespace of this WorkloadRestart", own_namespace));
  }
  target.uid = reader.at("uid").string();
  return target;
}

StrategyOptions parse_options(const JsonReader& reader) {
  StrategyOptions options;
  reader.only({"updatePeriod", "keepNewName", "keepNode"});
  options.update_period =
      reader.at("updatePeriod").duration(options.update_period, std::chrono::seconds(0), std::chrono::hours(1));
  options.keep_new_name = reader.at("keepNewName").boolean(false);
  options.keep_node = reader.at("keepNode").boolean(false);
  return options;
}

Approval parse_approval(const JsonReader& reader) {
  Approval approval;
  reader.only({"required", "expiresAt", "decision", "by", "at", "comment"});
  approval.required = reader.at("required").boolean(false);
  approval.expires = reader.at("expiresAt").time();
  const JsonReader decision = reader.at("decision");
  if (const auto parsed = parse_approval_decision(decision.string())) {
    approval.decision = *parsed;
  } else {
    decision.error("must be Approved or Denied");
  }
  approval.by = reader.at("by").string();
  approval.at = reader.at("at").time();
  approval.comment = reader.at("comment").string();
  return approval;
}

JournalSpec parse_spec(const JsonReader& reader, const std::string& own_namespace) {
  JournalSpec spec;
  reader.only({"target", "strategy", "options", "cause", "diagnosis", "confidence", "policy", "reason", "pods",
               "evidence", "observe", "hold", "approval"});
  const JsonReader target = reader.at("target");
  if (!target.present()) {
    target.error("is missing");
  } else {
    spec.target = parse_target(target, own_namespace);
  }
  spec.strategy = word(reader.at("strategy"), Strategy::kRolloutRestart, parse_strategy,
                       "RolloutRestart, EvictPods, ScaleToZero, RollingReplace or Recreate");
  spec.options = parse_options(reader.at("options"));
  spec.cause = reader.at("cause").string();
  spec.diagnosis =
      word(reader.at("diagnosis"), Diagnosis::kUnknown, parse_diagnosis, "a diagnosis such as Expired or Unknown");
  spec.confidence = reader.at("confidence").number(0, 0, 1);
  spec.policy = reader.at("policy").string();
  spec.reason = reader.at("reason").string("created by hand");
  spec.pods = reader.at("pods").strings();
  for (const JsonReader& item : reader.at("evidence").items()) {
    item.only({"source", "time", "text"});
    spec.evidence.push_back(
        {item.at("source").string(), item.at("time").time().value_or(Time{}), item.at("text").string()});
  }
  spec.observe = reader.at("observe").duration(spec.observe, std::chrono::seconds(1), std::chrono::hours(24));
  spec.hold = reader.at("hold").boolean(false);
  spec.approval = parse_approval(reader.at("approval"));
  return spec;
}

SavedState parse_saved(const JsonReader& reader) {
  SavedState saved;
  saved.uid = reader.at("uid").string();
  saved.restarted_at = reader.at("restartedAt").string();
  saved.previous_restarted_at = reader.at("previousRestartedAt").string();
  saved.generation_before = reader.at("generationBefore").integer(0, 0, kMaxInt);
  if (const JsonReader replicas = reader.at("replicas"); replicas.present()) {
    saved.replicas = replicas.integer(0, 0, std::numeric_limits<std::int32_t>::max());
  }
  for (const JsonReader& pod : reader.at("pods").items()) {
    saved.pods.push_back({pod.at("name").string(), pod.at("uid").string()});
  }
  if (saved.pods.size() > kMaxSavedPods) {
    reader.at("pods").error(fmt::format("has more than {} pods", kMaxSavedPods));
  }
  saved.manifest = reader.at("manifest").string();
  if (saved.manifest.size() > kMaxManifest) {
    reader.at("manifest").error(fmt::format("is longer than {} bytes", kMaxManifest));
  }
  saved.successor = reader.at("successor").string();
  return saved;
}

/// Fields of the status that are not known are left to whoever wrote them: a newer Remint.
JournalStatus parse_status(const JsonReader& reader, Phase unsaid) {
  JournalStatus status;
  status.phase = word(reader.at("phase"), unsaid, parse_phase, "a phase such as Pending or Running");
  status.step = reader.at("step").string();
  status.saved = parse_saved(reader.at("saved"));
  status.not_before = reader.at("notBefore").time();
  status.released = reader.at("releasedAt").time();
  status.budgets = reader.at("budgets").strings();
  status.started = reader.at("startedAt").time();
  status.step_since = reader.at("stepSince").time();
  status.rolled_out = reader.at("rolledOutAt").time();
  status.finished = reader.at("finishedAt").time();
  status.successor_uid = reader.at("successorUID").string();
  status.seal = reader.at("seal").string();
  status.outcome = word(reader.at("outcome"), Outcome::kNone, parse_outcome, "Cured, NotCured or Unverified");
  status.message = reader.at("message").string();
  status.observed_generation = reader.at("observedGeneration").integer(0, 0, kMaxInt);
  for (const JsonReader& item : reader.at("conditions").items()) {
    status.conditions.push_back({item.at("type").string(), item.at("status").string() == "True",
                                 item.at("reason").string(), item.at("message").string(),
                                 item.at("lastTransitionTime").time().value_or(Time{})});
  }
  return status;
}

/// Of one that nobody has looked at yet. What has to wait must not begin in the moment before its status is written.
Phase first_phase(const JournalSpec& spec) {
  if (spec.approval.required) {
    return Phase::kAwaitingApproval;
  }
  return spec.hold ? Phase::kScheduled : Phase::kPending;
}

void parse_metadata(const JsonReader& metadata, Journal& journal) {
  journal.key = {metadata.at("namespace").string(), metadata.at("name").string()};
  journal.uid = metadata.at("uid").string();
  journal.resource_version = metadata.at("resourceVersion").string();
  journal.generation = metadata.at("generation").integer(0, 0, kMaxInt);
  journal.created = metadata.at("creationTimestamp").time().value_or(Time{});
  journal.deleting = metadata.at("deletionTimestamp").present();
  const std::vector<std::string> finalizers = metadata.at("finalizers").strings();
  journal.held = std::ranges::find(finalizers, kFinalizer) != finalizers.end();
  if (journal.key.name.empty()) {
    metadata.at("name").error("is missing");
  }
  if (journal.key.ns.empty()) {
    metadata.at("namespace").error("is missing");
  }
}

}  // namespace

std::expected<Journal, FieldErrors> parse_journal(const Json& object) {
  if (!object.is_object()) {
    return std::unexpected(FieldErrors{{"", "must be an object"}});
  }
  FieldErrors errors;
  Journal journal;
  const JsonReader root(object, errors);
  root.only({"apiVersion", "kind", "metadata", "spec", "status"});
  if (root.at("kind").string("WorkloadRestart") != "WorkloadRestart") {
    root.at("kind").error("must be WorkloadRestart");
  }
  parse_metadata(root.at("metadata"), journal);
  const JsonReader spec = root.at("spec");
  if (!spec.present()) {
    spec.error("is missing");
  } else {
    journal.spec = parse_spec(spec, journal.key.ns);
  }
  journal.status = parse_status(root.at("status"), first_phase(journal.spec));
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  return journal;
}

Result<Journal> read_journal(std::string_view object) {
  const auto json = parse_json(object);
  if (!json) {
    return std::unexpected(json.error());
  }
  auto parsed = parse_journal(*json);
  if (parsed) {
    return *std::move(parsed);
  }
  FieldErrors errors;
  Journal journal;
  const JsonReader root(*json, errors);
  parse_metadata(root.at("metadata"), journal);
  if (!errors.empty()) {
    return fail(ErrorCode::kInvalid, "WorkloadRestart: " + join(errors));
  }
  journal.status.phase = parse_phase(root.at("status").at("phase").string()).value_or(Phase::kPending);
  journal.invalid = std::move(parsed.error());
  return journal;
}

}  // namespace remint::restart

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "remint/restart/journal.hpp"

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

/// For people who write only the kind.
std::string api_version_of(std::string_view kind) {
  return kind == "Pod" || kind == "ReplicationController" ? "v1" : "apps/v1";
}

ObjectRef parse_target(const JsonReader& reader, const std::string& own_namespace) {
  static constexpr std::array<std::string_view, 3> kKinds{"Deployment", "StatefulSet", "DaemonSet"};
  reader.only({"apiVersion", "kind", "namespace", "name", "uid"});
  ObjectRef target;
  target.kind = reader.at("kind").string();
  if (std::ranges::find(kKinds, target.kind) == kKinds.end()) {
    reader.at("kind").error(fmt::format("must be one of {}", fmt::join(kKinds, ", ")));
  }
  target.name = reader.at("name").string();
  if (target.name.empty()) {
    reader.at("name").error("is missing");
  }
  target.api_version = reader.at("apiVersion").string(api_version_of(target.kind));
  if (target.api_version != api_version_of(target.kind)) {
    reader.at("apiVersion").error(fmt::format("must be {}", api_version_of(target.kind)));
  }
  target.ns = reader.at("namespace").string(own_namespace);
  if (target.ns != own_namespace) {
    // Who may create objects in one namespace must not have things restarted in another.
    reader.at("namespace").error(fmt::format("must be {}, the namespace of this WorkloadRestart", own_namespace));
  }
  target.uid = reader.at("uid").string();
  return target;
}

JournalSpec parse_spec(const JsonReader& reader, const std::string& own_namespace) {
  JournalSpec spec;
  reader.only(
      {"target", "strategy", "cause", "diagnosis", "confidence", "policy", "reason", "pods", "evidence", "observe"});
  const JsonReader target = reader.at("target");
  if (!target.present()) {
    target.error("is missing");
  } else {
    spec.target = parse_target(target, own_namespace);
  }
  spec.strategy = word(reader.at("strategy"), Strategy::kRolloutRestart, parse_strategy, "RolloutRestart");
  if (spec.strategy != Strategy::kRolloutRestart) {
    reader.at("strategy").error("must be RolloutRestart");
  }
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
  return spec;
}

SavedState parse_saved(const JsonReader& reader) {
  return {reader.at("uid").string(), reader.at("restartedAt").string(), reader.at("previousRestartedAt").string(),
          reader.at("generationBefore").integer(0, 0, kMaxInt)};
}

/// Fields of the status that are not known are left to whoever wrote them: a newer Remint.
JournalStatus parse_status(const JsonReader& reader) {
  JournalStatus status;
  const JsonReader phase = reader.at("phase");
  status.phase = word(phase, Phase::kPending, parse_phase, "a phase such as Pending or Running");
  if (status.phase == Phase::kAwaitingApproval || status.phase == Phase::kScheduled) {
    phase.error("this version of Remint knows Pending, Running, Verifying, Succeeded, Failed and Cancelled");
  }
  status.step = reader.at("step").string();
  status.saved = parse_saved(reader.at("saved"));
  status.started = reader.at("startedAt").time();
  status.patched = reader.at("patchedAt").time();
  status.rolled_out = reader.at("rolledOutAt").time();
  status.finished = reader.at("finishedAt").time();
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
  const JsonReader metadata = root.at("metadata");
  journal.key = {metadata.at("namespace").string(), metadata.at("name").string()};
  journal.uid = metadata.at("uid").string();
  journal.resource_version = metadata.at("resourceVersion").string();
  journal.generation = metadata.at("generation").integer(0, 0, kMaxInt);
  journal.created = metadata.at("creationTimestamp").time().value_or(Time{});
  journal.deleting = metadata.at("deletionTimestamp").present();
  if (journal.key.name.empty()) {
    metadata.at("name").error("is missing");
  }
  if (journal.key.ns.empty()) {
    metadata.at("namespace").error("is missing");
  }
  const JsonReader spec = root.at("spec");
  if (!spec.present()) {
    spec.error("is missing");
  } else {
    journal.spec = parse_spec(spec, journal.key.ns);
  }
  journal.status = parse_status(root.at("status"));
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  return journal;
}

}  // namespace remint::restart

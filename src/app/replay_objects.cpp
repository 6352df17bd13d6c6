#include "replay_objects.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "remint/base/file.hpp"
#include "remint/base/gzip.hpp"
#include "remint/base/yaml.hpp"
#include "remint/detect/cluster_object.hpp"
#include "remint/policy/parse.hpp"

namespace remint::app {
namespace {

constexpr std::size_t kMaxFile = std::size_t{2} << 30U;

bool is_policy(const std::string& kind) { return kind == "ClusterTokenRefreshPolicy" || kind == "TokenRefreshPolicy"; }

ObjectChange change_of(const Json& object, std::optional<Time> at, bool deleted, const std::string& list_kind) {
  FieldErrors ignored;
  const JsonReader reader(object, ignored);
  return {at, deleted, reader.at("kind").string(list_kind), dump_json(object)};
}

/// "PodList" -> "Pod": items of a typed list do not say what they are.
std::string item_kind(const std::string& list_kind) {
  return list_kind.ends_with("List") ? list_kind.substr(0, list_kind.size() - 4) : list_kind;
}

Result<void> add_document(const Json& document, std::vector<ObjectChange>& changes) {
  FieldErrors errors;
  const JsonReader reader(document, errors);
  if (document.is_array()) {
    for (const auto& item : document) {
      if (auto ok = add_document(item, changes); !ok) return ok;
    }
    return {};
  }
  if (reader.at("object").present()) {
    const auto at = reader.at("time").time();
    const auto type = reader.at("type").string();
    if (!at) reader.at("time").error("is needed beside \"object\"");
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED")
      reader.error("\"type\" must be ADDED, MODIFIED or DELETED");
    if (!errors.empty()) return fail(ErrorCode::kInvalid, join(errors));
    changes.push_back(change_of(document.at("object"), at, type == "DELETED", ""));
    return {};
  }
  const auto kind = reader.at("kind").string();
  if (kind.ends_with("List") && reader.at("items").present()) {
    const auto item = kind == "List" ? std::string() : item_kind(kind);
    for (const auto& object : reader.at("items").items()) {
      changes.push_back(change_of(object.json(), std::nullopt, false, item));
    }
  } else if (kind.empty()) {
    return fail(ErrorCode::kInvalid, "neither a List, nor an object with a kind, nor {time, type, object}");
  } else {
    changes.push_back(change_of(document, std::nullopt, false, ""));
  }
  return errors.empty() ? Result<void>() : fail(ErrorCode::kInvalid, join(errors));
}

}  // namespace

Result<std::vector<ObjectChange>> read_objects(const std::string& file) {
  auto text = read_file(file, kMaxFile);
  if (!text) return fail_in(text.error(), "--objects");
  if (looks_gzipped(*text)) {
    text = gunzip(*text, kMaxFile);
    if (!text) return fail_in(text.error(), "--objects " + file);
  }
  std::vector<ObjectChange> changes;
  // One document first, as kubectl prints it; if there is more than one, they are lines.
  const auto whole = parse_json(*text, kMaxFile);
  if (whole) {
    if (auto ok = add_document(*whole, changes); !ok) return fail_in(ok.error(), "--objects " + file);
    return changes;
  }
  std::size_t number = 0;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    const auto line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto document = parse_json(line, kMaxFile);
    if (!document && number == 1) return fail_in(whole.error(), "--objects " + file);
    const std::string where = "--objects " + file + " line " + std::to_string(number);
    if (!document) return fail_in(document.error(), where);
    if (auto ok = add_document(*document, changes); !ok) return fail_in(ok.error(), where);
  }
  return changes;
}

Result<std::vector<policy::Policy>> read_policies(const std::string& file) {
  const auto text = read_file(file, std::size_t{1} << 20U);
  if (!text) return fail_in(text.error(), "--policy");
  const auto documents = parse_yaml(*text);
  if (!documents) return fail_in(documents.error(), "--policy " + file);
  std::vector<policy::Policy> policies;
  const auto add = [&](const Json& object) -> Result<void> {
    auto parsed = policy::parse_policy(object);
    if (!parsed) return fail(ErrorCode::kInvalid, "--policy " + file + ": " + join(parsed.error()));
    policies.push_back(std::move(*parsed));
    return {};
  };
  for (const auto& document : *documents) {
    if (document.is_null()) continue;
    if (document.is_object() && document.contains("items") && document["items"].is_array()) {
      for (const auto& item : document["items"]) {
        if (auto ok = add(item); !ok) return std::unexpected(ok.error());
      }
    } else if (auto ok = add(document); !ok) {
      return std::unexpected(ok.error());
    }
  }
  return policies;
}

ObjectPlayer::ObjectPlayer(controllers::DetectionEngine& engine, std::vector<policy::Policy> policies,
                           bool policies_are_fixed)
    : engine_(engine), policies_(std::move(policies)), fixed_(policies_are_fixed) {
  engine_.set_policies(policies_);
}

Result<void> ObjectPlayer::apply_policy(const ObjectChange& change) {
  if (fixed_) return {};
  const auto object = parse_json(change.text);
  if (!object) return std::unexpected(object.error());
  auto parsed = policy::parse_policy(*object);
  // As in production: a bad edit leaves the last good one in force.
  if (!parsed) return fail(ErrorCode::kInvalid, change.kind + ": " + join(parsed.error()));
  std::erase_if(policies_, [&](const auto& old) { return old.reference() == parsed->reference(); });
  if (!change.deleted) policies_.push_back(std::move(*parsed));
  engine_.set_policies(policies_);
  return {};
}

Result<void> ObjectPlayer::apply(const ObjectChange& change, Time now) {
  if (is_policy(change.kind)) return apply_policy(change);
  const auto kind = detect::object_kind(change.kind);
  if (!kind) return {};
  const auto object = detect::decode_object(*kind, change.text);
  if (!object) return std::unexpected(object.error());
  if (change.deleted) {
    engine_.remove(*kind, object->id(), now);
  } else {
    engine_.apply(*object, now);
  }
  return {};
}

}  // namespace remint::app

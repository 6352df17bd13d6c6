// RollingReplace's objects: the saved original, the second controller, the original again.

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"
#include "rolling_replace.hpp"

namespace remint::restart::rolling {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kHashBytes = 5;
constexpr std::array kOurAnnotations{kRestartedBy, kReplaces, kClaim, kExpected, kMovedAt};

/// A second controller that kept its name is not named "cart-<hash>-<hash>" the next time.
std::string base_name(const Journal& journal) {
  constexpr std::size_t kTail = 2 * kHashBytes + 2;  // "-r" and the digits
  const std::string& name = journal.spec.target.name;
  if (!journal.spec.options.keep_new_name || name.size() <= kTail) {
    return name;
  }
  const std::string tail = name.substr(name.size() - kTail);
  const bool ours = tail.starts_with("-r") && tail.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
  return ours ? name.substr(0, name.size() - kTail) : name;
}

/// The label that tells the second controller's pods from all others. A controller that kept such a label from an
/// earlier restart selects by it: replacing its value would make pods that the original does not take back.
std::string label_key(const Journal& journal, const Json& manifest) {
  const bool in_use = member(manifest, {"spec", "selector"}).contains(kRestartLabel);
  return in_use && !journal.spec.options.keep_new_name ? std::string(kRestartLabel) + "-" + hash_of(journal)
                                                       : kRestartLabel;
}

/// Of a saved text that somebody may have written by hand.
bool is_object_or_absent(const Json& json) { return json.is_null() || json.is_object(); }

Json object_or_empty(const Json& json) { return json.is_object() ? json : Json::object(); }

Json without_ours(Json annotations) {
  for (const char* key : kOurAnnotations) {
    annotations.erase(key);
  }
  return annotations;
}

}  // namespace

const Json& member(const Json& object, std::initializer_list<const char*> path) {
  static const Json kNone;
  const Json* value = &object;
  for (const char* key : path) {
    const auto found = value->is_object() ? value->find(key) : value->end();
    if (!value->is_object() || found == value->end()) {
      return kNone;
    }
    value = &*found;
  }
  return *value;
}

std::string text(const Json& object, std::initializer_list<const char*> path) {
  const Json& value = member(object, path);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string Seen::annotation(const char* key) const { return text(object(), {"metadata", "annotations", key}); }

std::optional<std::int64_t> Seen::expected() const {
  const std::string digits = annotation(kExpected);
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<Time> Seen::moved() const { return parse_rfc3339(annotation(kMovedAt)); }

std::string Seen::finalizers() const {
  std::string list;
  for (const Json& name : member(object(), {"metadata", "finalizers"})) {
    list += (list.empty() ? "" : ", ") + (name.is_string() ? name.get<std::string>() : "?");
  }
  return list;
}

bool Seen::owned_by(const std::string& uid) const {
  return std::ranges::any_of(member(object(), {"metadata", "ownerReferences"}),
                             [&](const Json& owner) { return text(owner, {"uid"}) == uid; });
}

std::optional<Seen> see(const std::optional<TargetState>& state) {
  if (!state) {
    return std::nullopt;
  }
  return Seen{&*state, std::make_shared<const Json>(parse_json(state->object).value_or(Json()))};
}

std::string hash_of(const Journal& journal) { return sha256_hex(journal.uid, kHashBytes); }

std::string successor_name(const Journal& journal) {
  const std::string tail = "-r" + hash_of(journal);
  return dns_name(base_name(journal), kMaxName - tail.size()) + tail;
}

std::string claim_of(const Journal& journal) { return journal.uid; }
std::string claim_going_back(const Journal& journal) { return journal.uid + "/back"; }

bool claimed_by_others(const Seen& seen, const Journal& journal) {
  const std::string claim = seen.annotation(kClaim);
  return !claim.empty() && claim != claim_of(journal) && claim != claim_going_back(journal);
}

Json manifest_of(const Json& object) {
  const Json& metadata = member(object, {"metadata"});
  Json kept{{"name", text(metadata, {"name"})}, {"namespace", text(metadata, {"namespace"})}};
  for (const char* key : {"labels", "annotations", "ownerReferences"}) {
    Json value = member(metadata, {key});
    if (value.is_object() && std::string_view(key) == "annotations") {
      value = without_ours(std::move(value));
    }
    if (!value.empty()) {
      kept[key] = std::move(value);
    }
  }
  return {{"apiVersion", "v1"},
          {"kind", "ReplicationController"},
          {"metadata", std::move(kept)},
          {"spec", member(object, {"spec"})}};
}

bool unedited(const Seen& old, const SavedState& saved) {
  Json now = manifest_of(old.object());
  Json then = parse_json(saved.manifest).value_or(Json());
  if (!member(now, {"spec"}).is_object() || !member(then, {"spec"}).is_object()) {
    return false;
  }
  now["spec"].erase("replicas");
  then["spec"].erase("replicas");
  return now == then;
}

std::optional<Json> checked_manifest(const Journal& journal) {
  const ObjectRef& target = journal.spec.target;
  const SavedState& saved = journal.status.saved;
  if (saved.manifest.size() > kMaxManifest || !saved.replicas || (!target.uid.empty() && target.uid != saved.uid)) {
    return std::nullopt;
  }
  const auto json = parse_json(saved.manifest);
  if (!json) {
    return std::nullopt;
  }
  const bool named = text(*json, {"apiVersion"}) == "v1" && text(*json, {"kind"}) == "ReplicationController" &&
                     text(*json, {"metadata", "name"}) == target.name &&
                     text(*json, {"metadata", "namespace"}) == journal.key.ns;
  const bool whole = member(*json, {"spec"}).is_object() && member(*json, {"spec", "template"}).is_object() &&
                     member(*json, {"spec", "selector"}).is_object() && !member(*json, {"spec", "selector"}).empty() &&
                     member(*json, {"spec", "replicas"}) == *saved.replicas;
  const Json& owners = member(*json, {"metadata", "ownerReferences"});
  const bool shaped = (owners.is_null() || owners.is_array()) &&
                      is_object_or_absent(member(*json, {"metadata", "labels"})) &&
                      is_object_or_absent(member(*json, {"metadata", "annotations"})) &&
                      is_object_or_absent(member(*json, {"spec", "template", "metadata"})) &&
                      is_object_or_absent(member(*json, {"spec", "template", "metadata", "labels"}));
  // What cleaning would take away, cleaning has taken away: anything else was put there by somebody else.
  return named && whole && shaped && manifest_of(*json) == *json ? std::optional(*json) : std::nullopt;
}

Json next_object(const Journal& journal, const Json& manifest) {
  const bool keep = journal.spec.options.keep_new_name;
  const std::string key = label_key(journal, manifest);
  Json object = manifest;
  Json metadata{{"name", successor_name(journal)}, {"namespace", journal.key.ns}};
  // Only one that stays bears the original's labels: by these GitOps tools know what is theirs to prune.
  metadata["labels"] = keep ? object_or_empty(member(manifest, {"metadata", "labels"})) : Json::object();
  metadata["labels"][kRestartLabel] = hash_of(journal);
  metadata["annotations"] = keep ? object_or_empty(member(manifest, {"metadata", "annotations"})) : Json::object();
  metadata["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
  metadata["annotations"][kRestartedBy] = journal.uid;
  metadata["annotations"][kReplaces] = journal.spec.target.name + ":" + journal.status.saved.uid;
  metadata["annotations"][kExpected] = "0";
  // Whoever deletes the old one in the middle means all of it; and a creation that arrives after the end is collected.
  metadata["ownerReferences"] = keep ? member(manifest, {"metadata", "ownerReferences"}) : Json();
  metadata["ownerReferences"].push_back({{"apiVersion", "v1"},
                                         {"kind", "ReplicationController"},
                                         {"name", journal.spec.target.name},
                                         {"uid", journal.status.saved.uid}});
  object["metadata"] = std::move(metadata);
  object["spec"]["replicas"] = 0;
  object["spec"]["selector"][key] = hash_of(journal);
  object["spec"]["template"]["metadata"]["labels"][key] = hash_of(journal);
  return object;
}

Json final_object(const Journal& journal, const Json& manifest) {
  Json object = manifest;
  object["metadata"]["annotations"][kRestartedBy] = journal.uid;
  return object;
}

bool takes_pods_of(const Json& controller, const Json& next) {
  const Json& selector = member(controller, {"spec", "selector"});
  const Json& labels = member(next, {"spec", "template", "metadata", "labels"});
  return selector.is_object() && !selector.empty() && std::ranges::all_of(selector.items(), [&](const auto& item) {
           return member(labels, {item.key().c_str()}) == item.value();
         });
}

bool is_ours(const Seen& next, const Journal& journal) {
  return next.annotation(kRestartedBy) == journal.uid &&
         next.annotation(kReplaces) == journal.spec.target.name + ":" + journal.status.saved.uid;
}

}  // namespace remint::restart::rolling

#include "support/api_patch.hpp"

#include <algorithm>
#include <map>

namespace remint::testing {
namespace {

/// The merge key of a list, by the list's field name (patchMergeKey in the Go types).
const std::string* merge_key(const std::string& field) {
  static const std::map<std::string, std::string> keys = {
      {"containers", "name"},        {"initContainers", "name"}, {"env", "name"},        {"volumes", "name"},
      {"volumeMounts", "mountPath"}, {"ports", "containerPort"}, {"conditions", "type"}, {"ownerReferences", "uid"},
      {"imagePullSecrets", "name"},  {"addresses", "type"},      {"hostAliases", "ip"},
  };
  const auto it = keys.find(field);
  return it == keys.end() ? nullptr : &it->second;
}

void merge_list(Json& target, const Json& patch, const std::string& key) {
  if (!target.is_array()) target = Json::array();
  for (const auto& item : patch) {
    const auto same = std::find_if(target.begin(), target.end(), [&](const Json& have) {
      return have.is_object() && item.is_object() && have.contains(key) && item.contains(key) && have[key] == item[key];
    });
    const bool remove = item.is_object() && item.value("$patch", "") == "delete";
    if (remove && same != target.end()) {
      target.erase(same);
    } else if (same != target.end()) {
      *same = strategic_merge_patch(*same, item);
    } else if (!remove) {
      target.push_back(item);
    }
  }
}

}  // namespace

Json merge_patch(Json target, const Json& patch) {
  target.merge_patch(patch);
  return target;
}

Json strategic_merge_patch(Json target, const Json& patch) {
  if (!patch.is_object()) return patch;
  if (!target.is_object()) target = Json::object();
  for (const auto& [field, value] : patch.items()) {
    const auto* key = merge_key(field);
    if (value.is_null()) {
      target.erase(field);
    } else if (value.is_array() && key != nullptr) {
      merge_list(target[field], value, *key);
    } else if (value.is_object()) {
      target[field] = strategic_merge_patch(target.value(field, Json::object()), value);
    } else {
      target[field] = value;
    }
  }
  return target;
}

Json json_patch(const Json& target, const Json& patch) { return target.patch(patch); }

}  // namespace remint::testing

// Which token volumes did admission put into the pod? The ServiceAccount plugin does so again for the new pod. Taken
// for injected is only what looks so in every detail: a volume that is kept needlessly does no harm, one that a person
// wrote and that is gone breaks the pod.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "pod_manifest.hpp"

namespace remint::restart {
namespace {

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
/// WarnOnlyBoundTokenExpirationSeconds of kubernetes/kubernetes: a number that nobody writes by hand.
constexpr std::int64_t kInjectedExpiration = 3607;

/// `name` is `prefix` and the five characters that a generated name ends with.
bool generated_from(std::string_view name, std::string_view prefix) {
  constexpr std::size_t kRandom = 5;
  return name.starts_with(prefix) && name.size() == prefix.size() + kRandom &&
         std::ranges::all_of(name.substr(prefix.size()),
                             [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string text(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? kNone : *found;
}

bool injected_source(const Json& source) {
  if (!source.is_object() || source.size() != 1) {
    return false;
  }
  if (const Json& token = member(source, "serviceAccountToken"); token.is_object()) {
    return text(token, "path") == "token" && !token.contains("audience") &&
           member(token, "expirationSeconds") == kInjectedExpiration;
  }
  if (const Json& config_map = member(source, "configMap"); config_map.is_object()) {
    const std::string name = text(config_map, "name");
    return name == "kube-root-ca.crt" || name == "openshift-service-ca.crt";
  }
  const Json& files = member(member(source, "downwardAPI"), "items");
  return files.is_array() && files.size() == 1 && text(files[0], "path") == "namespace";
}

/// The projected volume of today: token, CA and namespace.
bool is_projected_token(const Json& volume) {
  const Json& sources = member(member(volume, "projected"), "sources");
  return generated_from(text(volume, "name"), "kube-api-access-") && sources.is_array() && !sources.empty() &&
         std::ranges::all_of(sources, injected_source);
}

/// The Secret volume of clusters before 1.21. The Secret may be gone by now.
bool is_legacy_token(const Json& volume, const std::string& service_account) {
  const std::string name = text(volume, "name");
  return generated_from(name, service_account + "-token-") && text(member(volume, "secret"), "secretName") == name;
}

template <class Visit>
void for_each_mount_list(Json& spec, const Visit& visit) {
  for (const char* list : {"initContainers", "containers"}) {
    if (!member(spec, list).is_array()) {
      continue;
    }
    for (Json& container : spec[list]) {
      if (member(container, "volumeMounts").is_array()) {
        visit(container);
      }
    }
  }
}

/// Admission mounts nothing but the whole volume at the one path. Another mount is somebody's own, or a webhook's.
bool mounted_as_injected(Json& spec, const std::string& volume) {
  bool so = true;
  for_each_mount_list(spec, [&](const Json& container) {
    for (const Json& mount : member(container, "volumeMounts")) {
      so = so && (text(mount, "name") != volume || (text(mount, "mountPath") == kTokenPath &&
                                                    !mount.contains("subPath") && !mount.contains("subPathExpr")));
    }
  });
  return so;
}

/// No key rather than an empty list, as in a manifest that never had one.
template <class Predicate>
void erase_items(Json& object, const char* list, const Predicate& unwanted) {
  Json kept = Json::array();
  for (const Json& item : object[list]) {
    if (!unwanted(item)) {
      kept.push_back(item);
    }
  }
  if (kept.empty()) {
    object.erase(list);
  } else {
    object[list] = std::move(kept);
  }
}

}  // namespace

void drop_injected_tokens(Json& spec) {
  // Nothing is injected into a pod that says so; what it has, a person gave to it.
  if (!member(spec, "volumes").is_array() || member(spec, "automountServiceAccountToken") == false) {
    return;
  }
  const std::string account = text(spec, "serviceAccountName");
  std::vector<std::string> injected;
  for (const Json& volume : spec["volumes"]) {
    const std::string name = text(volume, "name");
    if ((is_projected_token(volume) || is_legacy_token(volume, account)) && mounted_as_injected(spec, name)) {
      injected.push_back(name);
    }
  }
  if (injected.empty()) {
    return;
  }
  const auto is_injected = [&](const Json& item) {
    return std::ranges::find(injected, text(item, "name")) != injected.end();
  };
  erase_items(spec, "volumes", is_injected);
  for_each_mount_list(spec, [&](Json& container) { erase_items(container, "volumeMounts", is_injected); });
}

}  // namespace remint::restart

#pragma once
// Which resource a path of the Kubernetes API speaks of.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace remint::testing {

/// What the server must know of a resource.
struct ApiResource {
  std::string group;
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;
  bool has_status = true;      ///< has the status subresource
  bool has_generation = true;  ///< metadata.generation counts changes of the spec
  bool custom = false;         ///< from a CRD: no strategic merge patch, kind and apiVersion in list items
  bool needs_version = false;  ///< a replace without resourceVersion is refused
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  /// "pods", "deployments.apps": as in messages of the API server.
  [[nodiscard]] std::string qualified() const { return group.empty() ? plural : plural + "." + group; }
};

struct ApiPath {
  std::string group, version, ns, plural, name, subresource;
};

/// "/api/v1/..." and "/apis/<group>/<version>/..."; nothing for other paths.
[[nodiscard]] std::optional<ApiPath> parse_api_path(std::string_view path);

/// The resources served. Not thread-safe.
class ApiResources {
 public:
  /// Holds the built-in resources that tests need.
  ApiResources();
  void add(ApiResource resource);
  void remove(const std::string& group, const std::string& plural);
  [[nodiscard]] const ApiResource* find(const std::string& group, const std::string& version,
                                        const std::string& plural) const;
  [[nodiscard]] const ApiResource* find_kind(const std::string& api_version, const std::string& kind) const;
  [[nodiscard]] bool has_group_version(const std::string& group, const std::string& version) const;

 private:
  std::map<std::pair<std::string, std::string>, ApiResource> resources_;  ///< by group and plural
};

}  // namespace remint::testing

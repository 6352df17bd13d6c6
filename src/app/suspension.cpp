#include "suspension.hpp"

#include <nlohmann/json.hpp>

#include "remint/kube/resources.hpp"
#include "remint/policy/parse.hpp"
#include "remint/runtime/leader.hpp"

namespace remint::app {
namespace {

/// Of a policy as the API server has it now. One whose newest spec is not valid is taken by its `suspend` alone, for
/// all namespaces: who reaches for the switch may well have broken something else.
Result<policy::Policy> read_policy(std::string_view text, const kube::Resource& resource) {
  auto json = parse_json(text);
  if (!json) return std::unexpected(json.error());
  (*json)["apiVersion"] = resource.api_version();  // items of a list do not say
  (*json)["kind"] = resource.kind;
  if (auto parsed = policy::parse_policy(*json)) return std::move(*parsed);
  FieldErrors ignored;
  const JsonReader root(*json, ignored);
  policy::Policy policy;
  policy.kind = resource.kind;
  policy.key = {root.at("metadata").at("namespace").string(), root.at("metadata").at("name").string()};
  policy.spec.suspend = root.at("spec").at("suspend").boolean(false);
  return policy;
}

}  // namespace

Result<std::string> Suspension::of(const restart::Journal& journal, const std::stop_token& stop) const {
  auto cluster = runtime::read_suspension(reader_, lease_, stop);
  if (!cluster || !cluster->empty()) return cluster;
  if (journal.spec.policy.empty()) return std::string();  // a person asked for it, not a policy

  std::vector<policy::Policy> policies;
  const auto add = [&](const kube::Resource& resource) {
    return [&](std::string_view text) -> Result<void> {
      auto policy = read_policy(text, resource);
      if (!policy) return std::unexpected(policy.error());
      policies.push_back(std::move(*policy));
      return {};
    };
  };
  if (cluster_policies_) {
    const auto listed = reader_.list(kube::kClusterPolicies, {"", "", "", 500}, add(kube::kClusterPolicies), stop);
    if (!listed) return fail_in(listed.error(), "reading the policies");
  }
  const std::string own = "TokenRefreshPolicy/" + journal.key.ns + "/";
  if (journal.spec.policy.starts_with(own)) {
    const auto text = reader_.get(kube::kPolicies, {journal.key.ns, journal.spec.policy.substr(own.size())}, stop);
    if (!text && text.error().code != ErrorCode::kNotFound) return fail_in(text.error(), "reading the policy");
    if (text) {
      if (const auto added = add(kube::kPolicies)(*text); !added) return std::unexpected(added.error());
    }
  }
  return policy::suspended_by(policies, journal.spec.policy, journal.key.ns);
}

}  // namespace remint::app

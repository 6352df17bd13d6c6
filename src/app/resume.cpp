// `remint resume`: a person's word that a storm is understood.

#include <iostream>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "remint/app/commands.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"

namespace remint::app {
namespace {

/// What the policy's status says of a brake that is on, or "".
std::string braked(const Json& policy) {
  FieldErrors ignored;
  for (const auto& condition : JsonReader(policy, ignored).at("status").at("conditions").items()) {
    if (condition.at("type").string() == "StormBrake" && condition.at("status").string() == "True") {
      return condition.at("message").string();
    }
  }
  return "";
}

}  // namespace

int resume(const ResumeOptions& options, std::ostream& out, std::ostream& err) {
  log::setup(options.cluster.log.level, options.cluster.log.format);
  const auto failed = [&](const Error& error, int code) {
    err << "remint resume: " << error.message << '\n';
    return code;
  };
  const auto cluster = open_cluster(options.cluster.kube);
  if (!cluster) return failed(cluster.error(), kUsage);
  kube::Client& client = *(*cluster)->client;
  const std::stop_token never;
  const auto& resource = options.cluster.ns.empty() ? kube::kClusterPolicies : kube::kPolicies;
  const ObjectKey key{options.cluster.ns, options.policy};

  const auto before = client.get(resource, key, never);
  if (!before) return failed(before.error(), kFailed);
  const auto policy = parse_json(*before);
  if (!policy) return failed(policy.error(), kFailed);
  const auto was = braked(*policy);
  const auto who = who_am_i(client);
  if (!who) return failed(who.error(), kFailed);

  // Whole seconds would be before a brake that came on in this very second.
  const auto at = format_rfc3339_micro(system_clock().now());
  const Json body{{"metadata", {{"annotations", {{"remint.dev/resumed-at", at}, {"remint.dev/resumed-by", *who}}}}}};
  const auto written = client.patch(resource, key, kube::PatchType::kMerge, dump_json(body), never);
  if (!written) return failed(written.error(), kFailed);

  const std::string name = std::string(resource.kind) + "/" + key.to_string();
  if (options.cluster.json) {
    out << nlohmann::ordered_json{{"policy", name}, {"resumedAt", at}, {"resumedBy", *who}, {"storm", was}}.dump(
               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
        << '\n';
    return kOk;
  }
  if (was.empty()) {
    out << name << ": no brake was on; what broke until now does not count towards one any more\n";
  } else {
    out << name << " goes on, on the word of " << sanitize(*who, 256)
        << ": its restarts begin again, within its limits\n"
        << "It had said: " << sanitize(was, 1000) << '\n';
  }
  return kOk;
}

}  // namespace remint::app

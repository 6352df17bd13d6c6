// `remint explain`: from the cluster's objects alone, with the operator's own policy checks.

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "explain_report.hpp"
#include "remint/app/commands.hpp"
#include "remint/controllers/facts.hpp"
#include "remint/kube/resources.hpp"
#include "remint/policy/parse.hpp"
#include "remint/runtime/leader.hpp"

namespace remint::app {
namespace {

/// What is gathered on the way to the report.
struct Gathering {
  kube::Client& client;
  ObjectRef target;
  ExplainReport report;
  std::vector<policy::Policy> policies;
  std::vector<policy::PastRestart> past;
  std::map<std::string, policy::Storm> storms;
  policy::WorkloadCounts counts;
  std::stop_token never;

  /// Lists what there is; what may not be read becomes a note.
  void list(const kube::Resource& resource, const std::string& ns, const kube::ItemSink& sink) {
    const auto listed = client.list(resource, {ns, "", "", 500}, sink, never);
    if (!listed) report.notes.push_back(std::string(resource.plural) + ": " + listed.error().message);
  }
};

Result<void> read_workload(Gathering& g) {
  const auto text = g.client.get(*kube::workload_resource(g.target.kind), g.target.key(), g.never);
  if (!text) return std::unexpected(text.error());
  detect::Inventory inventory;
  if (const auto ns = g.client.get(kube::kNamespaces, {"", g.target.ns}, g.never)) {
    if (auto record = detect::decode_namespace(*ns)) inventory.apply(std::move(*record));
  } else {
    g.report.notes.push_back("its namespace's labels: " + ns.error().message);
  }
  if (g.target.kind == "Pod") {
    auto pod = detect::decode_pod(*text);
    if (!pod) return std::unexpected(pod.error());
    g.target.uid = pod->uid;
    if (!pod->owner.empty()) {
      g.report.notes.push_back("it belongs to " + pod->owner.kind + "/" + pod->owner.name +
                               ": that is what is restarted");
    }
    inventory.apply(*pod, system_clock().now());
  } else {
    auto workload = detect::decode_workload(*text, g.target.api_version, g.target.kind);
    if (!workload) return std::unexpected(workload.error());
    g.target.uid = workload->ref.uid;
    using enum detect::ObjectKind;
    static const std::map<std::string, detect::ObjectKind, std::less<>> kKinds{
        {"Deployment", kDeployment},
        {"StatefulSet", kStatefulSet},
        {"DaemonSet", kDaemonSet},
        {"ReplicaSet", kReplicaSet},
        {"ReplicationController", kReplicationController}};
    inventory.apply(kKinds.at(g.target.kind), std::move(*workload));
  }
  g.report.workload = controllers::workload_facts(inventory, g.target);
  return {};
}

void read_open_case(Gathering& g, const JsonReader& root, const std::string& reference) {
  for (const auto& item : root.at("status").at("atRisk").items()) {
    const std::string ns = item.at("namespace").string(g.target.ns);
    if (item.at("kind").string() != g.target.kind || item.at("name").string() != g.target.name || ns != g.target.ns) {
      continue;
    }
    g.report.open_case = {reference, item.at("diagnosis").string(), item.at("decision").string(),
                          item.at("reason").string(), item.at("breaksAt").time()};
  }
}

void read_policies(Gathering& g, const kube::Resource& resource, const std::string& ns) {
  g.list(resource, ns, [&](std::string_view text) -> Result<void> {
    const auto json = parse_json(text);
    if (!json) return std::unexpected(json.error());
    Json object = *json;
    object["apiVersion"] = resource.api_version();  // items of a list do not say
    object["kind"] = resource.kind;
    FieldErrors ignored;
    const JsonReader root(object, ignored);
    const std::string name = std::string(resource.kind) + "/" + root.at("metadata").at("name").string();
    read_open_case(g, root, name);
    const auto storm = root.at("status").at("storm");
    if (const auto since = storm.at("since").time()) {
      g.storms[resource.namespaced
                   ? std::string(resource.kind) + "/" + ns + "/" + root.at("metadata").at("name").string()
                   : name] = {*since, static_cast<std::size_t>(storm.at("broken").integer(0, 0, 10'000'000)),
                              static_cast<std::size_t>(storm.at("workloads").integer(0, 0, 10'000'000))};
    }
    auto parsed = policy::parse_policy(object);
    if (parsed) {
      g.policies.push_back(std::move(*parsed));
    } else {
      g.report.notes.push_back(name + " is invalid, its last good spec may be in force: " + join(parsed.error()));
    }
    return {};
  });
}

void read_restarts(Gathering& g) {
  // Of all namespaces: the limits count them together.
  g.list(kube::kWorkloadRestarts, "", [&](std::string_view text) -> Result<void> {
    auto journal = restart::read_journal(text);
    if (!journal) return std::unexpected(journal.error());
    if (!journal->invalid.empty()) return {};
    g.past.push_back(restart::to_past_restart(*journal));
    const auto& of = journal->spec.target;
    if (of.kind == g.target.kind && of.name == g.target.name && of.ns == g.target.ns) {
      g.report.restarts.push_back(std::move(*journal));
    }
    return {};
  });
  std::ranges::sort(g.report.restarts, std::greater<>(), &restart::Journal::created);
}

void read_events(Gathering& g) {
  g.list(kube::kEvents, g.target.ns, [&](std::string_view text) -> Result<void> {
    const auto json = parse_json(text);
    if (!json) return std::unexpected(json.error());
    FieldErrors ignored;
    const JsonReader event(*json, ignored);
    if (event.at("regarding").at("name").string() != g.target.name ||
        event.at("regarding").at("kind").string() != g.target.kind ||
        event.at("reportingController").string().find("remint") == std::string::npos) {
      return {};
    }
    const auto last = event.at("series").at("lastObservedTime").time();
    const auto first = event.at("eventTime").time();
    g.report.events.push_back(
        {last.value_or(first.value_or(Time{})), event.at("reason").string(), event.at("note").string()});
    return {};
  });
  std::ranges::sort(g.report.events, std::greater<>(), &EventLine::time);
}

/// A case that meets every threshold: what is left to object is the policy, the workload and its past.
policy::CaseFacts certain_failure(const policy::Spec& spec, Time now) {
  policy::CaseFacts facts;
  facts.cause = "explain";
  facts.diagnosis = Diagnosis::kExpired;
  facts.confidence = 1;
  policy::PodFacts pod;
  pod.name = "(any)";
  const auto count = std::max(spec.rejected_token.count, 1U);
  pod.rejections.assign(count, now);
  pod.failing_since = now - spec.rejected_token.for_;
  facts.pods.push_back(std::move(pod));
  return facts;
}

void decide_as_if(Gathering& g, const std::string& own_namespace, Time now) {
  policy::CaseFacts facts = certain_failure({}, now);
  if (const auto effective = policy::select_policy(g.policies, g.report.workload)) {
    g.report.policy = effective->reference;
    g.report.mode = to_string(effective->spec.mode);
    facts = certain_failure(effective->spec, now);
    g.report.fields = policy::explain_fields(g.policies, g.report.workload);
  }
  g.report.if_it_failed = policy::decide(
      g.policies, {&g.report.workload, &facts, g.past, own_namespace, g.counts, g.report.suspended, &g.storms}, now);
}

int fail_with(std::ostream& err, const Error& error, int code) {
  err << "remint explain: " << error.message << '\n';
  return code;
}

}  // namespace

int explain(const ExplainOptions& options, std::ostream& out, std::ostream& err) {
  log::setup(options.cluster.log.level, options.cluster.log.format);
  const auto cluster = open_cluster(options.cluster.kube);
  if (!cluster) return fail_with(err, cluster.error(), kUsage);
  const auto target =
      parse_workload(options.workload, options.cluster.ns.empty() ? (*cluster)->default_namespace : options.cluster.ns);
  if (!target) return fail_with(err, target.error(), kUsage);

  Gathering g{*(*cluster)->client, *target, {}, {}, {}, {}, {}, {}};
  if (const auto read = read_workload(g); !read) return fail_with(err, read.error(), kFailed);
  read_policies(g, kube::kClusterPolicies, "");
  read_policies(g, kube::kPolicies, g.target.ns);
  read_restarts(g);
  read_events(g);
  const std::string own = options.own_namespace.empty() ? "remint-system" : options.own_namespace;
  if (auto suspended = runtime::read_suspension(g.client, {own, options.lease_name}, g.never)) {
    g.report.suspended = std::move(*suspended);
  } else {
    g.report.notes.push_back("whether the cluster is suspended: " + suspended.error().message);
  }
  decide_as_if(g, own, system_clock().now());
  if (options.cluster.json) {
    print_json(g.report, out);
  } else {
    print_text(g.report, out);
  }
  return kOk;
}

}  // namespace remint::app

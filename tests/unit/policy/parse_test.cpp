#include <algorithm>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/policy/parse.hpp"

namespace remint::policy {
namespace {

Json object(Json spec, const char* kind = "ClusterTokenRefreshPolicy") {
  Json json{{"apiVersion", "remint.dev/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", "default"}, {"uid", "u1"}, {"generation", 4}, {"labels", {{"a", "b"}}}}},
            {"spec", std::move(spec)}};
  if (json["kind"] == "TokenRefreshPolicy") {
    json["metadata"]["namespace"] = "shop";
  }
  return json;
}

TEST_CASE("an empty spec is the defaults: observe only") {
  for (const Json& spec : {Json::object(), Json()}) {
    const auto policy = parse_policy(object(spec));
    REQUIRE(policy);
    CHECK(policy->reference() == "ClusterTokenRefreshPolicy/default");
    CHECK(policy->generation == 4);
    CHECK(policy->uid == "u1");
    CHECK(policy->spec.mode == Mode::kObserve);
    CHECK(policy->spec.limits.cooldown == minutes(30));
    CHECK(policy->spec.strategies.empty());
    CHECK(policy->spec.gentle.max_affected_percent == 25);
    CHECK(policy->spec.breaker.failures == 2);
    CHECK(policy->spec.breaker.open_for == hours(24));
    CHECK(policy->spec.match.kinds.size() == 6);
  }
}

TEST_CASE("every field is read") {
  const auto policy = parse_policy(object(Json::parse(R"({
    "mode": "Enforce", "priority": -7,
    "match": {"namespaces": {"include": ["shop", "team-*"], "exclude": ["*-prod"]},
              "namespaceSelector": {"matchLabels": {"env": "test"}},
              "selector": {"matchExpressions": [{"key": "app.kubernetes.io/tier", "operator": "NotIn", "values": ["db", ""]}]},
              "kinds": ["DaemonSet", "CloneSet"]},
    "signals": {"staleToken": {"enabled": false, "after": "90m"},
                "rejectedToken": {"enabled": false, "count": 5, "within": "3m", "for": "1h"},
                "podLog": {"enabled": true, "patterns": ["token (expired|dead) now", "E\\d+ auth"], "sufficient": true},
                "kubernetesEvent": {"enabled": true, "sufficient": true, "mappings": [
                  {"pattern": "no auth"},
                  {"reason": "FailedMount", "pattern": "csi.*Unauthorized", "accuses": "DaemonSetOnNode", "namespace": "storage", "name": "csi-*"}]},
                "trustChange": {"enabled": false, "secrets": true, "after": "2h"}},
    "strategies": {"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "90s", "keepNewName": true}, {"type": "ScaleToZero"}],
                   "Pod": [{"type": "Recreate", "keepNode": true}], "CloneSet": [{"type": "EvictPods"}]},
    "gentle": {"maxAffectedPercent": 0}, "breaker": {"failures": 7, "openFor": "1h"},
    "minConfidence": 1, "limits": {"cooldown": "0s", "maxPerHour": 7, "maxConcurrent": 8},
    "verification": {"observe": "20s"}})")));
  REQUIRE(policy);
  const Spec& spec = policy->spec;
  CHECK(spec.mode == Mode::kEnforce);
  CHECK(spec.priority == -7);
  CHECK(spec.match.include_namespaces == std::vector<std::string>{"shop", "team-*"});
  CHECK(spec.match.exclude_namespaces == std::vector<std::string>{"*-prod"});
  CHECK(spec.match.namespace_selector.match_labels == Labels{{"env", "test"}});
  REQUIRE(spec.match.selector.match_expressions.size() == 1);
  CHECK(spec.match.selector.match_expressions[0].key == "app.kubernetes.io/tier");
  CHECK(spec.match.selector.match_expressions[0].op == LabelSelector::Operator::kNotIn);
  CHECK(spec.match.selector.match_expressions[0].values == std::vector<std::string>{"db", ""});
  CHECK(spec.match.kinds == std::vector<std::string>{"DaemonSet", "CloneSet"});
  CHECK_FALSE(spec.stale_token.enabled);
  CHECK(spec.stale_token.after == minutes(90));
  CHECK_FALSE(spec.rejected_token.enabled);
  CHECK(spec.rejected_token.count == 5);
  CHECK(spec.rejected_token.within == minutes(3));
  CHECK(spec.rejected_token.for_ == hours(1));
  CHECK(spec.pod_log.enabled);
  CHECK(spec.pod_log.patterns == std::vector<std::string>{"token (expired|dead) now", "E\\d+ auth"});
  CHECK(spec.pod_log.sufficient);
  using enum KubernetesEventSignal::Accuses;
  CHECK(spec.kubernetes_event.enabled);
  CHECK(spec.kubernetes_event.sufficient);
  CHECK(spec.kubernetes_event.mappings ==
        std::vector<KubernetesEventSignal::Mapping>{
            {"", "no auth", kInvolvedPod, "", ""},
            {"FailedMount", "csi.*Unauthorized", kDaemonSetOnNode, "storage", "csi-*"}});
  CHECK_FALSE(spec.trust_change.enabled);
  CHECK(spec.trust_change.secrets);
  CHECK(spec.trust_change.after == hours(2));
  CHECK(spec.min_confidence == 1);
  const StrategyLists lists{{"ReplicationController",
                             {{Strategy::kRollingReplace, {seconds(90), true, false}}, {Strategy::kScaleToZero, {}}}},
                            {"Pod", {{Strategy::kRecreate, {seconds(10), false, true}}}},
                            {"CloneSet", {{Strategy::kEvictPods, {}}}}};
  CHECK(spec.strategies == lists);
  CHECK(spec.gentle.max_affected_percent == 0);
  CHECK(spec.breaker.failures == 7);
  CHECK(spec.breaker.open_for == hours(1));
  CHECK(spec.limits.cooldown == seconds(0));
  CHECK(spec.limits.max_per_hour == 7);
  CHECK(spec.limits.max_concurrent == 8);
  CHECK(spec.verification_observe == seconds(20));
}

TEST_CASE("patterns that are invalid, too costly or match everything are refused, each with its path") {
  const std::string long_one(513, 'a');
  Json spec = Json::parse(R"({"signals": {
    "podLog": {"patterns": ["fine", "(", "((a{1,100}){1,100}){1,10}", "(x)*", 7, "(?:[a-z]{200}){5}"], "enabled": "yes", "lines": 3},
    "kubernetesEvent": {"mappings": [
      {"pattern": "["}, {"reason": "x"}, {"pattern": "x", "accuses": "Node"}, {"pattern": "x", "name": "csi"},
      {"pattern": "x", "accuses": "DaemonSetOnNode", "namespace": "a/b", "name": "A"}, {"pattern": "x", "who": 1}]}}})");
  spec["signals"]["podLog"]["patterns"].push_back(long_one);
  const auto policy = parse_policy(object(spec));
  REQUIRE_FALSE(policy);
  std::map<std::string, std::string> problems;
  for (const FieldError& error : policy.error()) {
    problems[error.path.substr(std::string("spec.signals.").size())] = error.message;
  }
  CHECK_THAT(problems["podLog.patterns[1]"], Catch::StartsWith("is no RE2 pattern: missing )"));
  CHECK(problems["podLog.patterns[2]"].size() > 5);  // RE2 may refuse it before it counts
  CHECK(problems["podLog.patterns[3]"] == "matches the empty line, and so every line");
  CHECK(problems.contains("podLog.patterns[4]"));
  CHECK(problems["podLog.patterns[6]"] == "is longer than 512 bytes");
  CHECK(problems.contains("podLog.enabled"));
  CHECK(problems.contains("podLog.lines"));
  for (const char* path : {"mappings[0].pattern", "mappings[1].pattern", "mappings[2].accuses", "mappings[3].name",
                           "mappings[4].namespace", "mappings[4].name", "mappings[5].who"}) {
    INFO(path);
    CHECK(problems.contains(std::string("kubernetesEvent.") + path));
  }
  CHECK_FALSE(problems.contains("podLog.patterns[0]"));

  Json many = Json::array();
  for (int i = 0; i < 31; ++i) many.push_back("x");
  CHECK_FALSE(parse_policy(object({{"signals", {{"podLog", {{"patterns", many}}}}}})));
  many.erase(30);
  CHECK(parse_policy(object({{"signals", {{"podLog", {{"patterns", many}}}}}})));
  for (auto& pattern : many) pattern = "[a-z]{900}";
  CHECK_FALSE(parse_policy(object({{"signals", {{"podLog", {{"patterns", many}}}}}})));
}

TEST_CASE("every error of a policy is found at once, with its path") {
  const auto policy = parse_policy(object(Json::parse(R"({
    "mode": "Approved", "priority": "high", "surprise": 1,
    "match": {"namespaces": {"include": "shop", "exclude": ["Bad Name"]}, "kinds": ["Job", "Deployment", "Deployment", "cloneset"],
              "selector": {"matchLabels": {"a b": "c"}, "matchExpressions": [{"key": "x", "operator": "Near"},
                {"key": "x", "operator": "In"}, {"key": "x", "operator": "Exists", "values": ["y"]}]}},
    "signals": {"staleToken": {"after": "forever"}, "rejectedToken": {"count": 0, "within": "0s", "for": "61m", "fro": "1s"}},
    "strategies": {"Deployment": [{"type": "Recreate"}, {"type": "EvictPods", "keepNode": true}, {"type": "EvictPods"}],
                   "Pod": [{"type": "Recreate", "updatePeriod": "soon", "keepNewName": false, "force": true}], "Job": [{"type": "EvictPods"}],
                   "pods": [{"type": "Delete"}], "DaemonSet": [], "StatefulSet": {"type": "EvictPods"},
                   "ReplicationController": [{"updatePeriod": "2h", "type": "RollingReplace"}]},
    "gentle": {"maxAffectedPercent": 101, "max": 5}, "breaker": {"failures": 0, "openFor": "59s", "opens": 1},
    "minConfidence": 1.5, "limits": {"cooldown": 30, "maxPerHuor": 5, "maxConcurrent": 2.5},
    "verification": {"observe": "-5m"}})")));
  REQUIRE_FALSE(policy);
  std::vector<std::string> paths;
  for (const FieldError& error : policy.error()) {
    paths.push_back(error.path);
    CHECK_FALSE(error.message.empty());
  }
  for (const char* path : {"spec.mode",
                           "spec.priority",
                           "spec.surprise",
                           "spec.match.namespaces.include",
                           "spec.match.namespaces.exclude[0]",
                           "spec.match.kinds[0]",
                           "spec.match.kinds[2]",
                           "spec.match.kinds[3]",
                           "spec.strategies.Deployment[0].type",
                           "spec.strategies.Deployment[1].keepNode",
                           "spec.strategies.Deployment[2].type",
                           "spec.strategies.Pod[0].keepNewName",
                           "spec.strategies.Pod[0].force",
                           "spec.strategies.Job",
                           "spec.strategies.pods",
                           "spec.strategies.pods[0].type",
                           "spec.strategies.DaemonSet",
                           "spec.strategies.StatefulSet",
                           "spec.strategies.ReplicationController[0].updatePeriod",
                           "spec.gentle.maxAffectedPercent",
                           "spec.gentle.max",
                           "spec.breaker.failures",
                           "spec.breaker.openFor",
                           "spec.breaker.opens",
                           "spec.match.selector.matchLabels[\"a b\"]",
                           "spec.match.selector.matchExpressions[0].operator",
                           "spec.match.selector.matchExpressions[1].values",
                           "spec.match.selector.matchExpressions[2].values",
                           "spec.signals.staleToken.after",
                           "spec.signals.rejectedToken.count",
                           "spec.signals.rejectedToken.within",
                           "spec.signals.rejectedToken.for",
                           "spec.signals.rejectedToken.fro",
                           "spec.minConfidence",
                           "spec.limits.cooldown",
                           "spec.limits.maxPerHuor",
                           "spec.limits.maxConcurrent",
                           "spec.verification.observe"}) {
    INFO(path << " in " << join(policy.error()));
    CHECK(std::ranges::count(paths, path) == 1);
  }
  CHECK(std::ranges::count(paths, "spec.strategies.Pod[0].updatePeriod") == 2);  // no duration, and not for Recreate
  CHECK(paths.size() == 40);
}

TEST_CASE("a strategy in the wrong place says where it works, and what works there") {
  const auto policy = parse_policy(object(Json::parse(R"({"strategies": {"DaemonSet": [{"type": "ScaleToZero"}]}})")));
  REQUIRE_FALSE(policy);
  CHECK(join(policy.error()) ==
        "spec.strategies.DaemonSet[0].type: ScaleToZero works on ReplicationController, ReplicaSet, Deployment and "
        "StatefulSet; a DaemonSet can be restarted by RolloutRestart and EvictPods");
}

TEST_CASE("a namespaced policy cannot speak for others") {
  const auto policy = parse_policy(object(
      Json::parse(R"({"priority": 1, "match": {"namespaces": {}, "namespaceSelector": {}}})"), "TokenRefreshPolicy"));
  REQUIRE_FALSE(policy);
  CHECK(policy.error().size() == 3);
  CHECK_THAT(join(policy.error()), Catch::Contains("belongs in a ClusterTokenRefreshPolicy"));
  const auto good = parse_policy(object(Json::object(), "TokenRefreshPolicy"));
  REQUIRE(good);
  CHECK(good->reference() == "TokenRefreshPolicy/shop/default");
}

TEST_CASE("no JSON makes the parser throw") {
  const std::vector<Json> wrong{Json(),         Json(3),    Json("x"), Json::array({1, 2}),
                                Json::object(), Json(true), Json(-1.5)};
  for (const Json& value : wrong) {
    CHECK_FALSE(parse_policy(value));
  }
  // Each value of a full policy, replaced by each wrong one.
  const Json full = object(Json::parse(R"({"mode": "Enforce", "priority": 1,
    "match": {"namespaces": {"include": ["a"], "exclude": ["b"]}, "namespaceSelector": {"matchLabels": {"a": "b"}},
      "selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, "kinds": ["Deployment"]},
    "strategies": {"Pod": [{"type": "Recreate", "keepNode": true}], "ReplicationController": [{"type": "RollingReplace", "updatePeriod": "1s"}]},
    "gentle": {"maxAffectedPercent": 1}, "breaker": {"failures": 1, "openFor": "1h"},
    "signals": {"staleToken": {"enabled": true, "after": "1h"}, "rejectedToken": {"count": 1, "within": "1m", "for": "1s"}},
    "minConfidence": 0.5, "limits": {"cooldown": "1h", "maxPerHour": 1, "maxConcurrent": 1}, "verification": {"observe": "1m"}, "suspend": false,
    "windows": [{"days": ["Mon"], "start": "01:00", "end": "02:00", "timeZone": "UTC"}], "urgentBefore": "1h",
    "blackouts": [{"from": "2026-12-24", "to": "2026-12-24", "timeZone": "UTC", "reason": "x"}], "approval": {"expiresAfter": "1h"},
    "storm": {"percent": 1, "minWorkloads": 1, "within": "1m", "then": "Ask", "pace": "1m"}})"));
  REQUIRE(parse_policy(full));
  int tried = 0;
  const Json flat = full.flatten();
  for (const auto& entry : flat.items()) {
    for (std::string path = entry.key(); !path.empty(); path.resize(path.rfind('/'))) {
      for (const Json& value : wrong) {
        Json changed = full;
        changed[Json::json_pointer(path)] = value;
        CHECK_NOTHROW(static_cast<void>(parse_policy(changed)));
        ++tried;
      }
    }
  }
  CHECK(tried > 300);
}

TEST_CASE("when and how much: every field is read") {
  const auto policy = parse_policy(object(Json::parse(R"({
    "suspend": true, "mode": "Approve",
    "limits": {"maxWorkloadsPercent": 3, "maxNamespacePercent": 40, "maxConcurrentPerBudget": 2, "spreadPercent": 0},
    "windows": [{"days": ["Mon", "Sun"], "start": "22:30", "end": "04:05", "timeZone": "Europe/Berlin"}, {},
                {"start": "10:00", "end": "24:00"}],
    "blackouts": [{"from": "2028-02-29", "to": "2028-03-01", "timeZone": "Asia/Tokyo", "reason": "leap"}],
    "urgentBefore": "0s", "storm": {"percent": 0, "minWorkloads": 7, "within": "1s", "then": "Pace", "pace": "24h"},
    "approval": {"expiresAfter": "8760h"}, "breaker": {"policyFailures": 0}})")));
  REQUIRE(policy);
  const Spec& spec = policy->spec;
  CHECK(spec.suspend);
  CHECK(spec.mode == Mode::kApprove);
  CHECK(spec.limits.max_workloads_percent == 3);
  CHECK(spec.limits.max_namespace_percent == 40);
  CHECK(spec.limits.max_concurrent_per_budget == 2);
  CHECK(spec.limits.spread_percent == 0);
  REQUIRE(spec.windows.windows.size() == 3);
  CHECK(spec.windows.windows[0] == Window{0x41, minutes(22 * 60 + 30), minutes(4 * 60 + 5), "Europe/Berlin"});
  CHECK(spec.windows.windows[1] == Window{});
  CHECK(spec.windows.windows[2].end == hours(24));
  CHECK(describe({{}, spec.windows.blackouts}) == "always, not 2028-02-29 to 2028-03-01 Asia/Tokyo (leap)");
  CHECK(spec.urgent_before == seconds(0));
  CHECK(spec.storm == StormSpec{0, 7, seconds(1), StormSpec::Then::kPace, hours(24)});
  CHECK(spec.approval.expires_after == hours(8760));
  CHECK(spec.breaker.policy_failures == 0);
}

TEST_CASE("when and how much: every error names its path and says what to write instead") {
  struct Row {
    const char* spec;
    const char* error;
  };
  const std::vector<Row> rows{
      {R"({"suspend": "yes"})", "spec.suspend: must be true or false"},
      {R"({"mode": "Aprove"})", "spec.mode: must be Observe, Approve or Enforce"},
      {R"({"windows": {}})", "spec.windows: must be a list"},
      {R"({"windows": [{"begin": "02:00"}]})", "spec.windows[0].begin: unknown field; known here: days, start, end"},
      {R"({"windows": [{"days": []}]})", "spec.windows[0].days: must name at least one day, such as Mon"},
      {R"({"windows": [{"days": ["Montag"]}]})",
       "spec.windows[0].days[0]: must be Mon, Tue, Wed, Thu, Fri, Sat or Sun"},
      {R"({"windows": [{"days": ["Mon", "Tue", "Mon"]}]})", "spec.windows[0].days[2]: is named twice"},
      {R"({"windows": [{"days": ["Mon","Mon","Mon","Mon","Mon","Mon","Mon","Mon"]}]})",
       "spec.windows[0].days: at most 7"},
      {R"({"windows": [{"start": "2:00"}]})",
       "spec.windows[0].start: must be a time of the day such as 02:00, from 00:00 to 23:59"},
      {R"({"windows": [{"start": "24:00"}]})", "spec.windows[0].start: must be a time of the day"},
      {R"({"windows": [{"start": "+2:00"}]})", "spec.windows[0].start: must be a time of the day"},
      {R"({"windows": [{"end": "24:01"}]})",
       "spec.windows[0].end: must be a time of the day such as 02:00, from 00:00 to 24:00"},
      {R"({"windows": [{"end": "12:60"}]})", "spec.windows[0].end: must be a time of the day"},
      {R"({"windows": [{"end": 12}]})", "spec.windows[0].end: must be a string, is 12"},
      {R"({"windows": [{"start": "02:00", "end": "02:00"}]})",
       "spec.windows[0]: start and end are the same: write start 00:00 and end 24:00"},
      {R"({"windows": [{"timeZone": "Berlin"}]})",
       "spec.windows[0].timeZone: \"Berlin\" is no time zone: write the name of an IANA time zone"},
      {R"({"windows": [{"timeZone": ""}]})", "spec.windows[0].timeZone: \"\" is no time zone"},
      {R"({"blackouts": [{"from": "2026-12-24"}]})", "spec.blackouts[0].to: must be a date such as 2026-12-24"},
      {R"({"blackouts": [{"from": "2027-02-29", "to": "2027-03-01"}]})",
       "spec.blackouts[0].from: must be a date such as"},
      {R"({"blackouts": [{"from": "2027-03-01", "to": "2027-3-2"}]})", "spec.blackouts[0].to: must be a date such as"},
      {R"({"blackouts": [{"from": "1969-03-01", "to": "2027-03-02"}]})",
       "spec.blackouts[0].from: must be a date such as 2026-12-24, in a year from 1970 on"},
      {R"({"blackouts": [{"from": "2027-03-02", "to": "2027-03-01"}]})",
       "spec.blackouts[0]: from is after to: write the earlier day as from"},
      {R"({"blackouts": [{"from": "2027-03-02", "to": "2027-03-02", "timeZone": "CEST"}]})",
       "spec.blackouts[0].timeZone: \"CEST\" is no"},
      {R"({"urgentBefore": "8761h"})", "spec.urgentBefore: must be from 0s to 8760h"},
      {R"({"storm": {"then": "Stop"}})", "spec.storm.then: must be Ask (wait for a person) or Pace (one at a time)"},
      {R"({"storm": {"minWorkloads": 0}})", "spec.storm.minWorkloads: must be a whole number from 1 to 100000"},
      {R"({"storm": {"paced": true}})", "spec.storm.paced: unknown field"},
      {R"({"approval": {"expiresAfter": "59s"}})", "spec.approval.expiresAfter: must be from 1m to 8760h"},
      {R"({"approval": {"by": "jane"}})", "spec.approval.by: unknown field"},
  };
  for (const Row& row : rows) {
    for (const char* kind : {"ClusterTokenRefreshPolicy", "TokenRefreshPolicy"}) {
      INFO(row.spec);
      const auto policy = parse_policy(object(Json::parse(row.spec), kind));
      REQUIRE_FALSE(policy);
      CHECK(policy.error().size() == 1);
      CHECK_THAT(join(policy.error()), Catch::StartsWith(row.error));
    }
  }
  const Json blackout{{"from", "2026-12-24"}, {"to", "2026-12-24"}, {"reason", std::string(201, 'x')}};
  CHECK_FALSE(parse_policy(object({{"blackouts", {blackout}}})));
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\u00fc";
  CHECK(parse_policy(object({{"blackouts", {{{"from", "2026-12-24"}, {"to", "2026-12-24"}, {"reason", umlauts}}}}})));
}

TEST_CASE("a policy of another kind or version is refused") {
  Json json = object(Json::object());
  json["apiVersion"] = "remint.dev/v2";
  json["kind"] = "Policy";
  json["metadata"].erase("name");
  const auto policy = parse_policy(json);
  REQUIRE_FALSE(policy);
  CHECK(policy.error().size() == 3);
}

}  // namespace
}  // namespace remint::policy

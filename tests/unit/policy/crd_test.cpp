// The CRDs and the parser must agree, or one of them lets in what the other did not mean.

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/base/file.hpp"
#include "remint/base/yaml.hpp"
#include "remint/policy/parse.hpp"
#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

Json deployed(const std::string& file) {
  const auto text = read_file(std::string(REMINT_SOURCE_DIR "/deploy/") + file, 1U << 20U);
  REQUIRE(text);
  auto documents = parse_yaml(*text);
  REQUIRE(documents);
  REQUIRE(documents->size() == 1);
  return documents->front();
}

Json spec_schema(const std::string& crd) {
  return deployed("crds/" + crd + ".remint.dev.yaml")
      .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"_json_pointer);
}

/// What the API server makes of an absent value.
Json defaulted(const Json& schema) {
  Json value = schema.value("default", Json());
  if (value.is_object() && schema.contains("properties")) {
    for (const auto& [key, property] : schema["properties"].items()) {
      if (Json inner = defaulted(property); !inner.is_null()) {
        value[key] = std::move(inner);
      }
    }
  }
  return value;
}

Json with_spec(Json spec, bool cluster) {
  Json json{{"apiVersion", "remint.dev/v1alpha1"},
            {"kind", cluster ? "ClusterTokenRefreshPolicy" : "TokenRefreshPolicy"},
            {"metadata", {{"name", "x"}}},
            {"spec", std::move(spec)}};
  if (!cluster) {
    json["metadata"]["namespace"] = "shop";
  }
  return json;
}

/// Calls `see` with the path and schema of each leaf below `schema`.
template <class See>
void leaves(const Json& schema, const std::string& path, const See& see) {
  if (schema.contains("properties")) {
    for (const auto& [key, property] : schema["properties"].items()) {
      leaves(property, path + "/" + key, see);
    }
  } else {
    see(path, schema);
  }
}

TEST_CASE("the CRDs' defaults are the parser's") {
  for (const bool cluster : {true, false}) {
    const Json defaults = defaulted(spec_schema(cluster ? "clustertokenrefreshpolicies" : "tokenrefreshpolicies"));
    INFO(defaults.dump());
    const auto given = parse_policy(with_spec(defaults, cluster));
    REQUIRE(given);
    const Spec& spec = given->spec;
    const Spec own;
    CHECK(spec.mode == own.mode);
    CHECK(spec.priority == own.priority);
    CHECK(spec.match.kinds == own.match.kinds);
    CHECK(spec.stale_token.enabled == own.stale_token.enabled);
    CHECK(spec.stale_token.after == own.stale_token.after);
    CHECK(spec.rejected_token.enabled == own.rejected_token.enabled);
    CHECK(spec.rejected_token.count == own.rejected_token.count);
    CHECK(spec.rejected_token.within == own.rejected_token.within);
    CHECK(spec.rejected_token.for_ == own.rejected_token.for_);
    CHECK(spec.pod_log.enabled == own.pod_log.enabled);
    CHECK(spec.pod_log.patterns == own.pod_log.patterns);
    CHECK(spec.pod_log.sufficient == own.pod_log.sufficient);
    CHECK(spec.kubernetes_event.enabled == own.kubernetes_event.enabled);
    CHECK(spec.kubernetes_event.mappings == own.kubernetes_event.mappings);
    CHECK(spec.kubernetes_event.sufficient == own.kubernetes_event.sufficient);
    CHECK(spec.min_confidence == own.min_confidence);
    CHECK(spec.limits.cooldown == own.limits.cooldown);
    CHECK(spec.limits.max_per_hour == own.limits.max_per_hour);
    CHECK(spec.limits.max_concurrent == own.limits.max_concurrent);
    CHECK(spec.verification_observe == own.verification_observe);
    CHECK(spec.strategies == own.strategies);
    CHECK(spec.gentle.max_affected_percent == own.gentle.max_affected_percent);
    CHECK(spec.breaker.failures == own.breaker.failures);
    CHECK(spec.breaker.open_for == own.breaker.open_for);
    CHECK(spec.suspend == own.suspend);
    CHECK(spec.limits.max_workloads_percent == own.limits.max_workloads_percent);
    CHECK(spec.limits.max_namespace_percent == own.limits.max_namespace_percent);
    CHECK(spec.limits.max_concurrent_per_budget == own.limits.max_concurrent_per_budget);
    CHECK(spec.limits.spread_percent == own.limits.spread_percent);
    CHECK(spec.windows == own.windows);
    CHECK(spec.urgent_before == own.urgent_before);
    CHECK(spec.storm == own.storm);
    CHECK(spec.breaker.policy_failures == own.breaker.policy_failures);
    CHECK(spec.approval.expires_after == own.approval.expires_after);
    CHECK(defaults["urgentBefore"] == "72h");
    CHECK(defaults["limits"]["maxWorkloadsPercent"] == 10);
    CHECK(defaults["storm"]["then"] == "Ask");
    CHECK(defaults["breaker"]["openFor"] == "24h");
    CHECK(defaults["limits"]["cooldown"] == "30m");
  }
}

TEST_CASE("the CRDs' bounds are the parser's") {
  const Json schema = spec_schema("clustertokenrefreshpolicies");
  int numbers = 0;
  int durations = 0;
  const auto accepts = [](const std::string& path, const Json& value) {
    Json spec = Json::object();
    spec[Json::json_pointer(path)] = value;
    return parse_policy(with_spec(spec, true)).has_value();
  };
  leaves(schema, "", [&](const std::string& path, const Json& leaf) {
    INFO(path);
    if (leaf.contains("minimum")) {
      ++numbers;
      CHECK(accepts(path, leaf["minimum"]));
      CHECK(accepts(path, leaf["maximum"]));
      CHECK_FALSE(accepts(path, leaf["minimum"].get<std::int64_t>() - 1));
      CHECK_FALSE(accepts(path, leaf["maximum"].get<std::int64_t>() + 1));
    } else if (leaf["type"] == "string" && leaf.contains("x-kubernetes-validations")) {
      ++durations;
      // "must be a duration from 0s to 1h, such as 30s"
      const auto message = leaf["x-kubernetes-validations"][0]["message"].get<std::string>();
      const auto from = message.find("from ") + 5;
      const auto to = message.find(" to ", from);
      const std::string low = message.substr(from, to - from);
      const std::string high = message.substr(to + 4, message.find(',', to) - to - 4);
      CHECK(accepts(path, low));
      CHECK(accepts(path, high));
      CHECK_FALSE(accepts(path, format_duration(*parse_duration(high) + Duration(1))));
      if (low != "0s") {
        CHECK_FALSE(accepts(path, format_duration(*parse_duration(low) - Duration(1))));
      }
      const auto rule = leaf["x-kubernetes-validations"][0]["rule"].get<std::string>();
      CHECK_THAT(rule, Catch::Contains("duration('" + low + "')") && Catch::Contains("duration('" + high + "')"));
    }
  });
  CHECK(numbers == 14);
  CHECK(durations == 11);
}

/// What a CEL rule of the form self.matches('...') && ... says, by its regular expressions.
bool crd_matches(const Json& field, const std::string& value) {
  const auto rule = field["x-kubernetes-validations"][0]["rule"].get<std::string>();
  const auto expression = [&](std::size_t from) {
    const auto begin = rule.find("matches('", from) + 9;
    return rule.substr(begin, rule.find("')", begin) - begin);
  };
  if (!RE2::PartialMatch(value, expression(0))) {
    return false;
  }
  const auto leap = rule.find("!self.endsWith('-02-29')");
  return leap == std::string::npos || !value.ends_with("-02-29") || RE2::PartialMatch(value, expression(leap));
}

TEST_CASE("windows and blackouts: the CRDs and the parser take the same times, dates, days and lengths") {
  for (const bool cluster : {true, false}) {
    const Json schema = spec_schema(cluster ? "clustertokenrefreshpolicies" : "tokenrefreshpolicies")["properties"];
    const Json& window = schema["windows"]["items"]["properties"];
    const Json& blackout = schema["blackouts"]["items"]["properties"];
    const auto takes = [&](const char* list, Json item) {
      return parse_policy(with_spec({{list, Json::array({std::move(item)})}}, cluster)).has_value();
    };
    int times = 0;
    for (int hour = -1; hour <= 25; ++hour) {
      for (const int minute : {0, 1, 9, 10, 59, 60}) {
        for (const char* form : {"{:02}:{:02}", "{}:{}", "{:02}{:02}", " {:02}:{:02}", "{:02}:{:02}:00"}) {
          const std::string text = fmt::format(fmt::runtime(form), hour, minute);
          INFO(text);
          CHECK(takes("windows", {{"start", text}, {"end", "00:07"}}) == crd_matches(window["start"], text));
          CHECK(takes("windows", {{"start", "00:07"}, {"end", text}}) == crd_matches(window["end"], text));
          ++times;
        }
      }
    }
    int dates = 0;
    for (const int year : {0, 1969, 1970, 1999, 2000, 2026, 2027, 2028, 2100, 2400, 9999, 10000}) {
      for (int month = 0; month <= 13; ++month) {
        for (const int day : {0, 1, 9, 10, 19, 20, 28, 29, 30, 31, 32}) {
          const std::string text = fmt::format("{:04}-{:02}-{:02}", year, month, day);
          INFO(text);
          CHECK(takes("blackouts", {{"from", text}, {"to", "9999-12-31"}}) == crd_matches(blackout["from"], text));
          ++dates;
        }
      }
    }
    CHECK(times == 810);
    CHECK(dates == 1848);
    CHECK(blackout["from"]["x-kubernetes-validations"] == blackout["to"]["x-kubernetes-validations"]);
    for (const Json& day : window["days"]["items"]["enum"]) CHECK(takes("windows", {{"days", {day}}}));
    CHECK(window["days"]["items"]["enum"].size() == 7);
    CHECK(window["days"]["minItems"] == 1);
    CHECK(window["days"]["x-kubernetes-list-type"] == "set");
    CHECK(defaulted(window["start"]) == "00:00");
    CHECK(defaulted(window["end"]) == "24:00");
    CHECK(defaulted(window["timeZone"]) == Window{}.time_zone);
    CHECK(crd_matches(window["timeZone"], "America/Argentina/Buenos_Aires"));
    CHECK_FALSE(crd_matches(window["timeZone"], "Europe Berlin"));
    const auto many = [&](const char* list, const Json& item, std::size_t count) {
      return parse_policy(with_spec({{list, Json(std::vector<Json>(count, item))}}, cluster)).has_value();
    };
    const Json day{{"from", "2026-12-24"}, {"to", "2026-12-24"}};
    const auto max_windows = schema["windows"]["maxItems"].get<std::size_t>();
    const auto max_blackouts = schema["blackouts"]["maxItems"].get<std::size_t>();
    CHECK(many("windows", Json::object(), max_windows));
    CHECK_FALSE(many("windows", Json::object(), max_windows + 1));
    CHECK(many("blackouts", day, max_blackouts));
    CHECK_FALSE(many("blackouts", day, max_blackouts + 1));
    for (const Json& mode : schema["mode"]["enum"]) CHECK(parse_policy(with_spec({{"mode", mode}}, cluster)));
    CHECK(schema["mode"]["enum"].size() == 3);
    for (const Json& then : schema["storm"]["properties"]["then"]["enum"]) {
      CHECK(parse_storm_then(then.get<std::string>()));
    }
  }
}

/// Does one of the CRD's rules about strategies forbid this one for this kind? The rules are of the form
/// "self.all(kind, kind in ['A', 'B'] || !self[kind].exists(listed, listed.type == 'S'))".
bool crd_allows(const Json& rules, const std::string& strategy, const std::string& kind) {
  for (const Json& entry : rules) {
    const auto rule = entry["rule"].get<std::string>();
    const std::string quoted = "'" + kind + "'";
    const std::string head = rule.substr(0, rule.find("||"));
    const bool names_kind = head.find(quoted) != std::string::npos;
    if (rule.find("listed.type") == std::string::npos) {
      if (names_kind) return false;  // kinds that are left alone
    } else if (rule.find("listed.type == '" + strategy + "'") != std::string::npos) {
      const bool all_but = head.find("!=") != std::string::npos;
      if (names_kind == all_but) return false;
    }
  }
  return true;
}

TEST_CASE("the CRDs and the parser allow the same strategies for the same kinds") {
  for (const bool cluster : {true, false}) {
    const Json schema = spec_schema(cluster ? "clustertokenrefreshpolicies" : "tokenrefreshpolicies");
    const Json& lists = schema["properties"]["strategies"];
    const Json& types = lists["additionalProperties"]["items"]["properties"]["type"]["enum"];
    CHECK(types.size() == 5);
    int allowed = 0;
    for (const Json& type : types) {
      for (const std::string kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController",
                                     "Pod", "CloneSet", "Job", "CronJob", "Node"}) {
        INFO(type << " " << kind);
        const Json spec{{"strategies", {{kind, {{{"type", type}}}}}}};
        const bool parsed = parse_policy(with_spec(spec, cluster)).has_value();
        CHECK(parsed == crd_allows(lists["x-kubernetes-validations"], type, kind));
        allowed += parsed ? 1 : 0;
      }
      const auto strategy = parse_strategy(type.get<std::string>());
      const std::string message = type.get<std::string>() + " works on " + std::string(kinds_for(*strategy));
      CHECK(std::ranges::count(lists["x-kubernetes-validations"], Json(message),
                               [](const Json& rule) { return rule["message"]; }) == 1);
    }
    CHECK(allowed == 15);
    CHECK(lists["additionalProperties"]["maxItems"] == 5);
    CHECK(lists["maxProperties"] == 20);
  }
}

TEST_CASE("the default lists are those that the CRDs describe") {
  const auto names = [](const char* api_version, const char* kind) {
    std::string text;
    for (const ListedStrategy& listed : default_strategies({api_version, kind, "shop", "x", "u"})) {
      text += (text.empty() ? "" : ", then ") + std::string(to_string(listed.type));
    }
    return text;
  };
  const auto text = spec_schema("clustertokenrefreshpolicies")["properties"]["strategies"]["description"];
  const auto described = text.get<std::string>();
  CHECK_THAT(described, Catch::Contains(names("apps/v1", "DaemonSet") + " for Deployment, StatefulSet and DaemonSet"));
  CHECK_THAT(described, Catch::Contains(names("v1", "ReplicationController") + " for ReplicationController"));
  CHECK_THAT(described, Catch::Contains(names("v1", "Pod") + " for Pod"));
  CHECK_THAT(described, Catch::Contains(names("x.dev/v1", "Thing") + " for ReplicaSet and all others"));
}

TEST_CASE("the example policies are valid") {
  for (const char* file : {"policy-observe", "policy-enforce", "policy-namespaced"}) {
    const auto policy = parse_policy(deployed(std::string("examples/") + file + ".yaml"));
    INFO(file << ": " << (policy ? "" : join(policy.error())));
    CHECK(policy);
  }
}

}  // namespace
}  // namespace remint::policy

#include "remint/controllers/report.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "small_world.hpp"

using namespace remint;
using namespace remint::controllers;
using namespace remint::controllers::test;
using namespace std::chrono_literals;

namespace {

AtRisk risk(const std::string& name, bool broken, std::optional<Time> when) {
  AtRisk one;
  one.workload = {"apps/v1", "Deployment", "shop", name, "uid-" + name};
  if (broken) one.state = RiskState::kBroken;
  (broken ? one.since : one.breaks_at) = when;
  return one;
}

std::vector<std::string> names(const std::vector<AtRisk>& workloads) {
  std::vector<std::string> names;
  for (const auto& one : workloads) names.push_back(one.workload.name);
  return names;
}

const Signal& signal(const Report& report, const std::string& name) {
  const auto found = std::ranges::find(report.signals, name, &Signal::name);
  REQUIRE(found != report.signals.end());
  return *found;
}

/// A second Deployment, shop/web, whose one pod has a stale token.
void add_web(SmallWorld& world) {
  auto& inventory = world.engine.detector().inventory();
  auto record = workload("Deployment", "web", "uid-web");
  record.labels = {{"helm.sh/chart", "web-frontend-1.4.0"}, {"app.kubernetes.io/version", "2.0"}};
  record.helm_release = "shop-web";
  inventory.apply(detect::ObjectKind::kDeployment, record);
  auto set = workload("ReplicaSet", "web-7c", "uid-web-rs");
  set.owner = {"apps/v1", "Deployment", "web", "uid-web"};
  inventory.apply(detect::ObjectKind::kReplicaSet, set);
  auto record_of_pod = pod("web-7c-a", "10.0.0.9", kStart - 1000h);
  record_of_pod.owner = {"apps/v1", "ReplicaSet", "web-7c", "uid-web-rs"};
  inventory.apply(record_of_pod, kStart);
}

}  // namespace

TEST_CASE("who is refused comes first, the longest first; then who breaks soonest; last who breaks nobody knows when") {
  std::vector<AtRisk> workloads{risk("unknown", false, {}), risk("later", false, kStart + 90h),
                                risk("fresh", true, kStart - 1min), risk("soon", false, kStart + 1h),
                                risk("old", true, kStart - 50h)};
  sort_worst_first(workloads);
  CHECK(names(workloads) == std::vector<std::string>{"old", "fresh", "soon", "later", "unknown"});
}

TEST_CASE("who is not heard since a key was replaced is called silent, and comes before who breaks one day") {
  SmallWorld world;
  add_web(world);
  fall_silent(world, 20min);
  world.accept("uid-web-7c-a", 20min, 3600);
  static_cast<void>(world.advance(20min));
  const auto report = build_report(world.engine, {"me", false, false, 500}, kStart + 20min);
  REQUIRE(names(report.workloads) == std::vector<std::string>{"cart", "web"});
  CHECK(report.workloads[0].state == RiskState::kSilent);
  CHECK(report.workloads[0].since == kStart + 10min + 10s);
  CHECK(report.workloads[1].state == RiskState::kWillBreak);
  const auto again = parse_report(report_json(report));
  REQUIRE(again);
  CHECK(again->workloads[0].state == RiskState::kSilent);
}

TEST_CASE("the report has who is broken and who will be, with client, origin and plan") {
  SmallWorld world;
  add_web(world);
  world.accept("uid-web-7c-a", 0s, 3600);
  fail_until(world, 40s);
  const auto decisions = world.advance(40s);
  const auto report = build_report(world.engine, {"me", false, false, 500}, kStart + 40s);

  CHECK(report.source == "me");
  CHECK(report.total == 2);
  CHECK(report.broken == 1);
  REQUIRE(names(report.workloads) == std::vector<std::string>{"cart", "web"});
  const auto& cart = report.workloads[0];
  CHECK(cart.state == RiskState::kBroken);
  CHECK(cart.since == kStart);
  CHECK(cart.affected == 1);
  CHECK(cart.replicas == 2);
  CHECK(cart.pods == std::vector<std::string>{"cart-5f-a"});
  CHECK(cart.diagnosis == Diagnosis::kUnknown);
  CHECK(cart.decision == DecisionKind::kRestart);
  CHECK(cart.plan.starts_with("Restarts it by "));
  CHECK(cart.policy == "ClusterTokenRefreshPolicy/default");
  const auto& web = report.workloads[1];
  CHECK(web.state == RiskState::kWillBreak);
  CHECK(web.diagnosis == Diagnosis::kStaleToken);
  REQUIRE(web.breaks_at);
  CHECK(report.next_break == web.breaks_at);
  CHECK(web.origin == Origin{"web-frontend", "1.4.0", "shop-web", "", "2.0", "", ""});
  CHECK(web.fix.find("Helm release shop-web, chart web-frontend 1.4.0, app version 2.0") != std::string::npos);
  CHECK(report.by_diagnosis.at(Diagnosis::kStaleToken) == 1);
  CHECK(signal(report, "audit").given);
  CHECK(signal(report, "accepted-requests").given);
  CHECK(signal(report, "apiserver-log").text ==
        "no API-server log: diagnoses are Unknown for 1 workload; here is how to turn it on: deploy/sources.md");
  CHECK(build_report(world.engine, {"me", true, false, 1}, kStart + 40s).workloads.size() == 1);
}

TEST_CASE(
    "a workload of which only its pods' logs speak is suspected, and broken where its policy calls them sufficient") {
  const bool sufficient = GENERATE(false, true);
  const bool by_event = GENERATE(false, true);
  CAPTURE(sufficient, by_event);
  SmallWorld world;
  add_web(world);
  world.accept("uid-web-7c-a", 0s, 3600);
  auto policy = enforce();
  policy.spec.pod_log.enabled = policy.spec.kubernetes_event.enabled = true;
  (by_event ? policy.spec.kubernetes_event.sufficient : policy.spec.pod_log.sufficient) = sufficient;
  world.engine.set_policies({policy});
  const auto source = by_event ? detect::ClueSource::kKubernetesEvent : detect::ClueSource::kPodLog;
  for (auto at = 0s; at <= 40s; at += 10s) {
    world.engine.detector().observe(
        std::vector<detect::Clue>{{source, kStart + at, "uid-cart-5f-a", "client-go", "Unauthorized"}}, kStart + at);
  }
  static_cast<void>(world.advance(40s));
  const auto report = build_report(world.engine, {"me", false, false, 500}, kStart + 40s);

  REQUIRE(names(report.workloads) == std::vector<std::string>{"cart", "web"});
  const auto& cart = report.workloads[0];
  CHECK(cart.state == (sufficient ? RiskState::kBroken : RiskState::kSuspected));
  CHECK(cart.since == kStart);
  CHECK((cart.decision == DecisionKind::kRestart) == sufficient);
  CHECK(report.broken == (sufficient ? 1U : 0U));
  CHECK(report.suspected == (sufficient ? 0U : 1U));
  CHECK(report.next_break == report.workloads[1].breaks_at);
  const auto again = parse_report(report_json(report));
  REQUIRE(again);
  CHECK(again->workloads[0].state == cart.state);
  CHECK(again->suspected == report.suspected);
}

TEST_CASE("what is below its policy's thresholds is at risk already, and the plan says that it is watched") {
  SmallWorld world;
  world.reject("10.0.0.1", 0s);
  CHECK(world.advance(0s).empty());
  const auto report = build_report(world.engine, {"me", true, false, 500}, kStart);
  REQUIRE(report.workloads.size() == 1);
  CHECK(report.workloads[0].pending);
  CHECK(report.workloads[0].plan.starts_with("Watches"));
}

TEST_CASE("a cluster where nothing is heard says so") {
  SmallWorld world;
  static_cast<void>(world.advance(0s));
  const auto report = build_report(world.engine, {"me", false, false, 500}, kStart);
  CHECK(report.workloads.empty());
  CHECK_FALSE(signal(report, "audit").given);
  CHECK(signal(report, "audit").text.starts_with("no audit event was heard"));
  CHECK_FALSE(signal(report, "accepted-requests").given);
}

TEST_CASE("the origin is read from a chart's label, a controller's object, or the usual labels") {
  detect::Inventory inventory;
  auto record = workload("Deployment", "db", "uid-db");
  const auto origin = [&] {
    inventory.apply(detect::ObjectKind::kDeployment, record);
    return origin_of(inventory, record.ref);
  };
  CHECK(origin() == Origin{});
  for (const auto& [label, chart, version] : {std::tuple("kube-state-metrics-5.8.1", "kube-state-metrics", "5.8.1"),
                                              {"cert-manager-v1.14.2", "cert-manager", "v1.14.2"},
                                              {"k8s-2-tool-0.3.0-rc.1", "k8s-2-tool", "0.3.0-rc.1"},
                                              {"bare", "bare", ""}}) {
    record.labels = {{"helm.sh/chart", label}};
    CHECK(origin().chart == chart);
    CHECK(origin().chart_version == version);
  }
  record.labels = {{"addonmanager.kubernetes.io/mode", "Reconcile"}};
  record.owner = {"scylla.scylladb.com/v1", "ScyllaCluster", "db", "u"};
  CHECK(origin().managed_by == "the cluster's add-on manager");
  CHECK(fix_of(Diagnosis::kExpired, detect::client_library("curl/7.88.1"), origin()).find("ScyllaCluster/db") !=
        std::string::npos);
}

TEST_CASE("a diagnosis that no client causes is not answered with an upgrade of the client") {
  const auto client = detect::client_library("OpenAPI-Generator/11.0.0/python");
  CHECK(fix_of(Diagnosis::kForbidden, client, {}).find("Upgrade") == std::string::npos);
  CHECK(fix_of(Diagnosis::kExpired, client, {}) == "Upgrade the client library to 12.0.0 or newer.");
  const auto anew = fix_of(Diagnosis::kServiceAccountRecreated, client, {});
  CHECK(anew.starts_with("Its ServiceAccount was made anew"));
  CHECK(anew.find("Upgrade the client library") != std::string::npos);
}

TEST_CASE("a report is read back from its JSON as it was") {
  SmallWorld world;
  add_web(world);
  world.accept("uid-web-7c-a", 0s, 3600);
  fail_until(world, 40s);
  static_cast<void>(world.advance(40s));
  const auto json = report_json(build_report(world.engine, {"me", false, false, 500}, kStart + 40s));
  const auto read = parse_report(json);
  REQUIRE(read);
  CHECK(report_json(*read) == json);
}

TEST_CASE("a report from somebody else is bounded, harmless, or refused") {
  CHECK_FALSE(parse_report("{}"));
  CHECK_FALSE(parse_report("<html>"));
  CHECK_FALSE(parse_report(R"({"kind":"RemintReport"})"));
  CHECK_FALSE(
      parse_report(R"({"kind":"RemintReport","asOf":"2026-07-01T10:00:00Z","workloads":[{"decision":"Delete"}]})"));
  std::string many;
  for (int i = 0; i < 600; ++i) {
    many += std::string(i == 0 ? "" : ",") + R"({"workload":{"name":"\u001b[31mx"},"plan":")" + std::string(5000, 'p') +
            "\"}";
  }
  const auto read = parse_report(R"({"kind":"RemintReport","asOf":"2026-07-01T10:00:00Z","workloads":[)" + many + "]}");
  REQUIRE(read);
  CHECK(read->workloads.size() == Report::kMaxWorkloads);
  CHECK(read->workloads[0].workload.name.find('\x1b') == std::string::npos);
  CHECK(read->workloads[0].plan.size() <= Report::kMaxText);
}

TEST_CASE("the report says which sources no policy asks for, and of which nothing came although one does") {
  SmallWorld world;
  const auto at = [&](Time now, bool reads_logs = false) {
    return build_report(world.engine, {"me", false, reads_logs, 10}, now);
  };
  CHECK(signal(at(kStart), "pod-log").text.starts_with("no policy reads pods' own logs"));
  CHECK(signal(at(kStart), "kubernetes-event").text.starts_with("no policy watches"));
  auto policy = enforce();
  policy.spec.pod_log.enabled = policy.spec.kubernetes_event.enabled = true;
  world.engine.set_policies({policy});
  CHECK_FALSE(signal(at(kStart), "pod-log").given);
  CHECK_THAT(signal(at(kStart), "pod-log").text, Catch::Contains("none was read: --pod-logs"));
  CHECK(signal(at(kStart, true), "pod-log").given);
  CHECK_FALSE(signal(at(kStart), "kubernetes-event").given);

  world.engine.pod_log_posted(kStart);
  world.engine.observe(detect::KubernetesEvent{}, kStart);
  CHECK(signal(at(kStart + 10min), "pod-log").given);
  CHECK(signal(at(kStart + 10min), "kubernetes-event").given);
  CHECK_FALSE(signal(at(kStart + 1h), "pod-log").given);
  CHECK_THAT(signal(at(kStart + 1h), "pod-log").text,
             Catch::Contains("no pod's log was posted since 2026-07-01T10:00:00Z"));
}

TEST_CASE("an audit log that has stopped does not count as given, and the report says since when") {
  SmallWorld world;
  world.accept("uid-cart-5f-a", 0s);
  world.reject("10.0.0.1", 20min);
  auto report = build_report(world.engine, {"me"}, kStart + 25min);
  CHECK(signal(report, "audit").given);
  CHECK(signal(report, "accepted-requests").given);
  report = build_report(world.engine, {"me"}, kStart + 40min);
  CHECK(signal(report, "audit").given);
  CHECK_FALSE(signal(report, "accepted-requests").given);
  CHECK_THAT(signal(report, "accepted-requests").text, Catch::Contains("since 2026-07-01T10:00:00Z (40 min)"));
  report = build_report(world.engine, {"me"}, kStart + 2h);
  CHECK_FALSE(signal(report, "audit").given);
  CHECK_THAT(signal(report, "audit").text, Catch::Contains("no audit event since 2026-07-01T10:20:00Z (1 h 40 min)"));
}

TEST_CASE("the API server's log counts as given when lines of it come, or when it had nothing to say") {
  SmallWorld world;
  const auto log = [&](bool configured) {
    return signal(build_report(world.engine, {"me", configured}, kStart + 1min), "apiserver-log");
  };
  CHECK_FALSE(log(false).given);
  CHECK(log(true).given);
  world.reject("10.0.0.1", 0s);
  CHECK_FALSE(log(true).given);
  CHECK_THAT(log(true).text,
             Catch::Contains("no line about a refused token came of it, although 1 request was refused"));
  world.engine.observe(0, {detect::ApiServerLine{}}, kStart);
  CHECK(log(true).given);
  CHECK(log(false).given);  // posted
}

TEST_CASE("without any audit event the report does not say that it knows of nobody, while it lists somebody") {
  SmallWorld world;
  auto policy = enforce();
  policy.spec.pod_log.enabled = true;
  world.engine.set_policies({policy});
  const auto text = [&] { return signal(build_report(world.engine, {"me", false, true}, kStart), "audit").text; };
  CHECK_THAT(text(), Catch::Contains("nothing is known of any workload"));
  world.engine.detector().observe(
      std::vector<detect::Clue>{{detect::ClueSource::kPodLog, kStart, "uid-cart-5f-a", "client-go", "401"}}, kStart);
  static_cast<void>(world.advance(0s));
  CHECK_THAT(text(), Catch::StartsWith("no audit event was heard: only what logs, Events"));
}

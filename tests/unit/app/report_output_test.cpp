#include "report_output.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include <nlohmann/json.hpp>
#include "remint/base/yaml.hpp"

using namespace remint;
using namespace remint::app;
using namespace std::chrono_literals;
using controllers::AtRisk;
using controllers::Report;

namespace {

const Time kNow = *parse_rfc3339("2026-07-01T10:00:00Z");

AtRisk risk(const std::string& name) {
  AtRisk risk;
  risk.workload = {"apps/v1", "Deployment", "shop", name, "uid"};
  risk.pods = {"a", "b"};
  risk.affected = 2;
  risk.replicas = 3;
  risk.diagnosis = Diagnosis::kExpired;
  risk.confidence = 0.97;
  risk.state = controllers::RiskState::kBroken;
  risk.since = kNow - 3h;
  risk.user_agent = "OpenAPI-Generator/11.0.0/python";
  risk.client = detect::client_library(*risk.user_agent);
  risk.fix = risk.client.advice;
  risk.decision = DecisionKind::kWait;
  risk.strategy = Strategy::kRolloutRestart;
  risk.not_before = kNow + 2h;
  risk.policy = "ClusterTokenRefreshPolicy/default";
  risk.plan = "Restarts it by RolloutRestart not before 2026-07-01T12:00:00Z (in 2 h): outside its windows";
  return risk;
}

Report report(std::vector<AtRisk> workloads) {
  Report report;
  report.as_of = kNow;
  report.source = "remint-0";
  report.total = report.broken = workloads.size();
  report.workloads = std::move(workloads);
  report.signals = {{"apiserver-log", false, "no API-server log: diagnoses are Unknown for 3 workloads"}};
  return report;
}

template <class Print>
std::string printed(Print print) {
  std::ostringstream out;
  print(out);
  return out.str();
}

std::string text(const Report& report, bool wide = false) {
  return printed([&](auto& out) { print_report(report, wide, out); });
}

}  // namespace

TEST_CASE("the table says who, since when, with which client, what Remint does, and what would fix it") {
  const auto all = text(report({risk("cart")}));
  for (const char* part :
       {"1 workload at risk, 1 broken now", "broken for 3 h", "Deployment shop/cart", "2/3", "Expired",
        "Python kubernetes or kubernetes_asyncio 11.0.0", "restarts in 2 h, RolloutRestart",
        "\n  1: Upgrade the client library to 12.0.0 or newer.\n", "no API-server log: diagnoses are Unknown"}) {
    INFO(all);
    CHECK(all.find(part) != std::string::npos);
  }
  CHECK(text(report({risk("cart"), risk("web")})).find("  1, 2: Upgrade the") != std::string::npos);
  CHECK(text(report({})).starts_with("No workload is known to be at risk.\n"));
  auto many = report({risk("cart")});
  many.total = 700;
  CHECK(text(many).find("and 699 more, which are less urgent and not listed") != std::string::npos);
  CHECK(text(report({risk("cart")}), true).find("ClusterTokenRefreshPolicy/default") != std::string::npos);
}

TEST_CASE("each form says of a workload that only logs or Events accuse that it is suspected, not that it will break") {
  auto doubtful = risk("cart");
  doubtful.state = controllers::RiskState::kSuspected;
  auto given = report({doubtful});
  given.broken = 0;
  given.suspected = 1;
  const auto all = text(given);
  INFO(all);
  CHECK(all.starts_with("1 workload at risk, 0 broken now, 1 suspected by logs or Events alone.\n"));
  CHECK(all.find("suspected for 3 h") != std::string::npos);
  const auto csv = printed([&](auto& out) { print_report_csv(given, out); });
  CHECK(csv.find("\r\n1,suspected,Deployment,") != std::string::npos);
  const auto html = printed([&](auto& out) { print_report_html(given, out); });
  CHECK(html.find(R"("state": "Suspected")") != std::string::npos);
  CHECK(html.find(R"("suspected": 1)") != std::string::npos);
}

TEST_CASE("CSV follows RFC 4180, and no cell of it is a formula") {
  CHECK(csv_cell("plain") == "plain");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
  CHECK(csv_cell("=1+1") == "'=1+1");
  CHECK(csv_cell("+1") == "'+1");
  CHECK(csv_cell("-1") == "'-1");
  CHECK(csv_cell("@SUM(A1)") == "'@SUM(A1)");
  CHECK(csv_cell("=HYPERLINK(\"http://x\",\"y\")") == "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
  CHECK(csv_cell("\t=1+1").front() != '=');
  CHECK(csv_cell("a\nb").find('\n') == std::string::npos);
  const auto csv = printed([](auto& out) { print_report_csv(report({risk("=cmd|'/c calc'!A0")}), out); });
  CHECK(csv.find(",'=cmd|") != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 2);
  CHECK(csv.ends_with("\r\n"));
}

TEST_CASE("hostile names do not get out of the page's data, nor onto the terminal") {
  auto hostile = risk("</script><script>alert(1)</script>");
  hostile.user_agent = "\x1b]0;gotcha\x07<!--<script>\xE2\x80\xA8";
  hostile.fix = "{{script}}";
  const auto html = printed([&](auto& out) { print_report_html(report({hostile}), out); });
  const auto begin = html.find("id=\"data\">");
  REQUIRE(begin != std::string::npos);
  const auto end = html.find("</script>", begin);
  const auto data = html.substr(begin + 10, end - begin - 10);
  CHECK(data.find('<') == std::string::npos);
  CHECK(data.find("{{script}}") != std::string::npos);
  const auto json = parse_json(data);
  REQUIRE(json);
  CHECK((*json)["workloads"][0]["workload"]["name"] == "</script><script>alert(1)</script>");
  CHECK(html.find("{{") == html.find("{{script}}"));
  CHECK(html.find("alert(1)</script>") == std::string::npos);
  CHECK(for_script_element("<>&\xE2\x80\xA8\xE2\x80\xA9x") == "\\u003c\\u003e\\u0026\\u2028\\u2029x");
  for (const char* outside : {"http://", "https://", " src=", "@import", "url("}) {
    INFO(outside);
    const auto page = html.substr(0, begin) + html.substr(end);
    const auto found = page.find(outside);
    CHECK((found == std::string::npos || page.substr(found).starts_with("http://www.w3.org/2000/svg")));
  }
  const auto table = text(report({hostile}), true);
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table.find('\x07') == std::string::npos);
}

TEST_CASE("the YAML says what the JSON says, whatever the texts are") {
  auto odd = risk("yes");
  odd.plan = "a: b # c\n- d \"e\" 'f' \\ {g} [h] & * ! | > %\t\xE2\x98\x83";
  odd.fix = "";
  const auto given = report({odd, risk("null")});
  const auto yaml = printed([&](auto& out) { print_report_yaml(given, out); });
  INFO(yaml);
  const auto read = parse_yaml(yaml);
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  CHECK(read->front() == *parse_json(controllers::report_json(given)));
}

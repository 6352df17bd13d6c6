// What log collectors post of pods' logs.
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "remint/base/time.hpp"
#include "remint/detect/pod_log_shipped.hpp"

namespace remint::detect {
namespace {

struct Line {
  std::string ns, pod, uid, container, time, text;
  friend bool operator==(const Line&, const Line&) = default;
};

struct Body {
  std::vector<Line> lines;
  ShippedPodLog found;
};

Body read(std::string_view text) {
  PodLogShippedReader reader;
  Body body;
  body.found = reader.read(text, [&](const ShippedPodLine& line) {
    body.lines.push_back({std::string(line.ns), std::string(line.pod), std::string(line.uid),
                          std::string(line.container), format_rfc3339_micro(line.time), std::string(line.line)});
  });
  return body;
}

// Each with the members that its collector writes; what stands beside them is left out or shortened.
// fluent/fluent-bit#518 (the filter's metadata) and fluent/fluent-bit#4104 (the output's "date", the parser's "time")
const std::string kFluentBit =
    R"({"date":1632081398.581249,"time":"2021-09-19T19:56:38.581249Z","stream":"stderr","_p":"F","log":"Failed to list","kubernetes":{"pod_name":"announce-api-2527845369-9ttmj","namespace_name":"default","pod_id":"312f182e-05a8-11e8-95cf-080027435fb7","labels":{"name":"announce-api"},"host":"192.168.10.169","container_name":"announce-api","docker_id":"652ce1959321"}})";
const Line kFluentBitLine{"default",      "announce-api-2527845369-9ttmj", "312f182e-05a8-11e8-95cf-080027435fb7",
                          "announce-api", "2021-09-19T19:56:38.581249Z",   "Failed to list"};
// vectordotdev/vector#2653; container_name came later (vectordotdev/vector#4017)
const std::string kVector =
    R"({"file":"/var/log/pods/kube-system_coredns-fd565d9f8-xdrjp_d18ebaa3-c830-41b3-8f59-7b7e1634564a/coredns/7.log","kubernetes":{"container_name":"coredns","pod_labels":{"k8s-app":"kube-dns"},"pod_name":"coredns-fd565d9f8-xdrjp","pod_namespace":"kube-system","pod_uid":"d18ebaa3-c830-41b3-8f59-7b7e1634564a"},"message":"Trace[1923443207]: [30.00088267s] [30.00088267s] END","source_type":"kubernetes_logs","stream":"stdout","timestamp":"2020-06-17T16:57:48.542291740Z"})";
const Line kVectorLine{
    "kube-system", "coredns-fd565d9f8-xdrjp",     "d18ebaa3-c830-41b3-8f59-7b7e1634564a",
    "coredns",     "2020-06-17T16:57:48.542291Z", "Trace[1923443207]: [30.00088267s] [30.00088267s] END"};
// fluent-plugins-nursery/fluent-plugin-kubernetes_metadata_filter#334, with the "@timestamp" of OpenShift's collector
const std::string kFluentd =
    R"({"log":"2015/05/05 19:54:41 \n","stream":"stderr","docker":{"id":"df14e0d5ae4c"},"kubernetes":{"host":"jimmi-redhat.localnet","pod_name":"fabric8-console-controller-98rqc","pod_id":"c76927af-f563-11e4-b32d-54ee7527188d","container_name":"fabric8-console-container","namespace_name":"default","namespace_id":"23437884-8e08-4d95-850b-e94378c9b2fd"},"@timestamp":"2015-05-05T19:54:41+00:00"})";
const Line kFluentdLine{"default",
                        "fabric8-console-controller-98rqc",
                        "c76927af-f563-11e4-b32d-54ee7527188d",
                        "fabric8-console-container",
                        "2015-05-05T19:54:41.000000Z",
                        "2015/05/05 19:54:41 "};
// open-telemetry/opentelemetry-collector-contrib#33341, as OTLP/JSON writes it (opentelemetry-proto, logs.proto)
const std::string kOtlp =
    R"({"resourceLogs":[{"resource":{"attributes":[{"key":"k8s.namespace.name","value":{"stringValue":"default"}},{"key":"k8s.pod.name","value":{"stringValue":"daemonset-logs-6qglg"}},{"key":"k8s.container.restart_count","value":{"stringValue":"0"}},{"key":"k8s.pod.uid","value":{"stringValue":"898553cb-ce78-4a45-bc7b-8464d56ec894"}},{"key":"k8s.container.name","value":{"stringValue":"busybox"}}]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1717427959896279612","observedTimeUnixNano":"1717427960052244563","body":{"stringValue":"otel logs at 15:19:19"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stdout"}}]}]}]}]})";
const Line kOtlpLine{"default", "daemonset-logs-6qglg",        "898553cb-ce78-4a45-bc7b-8464d56ec894",
                     "busybox", "2024-06-03T15:19:19.896279Z", "otel logs at 15:19:19"};
// Elastic Common Schema as Filebeat's add_kubernetes_metadata writes it
const std::string kElastic =
    R"({"@timestamp":"2026-11-22T07:40:00.123Z","message":"x","stream":"stderr","kubernetes":{"namespace":"shop","pod":{"name":"cart-1","uid":"u-1"},"container":{"name":"cart"}}})";
const Line kElasticLine{"shop", "cart-1", "u-1", "cart", "2026-11-22T07:40:00.123000Z", "x"};

std::string record(const std::string& members) {
  return R"({"kubernetes":{"namespace_name":"shop","pod_name":"cart"},)" + members + "}";
}

}  // namespace

TEST_CASE("each collector's record gives its line, pod, container and time") {
  CHECK(read(kFluentBit).lines == std::vector{kFluentBitLine});
  CHECK(read(kVector).lines == std::vector{kVectorLine});
  CHECK(read(kFluentd).lines == std::vector{kFluentdLine});
  CHECK(read(kOtlp).lines == std::vector{kOtlpLine});
  CHECK(read(kElastic).lines == std::vector{kElasticLine});
}

TEST_CASE("records of pods come as an array, as lines, and one after the other") {
  const std::vector<Line> all{kFluentBitLine, kVectorLine, kFluentdLine, kOtlpLine};
  for (const auto& [before, between, after] :
       {std::array{"[", ",", "]"}, std::array{"", "\n", "\n"}, std::array{"", "", ""}, std::array{"[", "]\n[", "]"},
        std::array{"\xEF\xBB\xBF \r\n", "\r\n", ""}}) {
    const auto body =
        read(std::string(before) + kFluentBit + between + kVector + between + kFluentd + between + kOtlp + after);
    CHECK(body.lines == all);
    CHECK(body.found.records == 4);
    CHECK(body.found.invalid == 0);
    CHECK_FALSE(body.found.problem);
  }
  CHECK(read("").lines.empty());
  CHECK(read("[]").found.invalid == 0);
}

TEST_CASE("attributes of the record tell the pod where those of the resource do not") {
  const auto body = read(
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1717427959896279612,"body":{"stringValue":"x"},"attributes":[{"key":"k8s.pod.uid","value":{"stringValue":"u"}}]}]}]}]})");
  REQUIRE(body.lines.size() == 1);
  CHECK(body.lines[0] == Line{"", "", "u", "", "2024-06-03T15:19:19.896279Z", "x"});
}

TEST_CASE("times of pods' lines are read in every form that collectors write") {
  for (const auto* time :
       {R"("date":1717427959.896279)", R"("timestamp":1717427959896.279)", R"("time":1717427959896279)",
        R"("date":1717427959896279000)", R"("@timestamp":"2024-06-03T17:19:19.896279+02:00")",
        R"("date":1717427959.896279,"time":"2001-01-01T00:00:00Z")",
        R"("timestamp":"soon","time":1717427959.896279)"}) {
    INFO(time);
    const auto body = read(record(R"("log":"x",)" + std::string(time)));
    REQUIRE(body.lines.size() == 1);
    CHECK(body.lines[0].time.substr(0, 25) == "2024-06-03T15:19:19.89627");
  }
}

TEST_CASE("a text of several lines gives each of them") {
  const auto body = read(record(R"("time":"2026-11-22T07:40:00Z","message":"a: (401)\nReason: Unauthorized\n\nb")"));
  REQUIRE(body.lines.size() == 4);
  CHECK(body.lines[1].text == "Reason: Unauthorized");
  CHECK(body.lines[3].text == "b");
  CHECK(body.found.records == 1);
}

// helm/charts#10424
TEST_CASE("a line that the collector left as the runtime wrote it has the runtime's time") {
  const auto body = read(record(R"("date":1717427959.8,"log":"2019-01-07T00:38:15.356711687Z stdout F {\"a\":1}")"));
  REQUIRE(body.lines.size() == 1);
  CHECK(body.lines[0].text == R"({"a":1})");
  CHECK(body.lines[0].time == "2019-01-07T00:38:15.356711Z");
}

TEST_CASE("a record that lacks something is left out, and the first error says what to set") {
  struct Case {
    std::string body, says;
  };
  const std::string time = R"("time":"2026-11-22T07:40:00Z")";
  for (
      const auto& [body, says] : std::vector<Case>{
          {R"({"log":"x",)" + time + "}", "kubernetes filter"},
          {R"({"kubernetes":{"pod_name":"cart"},"log":"x",)" + time + "}", "kubernetes filter"},
          {R"({"kubernetes":{"pod_id":")" + std::string(300, 'u') + R"("},"log":"x",)" + time + "}", "kubernetes"},
          {record(time), "Keep_Log On"},
          {record(R"("log":{"level":"info"},)" + time), "Keep_Log On"},
          {record(R"("log":"x")"), "no time of its own"},
          {record(R"("log":"x","time":"yesterday")"), "no time of its own"},
          {record(R"("log":"x","date":-1)"), "no time of its own"},
          {record(R"("log":"x","date":1e300)"), "no time of its own"},
          {"17", "no object"},
          {R"("text")", "no object"},
          {R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]})", "no object"},
          {R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"0","body":{"stringValue":"x"},"attributes":[{"key":"k8s.pod.uid","value":{"stringValue":"u"}}]}]}]}]})",
           "no time of its own"},
      }) {
    INFO(body);
    const auto result = read(kVector + "\n" + body + "\n" + kVector);
    CHECK(result.lines == std::vector{kVectorLine, kVectorLine});
    CHECK(result.found.invalid == 1);
    REQUIRE(result.found.problem);
    CHECK(result.found.problem->message.find(says) != std::string::npos);
  }
}

TEST_CASE("where the JSON of pods' lines breaks, what was before it is taken, and lines after it are") {
  auto body = read("[" + kVector + "," + kVector + "," + kVector.substr(0, 80));
  CHECK(body.lines.size() == 2);
  CHECK(body.found.broken);
  REQUIRE(body.found.problem);
  CHECK(body.found.problem->message.starts_with("the JSON breaks at byte "));
  body = read(kVector + "\n{\"log\": \"never ends\n" + kVector + "\nnonsense\n" + kVector + "\n");
  CHECK(body.lines.size() == 3);
  CHECK(body.found.invalid == 2);
  CHECK_FALSE(body.found.broken);
}

TEST_CASE("a record that is too large or too deep is left out") {
  CHECK(read(record(R"("time":"2026-11-22T07:40:00Z","log":")" + std::string(9U << 20U, 'x') + "\"")).found.invalid ==
        1);
  std::string deep(100'000, '[');
  CHECK(read(deep).lines.empty());
  deep = R"({"kubernetes":)";
  for (int i = 0; i < 5000; ++i) deep += R"({"a":)";
  CHECK(read(deep).found.broken);
  for (int i = 0; i < 5000; ++i) deep += "}";
  CHECK(read(deep + "}\n" + kVector).lines.size() <= 1);
}

TEST_CASE("shipped records with damage do no harm") {
  std::mt19937 random(3);
  const std::string all = kFluentBit + "\n[" + kVector + "," + kFluentd + "]\n" + kOtlp + "\n" + kElastic;
  PodLogShippedReader reader;
  std::size_t bytes = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text = all;
    for (int i = 0; i < 5; ++i) {
      const std::size_t where = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[where] = static_cast<char>(random());
          break;
        case 1:
          text.erase(where, random() % 40);
          break;
        default:
          text.insert(where, text.substr(random() % text.size(), random() % 40));
      }
    }
    text.resize(random() % 4 == 0 ? random() % text.size() : text.size());
    const auto found = reader.read(text, [&](const ShippedPodLine& line) {
      bytes += line.line.size();
      REQUIRE(line.line.find('\n') == std::string_view::npos);
      REQUIRE(line.uid.size() <= PodLogShippedReader::kMaxName);
    });
    REQUIRE(found.problem.has_value() == (found.invalid > 0));
  }
  CHECK(bytes > 0);
}

}  // namespace remint::detect

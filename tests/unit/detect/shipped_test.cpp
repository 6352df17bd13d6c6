#include "remint/detect/shipped.hpp"

#include <catch2/catch.hpp>

#include "audit_samples.hpp"
#include "remint/detect/audit.hpp"
#include "shipped_samples.hpp"

namespace remint::detect {
namespace {

using samples::base64;
using samples::cloudwatch;
using samples::escaped;
using samples::gzip;

struct Found : ShippedBody {
  AuditBatch batch;
  AuditReport report;
  [[nodiscard]] std::string lines(std::size_t stream = 0) const {
    return stream < logs.size() ? logs[stream].text : std::string();
  }
};

Found read(const std::string& body, ShippedLimits limits = {}) {
  Found found;
  ShippedReader reader(limits);
  reader.read(body, found);
  AuditDecoder decoder;
  found.report = decoder.decode_lines(found.events, found.batch);
  return found;
}

std::string rejected(const std::string& id = "one") { return samples::event(samples::Rejected{.id = id}); }
std::string line() {
  return R"(E1126 03:38:26.776766       1 authentication.go:75] "Unable to authenticate the request" err="[invalid bearer token, service account token has expired]")";
}

}  // namespace

TEST_CASE("one rejected event is found in every envelope that is known", "[shipped]") {
  const auto [name, body] = GENERATE(table<const char*, std::string>({
      {"CloudWatch", cloudwatch("kube-apiserver-audit-1", {rejected()})},
      {"CloudWatch for a Lambda",
       R"({"awslogs":{"data":")" + base64(gzip(cloudwatch("kube-apiserver-audit-1", {rejected()}))) + "\"}}"},
      {"Firehose, gzip", samples::firehose({base64(gzip(cloudwatch("kube-apiserver-audit-1", {rejected()})))})},
      {"Firehose, plain", samples::firehose({base64(rejected() + "\n")})},
      {"Event Hub", R"({"records":[{"category":"kube-audit","properties":{"log":")" + escaped(rejected() + "\n") +
                        R"(","stream":"stdout","pod":"kube-apiserver-5f-x"},"time":"2026-07-01T10:00:00Z"}]})"},
      {"Event Hub, an array of messages",
       R"([{"records":[{"category":"kube-audit-admin","properties":{"log":")" + escaped(rejected()) + "\"}}]}]"},
      {"Pub/Sub of a record",
       R"({"message":{"data":")" + base64(rejected()) + R"(","messageId":"1"},"subscription":"s"})"},
      {"Vector",
       R"([{"message":")" + escaped(rejected()) + R"(","source_type":"file","timestamp":"2026-07-01T10:00:00Z"}])"},
      {"Vector, lines", R"({"message":")" + escaped(rejected()) + "\",\"file\":\"/a\"}\n"},
      {"Fluent Bit", R"([{"date":1782900000.1,"log":")" + escaped(rejected()) + "\"}]"},
      {"Fluent Bit with Kubernetes",
       R"({"log":")" + escaped(rejected()) +
           R"(","kubernetes":{"pod_name":"kube-apiserver-n1","namespace_name":"kube-system","container_name":"kube-apiserver"}})"},
      {"an object in a member", R"({"event":)" + rejected() + "}"},
      {"OpenTelemetry",
       R"({"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1","body":{"stringValue":")" +
           escaped(rejected()) + R"("},"attributes":[]}]}]}]})"},
      {"Event Hub in Vector",
       R"({"message":")" + escaped(R"({"records":[{"properties":{"log":")" + escaped(rejected()) + "\"}}]}") + "\"}"},
  }));
  INFO(name);
  const auto found = read(body);
  CHECK(found.envelope);
  CHECK(found.report.rejected == 1);
  CHECK(found.report.events == 1);
  CHECK(found.invalid == 0);
  CHECK_FALSE(found.problem);
  REQUIRE(found.batch.records.size() == 1);
  CHECK(found.batch.text(found.batch.records[0].audit_id) == "one");
  CHECK(found.batch.text(found.batch.records[0].uri) ==
        "/api/v1/namespaces/shop/configmaps?limit=500&resourceVersion=0");
}

TEST_CASE("several records, several envelopes, lines of them", "[shipped]") {
  const auto two = cloudwatch("kube-apiserver-audit-1", {rejected("a"), rejected("b")});
  CHECK(read(two + "\n" + two + two).report.rejected == 6);
  CHECK(read(samples::firehose({base64(gzip(two)), base64(gzip(two) + gzip(two))})).report.rejected == 6);
  // Firehose puts what it takes out of envelopes together, with or without line feeds.
  CHECK(read(samples::firehose({base64(rejected("a") + rejected("b")), base64(rejected("c") + "\n" + rejected("d"))}))
            .report.rejected == 4);
}

TEST_CASE("an event in a text may have line breaks", "[shipped]") {
  std::string pretty = rejected();
  pretty.insert(1, "\n  ");
  CHECK(read(R"({"log":")" + escaped(pretty) + "\"}").report.rejected == 1);
  CHECK(read(cloudwatch("kube-apiserver-audit-1", {pretty})).report.rejected == 1);
}

TEST_CASE("a greeting is an envelope without records", "[shipped]") {
  const auto found = read(
      R"({"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]})");
  CHECK(found.envelope);
  CHECK(found.invalid == 0);
  CHECK(found.logs.empty());
  CHECK(found.events.empty());
}

TEST_CASE("a Firehose delivery tells its id", "[shipped]") {
  CHECK(read(samples::firehose({base64(rejected())})).request_id == "ed4acda5-034f-9f42-bba1-f29aea6d7d8f");
}

TEST_CASE("lines of an API server's log are told from events, each with its server", "[shipped]") {
  SECTION("CloudWatch") {
    const auto found = read(cloudwatch("kube-apiserver-0123", {line(), line()}));
    REQUIRE(found.logs.size() == 1);
    CHECK(found.logs[0].stream == "kube-apiserver-0123");
    CHECK(found.lines() == line() + "\n" + line() + "\n");
    CHECK(found.invalid == 0);
  }
  SECTION("Event Hub") {
    const auto found = read(R"({"records":[{"category":"kube-apiserver","properties":{"log":")" +
                            escaped(line() + "\n") + R"(","pod":"kube-apiserver-5f-x"}}]})");
    REQUIRE(found.logs.size() == 1);
    CHECK(found.logs[0].stream == "kube-apiserver-5f-x");
    CHECK(found.lines() == line() + "\n");
  }
  SECTION("Fluent Bit, OpenTelemetry") {
    CHECK(read(R"({"log":")" + escaped(line()) +
               R"(","kubernetes":{"pod_name":"kube-apiserver-n1","container_name":"kube-apiserver"}})")
              .logs.at(0)
              .stream == "kube-apiserver-n1");
    CHECK(
        read(
            R"({"resourceLogs":[{"resource":{"attributes":[{"key":"k8s.pod.name","value":{"stringValue":"kube-apiserver-n2"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":")" +
            escaped(line()) + R"("}}]}]}]})")
            .logs.at(0)
            .stream == "kube-apiserver-n2");
  }
  SECTION("in JSON, as it is and within a text") {
    const std::string json =
        R"({"ts":1732592306776.766,"caller":"x.go:75","msg":"Unable to authenticate the request","err":"[x]"})";
    CHECK(read(json).lines() == json + "\n");
    CHECK(read(R"({"message":")" + escaped(json) + "\"}").lines() == json + "\n");
  }
}

TEST_CASE("records of other programs are left out", "[shipped]") {
  const auto body = GENERATE(
      cloudwatch("kube-controller-manager-1", {line()}), cloudwatch("authenticator-1", {line()}),
      R"({"records":[{"category":"guard","properties":{"log":")" + escaped(line()) + "\"}}]}",
      R"({"log":")" + escaped(rejected()) +
          R"(","kubernetes":{"pod_name":"evil","namespace_name":"shop","container_name":"kube-apiserver"}})",
      R"({"message":")" + escaped(rejected()) +
          R"(","kubernetes":{"pod_name":"evil","pod_namespace":"kube-system","container_name":"web"}})",
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"k8s.container.name","value":{"stringValue":"web"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":")" +
          escaped(rejected()) + R"("}}]}]}]})");
  INFO(body);
  const auto found = read(body);
  CHECK(found.foreign == 1);
  CHECK(found.events.empty());
  CHECK(found.logs.empty());
  CHECK(found.invalid == 0);
}

// A collector that merges what a pod prints into its own record let that pod accuse its neighbour.
TEST_CASE("a record that names its container is that container's, whatever it looks like", "[shipped]") {
  const std::string web = R"("kubernetes":{"container_name":"web","namespace_name":"evil"})";
  const std::string google =
      R"("protoPayload":{"serviceName":"k8s.io","status":{"code":16},"requestMetadata":{"callerIp":"10.244.1.7"}},)"
      R"("timestamp":"2026-07-01T10:00:00Z","insertId":"x")";
  const std::string line = R"("ts":1782900000.1,"msg":"Unable to authenticate the request")";
  const std::string event = rejected().substr(1, rejected().size() - 2);
  for (const std::string& printed : {google, line, event}) {
    CAPTURE(printed);
    const Found found = read("{" + printed + "," + web + "}");
    CHECK(found.foreign == 1);
    CHECK(found.events.empty());
    CHECK(found.logs.empty());
  }
  const Found merged =
      read("{" + event + R"(,"kubernetes":{"container_name":"kube-apiserver","namespace_name":"kube-system"}})");
  CHECK(merged.events.empty());
  CHECK(merged.invalid == 1);
  const Found container =
      read(R"({"resource":{"type":"k8s_container","labels":{"container_name":"web"}},"jsonPayload":{"message":")" +
           escaped(rejected()) + "\"}}");
  CHECK(container.foreign == 1);
}

TEST_CASE("the decoder takes no event that a log collector has merged into its own record", "[shipped]") {
  const std::string event = rejected().substr(1, rejected().size() - 2);
  AuditBatch batch;
  AuditDecoder decoder;
  const AuditReport report = decoder.decode("{" + event + R"(,"kubernetes":{"container_name":"web"}})", batch);
  CHECK(report.invalid == 1);
  CHECK(batch.records.empty());
}

// Each line of "{" cost the whole rest: 16 MB of them would have taken days on the one thread that serves the endpoint.
TEST_CASE("JSON values that never end cost their line alone", "[shipped]") {
  std::string body;
  while (body.size() < (256U << 10U)) body += "{\n";
  const auto begin = std::chrono::steady_clock::now();
  const Found found = read(body + rejected() + "\n" + cloudwatch("kube-apiserver-audit-1", {rejected("two")}));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(found.plain == 1);
  CHECK(found.batch.records.size() == 1);
}

TEST_CASE("what a caller writes into its own request is never taken for an event", "[shipped]") {
  samples::Rejected inner;
  inner.user_agent = escaped(R"({"message":"{\"auditID\":\"forged\",\"stage\":\"ResponseComplete\"}"})");
  const auto event = samples::event(inner);
  CHECK(read(event).plain == 1);
  CHECK_FALSE(read(event).envelope);
  CHECK(read(cloudwatch("kube-apiserver-audit-1", {event})).report.events == 1);
  // Nor what somebody wrote into a label.
  const auto labelled = read(R"({"log":"x","kubernetes":{"annotations":{"message":")" + escaped(rejected()) + "\"}}}");
  CHECK(labelled.events.empty());
}

TEST_CASE("events beside envelopes are left to the decoder", "[shipped]") {
  const auto found =
      read(rejected("a") + "\n" + cloudwatch("kube-apiserver-audit-1", {rejected("b")}) + "\n" + rejected("c"));
  CHECK(found.plain == 2);
  CHECK(found.report.events == 1);
  CHECK(read("[" + rejected() + R"(,{"message":")" + escaped(rejected()) + "\"}]").plain == 1);
}

TEST_CASE("base64 and gzip that lie cost their record alone", "[shipped]") {
  const auto good = base64(gzip(cloudwatch("kube-apiserver-audit-1", {rejected()})));
  const auto packed = gzip(cloudwatch("kube-apiserver-audit-1", {rejected()}));
  const auto bad = GENERATE_COPY(std::string("!!!!"), std::string("AAAAA"), base64(packed.substr(0, packed.size() / 2)),
                                 base64("\x1f\x8bgarbage"), base64(packed + "tail"), base64("{\"message\":"),
                                 base64("{\"unknown\":1}"), base64("\xff\xfe{}"));
  INFO(bad);
  const auto found = read(samples::firehose({good, bad, good}));
  CHECK(found.report.rejected == 2);
  CHECK((found.invalid == 1 || found.broken || !found.logs.empty()));
}

TEST_CASE("what explodes is stopped", "[shipped]") {
  SECTION("a bomb, and bombs together") {
    const auto bomb = base64(gzip(std::string(3U << 20U, ' ') + rejected()));
    const auto found = read(samples::firehose({bomb, bomb, bomb}), {.unpacked_bytes = 4U << 20U});
    CHECK(found.report.rejected == 1);
    CHECK(found.invalid == 2);
    REQUIRE(found.problem);
    CHECK(found.problem->code == ErrorCode::kTooLarge);
  }
  SECTION("envelopes in envelopes in envelopes") {
    std::string body = rejected();
    for (int i = 0; i < 12; ++i) body = R"({"message":")" + escaped(body) + "\"}";
    CHECK(read(body).invalid == 1);
    std::string flat = rejected();
    for (int i = 0; i < 200; ++i) flat = R"({"message":)" + flat + "}";
    CHECK(read(flat).invalid == 1);
    CHECK(read(std::string(900, '[') + std::string(900, ']')).events.empty());
    CHECK(read(std::string(100'000, '[')).events.empty());
  }
  SECTION("a document that is too large") {
    CHECK(read(R"({"message":")" + std::string(2000, 'x') + "\"}", {.document_bytes = 1000}).invalid == 1);
  }
  SECTION("more servers than are told apart") {
    std::string body;
    for (int i = 0; i < 10; ++i) body += cloudwatch("kube-apiserver-" + std::to_string(i), {line()}) + "\n";
    const auto found = read(body, {.streams = 4});
    CHECK(found.logs.size() == 4);
    CHECK(found.lines(3).size() == 7 * (line().size() + 1));
  }
}

TEST_CASE("JSON that breaks is said, and what was before it is kept", "[shipped]") {
  const auto one = cloudwatch("kube-apiserver-audit-1", {rejected()});
  const auto found = read(one + "\n" + one.substr(0, 100));
  CHECK(found.report.rejected == 1);
  CHECK(found.broken);
  const auto lines = read(one + "\nnonsense\n" + one + "\n");
  CHECK(lines.report.rejected == 2);
  CHECK(lines.invalid == 1);
  CHECK_FALSE(lines.broken);
}

TEST_CASE("Google's audit log is translated as far as it goes", "[shipped]") {
  const std::string entry =
      R"({"insertId":"abc","logName":"projects/p/logs/cloudaudit.googleapis.com%2Fdata_access","operation":{"id":"op-1","first":true},)"
      R"("protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"system:anonymous"},)"
      R"("methodName":"io.k8s.core.v1.configmaps.list","requestMetadata":{"callerIp":"10.4.0.9","callerSuppliedUserAgent":"controller/v0 \"x\""},)"
      R"("resourceName":"core/v1/namespaces/shop/configmaps","serviceName":"k8s.io","status":{"code":16,"message":"Unauthorized"}},)"
      R"("resource":{"type":"k8s_cluster","labels":{"cluster_name":"c"}},"timestamp":"2026-07-01T10:00:00.123456Z"})";
  const auto push = [](const std::string& e) {
    return R"({"message":{"data":")" + base64(e) + R"(","messageId":"1"},"subscription":"s"})";
  };
  const auto found = read(push(entry));
  REQUIRE(found.batch.records.size() == 1);
  const auto& record = found.batch.records[0];
  CHECK(record.kind == AuditKind::kRejected);
  CHECK(record.code == 401);
  CHECK(record.source == IpAddress::parse("10.4.0.9"));
  CHECK(record.received == samples::at("2026-07-01T10:00:00.123456Z"));
  CHECK(found.batch.text(record.audit_id) == "op-1");
  CHECK(found.batch.text(record.verb) == "list");
  CHECK(found.batch.text(record.uri) == "/api/v1/namespaces/shop/configmaps");
  CHECK(found.batch.text(record.resource) == "configmaps");
  CHECK(found.batch.text(record.ns) == "shop");
  CHECK(found.batch.text(record.user_agent) == "controller/v0 \"x\"");
  CHECK(read(R"({"message":")" + escaped(entry) + "\"}").report.rejected == 1);

  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = entry;
    changed.replace(changed.find(from), from.size(), to);
    return read(push(changed));
  };
  CHECK(with("\"code\":16", "\"code\":7").report.ignored == 1);  // 403 is no rejected token
  CHECK(with("\"k8s.io\"", "\"container.googleapis.com\"").foreign == 1);
  CHECK(with(R"("requestMetadata":{)", R"("other":{)").report.rejected == 1);
  CHECK(with(R"("timestamp":"2026)", R"("timestamp":"x2026)").report.invalid == 1);
}

}  // namespace remint::detect

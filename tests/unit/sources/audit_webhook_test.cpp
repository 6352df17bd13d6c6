#include "remint/sources/audit_webhook.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "../base/temp_dir.hpp"
#include "../detect/shipped_samples.hpp"
#include "events.hpp"
#include "unit/http/support/pki.hpp"

namespace remint::sources {
namespace {

struct ManualClock final : Clock {
  std::chrono::nanoseconds steady{1'000'000'000};
  [[nodiscard]] Time now() const override { return Time(std::chrono::seconds(1'800'000'000)); }
  [[nodiscard]] std::chrono::nanoseconds steady_now() const override { return steady; }
};

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Fixture {
  metrics::Registry metrics;
  ManualClock clock;
  BatchQueue queue{{.deliveries = 4, .bytes = 64U << 20U}, metrics};
  std::unique_ptr<AuditWebhook> webhook;

  explicit Fixture(AuditWebhookSettings settings = {}) {
    auto created = AuditWebhook::create(std::move(settings), queue, metrics, clock);
    REQUIRE(created);
    webhook = std::move(*created);
  }
  http::Response post(std::string_view body, std::string_view type = "application/json",
                      std::string_view encoding = "") {
    return webhook->handle({.content_type = type,
                            .content_encoding = encoding,
                            .body = body,
                            .peer_address = "10.0.0.1",
                            .client_certificate_verified = true});
  }
  /// Records that detection would get.
  std::size_t records() {
    std::size_t count = 0;
    while (auto delivery = queue.try_pop()) {
      count += delivery->batch.records.size();
      queue.recycle(std::move(delivery));
    }
    return count;
  }
  double invalid() {
    return metrics.counter("remint_audit_events_invalid_total", "Audit events that could not be understood.").value();
  }
  double batches(const std::string& result) {
    return metrics
        .counter("remint_audit_batches_total", "Bodies posted to the audit endpoint, by what became of them.",
                 {{"result", result}})
        .value();
  }
};

}  // namespace

TEST_CASE("every form of audit body is taken") {
  Fixture fixture;
  const auto one = rejected_event("a");
  SECTION("an EventList") {
    CHECK(fixture.post(event_list({one, rejected_event("b")})).status == 200);
    CHECK(fixture.records() == 2);
  }
  SECTION("one event") {
    CHECK(fixture.post(one).status == 200);
    CHECK(fixture.records() == 1);
  }
  SECTION("an array") {
    CHECK(fixture.post("[" + one + "," + one + "]").status == 200);
    CHECK(fixture.records() == 2);
  }
  SECTION("JSON lines") {
    CHECK(fixture.post(one + "\n" + one + "\n", "application/x-ndjson").status == 200);
    CHECK(fixture.records() == 2);
  }
  SECTION("gzip, said or seen") {
    const auto packed = gzip(event_list({one}));
    CHECK(fixture.post(packed, "application/json", "gzip").status == 200);
    CHECK(fixture.post(packed, "application/json", "X-GZIP").status == 200);
    CHECK(fixture.post(packed).status == 200);
    CHECK(fixture.records() == 3);
  }
  SECTION("content types with parameters, in capitals, or none") {
    CHECK(fixture.post(one, "Application/JSON ; charset=utf-8").status == 200);
    CHECK(fixture.post(one, "").status == 200);
    CHECK(fixture.records() == 2);
  }
  SECTION("an empty list") {
    CHECK(fixture.post(event_list({})).status == 200);
    CHECK(fixture.records() == 0);
  }
}

TEST_CASE("what was received says when, and how much") {
  Fixture fixture;
  const auto reply = fixture.post(event_list({rejected_event("a"), rejected_event("b")}));
  CHECK(reply.body == "2 events: 2 rejected, 0 stale, 0 invalid\n");
  const auto delivery = fixture.queue.try_pop();
  REQUIRE(delivery);
  CHECK(delivery->received_ns == 1'000'000'000);
  CHECK(delivery->report.events == 2);
  CHECK(fixture.batches("queued") == 1);
}

TEST_CASE("other content is refused with words that say what to send") {
  Fixture fixture;
  const auto yaml = fixture.post(rejected_event("a"), "application/yaml");
  CHECK(yaml.status == 415);
  CHECK(yaml.body.find("application/yaml") != std::string::npos);
  CHECK(yaml.body.find("application/json") != std::string::npos);
  CHECK(fixture.post(rejected_event("a"), "application/json", "br").status == 415);
  CHECK(fixture.batches("unsupported") == 2);
  CHECK(fixture.queue.size() == 0);
}

TEST_CASE("an empty body is an error of its own") {
  Fixture fixture;
  CHECK(fixture.post("").status == 400);
  CHECK(fixture.post(" \r\n\t ").status == 400);
  CHECK(fixture.post("", "application/json", "gzip").status == 400);
  CHECK(fixture.post("").body.find("empty") != std::string::npos);
  CHECK(fixture.batches("empty") == 4);
}

TEST_CASE("a bad event does not sink its batch") {
  Fixture fixture;
  const auto reply = fixture.post(event_list({rejected_event("a"), R"({"level":7})", "null", rejected_event("b")}));
  CHECK(reply.status == 200);
  CHECK(fixture.records() == 2);
  CHECK(fixture.invalid() == 2);
}

TEST_CASE("a body without a single audit event is refused") {
  Fixture fixture;
  CHECK(fixture.post(R"({"hello":"world"})").status == 400);
  CHECK(fixture.invalid() == 1);
  CHECK(fixture.batches("no_events") == 1);
}

TEST_CASE("the events before a break are kept, and the answer says where it broke") {
  Fixture fixture;
  const auto whole = event_list({rejected_event("a"), rejected_event("b"), rejected_event("c")});
  SECTION("truncated") {
    const auto reply = fixture.post(whole.substr(0, whole.size() - 100));
    CHECK(reply.status == 400);
    INFO(reply.body);
    CHECK(reply.body.find_first_of("0123456789") != std::string::npos);
    CHECK(fixture.records() == 2);
  }
  SECTION("rubbish in the middle") {
    auto broken = whole;
    broken.insert(broken.find(R"(},{"level")") + 1, "}}");
    CHECK(fixture.post(broken).status == 400);
    CHECK(fixture.records() >= 1);
  }
  SECTION("not JSON at all") {
    CHECK(fixture.post("hello").status == 400);
    CHECK(fixture.records() == 0);
  }
  CHECK(fixture.batches("broken") == 1);
}

TEST_CASE("hostile bodies end in an answer") {
  Fixture fixture;
  SECTION("nested deeply") {
    std::string deep(200'000, '[');
    CHECK(fixture.post(deep).status == 400);
    CHECK(
        fixture
            .post(event_list({R"({"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}", rejected_event("a")}))
            .status != 500);
  }
  SECTION("not UTF-8") { CHECK(fixture.post(event_list({rejected_event("\xff\xfe")})).status != 500); }
  SECTION("a gzip bomb") {
    const auto bomb = gzip(std::string(80U << 20U, ' '));
    CHECK(bomb.size() < 100'000);
    const auto reply = fixture.post(bomb, "application/json", "gzip");
    CHECK(reply.status == 413);
    CHECK(fixture.batches("too_large") == 1);
  }
  SECTION("gzip cut off") {
    const auto packed = gzip(event_list({rejected_event("a")}));
    CHECK(fixture.post(packed.substr(0, packed.size() / 2)).status == 400);
  }
  SECTION("gzip that is none") { CHECK(fixture.post(rejected_event("a"), "application/json", "gzip").status == 400); }
  CHECK(fixture.post(rejected_event("z")).status == 200);
}

TEST_CASE("a full queue answers 429 at once and counts what it drops") {
  Fixture fixture;
  for (int i = 0; i < 4; ++i) REQUIRE(fixture.post(rejected_event("a")).status == 200);
  const auto reply = fixture.post(event_list({rejected_event("b"), rejected_event("c")}));
  CHECK(reply.status == 429);
  CHECK(reply.retry_after_seconds == 1U);
  CHECK(fixture.metrics
            .counter("remint_audit_events_dropped_total", "Audit events thrown away before detection saw them.",
                     {{"reason", "queue_full"}})
            .value() == 2);
  CHECK(fixture.records() == 4);
  CHECK(fixture.post(rejected_event("b")).status == 200);
}

TEST_CASE("an endpoint that would take events from anybody is not made") {
  metrics::Registry metrics;
  ManualClock clock;
  BatchQueue queue({}, metrics);
  const auto open = AuditWebhook::create({.demand_client_certificate = false, .token_file = {}}, queue, metrics, clock);
  REQUIRE_FALSE(open);
  CHECK(open.error().code == ErrorCode::kInvalid);
  testing::TempDir dir;
  const auto absent = AuditWebhook::create({.token_file = dir.file("absent")}, queue, metrics, clock);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message.find(dir.file("absent")) != std::string::npos);
  testing::write_file(dir.file("blank"), " \n");
  CHECK_FALSE(AuditWebhook::create({.token_file = dir.file("blank")}, queue, metrics, clock));
}

TEST_CASE("a sender needs a verified certificate or the token") {
  testing::TempDir dir;
  const auto file = dir.file("token");
  testing::write_file(file, "s3cret\n");
  const auto body = rejected_event("a");
  const auto ask = [&](Fixture& fixture, std::string_view authorization, bool verified,
                       std::string_view peer = "10.0.0.1") {
    return fixture.webhook
        ->handle({.authorization = authorization,
                  .body = body,
                  .peer_address = peer,
                  .client_certificate_verified = verified})
        .status;
  };
  SECTION("certificates only") {
    Fixture fixture;
    CHECK(ask(fixture, "", true) == 200);
    CHECK(ask(fixture, "", false) == 401);
    CHECK(ask(fixture, "Bearer s3cret", false) == 401);
    CHECK(ask(fixture, "Bearer ", false, "127.0.0.1") == 401);
    CHECK(fixture.batches("unauthorized") == 3);
  }
  // With an issuer that signs for a whole company, any of its certificates would let restart workloads.
  SECTION("certificates of certain names only") {
    AuditWebhookSettings settings;
    settings.client_names = {"kube-apiserver-audit", "other"};
    Fixture fixture(settings);
    const auto named = [&](std::string_view name, bool verified) {
      return fixture.webhook->handle({.body = body, .client_subject = name, .client_certificate_verified = verified})
          .status;
    };
    CHECK(named("kube-apiserver-audit", true) == 200);
    CHECK(named("kube-apiserver-audit", false) == 401);
    CHECK(named("payroll", true) == 401);
    CHECK(named("", true) == 401);
    CHECK(named("kube-apiserver-audit2", true) == 401);
  }
  SECTION("token only") {
    Fixture fixture({.demand_client_certificate = false, .token_file = file});
    CHECK(ask(fixture, "Bearer s3cret", false) == 200);
    CHECK(ask(fixture, "bearer  s3cret", false) == 200);
    for (const auto* bad :
         {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cretX", "Basic s3cret", "s3cret", "Bearer S3CRET"}) {
      INFO(bad);
      CHECK(ask(fixture, bad, false) == 401);
    }
    CHECK(ask(fixture, "", true) == 401);  // certificates count only where they are demanded
  }
  SECTION("either") {
    Fixture fixture({.demand_client_certificate = true, .token_file = file});
    CHECK(ask(fixture, "", true) == 200);
    CHECK(ask(fixture, "Bearer s3cret", false) == 200);
    CHECK(ask(fixture, "", false) == 401);
  }
  SECTION("a renewed token is noticed, a broken file is not taken") {
    Fixture fixture({.demand_client_certificate = false, .token_file = file});
    testing::write_file(file, "renewed");
    fixture.clock.steady += std::chrono::seconds(2);
    CHECK(ask(fixture, "Bearer renewed", false) == 200);
    CHECK(ask(fixture, "Bearer s3cret", false) == 401);
    testing::write_file(file, "");
    fixture.clock.steady += std::chrono::seconds(2);
    CHECK(ask(fixture, "Bearer renewed", false) == 200);
    CHECK(ask(fixture, "Bearer ", false) == 401);
  }
  SECTION("nothing, by an explicit flag, and from loopback alone") {
    Fixture fixture({.demand_client_certificate = false, .token_file = {}, .no_authentication = true});
    CHECK(ask(fixture, "", false, "127.0.0.1") == 200);
    CHECK(ask(fixture, "", false, "::1") == 200);
    CHECK(ask(fixture, "", false, "10.0.0.1") == 401);
    CHECK(ask(fixture, "", false, "") == 401);
  }
  SECTION("the flag does not open what a token guards") {
    Fixture fixture({.demand_client_certificate = false, .token_file = file, .no_authentication = true});
    CHECK(ask(fixture, "", false, "127.0.0.1") == 401);
    CHECK(ask(fixture, "Bearer s3cret", false, "127.0.0.1") == 200);
  }
}

TEST_CASE("events in envelopes are taken like those that come bare") {
  using detect::samples::base64;
  using detect::samples::cloudwatch;
  using detect::samples::firehose;
  Fixture fixture;
  const auto envelope = cloudwatch("kube-apiserver-audit-1", {rejected_event("a"), rejected_event("b")});
  SECTION("CloudWatch, packed") {
    const auto reply = fixture.post(gzip(envelope));
    CHECK(reply.status == 200);
    CHECK(reply.body == "2 events: 2 rejected, 0 stale, 0 invalid\n");
    CHECK(fixture.records() == 2);
  }
  SECTION("beside bare ones, and beside what is no event") {
    const auto reply = fixture.post(rejected_event("c") + "\n" + envelope + "\n{\"auditID\":7}\n{\"x\":1}\n");
    CHECK(reply.status == 200);
    CHECK(reply.body == "5 events: 3 rejected, 0 stale, 2 invalid\n");
    CHECK(fixture.records() == 3);
  }
  SECTION("a greeting") {
    CHECK(fixture.post(R"({"messageType":"CONTROL_MESSAGE","logEvents":[]})").status == 200);
    CHECK(fixture.queue.size() == 0);
  }
  SECTION("Firehose is answered in its own form") {
    auto reply = fixture.post(firehose({base64(gzip(envelope))}));
    CHECK(reply.status == 200);
    CHECK(reply.content_type == "application/json");
    CHECK(reply.body == R"({"requestId":"ed4acda5-034f-9f42-bba1-f29aea6d7d8f","timestamp":1800000000000})");
    CHECK(fixture.records() == 2);
    reply = fixture.post(firehose({"!!!"}));
    CHECK(reply.status == 400);
    CHECK(reply.body.find("errorMessage") != std::string::npos);
    CHECK(reply.body.find("base64") != std::string::npos);
  }
  SECTION("one that cannot be unpacked does not sink its neighbours") {
    CHECK(fixture.post(firehose({"!!!", base64(gzip(envelope))})).status == 200);
    CHECK(fixture.records() == 2);
    CHECK(fixture.invalid() == 1);
  }
  SECTION("what breaks is refused, and what was before it is kept") {
    CHECK(fixture.post(envelope + "\n" + envelope.substr(0, 90)).status == 400);
    CHECK(fixture.records() == 2);
  }
  SECTION("content types of shippers") {
    for (const char* type :
         {"application/x-ndjson", "application/ndjson", "text/plain", "application/cloudevents+json"}) {
      CHECK(fixture.post(envelope, type).status == 200);
      CHECK(fixture.records() == 2);
    }
    CHECK(fixture.post(envelope, "application/x-protobuf").status == 415);
  }
}

TEST_CASE("log lines among shipped records are handed on") {
  std::vector<std::string> streams;
  bool room = true;
  AuditWebhookSettings settings;
  settings.log_lines = [&](std::string_view stream, std::string_view lines) {
    streams.push_back(std::string(stream) + "|" + std::string(lines));
    return room;
  };
  Fixture fixture(std::move(settings));
  const auto body = detect::samples::cloudwatch("kube-apiserver-1", {"one", "two"});
  CHECK(fixture.post(body).status == 200);
  CHECK(streams == std::vector<std::string>{"kube-apiserver-1|one\ntwo\n"});
  room = false;
  CHECK(fixture.post(body).status == 200);  // events beside them would come twice
  CHECK(fixture.metrics
            .counter("remint_audit_log_bodies_dropped_total",
                     "Bodies whose lines of an API server's log could not be handed on.")
            .value() == 1);
}

TEST_CASE("Firehose's own header is as good as a bearer token") {
  TempDir folder;
  std::ofstream(folder.file("token")) << "secret";
  Fixture fixture({.demand_client_certificate = false, .token_file = folder.file("token")});
  const auto one = rejected_event("a");
  CHECK(fixture.webhook->handle({.access_key = "secret", .body = one}).status == 200);
  CHECK(fixture.webhook->handle({.access_key = "wrong", .body = one}).status == 401);
  CHECK(fixture.webhook->handle({.access_key = "", .body = one}).status == 401);
  CHECK(fixture.webhook->handle({.authorization = "secret", .body = one}).status == 401);
}

}  // namespace remint::sources

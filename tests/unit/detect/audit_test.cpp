#include "remint/detect/audit.hpp"

#include <catch2/catch.hpp>

#include "audit_samples.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;

namespace {

struct Decoded {
  AuditBatch batch;
  AuditReport report;
  [[nodiscard]] std::string_view text(ArenaText t) const { return batch.text(t); }
};

Decoded decode(std::string_view body) {
  static AuditDecoder decoder;  // one for all tests: what one body leaves behind must not show in the next
  Decoded result;
  result.report = decoder.decode(body, result.batch);
  const AuditReport& report = result.report;
  CHECK(report.events == result.batch.records.size() + report.ignored + report.invalid);
  return result;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string rejected() { return samples::event(samples::Rejected{}); }
std::string accepted() { return samples::event(samples::Accepted{}); }

}  // namespace

TEST_CASE("A rejected token is read with its caller") {
  const auto d = decode(samples::list({rejected()}));
  REQUIRE(d.batch.records.size() == 1);
  CHECK_FALSE(d.report.broken);
  CHECK(d.report.rejected == 1);
  const AuditRecord& record = d.batch.records.front();
  CHECK(record.kind == AuditKind::kRejected);
  CHECK(record.code == 401);
  CHECK(record.received == samples::start());
  CHECK(record.staged == samples::start() + 700us);
  CHECK(record.source == IpAddress::parse("10.244.1.7"));
  CHECK(d.text(record.audit_id) == "c771f01d-5995-40e4-9259-879773112159");
  CHECK(d.text(record.verb) == "list");
  CHECK(d.text(record.uri) == "/api/v1/namespaces/shop/configmaps?limit=500&resourceVersion=0");
  CHECK(d.text(record.user_agent) == "controller/v0.0.0");
  CHECK(d.text(record.resource) == "configmaps");
  CHECK(d.text(record.ns) == "shop");
  CHECK(record.stale_seconds == -1);
}

TEST_CASE("An accepted ServiceAccount request is read with its pod") {
  const auto d = decode(samples::list({accepted(), samples::event(samples::Accepted{.stale = 4'185'802})}));
  REQUIRE(d.batch.records.size() == 2);
  CHECK(d.report.stale == 1);
  const AuditRecord& record = d.batch.records.back();
  CHECK(record.kind == AuditKind::kAccepted);
  CHECK(record.code == 200);
  CHECK(d.text(record.pod_uid) == "5f0c6a1e-8d0f-4f5e-9a53-1f7f6b1c2d3e");
  CHECK(d.text(record.pod_name) == "cart-7d9c5b8f6c-x2x9q");
  CHECK(d.text(record.user_name) == "system:serviceaccount:shop:cart");
  CHECK(record.credential != 0);
  CHECK(record.stale_seconds == 4'185'802);
  CHECK(d.batch.records.front().stale_seconds == -1);
  CHECK(d.batch.records.front().dedup == record.dedup);
}

TEST_CASE("Only the last source address counts, because a client writes all others") {
  struct Row {
    std::string ips;
    std::optional<IpAddress> expected;
  };
  const auto row = GENERATE(values<Row>({
      {R"("10.0.0.9","10.244.1.7")", IpAddress::parse("10.244.1.7")},
      {R"("10.0.0.9","10.0.0.8","fd00::7")", IpAddress::parse("fd00::7")},
      {R"("10.244.1.7","not an address")", std::nullopt},
      {R"("10.244.1.7","")", std::nullopt},
      {"", std::nullopt},
  }));
  const auto d = decode(samples::list({samples::event(samples::Rejected{.ips = row.ips})}));
  REQUIRE(d.batch.records.size() == 1);
  CHECK(d.batch.records.front().source == row.expected);
}

TEST_CASE("A rejection needs code 401 and nobody as its user, and nothing else") {
  const std::string r = rejected();
  const auto kind = [](const std::string& event) -> std::optional<AuditKind> {
    const auto d = decode(event);
    CHECK(d.report.invalid == 0);
    return d.batch.records.empty() ? std::nullopt : std::optional(d.batch.records.front().kind);
  };
  CHECK(kind(r) == AuditKind::kRejected);
  // Content negotiation failed: neither status nor reason.
  CHECK(kind(replaced(r, R"("status":"Failure","message":"Unauthorized","reason":"Unauthorized",)",
                      R"("message":"Authentication failed, attempted: bearer",)")) == AuditKind::kRejected);
  CHECK(kind(replaced(r, R"("user":{},)", "")) == AuditKind::kRejected);
  CHECK(kind(replaced(r, R"("user":{},)", R"("user":null,)")) == AuditKind::kRejected);
  CHECK(kind(replaced(r, R"(,"userAgent":"controller/v0.0.0")", "")) == AuditKind::kRejected);
  CHECK(kind(replaced(r, R"("user":{},)", R"("user":{"username":"jane"},)")) == std::nullopt);
  CHECK(kind(replaced(r, R"("code":401)", R"("code":403)")) == std::nullopt);
  CHECK(kind(replaced(r, R"("code":401)", R"("code":null)")) == std::nullopt);
  CHECK(kind(replaced(r, "ResponseStarted", "RequestReceived")) == std::nullopt);
  CHECK(kind(replaced(r, "ResponseStarted", "Panic")) == std::nullopt);
}

TEST_CASE("An accepted request needs a ServiceAccount and its pod") {
  const std::string a = accepted();
  CHECK(decode(a).batch.records.size() == 1);
  CHECK(decode(samples::event(samples::Accepted{.code = 403})).batch.records.size() == 1);
  CHECK(decode(samples::event(samples::Accepted{.stage = "ResponseStarted"})).batch.records.size() == 1);
  CHECK(decode(samples::event(samples::Accepted{.stage = "RequestReceived"})).batch.records.empty());
  CHECK(decode(samples::event(samples::Accepted{.code = 401})).batch.records.empty());
  CHECK(decode(replaced(a, "system:serviceaccount:shop:cart", "jane")).batch.records.empty());
  CHECK(decode(replaced(a, "authentication.kubernetes.io/pod-uid", "example.org/pod-uid")).batch.records.empty());
  CHECK(decode(samples::node_event("x")).batch.records.empty());
  CHECK(decode(samples::node_event("x")).report.ignored == 1);
}

TEST_CASE("The two stages of one request are two events, and a repetition is the same") {
  const auto d = decode(samples::list({samples::event(samples::Accepted{.stage = "ResponseStarted"}),
                                       samples::event(samples::Accepted{.stage = "ResponseComplete"}),
                                       samples::event(samples::Accepted{.stage = "ResponseStarted"}),
                                       samples::event(samples::Accepted{.id = "other", .stage = "ResponseStarted"})}));
  REQUIRE(d.batch.records.size() == 4);
  CHECK(d.batch.records[0].dedup != d.batch.records[1].dedup);
  CHECK(d.batch.records[0].dedup == d.batch.records[2].dedup);
  CHECK(d.batch.records[0].dedup != d.batch.records[3].dedup);
}

TEST_CASE("The stale-token annotation is read in the API server's words only") {
  const std::string event = samples::event(samples::Accepted{.stale = 424});
  const auto seconds = [](const std::string& text) {
    const auto d = decode(text);
    REQUIRE(d.batch.records.size() == 1);
    CHECK(d.report.stale == (d.batch.records.front().stale_seconds >= 0 ? 1U : 0U));
    return d.batch.records.front().stale_seconds;
  };
  CHECK(seconds(event) == 424);
  CHECK(seconds(replaced(event, "threshold: 424", "threshold: 0")) == 0);
  CHECK(seconds(replaced(event, "threshold: 424", "threshold: 424.")) == 424);
  CHECK(seconds(replaced(event, "threshold: 424", "threshold: -5")) == -1);
  CHECK(seconds(replaced(event, "threshold: 424", "threshold: ")) == -1);
  CHECK(seconds(replaced(event, "threshold: 424", "threshold: 99999999999999999999")) == -1);
  CHECK(seconds(replaced(event, "seconds after warning threshold: 424", "424")) == -1);
}

TEST_CASE("Every form of a body gives the same records") {
  const std::string r = rejected();
  const std::string a = accepted();
  const std::string n = samples::node_event("n");
  const auto body = GENERATE_COPY(values<std::string>({
      samples::list({r, a, n}),
      "\xEF\xBB\xBF" + samples::list({r, a, n}),
      " \r\n\t" + samples::list({r, a, n}) + "\n\n",
      "[" + r + "," + a + "," + n + "]",
      "[ " + r + " ,\r\n" + a + " ,\n" + n + " ]\r\n",
      r + "\n" + a + "\n" + n + "\n",
      r + "\r\n" + a + "\r\n\r\n" + n,
      "\xEF\xBB\xBF" + r + "\n" + a + "\n" + n,
      r + a + n,
      r + " " + samples::list({a}) + "\n[" + n + "]",
      samples::list({r}) + samples::list({}) + samples::list({a, n}),
      "[" + r + "]\n[" + a + "," + n + "]\n",
      R"({"items":[)" + r + "," + a + "," + n + R"(],"kind":"EventList","metadata":{}})",
      R"({"items":[)" + r + R"(],"items":[)" + a + "," + n + "]}",
  }));
  INFO(body.substr(0, 40));
  const auto d = decode(body);
  CHECK_FALSE(d.report.broken);
  CHECK(d.report.events == 3);
  CHECK(d.report.ignored == 1);
  REQUIRE(d.batch.records.size() == 2);
  CHECK(d.batch.records[0].kind == AuditKind::kRejected);
  CHECK(d.batch.records[1].kind == AuditKind::kAccepted);
  CHECK(d.text(d.batch.records[0].audit_id) == "c771f01d-5995-40e4-9259-879773112159");
}

TEST_CASE("A pretty-printed event is read") {
  const auto d = decode(
      "{\n  \"auditID\" : \"x\" ,\n  \"stage\":\"ResponseStarted\",\n  \"user\" : { },\n"
      "  \"responseStatus\": {\n \"code\": 401 \n },\n"
      "  \"requestReceivedTimestamp\": \"2026-07-01T10:00:00Z\"\n}\n");
  CHECK_FALSE(d.report.broken);
  REQUIRE(d.batch.records.size() == 1);
  CHECK(d.batch.records.front().staged == d.batch.records.front().received);
}

TEST_CASE("Keys may come in any order") {
  const auto d =
      decode(R"({"requestReceivedTimestamp":"2026-07-01T12:00:00.5+02:00","responseStatus":{"code":401,"metadata":{}},)"
             R"("sourceIPs":["10.0.0.1"],"objectRef":{"namespace":"shop","resource":"pods"},"user":{},"auditID":"x",)"
             R"("stage":"ResponseStarted"})");
  REQUIRE(d.batch.records.size() == 1);
  CHECK(d.batch.records.front().received == samples::start() + 500ms);
  CHECK(d.text(d.batch.records.front().ns) == "shop");
}

TEST_CASE("Nothing to read is not an error") {
  for (const std::string_view body : {"", " \n ", "\xEF\xBB\xBF", "[]", R"({"kind":"EventList","items":[]})",
                                      R"({"kind":"EventList","items":null})"}) {
    INFO(body);
    const auto d = decode(body);
    CHECK(d.report.events == 0);
    CHECK_FALSE(d.report.broken);
  }
}

TEST_CASE("A bad event never sinks its batch") {
  const std::string good = rejected();
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto bad = GENERATE_COPY(values<std::string>({
      "null",
      "12",
      R"("text")",
      "[]",
      "{}",
      deep,
      R"({"requestObject":)" + deep + "}",
      R"({"kind":"Pod","metadata":{"name":"x"}})",
      replaced(good, R"("auditID":"c771f01d-5995-40e4-9259-879773112159",)", ""),
      replaced(good, R"("auditID":"c771f01d-5995-40e4-9259-879773112159")", R"("auditID":7)"),
      replaced(good, R"("stage":"ResponseStarted",)", ""),
      replaced(good, R"("user":{})", R"("user":"jane")"),
      replaced(good, R"("user":{})", R"("user":{"username":[]})"),
      replaced(good, R"("user":{})", R"("user":{"username":"","extra":[1]})"),
      replaced(good, R"("sourceIPs":["10.244.1.7"])", R"("sourceIPs":"10.244.1.7")"),
      replaced(good, R"("sourceIPs":["10.244.1.7"])", R"("sourceIPs":[10])"),
      replaced(good, R"("code":401)", R"("code":"401")"),
      replaced(good, R"("code":401)", R"("code":401.5)"),
      replaced(good, R"("code":401)", R"("code":99999999999999999999999999)"),
      replaced(good, R"("code":401)", R"("code":1e400)"),
      replaced(good, "controller/v0.0.0", R"(\q)"),
      replaced(good, "controller/v0.0.0", R"(\u12)"),
      replaced(good, "controller/v0.0.0", "\xFF\xFE"),
      replaced(good, "controller/v0.0.0", std::string("a\0b", 3)),
      replaced(good, "controller/v0.0.0", "a\nb"),
      replaced(good, "2026-07-01T10:00:00.000000Z", "yesterday"),
      replaced(good, "2026-07-01T10:00:00.000000Z", "2026-13-01T10:00:00.000000Z"),
      replaced(good, "2026-07-01T10:00:00.000700Z", "2026-07-01T25:00:00.000700Z"),
      replaced(good, R"("level":"Metadata")", R"("requestObject":")" + std::string(5U << 20U, 'x') + '"'),
  }));
  INFO(bad.substr(0, 300));
  for (const std::string& body : {samples::list({good, bad, good}), "[" + good + "," + bad + "," + good + "]"}) {
    const auto d = decode(body);
    CHECK_FALSE(d.report.broken);
    CHECK(d.report.events == 3);
    CHECK(d.report.invalid == 1);
    CHECK(d.batch.records.size() == 2);
    CHECK(d.report.rejected == 2);
  }
  if (bad.find('\n') == std::string::npos && bad.front() == '{') {
    const auto d = decode(good + "\n" + bad + "\n" + good + "\n");
    CHECK_FALSE(d.report.broken);
    CHECK(d.report.invalid == 1);
    CHECK(d.batch.records.size() == 2);
  }
}

TEST_CASE("An event over the cap is invalid wherever it stands") {
  const std::string large = samples::event(samples::Rejected{.uri = std::string(5U << 20U, 'x')});
  for (const std::string& body : {large, "[" + large + "]", samples::list({large}), large + "\n" + rejected()}) {
    const auto d = decode(body);
    CHECK_FALSE(d.report.broken);
    CHECK(d.report.invalid == 1);
    CHECK(d.report.rejected == d.batch.records.size());
    CHECK(d.report.events == d.batch.records.size() + 1);
  }
}

TEST_CASE("Keys that stand twice do not confuse the reader, and accuse nobody") {
  const std::string good = rejected();
  CHECK(decode(replaced(good, R"("user":{},)", R"("user":{},"user":{"username":"jane"},)")).batch.records.empty());
  CHECK(decode(replaced(good, R"("user":{},)", R"("user":{"username":"jane"},"user":{},)")).batch.records.empty());
  const auto d = decode(replaced(good, R"("sourceIPs":)", R"("sourceIPs":["10.9.9.9"],"sourceIPs":)"));
  REQUIRE(d.batch.records.size() == 1);
  CHECK(d.batch.records.front().source == IpAddress::parse("10.244.1.7"));
}

TEST_CASE("In JSON lines a bad line is one bad event, and a half one at the end is told") {
  const std::string good = rejected();
  const auto middle = decode(good + "\n" + good.substr(0, good.size() / 2) + "\n" + good + "\n");
  CHECK_FALSE(middle.report.broken);
  CHECK(middle.report.invalid == 1);
  CHECK(middle.batch.records.size() == 2);
  const auto last = decode(good + "\n" + good + "\n" + good.substr(0, good.size() / 2));
  REQUIRE(last.report.broken);
  CHECK(last.batch.records.size() == 2);
}

TEST_CASE("Cut at any byte, a body keeps the events that are whole") {
  const std::string one = rejected();
  const std::string two = samples::event(samples::Accepted{.id = "two"});
  const std::string three = samples::node_event("three");
  struct Form {
    std::string body;
    std::vector<std::size_t> ends;  // where each event is whole
  };
  std::vector<Form> forms;
  for (const std::string& body :
       {samples::list({one, two, three}), "[" + one + "," + two + "," + three + "]", one + "\n" + two + "\n" + three}) {
    Form form{body, {}};
    for (const std::string& event : {one, two, three}) {
      form.ends.push_back(body.find(event) + event.size());
    }
    forms.push_back(std::move(form));
  }
  for (const Form& form : forms) {
    const std::size_t whole = form.body.find_last_not_of('\n') + 1;
    for (std::size_t size = 0; size < form.body.size(); ++size) {
      const auto d = decode(std::string_view(form.body).substr(0, size));
      const auto expected = static_cast<std::uint64_t>(
          std::count_if(form.ends.begin(), form.ends.end(), [size](std::size_t end) { return end <= size; }));
      INFO("cut at " << size << " of " << form.body.size());
      CHECK(d.report.events == expected);
      CHECK(d.report.invalid == 0);
      // Between two lines, and before the first byte, nothing is missing.
      const bool between = std::count(form.ends.begin(), form.ends.end(), size) > 0 ||
                           std::count(form.ends.begin(), form.ends.end(), size - 1) > 0;
      const bool fine =
          size == 0 || size >= whole ||
          (form.body.front() == '{' && form.ends[0] < 1000 && between && form.body.find("items") == std::string::npos);
      CHECK(d.report.broken.has_value() == !fine);
    }
  }
}

TEST_CASE("What is not JSON is told with its place") {
  for (const std::string_view body : {"hello", "<html>", "}", "]", ",", "\x01", "\xFF\xFE{", "{", "[", "{\"items\":[",
                                      "[1 2]", "[,]", "{]", "{\"a\" 1}", "{\"items\":[1}", "tru", "'x'"}) {
    INFO(body);
    const auto d = decode(body);
    REQUIRE(d.report.broken);
    CHECK(d.report.broken->message.find("byte ") != std::string::npos);
  }
  const auto d = decode("[" + rejected() + " x]");
  REQUIRE(d.report.broken);
  CHECK(d.batch.records.size() == 1);
  CHECK(d.report.broken->message.find(std::to_string(rejected().size() + 2)) != std::string::npos);
}

TEST_CASE("Unclosed depth bombs are survived") {
  for (const char c : {'[', '{'}) {
    CHECK(decode(std::string(1'000'000, c)).report.broken);
    CHECK(decode("{\"items\":[" + std::string(1'000'000, c)).report.broken);
  }
  CHECK(decode("[" + rejected() + "," + std::string(1'000'000, '[')).batch.records.size() == 1);
}

TEST_CASE("Texts are cut at their caps, between characters") {
  std::string agent(1023, 'a');
  agent += "\u00e9tail";
  const auto d = decode(samples::event(samples::Rejected{.user_agent = agent, .ns = std::string(300, 'n')}));
  REQUIRE(d.batch.records.size() == 1);
  CHECK(d.text(d.batch.records.front().user_agent) == std::string(1023, 'a'));
  CHECK(d.text(d.batch.records.front().ns).size() == 256);
}

TEST_CASE("Escapes are read as JSON says") {
  const auto d =
      decode(samples::event(samples::Rejected{.user_agent = R"(a\"b\\c\/d\u00e9\ud83d\ude00\ud83dx\ude00\n\u0000)"}));
  REQUIRE(d.batch.records.size() == 1);
  const std::string expected = "a\"b\\c/d\u00e9\U0001F600\uFFFDx\uFFFD\n" + std::string(1, '\0');
  CHECK(d.text(d.batch.records.front().user_agent) == expected);
}

// The date is read once for all events of a day. A leap second is a time of the next one, and took the date there.
TEST_CASE("An event in a leap second does not put the others of its date on the next day") {
  AuditDecoder decoder;
  AuditBatch batch;
  const auto day_before = [](std::string_view time) {
    const std::string text = replaced(rejected(), "\"requestReceivedTimestamp\":\"2026-07-01T10:00:00", time);
    return replaced(text, "\"stageTimestamp\":\"2026-07-01T", "\"stageTimestamp\":\"2026-06-30T");
  };
  const std::string leap = day_before("\"requestReceivedTimestamp\":\"2026-06-30T23:59:60");
  const std::string usual = day_before("\"requestReceivedTimestamp\":\"2026-06-30T10:00:00");
  static_cast<void>(decoder.decode(leap + "\n" + usual + "\n", batch));
  REQUIRE(batch.records.size() == 2);
  CHECK(batch.records[0].received == samples::at("2026-07-01T00:00:00Z"));
  CHECK(batch.records[1].received == samples::at("2026-06-30T10:00:00Z"));
}

TEST_CASE("A batch is added to, and its memory is kept when it is cleared") {
  AuditDecoder decoder;
  AuditBatch batch;
  decoder.decode(samples::list({rejected(), accepted()}), batch);
  decoder.decode(samples::list({rejected()}), batch);
  REQUIRE(batch.records.size() == 3);
  CHECK(batch.text(batch.records[2].user_agent) == "controller/v0.0.0");
  const std::size_t bytes = batch.bytes();
  batch.clear();
  CHECK(batch.records.empty());
  CHECK(batch.bytes() == bytes);
}

TEST_CASE("Flipped bytes never break the count of events, and never the process") {
  const std::string body = samples::list({rejected(), accepted(), samples::node_event("n"), rejected()});
  std::uint64_t state = 20260701;  // a fixed seed: a failure can be repeated
  const auto next = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = body;
    for (std::uint64_t flips = 1 + next(4); flips > 0; --flips) {
      const auto at = static_cast<std::size_t>(next(damaged.size()));
      constexpr std::string_view kNasty = "{}[]\",:\\ \n";
      damaged[at] = next(2) == 0 ? static_cast<char>(next(256)) : kNasty[static_cast<std::size_t>(next(kNasty.size()))];
    }
    const auto d = decode(damaged);
    if (d.report.events > 8) {
      FAIL("round " << round << " saw " << d.report.events << " events");
    }
  }
}

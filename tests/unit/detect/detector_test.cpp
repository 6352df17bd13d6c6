#include "remint/detect/detector.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;
using samples::pod;
using samples::start;

namespace {

constexpr Duration kHour = 1h;

/// A detector with Deployment shop/cart and its pods a (10.244.1.7) and b (10.244.1.8).
struct Bench {
  Detector detector;
  AuditDecoder decoder;
  int next_id = 0;

  explicit Bench(DetectorSettings settings = {}) : detector(settings) {
    samples::add_cart(detector.inventory());
    apply(pod("a"));
    apply(pod("b", "10.244.1.8"));
    detector.inventory().apply(NodeRecord{"worker-1", {samples::ip("192.168.0.4")}});
  }
  void apply(const PodRecord& record, Time now = start()) {
    detector.inventory().apply(record, now);
    detector.pod_changed(record.uid);
  }
  void remove(const std::string& uid, Time now = start()) {
    detector.inventory().remove(ObjectKind::kPod, uid, now);
    detector.pod_changed(uid);
  }
  void observe(const std::vector<std::string>& events) {
    AuditBatch batch;
    const AuditReport report = decoder.decode(samples::list(events), batch);
    CHECK_FALSE(report.broken);
    CHECK(report.invalid == 0);
    detector.count_events(report);
    detector.observe(batch, start());
  }
  [[nodiscard]] std::string rejection(Duration at, const std::string& ips = R"("10.244.1.7")") {
    return samples::event(samples::Rejected{.id = fmt::format("r{}", ++next_id), .received = start() + at, .ips = ips});
  }
  [[nodiscard]] std::string success(Duration at, const std::string& uid = "a", std::int64_t stale = -1) {
    return samples::event(samples::Accepted{
        .id = fmt::format("s{}", ++next_id), .received = start() + at, .pod_uid = uid, .stale = stale});
  }
  [[nodiscard]] std::optional<Case> found() const { return detector.find_case("dep-1"); }
};

std::vector<std::string> names(const Case& c) {
  std::vector<std::string> result;
  for (const PodHealth& health : c.pods) {
    result.push_back(health.name);
  }
  return result;
}

/// Everything that a case says, as text, so that two of them can be compared.
std::string describe(const std::optional<Case>& c) {
  if (!c) {
    return "none";
  }
  std::string text = fmt::format("{} {} {} {} {} {}\n", c->id, c->workload.to_string(), c->cause,
                                 to_string(c->diagnosis), c->confidence, fmt::join(c->reasons, "; "));
  for (const PodHealth& p : c->pods) {
    const auto show = [](const std::optional<Time>& t) { return t ? format_rfc3339_micro(*t) : std::string("-"); };
    text += fmt::format("{} {} {} {} {} {} {}\n", p.name, p.rejection_count, p.rejections.size(), show(p.failing_since),
                        show(p.last_rejection), show(p.last_success), show(p.stale_since));
  }
  for (const Evidence& e : c->evidence) {
    text += format_rfc3339_micro(e.time) + " " + e.text + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("A rejected token accuses the pod that had the address, and its workload") {
  Bench bench;
  bench.observe({bench.rejection(0s), bench.rejection(10s), bench.rejection(40s)});
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
  CHECK(bench.detector.take_changed().empty());
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"dep-1"});
  const auto c = bench.found();
  REQUIRE(c);
  CHECK(c->workload == ObjectRef{"apps/v1", "Deployment", "shop", "cart", "dep-1"});
  CHECK(c->cause == "7d9c");
  CHECK(c->diagnosis == Diagnosis::kUnknown);
  CHECK(c->confidence == Approx(0.97));
  CHECK(c->id.size() == 8);
  CHECK_FALSE(c->breaks_at);
  REQUIRE(names(*c) == std::vector<std::string>{"cart-a"});
  const PodHealth& health = c->pods.front();
  CHECK(health.rejection_count == 3);
  CHECK(health.rejections == std::vector{start(), start() + 10s, start() + 40s});
  CHECK(health.failing_since == start());
  CHECK(health.last_rejection == start() + 40s);
  CHECK_FALSE(health.last_success);
  REQUIRE(c->reasons.size() == 2);
  CHECK(c->reasons[0] ==
        "10.244.1.7 was the address of pod shop/cart-a since 2026-07-01T09:00:00Z, which is not on the host network");
  CHECK(c->reasons[1] == "the audit event does not say why the token was refused");
  REQUIRE(c->evidence.size() == 3);
  CHECK(c->evidence.back().source == "audit");
  CHECK(c->evidence.back().time == start() + 40s);
  CHECK(
      c->evidence.back().text ==
      "401 to LIST /api/v1/namespaces/shop/configmaps from 10.244.1.7 (pod cart-a), user agent \"controller/v0.0.0\"");
  const DetectorCounts& counts = bench.detector.counts();
  CHECK(counts.audit_events == 3);
  CHECK(counts.rejected == 3);
  CHECK(counts.unattributed + counts.external + counts.ignored + counts.duplicates == 0);
}

TEST_CASE("Nobody can have a neighbour accused by writing its address into X-Forwarded-For") {
  Bench bench;
  bench.observe({bench.rejection(0s, R"("10.244.1.7","10.244.1.8")"),
                 bench.rejection(1s, R"("10.244.1.7","10.244.1.7","10.244.1.8")"),
                 bench.rejection(2s, R"("10.244.1.7","203.0.113.5")"), bench.rejection(3s, R"("10.244.1.7","")"),
                 bench.rejection(4s, R"("10.244.1.7","192.168.0.4")")});
  const auto c = bench.found();
  REQUIRE(c);
  CHECK(names(*c) == std::vector<std::string>{"cart-b"});
  CHECK(c->pods.front().rejection_count == 2);
  CHECK(bench.detector.counts().external == 1);
  CHECK(bench.detector.counts().unattributed == 2);
}

TEST_CASE("Node, foreign and ambiguous addresses are counted, and nobody is sure whose request it was") {
  Bench bench;
  bench.apply(pod("twin", "10.244.1.8"));
  auto host = pod("host", "192.168.0.9");
  host.host_network = true;
  bench.apply(host);
  bench.observe({bench.rejection(0s, R"("192.168.0.4")"), bench.rejection(1s, R"("192.168.0.9")"),
                 bench.rejection(2s, R"("10.244.1.8")"), bench.rejection(3s, ""), bench.rejection(4s, R"("8.8.8.8")")});
  CHECK(bench.detector.counts().rejected == 5);
  CHECK(bench.detector.counts().unattributed == 4);
  CHECK(bench.detector.counts().external == 1);
  (void)bench.detector.take_changed();
  for (const std::string& uid : bench.detector.open_cases()) {
    CHECK(bench.detector.find_case(uid)->confidence < 0.5);
  }
}

TEST_CASE("The dead token of an address's former holder does not accuse the new one") {
  struct Row {
    Duration event;
    bool accused;
  };
  const auto row = GENERATE(values<Row>({{-1min, false}, {-10s, false}, {-1s, true}, {10s, true}}));
  Bench bench;
  auto young = pod("young", "10.244.1.20");
  young.created = start() - 30s;
  young.started = start();
  bench.apply(young);
  bench.observe({bench.rejection(row.event, R"("10.244.1.20")")});
  CHECK(bench.found().has_value() == row.accused);
  CHECK(bench.detector.counts().ignored == (row.accused ? 0U : 1U));
}

TEST_CASE("Pods that are going, gone or done make no case") {
  Bench bench;
  auto terminating = pod("a");
  terminating.deleting = start() + 30s;
  auto finished = pod("b", "10.244.1.8");
  finished.finished = true;
  SECTION("already when the event comes") {
    bench.apply(terminating);
    bench.apply(finished, start() + 5s);
    bench.observe({bench.rejection(1s), bench.rejection(2s, R"("10.244.1.8")")});
    CHECK(bench.detector.counts().ignored == 2);
  }
  SECTION("later") {
    bench.observe({bench.rejection(1s), bench.rejection(2s, R"("10.244.1.8")")});
    REQUIRE(bench.found());
    (void)bench.detector.take_changed();
    bench.apply(terminating);
    bench.apply(finished, start() + 5s);
    CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
  }
  SECTION("removed before") {
    bench.remove("a", start() + 10s);
    bench.remove("b", start() + 10s);
    bench.observe({bench.rejection(1s), bench.rejection(2s, R"("10.244.1.8")")});
    CHECK(bench.detector.counts().ignored == 2);
  }
  SECTION("removed after") {
    bench.observe({bench.rejection(1s), bench.rejection(2s, R"("10.244.1.8")")});
    bench.remove("a", start() + 10s);
    bench.remove("b", start() + 10s);
    CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
  }
  CHECK_FALSE(bench.found());
  CHECK(bench.detector.open_cases().empty());
}

TEST_CASE("A pod that authenticates after its last rejection is healthy") {
  Bench bench;
  bench.observe({bench.rejection(0s), bench.rejection(10s)});
  REQUIRE(bench.found());
  (void)bench.detector.take_changed();
  bench.observe({bench.success(5s)});
  REQUIRE(bench.found());
  CHECK(bench.found()->pods.front().failing_since == start() + 10s);
  CHECK(bench.found()->pods.front().rejection_count == 1);
  CHECK(bench.found()->evidence.size() == 1);
  bench.observe({bench.success(11s)});
  CHECK_FALSE(bench.found());
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
  bench.observe({bench.rejection(7s)});  // late
  CHECK_FALSE(bench.found());
  CHECK(bench.detector.counts().ignored == 1);
  bench.observe({bench.rejection(20s)});
  REQUIRE(bench.found());
  CHECK(bench.found()->pods.front().last_success == start() + 11s);
}

TEST_CASE("A stale token accuses the pod that the API server names, with the day it breaks") {
  Bench bench;
  bench.observe({bench.success(0s, "b", 4'185'802)});
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
  const auto c = bench.found();
  REQUIRE(c);
  CHECK(c->diagnosis == Diagnosis::kStaleToken);
  CHECK(c->confidence == 1.0);
  CHECK(names(*c) == std::vector<std::string>{"cart-b"});
  const Time stale_since = start() - 4'185'802s;
  CHECK(c->pods.front().stale_since == stale_since);
  CHECK(c->pods.front().last_stale == start());
  CHECK(c->pods.front().last_success == start());
  CHECK(c->breaks_at == stale_since - 3607s + 31'536'000s);
  CHECK(c->pods.front().breaks_at == c->breaks_at);
  REQUIRE(c->reasons.size() == 1);
  CHECK(c->reasons.front().find("pod shop/cart-b (UID b)") != std::string::npos);
  REQUIRE(c->evidence.size() == 1);
  CHECK(c->evidence.front().text.find("stale for 48 d") != std::string::npos);
  CHECK(bench.detector.counts().stale == 1);
}

TEST_CASE("The lifetime after which a stale token breaks is the platform's") {
  DetectorSettings eks;
  eks.extended_lifetime = 90 * 24 * kHour;
  Bench bench(eks);
  bench.observe({bench.success(0s, "a", 60)});
  CHECK(bench.found()->breaks_at == start() - 60s - 3607s + 90 * 24h);
}

TEST_CASE("A newer request with a fresh token closes the stale state, an older one does not") {
  Bench bench;
  bench.observe({bench.success(10s, "a", 100)});
  REQUIRE(bench.found());
  bench.observe({bench.success(5s, "a")});
  REQUIRE(bench.found());
  (void)bench.detector.take_changed();
  bench.observe({bench.success(20s, "a", 110)});
  CHECK(bench.detector.take_changed().empty());  // the same threshold, told again
  CHECK(bench.found()->pods.front().last_stale == start() + 20s);
  bench.observe({bench.success(30s, "a")});
  CHECK_FALSE(bench.found());
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
}

TEST_CASE("A rejection wins over a stale token, and says Expired when the stale token's day had come") {
  Bench bench;
  const std::int64_t almost = 31'536'000 - 3607 - 60;  // a minute before it breaks
  bench.observe({bench.success(0s, "a", almost)});
  CHECK(bench.found()->diagnosis == Diagnosis::kStaleToken);
  bench.observe({bench.rejection(5min)});
  REQUIRE(bench.found());
  CHECK(bench.found()->diagnosis == Diagnosis::kExpired);
  CHECK(bench.found()->confidence == Approx(0.97));
  CHECK(bench.found()->evidence.size() == 2);

  Bench other;
  other.observe({other.success(0s, "a", 3600), other.rejection(5min)});
  CHECK(other.found()->diagnosis == Diagnosis::kUnknown);
  other.observe({other.success(1s, "b", 7200)});
  CHECK(other.found()->diagnosis == Diagnosis::kUnknown);
  CHECK(names(*other.found()) == std::vector<std::string>{"cart-a", "cart-b"});
}

TEST_CASE("Events that come twice count once") {
  Bench bench;
  const std::string once = bench.rejection(0s);
  const std::string stale = bench.success(-10s, "a", 50);
  bench.observe({once, stale, once});
  bench.observe({once, stale});
  CHECK(bench.found()->pods.front().rejection_count == 1);
  CHECK(bench.detector.counts().duplicates == 3);
  CHECK(bench.detector.counts().rejected == 1);
  CHECK(bench.detector.counts().stale == 1);
  CHECK(bench.detector.counts().audit_events == 5);
}

TEST_CASE("The same events in any order, and any number of times, make the same case") {
  std::vector<std::string> events;
  Bench source;
  for (int i = 0; i < 40; ++i) {
    events.push_back(source.rejection(i * 7s));
    events.push_back(source.rejection(i * 11s, R"("10.244.1.8")"));
    if (i % 5 == 0) {
      events.push_back(source.success(i * 3s, "a"));
      events.push_back(source.success(i * 3s + 1s, "b", 1000 + i * 3));
    }
  }
  Bench in_order;
  in_order.observe(events);
  const std::string expected = describe(in_order.found());
  CHECK(expected.find("cart-a") != std::string::npos);
  CHECK(expected.find("cart-b") != std::string::npos);
  std::uint64_t state = 42;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> shuffled = events;
    shuffled.insert(shuffled.end(), events.begin(), events.begin() + round);
    for (std::size_t i = shuffled.size() - 1; i > 0; --i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      std::swap(shuffled[i], shuffled[(state >> 33U) % (i + 1)]);
    }
    Bench bench;
    const std::size_t half = shuffled.size() / 2;
    bench.observe({shuffled.begin(), shuffled.begin() + static_cast<std::ptrdiff_t>(half)});
    bench.observe({shuffled.begin() + static_cast<std::ptrdiff_t>(half), shuffled.end()});
    REQUIRE(describe(bench.found()) == expected);
    CHECK(bench.detector.counts().rejected == 80);
  }
}

TEST_CASE("In a mix of revisions the one that failed first is the cause") {
  Bench bench;
  auto newer = pod("c", "10.244.1.9");
  newer.revision = "8e0d";
  bench.apply(newer);
  bench.observe({bench.rejection(20s, R"("10.244.1.9")"), bench.rejection(10s)});
  REQUIRE(bench.found());
  CHECK(bench.found()->cause == "7d9c");
  CHECK(names(*bench.found()) == std::vector<std::string>{"cart-a"});
  const std::string first_id = bench.found()->id;
  bench.observe({bench.success(15s, "a")});
  CHECK(bench.found()->cause == "8e0d");
  CHECK(bench.found()->id != first_id);
}

TEST_CASE("The cause of a bare pod is the pod, and without a revision it is the owner") {
  Bench bench;
  auto bare = pod("bare", "10.244.1.30");
  bare.owner = {};
  bare.revision = "leftover";
  bench.apply(bare);
  auto plain = pod("plain", "10.244.1.31");
  plain.owner = {"batch/v1", "Job", "report", "job-1"};
  plain.revision = "";
  bench.apply(plain);
  bench.observe({bench.rejection(0s, R"("10.244.1.30")"), bench.rejection(0s, R"("10.244.1.31")")});
  CHECK(bench.detector.find_case("bare")->cause == "bare");
  CHECK(bench.detector.find_case("bare")->workload.kind == "Pod");
  CHECK(bench.detector.find_case("job-1")->cause == "job-1");
  CHECK(bench.detector.find_case("job-1")->workload.kind == "Job");
}

TEST_CASE("Pods of two namespaces that claim one controller's UID are not put into one case") {
  Bench bench;
  const OwnerRef claimed{"apps.kruise.io/v1", "CloneSet", "web", "clone-1"};
  for (const auto& [uid, ns, address] :
       {std::array{"b", "shop", "10.244.1.8"}, std::array{"c", "evil", "10.244.1.9"}}) {
    auto record = samples::pod(uid, address);
    record.ns = ns;
    record.owner = claimed;
    bench.apply(record);
  }
  bench.observe({bench.rejection(0s, R"("10.244.1.8")"), bench.rejection(1s, R"("10.244.1.9")")});
  const auto c = bench.detector.find_case("clone-1");
  REQUIRE(c);
  CHECK(c->workload.ns == "shop");
  CHECK(names(*c) == std::vector<std::string>{"cart-b"});
}

TEST_CASE("When a pod's owner becomes known its case goes along") {
  Bench bench;
  auto orphan = pod("o", "10.244.1.40");
  orphan.owner = {};
  bench.apply(orphan);
  bench.observe({bench.rejection(0s, R"("10.244.1.40")")});
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"o"});
  (void)bench.detector.take_changed();
  bench.apply(pod("o", "10.244.1.40"));
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"dep-1"});
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1", "o"});
  CHECK_FALSE(bench.detector.find_case("o"));
}

TEST_CASE("When the owner's owner becomes known the case goes along, at the next event or within a minute") {
  Bench bench;
  bench.detector.inventory().remove(ObjectKind::kReplicaSet, "rs-1", start());
  bench.observe({bench.rejection(0s)});
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"rs-1"});
  samples::add_cart(bench.detector.inventory());
  SECTION("next event") { bench.observe({bench.rejection(1s)}); }
  SECTION("sweep") { bench.detector.expire(start() + 1min); }
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"dep-1"});
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1", "rs-1"});
}

TEST_CASE("A stale request may be ahead of the watch that tells of its pod") {
  Bench bench;
  bench.observe({bench.success(0s, "new", 100)});
  CHECK(bench.detector.open_cases().empty());
  bench.apply(pod("new", "10.244.1.50"));
  CHECK(bench.detector.open_cases() == std::vector<std::string>{"dep-1"});
}

TEST_CASE("A quiet failing run is closed after a while, a stale token is not forgotten") {
  Bench bench;
  bench.observe({bench.rejection(0s), bench.success(1s, "b", 100)});
  bench.detector.expire(start() + 59min);
  CHECK(names(*bench.found()) == std::vector<std::string>{"cart-a", "cart-b"});
  (void)bench.detector.take_changed();
  bench.detector.expire(start() + 61min);
  CHECK(names(*bench.found()) == std::vector<std::string>{"cart-b"});
  CHECK(bench.detector.take_changed() == std::vector<std::string>{"dep-1"});
}

TEST_CASE("Health tells of every live pod that is young enough, also of the silent ones") {
  Bench bench;
  auto young = pod("young", "10.244.1.60");
  young.created = start();
  young.started = start();
  bench.apply(young);
  bench.observe({bench.success(5s, "young"), bench.rejection(1s)});
  const auto all = bench.detector.health("dep-1", start() - 2 * kHour);
  REQUIRE(all.size() == 3);
  CHECK(all[0].rejection_count == 1);
  CHECK_FALSE(all[1].last_success);
  CHECK(all[1].ready);
  CHECK(all[2].last_success == start() + 5s);
  const auto since = bench.detector.health("dep-1", start());
  REQUIRE(since.size() == 1);
  CHECK(since.front().name == "cart-young");
}

TEST_CASE("A long failing run is bounded, and still knows its beginning and its count") {
  Bench bench;
  std::vector<std::string> events;
  for (int i = 0; i < 1000; ++i) {
    events.push_back(bench.rejection(i * 1s));
  }
  bench.observe(events);
  const PodHealth health = bench.found()->pods.front();
  CHECK(health.rejection_count == 1000);
  CHECK(health.rejections.size() == 128);
  CHECK(health.failing_since == start());
  CHECK(health.last_rejection == start() + 999s);
  CHECK(bench.found()->evidence.size() == 4);
  bench.observe({bench.success(-1s)});  // from before the run, heard of late
  CHECK(bench.found()->pods.front().rejection_count == 1000);
  bench.observe({bench.success(500s)});  // within the part of which only the count was kept
  CHECK(bench.found()->pods.front().rejection_count == 128);
  CHECK(bench.found()->pods.front().failing_since == start() + 872s);
}

TEST_CASE("Too many failing pods are counted, not kept") {
  DetectorSettings settings;
  settings.max_failing_pods = 1;
  Bench bench(settings);
  bench.observe({bench.rejection(0s), bench.rejection(1s, R"("10.244.1.8")"), bench.rejection(2s)});
  CHECK(names(*bench.found()) == std::vector<std::string>{"cart-a"});
  CHECK(bench.detector.counts().overflow == 1);
  bench.observe({bench.success(10s, "a"), bench.rejection(11s, R"("10.244.1.8")")});
  CHECK(names(*bench.found()) == std::vector<std::string>{"cart-b"});
}

TEST_CASE("A flood of successes of unknown pods does not fill the memory of the known ones") {
  Bench bench;
  std::vector<std::string> events;
  for (int i = 0; i < 3000; ++i) {
    events.push_back(bench.success(0s, fmt::format("unknown-{}", i)));
  }
  bench.observe(events);
  bench.observe({bench.success(0s, "a", 100)});
  CHECK(bench.found());
}

TEST_CASE("A case says who sent the newest refused request, or the newest with the stale token") {
  Bench bench;
  const auto rejected = [&](Duration at, const std::string& agent) {
    return samples::event(samples::Rejected{.id = fmt::format("u{}", ++bench.next_id),
                                            .received = start() + at,
                                            .ips = R"("10.244.1.7")",
                                            .user_agent = agent});
  };
  bench.observe({bench.success(1min, "a", 60)});
  REQUIRE(bench.found());
  CHECK(bench.found()->pods.at(0).user_agent == "cart-operator/v1.14.2 (linux/amd64) kubernetes/3f4c1ab");
  bench.observe({rejected(5min, "OpenAPI-Generator/11.0.0/python"), rejected(4min, "curl/7.88.1")});
  CHECK(bench.found()->pods.at(0).user_agent == "OpenAPI-Generator/11.0.0/python");
  bench.observe({rejected(6min, "")});
  CHECK(bench.found()->pods.at(0).user_agent == "");
  bench.observe({rejected(7min, std::string(900, 'x'))});
  CHECK(bench.found()->pods.at(0).user_agent->size() <= PodHealth::kMaxUserAgent);
}

TEST_CASE("Hostile texts come out harmless in the evidence") {
  Bench bench;
  bench.observe({samples::event(
      samples::Rejected{.user_agent = R"(evil\u001b[31m\r\nfake line \u202e)",
                        .uri = R"(/api/v1/pods\u0000?token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln)"})});
  const auto c = bench.found();
  REQUIRE(c);
  const std::string& text = c->evidence.front().text;
  INFO(text);
  CHECK(std::ranges::none_of(text, [](char ch) { return static_cast<unsigned char>(ch) < 0x20; }));
  CHECK(text.find("eyJ") == std::string::npos);
  CHECK(text.find("\u202e") == std::string::npos);
}

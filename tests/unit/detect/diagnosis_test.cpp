// Why a token was rejected, and whose will be.
#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;
using samples::start;

namespace {

constexpr const char* kAddress = "10.244.1.7";

/// Deployment shop/cart with pod a at kAddress; events are made without a decoder.
struct Bench {
  Detector detector;
  AuditBatch batch;
  std::uint64_t next_id = 1;

  explicit Bench(PodRecord pod = samples::pod("a"), DetectorSettings settings = {}) : detector(settings) {
    samples::add_cart(detector.inventory());
    detector.inventory().apply(pod, start());
  }
  AuditRecord& add(AuditKind kind, Duration at, std::string_view agent) {
    AuditRecord record;
    record.kind = kind;
    record.received = start() + at;
    record.staged = record.received + 800us;
    record.source = samples::ip(kAddress);
    record.dedup = next_id++;
    record.agent = std::hash<std::string_view>()(agent);
    batch.records.push_back(record);
    return batch.records.back();
  }
  void flush() {
    detector.observe(batch, start());
    batch.clear();
  }
  void rejected(Duration at, std::string_view agent = "cart/v1") {
    AuditRecord& record = add(AuditKind::kRejected, at, agent);
    record.code = 401;
    record.audit_id = batch.add(std::to_string(next_id));
    flush();
  }
  void accepted(Duration at, std::string_view agent = "cart/v1", std::uint64_t credential = 0) {
    AuditRecord& record = add(AuditKind::kAccepted, at, agent);
    record.code = 200;
    record.pod_uid = batch.add("a");
    record.credential = credential;
    flush();
  }
  void logged(Duration at, Diagnosis diagnosis, std::string text, std::string account_uid = "") {
    ApiServerLine line;
    line.time = start() + at;
    line.diagnosis = diagnosis;
    line.text = std::move(text);
    line.service_account_uid = std::move(account_uid);
    detector.observe(0, {line});
  }
  [[nodiscard]] std::optional<Case> found() const { return detector.find_case("dep-1"); }
};

PodRecord with_lifetime(std::chrono::seconds lifetime) {
  PodRecord pod = samples::pod("a");
  pod.token_lifetime = lifetime;
  return pod;
}

bool tells(const Case& found, std::string_view text) {
  return std::ranges::any_of(found.reasons, [&](const std::string& reason) { return reason.contains(text); });
}

}  // namespace

TEST_CASE("The line of the API server's log within the event's window says why") {
  Bench bench;
  bench.rejected(0s);
  bench.rejected(10s);
  REQUIRE(bench.found());
  CHECK(bench.found()->diagnosis == Diagnosis::kUnknown);
  bench.logged(10s + 300us, Diagnosis::kExpired, "service account token has expired");
  const auto found = bench.found();
  CHECK(found->diagnosis == Diagnosis::kExpired);
  CHECK(tells(*found, "service account token has expired"));
  CHECK(std::ranges::any_of(found->evidence, [](const Evidence& e) { return e.source == "apiserver-log"; }));
}

TEST_CASE("A line outside the window, and lines that disagree within it, say nothing") {
  Bench bench;
  bench.rejected(0s);
  bench.logged(2ms, Diagnosis::kExpired, "service account token has expired");
  CHECK(bench.found()->diagnosis == Diagnosis::kUnknown);
  bench.logged(100us, Diagnosis::kExpired, "service account token has expired");
  bench.logged(200us, Diagnosis::kWrongAudience, "token audiences");
  CHECK(bench.found()->diagnosis == Diagnosis::kUnknown);
}

TEST_CASE("Most lines decide when the reasons of one pod differ") {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.rejected(i * 1s);
    bench.logged(i * 1s + 100us, i == 0 ? Diagnosis::kUnknown : Diagnosis::kSigningKeyChanged, "text");
  }
  CHECK(bench.found()->diagnosis == Diagnosis::kSigningKeyChanged);
}

TEST_CASE("Rejections are counted by whether the log says why") {
  Bench bench;
  bench.logged(-1h, Diagnosis::kExpired, "long ago");
  bench.rejected(0s);
  bench.rejected(1s);
  bench.rejected(2s);
  bench.logged(100us, Diagnosis::kExpired, "x");
  bench.logged(1s + 100us, Diagnosis::kExpired, "x");
  bench.logged(1s + 200us, Diagnosis::kWrongAudience, "y");
  bench.detector.settle_joins();
  CHECK(bench.detector.counts().joined == 1);
  CHECK(bench.detector.counts().ambiguous == 1);
  CHECK(bench.detector.counts().unjoined == 1);
}

TEST_CASE("One rejection from an API server whose clock is far ahead does not stop the counting of joins") {
  Bench bench;
  bench.logged(-1h, Diagnosis::kExpired, "long ago");
  bench.rejected(8760h);
  bench.rejected(0s);
  bench.detector.expire(start() + 1min);
  CHECK(bench.detector.counts().unjoined == 2);
}

TEST_CASE("A ServiceAccount made anew under a running pod explains its rejections without a log") {
  Bench bench;
  bench.detector.inventory().apply(ServiceAccountRecord{"shop", "cart", "sa-2", start() - 1min});
  bench.rejected(0s);
  CHECK(bench.found()->diagnosis == Diagnosis::kServiceAccountRecreated);
  bench.detector.inventory().remove(ObjectKind::kServiceAccount, "sa-2", start());
  CHECK(bench.found()->diagnosis == Diagnosis::kUnknown);
  bench.detector.inventory().apply(ServiceAccountRecord{"shop", "cart", "sa-1", start() - 24h});
  CHECK(bench.found()->diagnosis == Diagnosis::kUnknown);
}

TEST_CASE("The program beside a healthy sidecar fails on, whatever the sidecar does") {
  Bench bench;
  bench.accepted(-1min, "cart/v1");
  bench.accepted(-1min, "sidecar/v2");
  bench.rejected(0s, "cart/v1");
  bench.accepted(5s, "sidecar/v2");
  bench.rejected(10s, "cart/v1");
  REQUIRE(bench.found());
  CHECK(bench.found()->pods[0].rejection_count == 2);
  CHECK(bench.found()->pods[0].failing_since == start());
  bench.accepted(20s, "cart/v1");
  CHECK_FALSE(bench.found());
}

TEST_CASE("A client that was never accepted is forgiven as soon as the pod is heard: somebody tried something") {
  Bench bench;
  bench.accepted(-1min, "cart/v1");
  bench.rejected(0s, "curl/8");
  bench.accepted(5s, "cart/v1");
  CHECK_FALSE(bench.found());
}

TEST_CASE("A token in use past its renewal is named before it breaks, where tokens are not extended") {
  struct Row {
    std::chrono::seconds lifetime;
    Duration healthy, kept;
  };
  // The kubelet renews at 80 % of the life or after a day; then a quarter of the life, or six and a half minutes.
  const auto row = GENERATE(values<Row>(
      {{3607s, 54min, 55min}, {600s, 10min, 631s}, {86400s, 19h, 19h + 20min}, {1'000'000s, 24h, 24h + 7min}}));
  DetectorSettings settings;
  settings.extended_lifetime = settings.requested_lifetime;
  Bench bench(with_lifetime(row.lifetime), settings);
  for (Duration at{}; at <= row.healthy; at += 5min) {
    bench.accepted(at, "cart/v1", 7);
  }
  bench.accepted(row.healthy, "cart/v1", 7);
  CHECK_FALSE(bench.found());
  bench.accepted(row.kept, "cart/v1", 7);
  const auto found = bench.found();
  REQUIRE(found);
  CHECK(found->diagnosis == Diagnosis::kNotReloading);
  CHECK(found->confidence == 1);
  CHECK(found->breaks_at == start() + row.lifetime);
  CHECK(*found->breaks_at + 60s > start() + row.kept);  // the API server grants it a minute more
  CHECK(tells(*found, "has used one token since"));
  bench.accepted(row.kept + 11min, "cart/v1", 8);  // another token, and the old one no more
  CHECK_FALSE(bench.found());
}

TEST_CASE("Where tokens are extended the annotation tells, and a default token that is kept is no finding") {
  Bench bench(with_lifetime(3607s));
  for (Duration at{}; at < 3h; at += 5min) {
    bench.accepted(at, "cart/v1", 7);
  }
  CHECK_FALSE(bench.found());
}

TEST_CASE("A pod without a mounted token, and one that renews in time, keep nothing") {
  DetectorSettings settings;
  settings.extended_lifetime = settings.requested_lifetime;
  const auto lifetime = GENERATE(0s, 3607s);
  Bench bench(with_lifetime(lifetime), settings);
  for (Duration at{}; at < 5h; at += 5min) {
    bench.accepted(at, "cart/v1", lifetime == 0s ? 7 : static_cast<std::uint64_t>(1 + at / 50min));
  }
  CHECK_FALSE(bench.found());
}

TEST_CASE("Rejected after its token was used for longer than it can live: it has expired, without any log") {
  DetectorSettings settings;
  settings.extended_lifetime = settings.requested_lifetime;
  Bench bench(with_lifetime(3607s), settings);
  for (Duration at{}; at <= 60min; at += 5min) {
    bench.accepted(at, "cart/v1", 7);
  }
  bench.rejected(3668s);
  REQUIRE(bench.found());
  CHECK(bench.found()->diagnosis == Diagnosis::kExpired);
}

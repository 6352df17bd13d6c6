#include "fixture.hpp"

namespace remint::policy {
namespace {

const Time kNow = at("2026-07-01T10:00:00Z");

std::vector<Broken> broken(std::size_t count, Duration ago) {
  std::vector<Broken> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "w" + std::to_string(i);
    all.push_back({{"apps/v1", "Deployment", "shop", name, "uid-" + name}, kNow - ago});
  }
  return all;
}

TEST_CASE("a storm is enough workloads and more than the share of them, within the time") {
  struct Row {
    const char* what;
    StormSpec spec;
    std::size_t count;
    Duration ago;
    std::size_t workloads;
    bool on;
  };
  const StormSpec spec;
  StormSpec off = spec;
  off.percent = 0;
  StormSpec few = spec;
  few.min_workloads = 1;
  const std::vector<Row> rows{
      {"eleven of a hundred", spec, 11, minutes(5), 100, true},
      {"ten of a hundred are just the share", spec, 10, minutes(5), 100, false},
      {"ten of ninety-nine are more", spec, 10, minutes(5), 99, true},
      {"nine are too few, whatever their share is", spec, 9, minutes(5), 9, false},
      {"too long ago", spec, 50, minutes(10), 100, false},
      {"just within", spec, 50, minutes(10) - Duration(1), 100, true},
      {"by a clock that is ahead", spec, 50, -minutes(1), 100, true},
      {"switched off", off, 100, minutes(5), 100, false},
      {"one of one", few, 1, minutes(5), 1, true},
      {"nothing is broken, and nobody counted", few, 0, minutes(5), 0, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto storm = assess_storm(row.spec, broken(row.count, row.ago), row.workloads, {}, {}, kNow);
    CHECK(storm.has_value() == row.on);
    if (storm) CHECK(*storm == Storm{kNow, row.count, row.workloads});
  }
}

TEST_CASE("a brake stays on until somebody resumed after it began, and remembers the most that were broken") {
  const StormSpec spec;
  const Storm before{kNow - hours(2), 40, 100};
  CHECK(assess_storm(spec, {}, 100, before, {}, kNow) == before);
  CHECK(assess_storm(spec, broken(20, minutes(1)), 100, before, {}, kNow) == before);
  CHECK(assess_storm(spec, broken(60, minutes(1)), 110, before, {}, kNow) == Storm{before.since, 60, 110});
  CHECK(assess_storm(spec, {}, 100, before, before.since - seconds(1), kNow) == before);
  CHECK_FALSE(assess_storm(spec, {}, 100, before, before.since, kNow));
  SECTION("what broke before that does not count, what broke after it does") {
    CHECK_FALSE(assess_storm(spec, broken(60, minutes(5)), 100, before, kNow - minutes(4), kNow));
    CHECK(assess_storm(spec, broken(60, minutes(5)), 100, before, kNow - minutes(6), kNow) == Storm{kNow, 60, 100});
  }
  SECTION("switched off it is off") {
    StormSpec off;
    off.percent = 0;
    CHECK_FALSE(assess_storm(off, broken(60, minutes(1)), 100, before, {}, kNow));
  }
}

TEST_CASE("a brake that paces ends by itself when nothing broke for a while") {
  StormSpec spec;
  spec.then = StormSpec::Then::kPace;
  const Storm before{kNow - hours(2), 40, 100};
  CHECK(assess_storm(spec, broken(1, minutes(9)), 100, before, {}, kNow) == before);
  CHECK_FALSE(assess_storm(spec, broken(1, minutes(10)), 100, before, {}, kNow));
  CHECK_FALSE(assess_storm(spec, {}, 100, before, {}, kNow));
}

TEST_CASE("the namespaces of the system go last") {
  for (const char* ns : {"kube-system", "kube-flannel", "openshift-apiserver"}) CHECK(is_system_namespace(ns));
  for (const char* ns : {"shop", "kube", "kubeflow", "openshift", "my-kube-system", ""})
    CHECK_FALSE(is_system_namespace(ns));
  CHECK(to_string(StormSpec::Then::kPace) == "Pace");
  CHECK(parse_storm_then("Ask") == StormSpec::Then::kAsk);
  CHECK_FALSE(parse_storm_then("pace"));
}

}  // namespace
}  // namespace remint::policy

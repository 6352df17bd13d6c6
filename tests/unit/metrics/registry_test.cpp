#include "remint/metrics/registry.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

namespace remint::metrics {
namespace {

TEST_CASE("a metric shows up at 0 before anything happened") {
  Registry registry;
  (void)registry.counter("remint_events_total", "Events.", {{"kind", "stale"}});
  (void)registry.gauge("remint_pods", "Pods.");
  CHECK(registry.expose() ==
        "# HELP remint_events_total Events.\n"
        "# TYPE remint_events_total counter\n"
        "remint_events_total{kind=\"stale\"} 0\n"
        "# HELP remint_pods Pods.\n"
        "# TYPE remint_pods gauge\n"
        "remint_pods 0\n");
}

TEST_CASE("the same name and labels give the same object, other labels another") {
  Registry registry;
  Counter& first = registry.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  CHECK(&registry.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}}) == &first);
  CHECK(&registry.counter("a_total", "A.", {{"x", "2"}, {"y", "2"}}) != &first);
  Gauge& gauge = registry.gauge("g", "G.");
  CHECK(&registry.gauge("g", "G.") == &gauge);
  Histogram& histogram = registry.histogram("h", "H.", {1, 2});
  CHECK(&registry.histogram("h", "H.", {1, 2}) == &histogram);
}

TEST_CASE("counters only grow, gauges go both ways") {
  Registry registry;
  Counter& counter = registry.counter("a_total", "A.");
  counter.add();
  counter.add(2.5);
  counter.add(-10);
  CHECK(counter.value() == 3.5);
  Gauge& gauge = registry.gauge("g", "G.");
  gauge.set(5);
  gauge.add(-7);
  CHECK(gauge.value() == -2);
}

TEST_CASE("a histogram counts into its buckets") {
  Registry registry;
  Histogram& histogram = registry.histogram("h_seconds", "H.", {0.5, 1});
  histogram.observe(0.5);
  histogram.observe(0.75);
  histogram.observe(100);
  CHECK(registry.expose() ==
        "# HELP h_seconds H.\n"
        "# TYPE h_seconds histogram\n"
        "h_seconds_count 3\n"
        "h_seconds_sum 101.25\n"
        "h_seconds_bucket{le=\"0.5\"} 1\n"
        "h_seconds_bucket{le=\"1\"} 2\n"
        "h_seconds_bucket{le=\"+Inf\"} 3\n");
}

TEST_CASE("families and series come in a fixed order, values escaped") {
  Registry registry;
  (void)registry.counter("b_total", "B.", {{"l", "2"}});
  (void)registry.counter("b_total", "B.", {{"l", "1"}});
  (void)registry.counter("a_total", "A.", {{"l", "q\"n\nb\\"}});
  CHECK(registry.expose() ==
        "# HELP a_total A.\n"
        "# TYPE a_total counter\n"
        "a_total{l=\"q\\\"n\\nb\\\\\"} 0\n"
        "# HELP b_total B.\n"
        "# TYPE b_total counter\n"
        "b_total{l=\"1\"} 0\n"
        "b_total{l=\"2\"} 0\n");
}

TEST_CASE("a label value that is not UTF-8 does not spoil the page") {
  Registry registry;
  Counter& counter = registry.counter("a_total", "A.", {{"l", "x\xff"}});
  CHECK(&registry.counter("a_total", "A.", {{"l", "x\xff"}}) == &counter);
  CHECK(registry.expose().find("a_total{l=\"x\ufffd\"} 0\n") != std::string::npos);
}

TEST_CASE("contradictions between two registrations are caught when they are made") {
  Registry registry;
  (void)registry.counter("a_total", "A.");
  (void)registry.histogram("h", "H.", {1, 2});
  CHECK_THROWS_AS(registry.gauge("a_total", "A."), std::logic_error);
  CHECK_THROWS_AS(registry.counter("a_total", "B."), std::logic_error);
  CHECK_THROWS_AS(registry.histogram("h", "H.", {1, 3}), std::logic_error);
  CHECK_THROWS_AS(registry.histogram("i", "I.", {2, 1}), std::logic_error);
  CHECK_THROWS_AS(registry.histogram("i", "I.", {1, 1}), std::logic_error);
  CHECK_THROWS_AS(registry.counter("no spaces", "A."), std::logic_error);
  CHECK_THROWS_AS(registry.counter("", "A."), std::logic_error);
  CHECK_THROWS_AS(registry.counter("b_total", "B.", {{"no-dash", "x"}}), std::logic_error);
  CHECK_THROWS_AS(registry.counter("b_total", "B.", {{"__reserved", "x"}}), std::logic_error);
  (void)registry.counter("b_total", "B.");  // a refused registration leaves nothing behind
}

TEST_CASE("threads count, look up and scrape at the same time without losing anything") {
  Registry registry;
  constexpr int kThreads = 4;
  constexpr int kRounds = 5'000;
  std::atomic<int> running = kThreads;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        registry.counter("a_total", "A.", {{"i", std::to_string(i % 10)}}).add();
        registry.gauge("g" + std::to_string(t), "G.").add(1);
        registry.histogram("h", "H.", {1}).observe(t);
      }
      --running;
    });
  }
  while (running > 0) {
    CHECK(registry.expose().size() < 10'000);
  }
  threads.clear();
  double sum = 0;
  for (int i = 0; i < 10; ++i) {
    sum += registry.counter("a_total", "A.", {{"i", std::to_string(i)}}).value();
  }
  CHECK(sum == kThreads * kRounds);
}

}  // namespace
}  // namespace remint::metrics

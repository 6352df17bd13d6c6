#include "remint/sources/batch_queue.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace remint::sources {
namespace {

std::unique_ptr<AuditDelivery> delivery(BatchQueue& queue, std::uint64_t events, std::size_t arena = 100) {
  auto made = queue.take_empty();
  made->report.events = events;
  made->batch.arena.assign(arena, 'x');
  return made;
}

double dropped(metrics::Registry& metrics) {
  return metrics
      .counter("remint_audit_events_dropped_total", "Audit events thrown away before detection saw them.",
               {{"reason", "queue_full"}})
      .value();
}

double depth(metrics::Registry& metrics) {
  return metrics.gauge("remint_audit_queue_batches", "Audit batches that wait for detection.").value();
}

}  // namespace

TEST_CASE("deliveries come out in the order in which they went in, round and round") {
  metrics::Registry metrics;
  BatchQueue queue({.deliveries = 3, .bytes = 1U << 20U}, metrics);
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i <= round % 3; ++i) REQUIRE(queue.push(delivery(queue, ++in)));
    CHECK(depth(metrics) == static_cast<double>(in - out));
    while (auto popped = queue.try_pop()) {
      CHECK(popped->report.events == ++out);
      queue.recycle(std::move(popped));
    }
  }
  CHECK(in == out);
  CHECK(queue.size() == 0);
  CHECK(depth(metrics) == 0);
}

TEST_CASE("a full queue drops the newcomer and counts its events") {
  metrics::Registry metrics;
  SECTION("by number") {
    BatchQueue queue({.deliveries = 2, .bytes = 1U << 20U}, metrics);
    CHECK(queue.push(delivery(queue, 1)));
    CHECK(queue.push(delivery(queue, 2)));
    CHECK_FALSE(queue.push(delivery(queue, 400)));
    CHECK(queue.size() == 2);
    CHECK(queue.try_pop()->report.events == 1);
    CHECK(queue.push(delivery(queue, 3)));
  }
  SECTION("by bytes, but one alone is always taken") {
    BatchQueue queue({.deliveries = 100, .bytes = 10'000}, metrics);
    CHECK(queue.push(delivery(queue, 1, 50'000)));
    CHECK_FALSE(queue.push(delivery(queue, 400, 100)));
    CHECK(queue.try_pop() != nullptr);
    CHECK(queue.push(delivery(queue, 2, 6'000)));
    CHECK(queue.push(delivery(queue, 3, 3'000)));
  }
  CHECK(dropped(metrics) == 400);
}

TEST_CASE("memory goes round, but what a huge body has blown up is given back") {
  metrics::Registry metrics;
  BatchQueue queue({}, metrics);
  auto first = delivery(queue, 1, 100'000);
  const auto* memory = first->batch.arena.data();
  REQUIRE(queue.push(std::move(first)));
  queue.recycle(queue.try_pop());
  auto again = queue.take_empty();
  CHECK(again->batch.arena.data() == memory);
  CHECK(again->batch.arena.empty());
  CHECK(again->report.events == 0);

  again->batch.arena.assign(5'000'000, 'x');
  queue.recycle(std::move(again));
  CHECK(queue.take_empty()->batch.bytes() < 1000);
  queue.recycle(nullptr);
}

TEST_CASE("each push rings the consumer, a refused one does not") {
  metrics::Registry metrics;
  BatchQueue queue({.deliveries = 1, .bytes = 1000}, metrics);
  int rung = 0;
  queue.on_push([&] { ++rung; });
  CHECK(queue.push(delivery(queue, 1)));
  CHECK_FALSE(queue.push(delivery(queue, 1)));
  CHECK(rung == 1);
}

TEST_CASE("many senders and one consumer lose nothing that was not counted") {
  metrics::Registry metrics;
  BatchQueue queue({.deliveries = 8, .bytes = 1U << 20U}, metrics);
  std::atomic<bool> sending = true;
  std::uint64_t seen = 0;
  std::thread consumer([&] {
    for (;;) {
      const bool last = !sending;
      while (auto popped = queue.try_pop()) {
        seen += popped->report.events;
        queue.recycle(std::move(popped));
      }
      if (last) return;
      std::this_thread::yield();
    }
  });
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < 4; ++i) {
      senders.emplace_back([&] {
        for (int n = 0; n < 5000; ++n) static_cast<void>(queue.push(delivery(queue, 1)));
      });
    }
  }
  sending = false;
  consumer.join();
  CHECK(static_cast<double>(seen) + dropped(metrics) == 20'000);
}

}  // namespace remint::sources

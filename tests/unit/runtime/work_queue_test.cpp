#include "remint/runtime/work_queue.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace std::chrono_literals;
using remint::testing::ManualClock;
using remint::testing::wait_until;
using runtime::WorkQueue;

namespace {

constexpr BackoffSettings kPlain{.initial = 1000ms, .max = 8000ms, .factor = 2.0, .jitter = 0.0};

ObjectKey key(const std::string& name) { return {"shop", name}; }

struct Fixture {
  ManualClock clock;
  metrics::Registry metrics;
  WorkQueue queue{clock, metrics, "test", kPlain};
  std::stop_source never;

  /// The one key that is ready now, without waiting. (A key of our own ends the wait when there is none. Two rounds,
  /// because keys that have become due line up behind it in the first.)
  std::optional<std::string> take() {
    for (int round = 0; round < 2; ++round) {
      queue.add(key("~end"));
      const auto got = queue.get(never.get_token());
      REQUIRE(got);
      if (got->name == "~end") {
        queue.done(*got);
        continue;
      }
      REQUIRE(queue.get(never.get_token()) == key("~end"));
      queue.done(key("~end"));
      return got->name;
    }
    return std::nullopt;
  }
  double depth() {
    return metrics.gauge("remint_workqueue_depth", "Keys that are ready and wait for a worker.", {{"queue", "test"}})
        .value();
  }
};

}  // namespace

TEST_CASE("A key that is added many times is handed out once") {
  Fixture f;
  f.queue.add(key("a"));
  f.queue.add(key("a"));
  f.queue.add(key("a"));
  CHECK(f.queue.size() == 1);
  CHECK(f.depth() == 1);
  CHECK(f.take() == "a");
  f.queue.done(key("a"));
  CHECK(f.take() == std::nullopt);
}

TEST_CASE("Keys come out in the order in which they became ready") {
  Fixture f;
  for (const auto* name : {"c", "a", "b"}) f.queue.add(key(name));
  for (const auto* name : {"c", "a", "b"}) CHECK(f.queue.get(f.never.get_token()) == key(name));
}

TEST_CASE("A key added while it is worked on comes again, after done and only once") {
  Fixture f;
  f.queue.add(key("a"));
  CHECK(f.take() == "a");
  f.queue.add(key("a"));
  f.queue.add(key("a"));
  CHECK(f.take() == std::nullopt);
  f.queue.done(key("a"));
  CHECK(f.take() == "a");
  f.queue.done(key("a"));
  CHECK(f.take() == std::nullopt);
}

TEST_CASE("A delayed key is handed out when its time has come") {
  Fixture f;
  f.queue.add_after(key("a"), 5s);
  CHECK(f.queue.size() == 1);
  CHECK(f.take() == std::nullopt);
  f.clock.advance(4999ms);
  CHECK(f.take() == std::nullopt);
  f.clock.advance(1ms);
  CHECK(f.take() == "a");
}

TEST_CASE("Of several delays the earliest wins") {
  Fixture f;
  f.queue.add_after(key("a"), 10s);
  f.queue.add_after(key("a"), 2s);
  f.queue.add_after(key("a"), 20s);
  f.clock.advance(2s);
  CHECK(f.take() == "a");
  f.queue.done(key("a"));
  f.clock.advance(60s);
  CHECK(f.take() == std::nullopt);
}

TEST_CASE("An add at once overtakes a delayed one, and a later delay does not add a second") {
  Fixture f;
  f.queue.add_after(key("a"), 10s);
  f.queue.add(key("a"));
  f.queue.add_after(key("a"), 1s);
  CHECK(f.take() == "a");
  f.queue.done(key("a"));
  f.clock.advance(60s);
  CHECK(f.take() == std::nullopt);
}

TEST_CASE("A delay that ends while the key is worked on waits for done") {
  Fixture f;
  f.queue.add(key("a"));
  CHECK(f.take() == "a");
  f.queue.add_after(key("a"), 1s);
  f.clock.advance(2s);
  CHECK(f.take() == std::nullopt);
  f.queue.done(key("a"));
  CHECK(f.take() == "a");
}

TEST_CASE("Failures of a key wait longer each time, until it is forgotten") {
  Fixture f;
  for (const auto delay : {1s, 2s, 4s, 8s, 8s}) {
    f.queue.add_rate_limited(key("a"));
    f.clock.advance(delay - 1ms);
    CHECK(f.take() == std::nullopt);
    f.clock.advance(1ms);
    CHECK(f.take() == "a");
    f.queue.done(key("a"));
  }
  f.queue.forget(key("a"));
  f.queue.add_rate_limited(key("a"));
  f.queue.add_rate_limited(key("b"));  // its own count
  f.clock.advance(1s);
  CHECK(f.queue.size() == 2);
  CHECK(f.queue.get(f.never.get_token()) == key("a"));
  CHECK(f.queue.get(f.never.get_token()) == key("b"));
}

TEST_CASE("An absurd delay does not overflow into now") {
  Fixture f;
  f.queue.add_after(key("a"), std::chrono::milliseconds::max());
  f.clock.advance(std::chrono::hours(24));
  CHECK(f.take() == std::nullopt);
}

TEST_CASE("A waiting worker gets what is added later, and a moved clock counts after wake") {
  Fixture f;
  std::mutex mutex;
  std::vector<std::string> got;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return got.size();
  };
  std::jthread worker([&](const std::stop_token& stop) {
    while (auto k = f.queue.get(stop)) {
      {
        const std::lock_guard lock(mutex);
        got.push_back(k->name);
      }
      f.queue.done(*k);
    }
  });
  f.queue.add(key("a"));
  CHECK(wait_until([&] { return count() == 1; }));
  f.queue.add_after(key("b"), std::chrono::hours(1));
  f.clock.advance(std::chrono::hours(1));
  f.queue.wake();
  CHECK(wait_until([&] { return count() == 2; }));
}

// Both workers sleep without an end; delayed keys wake one of them (which one is the library's choice, and it may be
// the same one twice), which then takes the first key and is busy with it. The other must by then watch the second's
// time.
TEST_CASE("A delayed key is not forgotten while the worker that waited for it is busy") {
  metrics::Registry metrics;
  WorkQueue queue(system_clock(), metrics, "test", kPlain);
  std::atomic<bool> release = false;
  std::atomic<bool> late_done = false;
  const auto work = [&](const std::stop_token& stop) {
    while (auto k = queue.get(stop)) {
      if (k->name == "long") {
        static_cast<void>(wait_until([&] { return release.load(); }, 60s));
      } else {
        late_done = true;
      }
      queue.done(*k);
    }
  };
  {
    std::jthread one(work);
    std::jthread two(work);
    queue.add_after(key("long"), 20ms);
    queue.add_after(key("late"), 60ms);
    CHECK(wait_until([&] { return late_done.load(); }, 30s));
    release = true;
    queue.shut_down();
  }
}

TEST_CASE("A stop ends the wait of that worker only") {
  Fixture f;
  std::atomic<bool> ended = false;
  std::atomic<bool> got = false;
  std::jthread stays([&] { got = f.queue.get(f.never.get_token()).has_value(); });
  std::jthread leaves([&](const std::stop_token& stop) { ended = !f.queue.get(stop).has_value(); });
  leaves.request_stop();
  CHECK(wait_until([&] { return ended.load(); }));
  f.queue.add(key("a"));
  CHECK(wait_until([&] { return got.load(); }));
}

TEST_CASE("After shut_down nothing is handed out and adds are ignored") {
  Fixture f;
  f.queue.add(key("a"));
  f.queue.add_after(key("b"), 1s);
  f.queue.shut_down();
  f.queue.add(key("c"));
  f.queue.add_rate_limited(key("c"));
  CHECK(f.queue.get(f.never.get_token()) == std::nullopt);
  CHECK(f.queue.size() == 0);
  CHECK(f.depth() == 0);
}

TEST_CASE("shut_down wakes everybody who waits") {
  Fixture f;
  std::atomic<int> ended = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      if (!f.queue.get(f.never.get_token())) ++ended;
    });
  }
  f.queue.shut_down();
  CHECK(wait_until([&] { return ended == 4; }));
}

// Invariants, with 4 producers, 4 workers, 20 keys and a seeded mix of adds, short delays and rate-limited adds:
//  - no key is in the hands of two workers at once;
//  - no add is lost: after each add, at least one hand-out of that key begins that saw everything written before it;
//  - a key is handed out at most once for each add;
//  - in the end nothing is left in the queue.
TEST_CASE("Any mix of adds keeps the queue's promises") {
  constexpr std::size_t kKeys = 20;
  constexpr int kAdds = 3000;
  metrics::Registry metrics;
  WorkQueue queue(system_clock(), metrics, "test", {.initial = 1ms, .max = 3ms, .factor = 2, .jitter = 0.5});
  struct Slot {
    std::atomic<int> holders = 0;
    std::atomic<std::uint64_t> wanted = 0;   // raised before each add
    std::atomic<std::uint64_t> reached = 0;  // what the worker found in `wanted`
    std::atomic<std::uint64_t> adds = 0, handed_out = 0;
  };
  std::vector<Slot> slots(kKeys);
  std::atomic<int> doubled = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&](const std::stop_token& stop) {
      while (auto k = queue.get(stop)) {
        auto& slot = slots[std::stoul(k->name)];
        if (++slot.holders != 1) ++doubled;
        ++slot.handed_out;
        slot.reached = slot.wanted.load();
        if (slot.handed_out % 3 == 0) queue.forget(*k);
        std::this_thread::yield();
        --slot.holders;
        queue.done(*k);
      }
    });
  }
  {
    std::vector<std::jthread> producers;
    for (unsigned seed = 1; seed <= 4; ++seed) {
      producers.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < kAdds; ++i) {
          const auto index = random() % kKeys;
          auto& slot = slots[index];
          ++slot.wanted;
          ++slot.adds;
          const auto k = key(std::to_string(index));
          switch (random() % 3) {
            case 0:
              queue.add(k);
              break;
            case 1:
              queue.add_after(k, std::chrono::milliseconds(random() % 4));
              break;
            default:
              queue.add_rate_limited(k);
              break;
          }
        }
      });
    }
  }
  for (auto& slot : slots) {
    CHECK(wait_until([&] { return slot.reached == slot.wanted && slot.holders == 0; }));
    CHECK(slot.handed_out <= slot.adds);
  }
  CHECK(doubled == 0);
  CHECK(wait_until([&] { return queue.size() == 0; }));
  queue.shut_down();
}

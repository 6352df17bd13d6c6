// Watches that run only while somebody wants them.

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "fixture.hpp"
#include "remint/runtime/wanted_watch.hpp"
#include "support/wait_until.hpp"
#include "verbs.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using namespace std::chrono_literals;

namespace {

/// What a relist no longer names is gone.
struct Seen final : runtime::ReflectorSink {
  void begin_list() override {
    const std::lock_guard lock(mutex);
    fresh.clear();
  }
  Result<void> apply(std::string_view object, bool initial) override {
    const std::lock_guard lock(mutex);
    (initial ? fresh : known).insert(std::string(object));
    return {};
  }
  Result<void> remove(std::string_view) override { return {}; }
  void end_list() override {
    const std::lock_guard lock(mutex);
    known = fresh;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return known.size();
  }
  std::mutex mutex;
  std::set<std::string> fresh, known;
};

}  // namespace

TEST_CASE_METHOD(Served, "a watch begins when it is wanted, forgets all when it is not, and begins anew") {
  server.put(config_map("a"));
  Seen seen;
  std::atomic<bool> wanted{false};
  runtime::WantedWatch watch(client, connected.metrics, [&] { return wanted.load(); }, 10ms);
  watch.add(quick_reflector(), seen);
  watch.start();
  const auto asked = [&] { return server.requests().count("GET", kMaps); };
  CHECK(asked() == 0);

  wanted = true;
  CHECK(wait_until([&] { return seen.count() == 1; }));
  server.put(config_map("b"));
  CHECK(wait_until([&] { return seen.count() == 2; }));

  wanted = false;
  CHECK(wait_until([&] { return seen.count() == 0; }));
  const auto before = asked();
  server.put(config_map("c"));

  wanted = true;
  CHECK(wait_until([&] { return seen.count() == 3; }));
  CHECK(asked() > before);
  const auto begin = std::chrono::steady_clock::now();
  watch.stop();
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
}

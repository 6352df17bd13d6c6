#pragma once
// What a server's connections share.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "aside.hpp"
#include "remint/base/log.hpp"
#include "remint/http/server.hpp"
#include "router.hpp"
#include "server_metrics.hpp"

namespace remint::http {

class Connection;

/// Thread-safe.
struct Core {
  Core(Settings chosen, std::vector<Route> routes, metrics::Registry& registry)
      : settings(std::move(chosen)),
        router(std::move(routes)),
        metrics(registry, settings.name),
        aside(settings.limits.bytes_in_flight / 4) {}

  const Settings settings;
  const Router router;
  ServerMetrics metrics;
  Aside aside;  ///< its jobs hold connections: stopped before the context that these need is gone
  std::atomic<bool> draining = false;
  std::atomic<std::chrono::milliseconds> linger{};  ///< set before draining: how long a connection may still ask

  /// Takes `bytes` of the budget for bodies in flight; false, and nothing taken, when they do not fit.
  [[nodiscard]] bool charge(std::uint64_t bytes) {
    if (in_flight_.fetch_add(bytes) + bytes <= settings.limits.bytes_in_flight) return true;
    in_flight_.fetch_sub(bytes);
    return false;
  }
  void release(std::uint64_t bytes) { in_flight_.fetch_sub(bytes); }
  /// The same for bodies of routes beside the server's thread, while they are received: a quarter, so that who may post
  /// there alone does not keep others from posting elsewhere. A body that is larger is taken when it is the only one:
  /// `own` is what it has taken so far.
  [[nodiscard]] bool charge_aside(std::uint64_t bytes, std::uint64_t own) {
    const auto before = aside_in_flight_.fetch_add(bytes);
    if (before == own || before + bytes <= settings.limits.bytes_in_flight / 4) return true;
    aside_in_flight_.fetch_sub(bytes);
    return false;
  }
  void release_aside(std::uint64_t bytes) { aside_in_flight_.fetch_sub(bytes); }
  /// Connections are scarce: who posts to such routes is not to keep one for the next time.
  [[nodiscard]] bool crowded() {
    const std::lock_guard lock(mutex);
    return connections.size() > settings.limits.connections / 2;
  }
  /// A hint, for turning a request away before it is received.
  [[nodiscard]] bool would_fit(std::uint64_t bytes) const {
    return bytes <= settings.limits.bytes_in_flight && in_flight_.load() <= settings.limits.bytes_in_flight - bytes;
  }

  /// One log line in ten seconds about refused handshakes: anybody can cause them.
  [[nodiscard]] bool may_log_refusal(std::chrono::steady_clock::time_point now) {
    auto last = last_refusal_.load();
    const auto ticks = now.time_since_epoch().count();
    constexpr auto kQuiet = std::chrono::steady_clock::duration(std::chrono::seconds(10)).count();
    return (last == 0 || ticks - last > kQuiet) && last_refusal_.compare_exchange_strong(last, ticks);
  }

  std::mutex mutex;  ///< guards what follows
  std::condition_variable emptied;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;

 private:
  std::atomic<std::uint64_t> in_flight_ = 0, aside_in_flight_ = 0;
  std::atomic<std::chrono::steady_clock::rep> last_refusal_ = 0;
};

}  // namespace remint::http

#pragma once
// One thread that keeps one consumer up to date with one resource.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "remint/base/backoff.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/runtime/watcher.hpp"

namespace remint::runtime {

/// Receives what the reflector sees, on the reflector's thread, in order. Views die on return. An error of apply() or
/// remove() is logged, counted (remint_watch_decode_errors_total) and skipped: one bad object never stops a watch.
/// Implementations do not throw.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  virtual void begin_list() = 0;
  virtual Result<void> apply(std::string_view object, bool initial) = 0;
  virtual Result<void> remove(std::string_view object) = 0;
  /// The list is whole: what was not applied since begin_list() is gone.
  virtual void end_list() = 0;
};

struct ReflectorSettings {
  kube::Resource resource;
  std::string ns;  ///< empty: all
  std::string field_selector;
  BackoffSettings backoff{};                 ///< between failures
  std::chrono::seconds server_timeout{290};  ///< how long the server keeps a watch open; see kube::WatchOptions
  std::chrono::seconds idle_margin{5};
};

/// A list that fails halfway is begun anew (begin_list again). A missing CRD (404) or a 403 is retried with backoff and
/// said in last_error(). Queries are thread-safe; start() and stop() belong to one thread.
///
/// Metrics, per resource ("pods", or "pods/shop" when it looks at one namespace): remint_watch_restarts_total{reason}
/// with reason ended (the server closed it, normal), expired (410), silent (no byte for too long), cut, refused (401,
/// 403, 404, 429) or failed; remint_watch_decode_errors_total; remint_watch_synced (1 once the first list was whole).
class Reflector {
 public:
  /// `client`, `sink` and `metrics` outlive the reflector.
  Reflector(kube::Client& client, ReflectorSettings settings, ReflectorSink& sink, metrics::Registry& metrics);
  ~Reflector();
  void start();
  /// Cancels what is under way and joins: milliseconds. Idempotent.
  void stop();
  /// True from the first whole list on; that sink.end_list() has returned is part of it.
  [[nodiscard]] bool synced() const;
  /// Empty when the last attempt went well: a list was whole, or a watch brought something or ended as it should.
  [[nodiscard]] std::string last_error() const;
  [[nodiscard]] const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::runtime

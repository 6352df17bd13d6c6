#include "remint/runtime/reflector.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include "remint/base/clock.hpp"
#include "remint/base/log.hpp"
#include "resource_version.hpp"

namespace remint::runtime {
namespace {

// Bad objects are all counted, but only so many of one list or watch are told one by one: a whole table of them would
// drown the log.
constexpr unsigned kToldPerRound = 5;

std::string_view reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kGone:
      return "expired";
    case ErrorCode::kTimeout:
      return "silent";
    case ErrorCode::kUnavailable:
      return "cut";
    case ErrorCode::kUnauthorized:
    case ErrorCode::kForbidden:
    case ErrorCode::kNotFound:
    case ErrorCode::kTooMany:
      return "refused";
    default:
      return "failed";
  }
}

}  // namespace

struct Reflector::Impl {
  Impl(kube::Client& api, ReflectorSettings reflector_settings, ReflectorSink& receiver, metrics::Registry& registry)
      : client(api),
        settings(std::move(reflector_settings)),
        sink(receiver),
        metrics(registry),
        name(settings.ns.empty() ? std::string(settings.resource.plural)
                                 : std::string(settings.resource.plural) + "/" + settings.ns),
        watcher(settings.backoff),
        decode_errors(metrics.counter("remint_watch_decode_errors_total",
                                      "Watched objects that could not be understood.", {{"resource", name}})),
        synced_gauge(metrics.gauge("remint_watch_synced", "1 when the first list of the resource was whole.",
                                   {{"resource", name}})) {
    for (const auto* reason : {"ended", "expired", "silent", "cut", "refused", "failed"}) restarts(reason);
  }

  metrics::Counter& restarts(std::string_view reason) {
    return metrics.counter("remint_watch_restarts_total", "Lists and watches that had to be begun again, by reason.",
                           {{"resource", name}, {"reason", std::string(reason)}});
  }

  void run(const std::stop_token& stop) {
    auto action = watcher.start();
    while (!stop.stop_requested()) {
      if (std::holds_alternative<Watcher::List>(action)) {
        action = list(stop);
      } else if (const auto* watch_from = std::get_if<Watcher::Watch>(&action)) {
        action = watch(watch_from->resource_version, stop);
      } else if (const auto* pause = std::get_if<Watcher::Pause>(&action)) {
        if (!sleep_for(pause->delay, stop)) return;
        action = watcher.resume();
      } else {
        action = watcher.resume();
      }
    }
  }

  Watcher::Action list(const std::stop_token& stop) {
    told = 0;
    sink.begin_list();
    const auto version = client.list(
        settings.resource, {.ns = settings.ns, .label_selector = {}, .field_selector = settings.field_selector},
        [this](std::string_view object) -> Result<void> {
          note(sink.apply(object, true), object);
          return {};
        },
        stop);
    if (!version) return failed(version.error(), stop);
    sink.end_list();
    succeeded();
    const auto action = step(Watcher::Listed{*version});
    synced = watcher.synced();
    synced_gauge.set(synced ? 1 : 0);
    return action;
  }

  Watcher::Action watch(const std::string& version, const std::stop_token& stop) {
    told = 0;
    const auto ended = client.watch(
        settings.resource,
        {.ns = settings.ns,
         .label_selector = {},
         .field_selector = settings.field_selector,
         .resource_version = version,
         .server_timeout = settings.server_timeout,
         .idle_margin = settings.idle_margin},
        [this](kube::WatchEventType type, std::string_view object) -> Result<void> {
          if (type == kube::WatchEventType::kDeleted) {
            note(sink.remove(object), object);
          } else if (type != kube::WatchEventType::kBookmark) {
            note(sink.apply(object, false), object);
          }
          // Only now: the version says up to where the sink knows everything.
          static_cast<void>(step(Watcher::Seen{resource_version_of(object)}));
          succeeded();
          return {};
        },
        stop);
    if (!ended) return failed(ended.error(), stop);
    succeeded();
    restarts("ended").add();
    return step(Watcher::WatchEnded{});
  }

  Watcher::Action failed(const Error& error, const std::stop_token& stop) {
    if (stop.stop_requested()) return Watcher::Pause{};
    restarts(reason_of(error.code)).add();
    {
      const std::lock_guard lock(mutex);
      // The same failure again and again (a CRD that is not installed, a role that is missing) is told once.
      if (error.code == ErrorCode::kGone) {
        log::info("The watched version has expired; listing again", {{"resource", name}});
      } else if (last_error != error.message) {
        log::warn("Watching a resource fails; trying again", {{"resource", name}, {"error", error}});
      }
      last_error = error.message;
      if (last_error.empty()) last_error = "failed without a message";
    }
    has_error = true;
    return step(Watcher::Failed{error});
  }

  void succeeded() {
    if (!has_error) return;
    has_error = false;
    const std::lock_guard lock(mutex);
    last_error.clear();
  }

  void note(const Result<void>& result, std::string_view object) {
    if (result) return;
    decode_errors.add();
    if (++told > kToldPerRound) return;
    log::warn("An object could not be understood and is left out",
              {{"resource", name}, {"bytes", object.size()}, {"error", result.error()}});
  }

  Watcher::Action step(const Watcher::Input& input) {
    return watcher.step(input, system_clock().steady_now(), random_unit());
  }

  kube::Client& client;
  const ReflectorSettings settings;
  ReflectorSink& sink;
  metrics::Registry& metrics;
  const std::string name;

  // The thread's own.
  Watcher watcher;
  unsigned told = 0;
  bool has_error = false;

  metrics::Counter& decode_errors;
  metrics::Gauge& synced_gauge;
  std::atomic<bool> synced = false;
  mutable std::mutex mutex;
  std::string last_error;
  std::jthread thread;  // last: it must be gone before what it uses
};

Reflector::Reflector(kube::Client& client, ReflectorSettings settings, ReflectorSink& sink, metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(client, std::move(settings), sink, metrics)) {}

Reflector::~Reflector() { stop(); }

void Reflector::start() {
  impl_->thread = std::jthread([this](const std::stop_token& stop) { impl_->run(stop); });
}

void Reflector::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->thread.request_stop();
  impl_->thread.join();
}

bool Reflector::synced() const { return impl_->synced; }

std::string Reflector::last_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_error;
}

const std::string& Reflector::name() const { return impl_->name; }

}  // namespace remint::runtime

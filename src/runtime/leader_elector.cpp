#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "call_deadline.hpp"
#include "lease_json.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"
#include "remint/runtime/leader.hpp"

namespace remint::runtime {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

LeaderSettings checked(LeaderSettings settings) {
  // A short lease leaves less time for trying again than the default takes.
  settings.retry_every = std::min(settings.retry_every, (settings.duration - settings.margin) / 4);
  if (const auto good = check(settings); !good) throw std::logic_error(good.error().message);
  return settings;
}

}  // namespace

struct LeaderElector::Impl {
  Impl(kube::Client& api, LeaderSettings leader_settings, const Clock& time, metrics::Registry& registry,
       std::function<void()> started, std::function<void()> lost)
      : client(api),
        settings(checked(std::move(leader_settings))),
        clock(time),
        metrics(registry),
        on_started(std::move(started)),
        on_lost(std::move(lost)),
        machine(settings),
        gauge(metrics.gauge("remint_leader", "1 while this process holds the lease and may act.")) {
    for (const auto* call : {"get", "create", "update"}) errors(call);
  }

  metrics::Counter& errors(std::string_view call) {
    return metrics.counter("remint_leader_errors_total", "Calls of the leader election that failed.",
                           {{"call", std::string(call)}});
  }

  void run(const std::stop_token& stop) {
    auto action = machine.wake(clock.steady_now(), clock.now());
    while (!stop.stop_requested()) {
      // Before each call, so that waking from a long pause ends it before the lease could be taken again.
      if (!publish()) return;
      if (const auto* sleep = std::get_if<LeaderMachine::Sleep>(&action)) {
        if (!sleep_for(sleep->delay, stop)) break;
        action = machine.wake(clock.steady_now(), clock.now());
      } else {
        const auto input = call(action, stop);
        if (stop.stop_requested() && was_cut(input)) {
          // It may have been carried out all the same, so the record that we know may be an old one.
          must_look = true;
          break;
        }
        action = machine.step(input, clock.steady_now(), clock.now());
      }
    }
    give_up();
    if (release_at_stop) release();
  }

  // Tells the world what the machine thinks. False when the lease was held and is no more.
  bool publish() {
    const auto now = clock.steady_now();
    const bool leading = machine.leads(now);
    {
      const std::lock_guard lock(mutex);
      holder = machine.holder();
    }
    if (led && !leading) {
      give_up();
      log::error("The lease is lost; this process must end",
                 {{"lease", settings.lease.to_string()}, {"holder", machine.holder()}, {"error", last_error_text()}});
      on_lost();
      return false;
    }
    valid_until = leading ? machine.valid_until()->count() : kNever;
    if (leading && !led) {
      led = true;
      gauge.set(1);
      log::info("This process leads", {{"lease", settings.lease.to_string()}, {"identity", settings.identity}});
      on_started();
    }
    return true;
  }

  void give_up() {
    valid_until = kNever;
    gauge.set(0);
  }

  // A quarter, so that one call that hangs leaves time for a read and a write after it.
  [[nodiscard]] Duration call_timeout() const {
    const auto validity = std::chrono::duration_cast<Duration>(settings.duration - settings.margin);
    if (!led || !machine.valid_until()) return validity / 4;
    const auto left = std::chrono::ceil<Duration>(*machine.valid_until() - clock.steady_now());
    // At its end (which only release() comes after) the ordinary limit serves.
    return left.count() > 0 ? std::min(left, validity / 4) : validity / 4;
  }

  LeaderMachine::Input call(const LeaderMachine::Action& action, const std::stop_token& stop) {
    const auto timeout = call_timeout();
    const CallDeadline deadline(timeout, stop);
    const auto before = clock.steady_now();
    if (std::holds_alternative<LeaderMachine::Get>(action)) {
      const auto text = client.get(kube::kLeases, settings.lease, deadline.token());
      if (!text && text.error().code == ErrorCode::kNotFound) {
        went_well();
        object.clear();
        return LeaderMachine::Read{std::nullopt, before};
      }
      auto record = keep(text);
      if (!record) return LeaderMachine::ReadFailed{failed("get", record.error(), deadline, timeout)};
      return LeaderMachine::Read{std::move(*record), before};
    }
    if (const auto* create = std::get_if<LeaderMachine::Create>(&action)) {
      auto record =
          keep(client.create(kube::kLeases, settings.lease.ns,
                             dump_json(to_object(nullptr, settings.lease, create->record)), deadline.token()));
      if (!record) return LeaderMachine::WriteFailed{failed("create", record.error(), deadline, timeout)};
      return LeaderMachine::Wrote{std::move(*record), before};
    }
    auto record = keep(replace(std::get<LeaderMachine::Update>(action).record, deadline.token()));
    if (!record) return LeaderMachine::WriteFailed{failed("update", record.error(), deadline, timeout)};
    return LeaderMachine::Wrote{std::move(*record), before};
  }

  Result<std::string> replace(const LeaseRecord& record, const std::stop_token& stop) {
    return client.replace(kube::kLeases, settings.lease,
                          dump_json(to_object(parse_json(object).value_or(Json()), settings.lease, record)), stop);
  }

  Result<LeaseRecord> keep(const Result<std::string>& text) {
    if (!text) return std::unexpected(text.error());
    auto lease = parse_lease(*text);
    if (!lease) return std::unexpected(lease.error());
    object = std::move(lease->object);
    {
      const auto json = parse_json(object);
      const std::lock_guard lock(mutex);
      suspended = json ? suspension(*json) : "";
    }
    went_well();
    return std::move(lease->record);
  }

  Error failed(std::string_view call_name, Error error, const CallDeadline& deadline, Duration timeout) {
    if (deadline.expired()) {
      error = Error{ErrorCode::kTimeout, "no answer within " + format_duration(timeout), 0};
    }
    errors(call_name).add();
    const std::lock_guard lock(mutex);
    if (last_error != error.message) {
      log::warn("A call of the leader election failed; trying again",
                {{"lease", settings.lease.to_string()}, {"call", call_name}, {"error", error}});
    }
    last_error = error.message;
    return error;
  }

  void went_well() {
    const std::lock_guard lock(mutex);
    last_error.clear();
  }

  std::string last_error_text() {
    const std::lock_guard lock(mutex);
    return last_error;
  }

  static bool was_cut(const LeaderMachine::Input& input) {
    return std::holds_alternative<LeaderMachine::ReadFailed>(input) ||
           std::holds_alternative<LeaderMachine::WriteFailed>(input);
  }

  void release() {
    if (must_look) {
      const auto input = call(LeaderMachine::Get{}, {});
      static_cast<void>(machine.step(input, clock.steady_now(), clock.now()));
    }
    const auto record = machine.release_record(clock.now());
    if (!record) return;
    const auto validity = std::chrono::duration_cast<Duration>(settings.duration - settings.margin);
    const CallDeadline deadline(validity / 4, {});
    const auto written = replace(*record, deadline.token());
    if (!written) {
      log::warn("The lease could not be given up; the next leader waits for its end",
                {{"lease", settings.lease.to_string()}, {"error", written.error()}});
    }
  }

  kube::Client& client;
  const LeaderSettings settings;
  const Clock& clock;
  metrics::Registry& metrics;
  const std::function<void()> on_started;
  const std::function<void()> on_lost;

  // The thread's own.
  LeaderMachine machine;
  std::string object;  ///< as read last; empty: there is none
  bool led = false;
  bool must_look = false;  ///< a call was cut off by stop()

  metrics::Gauge& gauge;
  std::atomic<std::int64_t> valid_until = kNever;  ///< steady nanoseconds
  std::atomic<bool> release_at_stop = false;
  mutable std::mutex mutex;
  std::string holder;
  std::string suspended;
  std::string last_error;
  std::jthread thread;  // last: it must be gone before what it uses
};

LeaderElector::LeaderElector(kube::Client& client, LeaderSettings settings, const Clock& clock,
                             metrics::Registry& metrics, std::function<void()> on_started,
                             std::function<void()> on_lost)
    : impl_(std::make_unique<Impl>(client, std::move(settings), clock, metrics, std::move(on_started),
                                   std::move(on_lost))) {}

LeaderElector::~LeaderElector() { stop(false); }

void LeaderElector::start() {
  impl_->thread = std::jthread([this](const std::stop_token& stop) { impl_->run(stop); });
}

void LeaderElector::stop(bool release) {
  if (!impl_->thread.joinable()) return;
  impl_->release_at_stop = release;
  impl_->thread.request_stop();
  impl_->thread.join();
}

bool LeaderElector::leads() const { return impl_->clock.steady_now().count() < impl_->valid_until; }

std::string LeaderElector::holder() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->holder;
}

std::string LeaderElector::suspended() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->suspended;
}

Result<std::string> read_suspension(kube::Client& client, const ObjectKey& lease, const std::stop_token& stop) {
  const auto text = client.get(kube::kLeases, lease, stop);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  if (!text) return fail_in(text.error(), "reading the Lease " + lease.to_string());
  const auto json = parse_json(*text);
  if (!json) return fail_in(json.error(), "the Lease " + lease.to_string());
  return suspension(*json);
}

std::string LeaderElector::last_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_error;
}

}  // namespace remint::runtime

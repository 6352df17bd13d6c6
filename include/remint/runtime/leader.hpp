#pragma once
// Leader election by a Lease. The decision is a pure step; a thread reads, writes and sleeps. A lease is valid for its
// duration counted from BEFORE the call that renewed it, less a margin; whoever cannot prove that stops acting.
//
// What it guarantees: two processes never both lead, if their steady clocks run at rates that differ by less than
// duration / (duration - margin) (15 % with the defaults), whatever their wall clocks say, however long they or their
// calls hang. What it cannot: a Lease that somebody deletes is made anew at once by a process that has never seen it,
// while the old leader learns of that at its next renewal only; and a write that passed leads() just before the end may
// arrive after it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "remint/base/clock.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::runtime {

struct LeaseRecord {
  std::string holder{};  ///< empty: nobody, it was given up
  std::chrono::seconds duration{0};
  std::optional<Time> acquire_time{}, renew_time{};
  std::int64_t transitions = 0;
  std::string resource_version{};
  friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

/// What must hold: retry_every and renew_every are shorter than duration - margin, margin shorter than duration.
struct LeaderSettings {
  ObjectKey lease{"remint-system", "remint"};
  std::string identity;                        ///< unique to this process: the pod's name and something random
  std::chrono::milliseconds duration{15'000};  ///< whole seconds are written to the Lease, rounded up
  std::chrono::milliseconds renew_every{5'000};
  std::chrono::milliseconds margin{2'000};  ///< leads only while now < renewed-before-call + duration - margin
  /// After a failure; also how often one who waits looks. The elector cuts it to a quarter of duration - margin.
  std::chrono::milliseconds retry_every{2'000};
};

/// kInvalid, naming the setting, when they do not fit together.
[[nodiscard]] Result<void> check(const LeaderSettings& settings);

/// Pure. All times are steady; another's lease counts as alive for its duration since WE last saw its record change, so
/// clock skew between machines does not matter. Not thread-safe.
class LeaderMachine {
 public:
  explicit LeaderMachine(LeaderSettings settings);
  // What the shell reports: a read or the result of a write, with the steady time before the call.
  struct Read {
    std::optional<LeaseRecord> record;
    std::chrono::nanoseconds before;
  };
  struct Wrote {
    LeaseRecord record;
    std::chrono::nanoseconds before;
  };  ///< as the server stored it
  struct WriteFailed {
    Error error;
  };
  struct ReadFailed {
    Error error;
  };
  using Input = std::variant<Read, Wrote, WriteFailed, ReadFailed>;
  // What it does next.
  struct Get {};
  struct Create {
    LeaseRecord record;
  };
  struct Update {
    LeaseRecord record;
  };  ///< with record.resource_version as precondition
  struct Sleep {
    std::chrono::milliseconds delay;
  };
  using Action = std::variant<Get, Create, Update, Sleep>;

  [[nodiscard]] Action step(const Input& input, std::chrono::nanoseconds now, Time wall);
  /// At the start and after a sleep.
  [[nodiscard]] Action wake(std::chrono::nanoseconds now, Time wall);
  [[nodiscard]] bool leads(std::chrono::nanoseconds now) const;
  /// Until when leads() is true, unless the lease is renewed or lost.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> valid_until() const { return valid_until_; }
  /// Who holds the lease as far as we know; empty: nobody, or not known yet.
  [[nodiscard]] std::string holder() const;
  /// To give the lease up on a clean stop: the record to write, when it is ours.
  [[nodiscard]] std::optional<LeaseRecord> release_record(Time wall) const;

 private:
  [[nodiscard]] Action on(const Read& read, std::chrono::nanoseconds now, Time wall);
  [[nodiscard]] Action on(const Wrote& wrote, std::chrono::nanoseconds now, Time wall);
  [[nodiscard]] Action on(const WriteFailed& failed, std::chrono::nanoseconds now, Time wall);
  [[nodiscard]] Action on(const ReadFailed& failed, std::chrono::nanoseconds now, Time wall);
  [[nodiscard]] LeaseRecord claim(Time wall) const;
  [[nodiscard]] Action write(LeaseRecord record);
  [[nodiscard]] bool is_ours(const LeaseRecord& record) const;
  [[nodiscard]] Action retry(std::chrono::nanoseconds now) const;
  [[nodiscard]] std::chrono::nanoseconds alive_until(std::chrono::nanoseconds now);

  LeaderSettings settings_;
  std::optional<LeaseRecord> seen_;                       ///< the newest record that we know of
  std::chrono::nanoseconds seen_at_{};                    ///< when we had learnt of it
  std::optional<std::chrono::nanoseconds> absent_since_;  ///< when we first found a lease gone that we had known
  bool exists_ = false;                                   ///< as of the last read or write
  std::optional<LeaseRecord> attempt_;  ///< what we last tried to write: its answer may have been lost
  std::optional<std::chrono::nanoseconds> valid_until_;
  bool must_read_ = true;    ///< what we know may be out of date
  bool conflicted_ = false;  ///< the last write met a conflict
};

/// Who suspends Remint at this moment: the Lease's annotation remint.dev/suspend, read anew. Empty: nobody, or there is
/// no such Lease.
[[nodiscard]] Result<std::string> read_suspension(kube::Client& client, const ObjectKey& lease,
                                                  const std::stop_token& stop);

/// Runs the machine in a thread. Thread-safe, but start() and stop() belong to one thread.
/// Metrics: remint_leader (1 while this process leads), remint_leader_errors_total{call}.
class LeaderElector {
 public:
  /// `on_started` once, when the lease is won. `on_lost` at most once, when it was held and cannot be proved any more:
  /// the process must end, the elector does not try again. Both on the elector's thread: they return at once (renewing
  /// waits for them) and do not call stop(). `client` must have no write guard. Every call is given up after a quarter
  /// of the lease's validity, or at its end. Throws std::logic_error when check(settings) does not hold.
  LeaderElector(kube::Client& client, LeaderSettings settings, const Clock& clock, metrics::Registry& metrics,
                std::function<void()> on_started, std::function<void()> on_lost);
  ~LeaderElector();
  void start();
  /// Joins; releases the lease when `release`, so that the next leader need not wait for its end. Stop everything that
  /// acts before. Idempotent.
  void stop(bool release);
  /// The guard for writes: cheap, exact at the moment of the call, never true again after on_lost or stop().
  [[nodiscard]] bool leads() const;
  [[nodiscard]] std::string holder() const;
  /// Who suspends Remint, by the Lease's annotation remint.dev/suspend as it was read last (at most renew_every ago);
  /// empty: nobody. For what must be sure, see read_suspension().
  [[nodiscard]] std::string suspended() const;
  /// Why the last call to the API server failed; empty when it went well.
  [[nodiscard]] std::string last_error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::runtime

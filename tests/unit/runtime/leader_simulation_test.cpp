// Several machines over one Lease, in simulated time. Invariant: never do two lead at the same moment, with
//  - steady clocks that start anywhere and run up to 7 % fast or slow against each other (bounded by the margin:
//  15/13),
//  - wall clocks that are hours apart,
//  - calls that take from a millisecond to twenty seconds, whose request or answer is lost, and which the server may
//  carry
//    out long after the caller has given up,
//  - machines that stand still for up to 40 s between any two steps,
//  - machines that die and come back without a memory, or somebody who deletes the Lease.
// And when the faults end, somebody leads soon.

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <random>

#include "remint/runtime/leader.hpp"

using namespace remint;
using namespace std::chrono_literals;
using runtime::LeaderMachine;
using runtime::LeaderSettings;
using runtime::LeaseRecord;
using Nanoseconds = std::chrono::nanoseconds;

namespace {

class LeaseServer {
 public:
  std::optional<LeaseRecord> lease;

  Result<LeaseRecord> create(const LeaseRecord& record) {
    if (lease) return fail(ErrorCode::kAlreadyExists, "it exists");
    return store(record);
  }
  Result<LeaseRecord> update(const LeaseRecord& record) {
    if (!lease) return fail(ErrorCode::kNotFound, "it does not exist");
    if (lease->resource_version != record.resource_version) return fail(ErrorCode::kConflict, "it has changed");
    return store(record);
  }

 private:
  LeaseRecord store(LeaseRecord record) {
    record.resource_version = std::to_string(++version_);
    lease = record;
    return record;
  }
  int version_ = 0;
};

struct Process {
  LeaderMachine machine;
  double rate;
  Nanoseconds offset;
  Duration skew;
  int life = 0;
  [[nodiscard]] Nanoseconds local(Nanoseconds t) const {
    return offset + Nanoseconds(static_cast<std::int64_t>(static_cast<double>(t.count()) * rate));
  }
  [[nodiscard]] bool leads(Nanoseconds t) const { return machine.leads(local(t)); }
};

struct Faults {
  bool restarts = false;
  bool deletions = false;
};

class Simulation {
 public:
  Simulation(unsigned seed, std::size_t count, Faults faults) : random_(seed), faults_(faults) {
    for (std::size_t i = 0; i < count; ++i) {
      processes_.push_back({LeaderMachine(settings()), 0.965 + 0.07 * unit(), std::chrono::seconds(random_() % 100'000),
                            std::chrono::duration_cast<Duration>(std::chrono::seconds(random_() % 20'000))});
      at(milliseconds(2000), [this, i] { begin(i); });
    }
  }

  void run_until(Nanoseconds end) {
    while (!events_.empty() && events_.begin()->first <= end) {
      now_ = events_.begin()->first;
      const auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
      check();
    }
  }
  void end_faults() { calm_ = true; }

  std::size_t leaders() const {
    std::size_t count = 0;
    for (const auto& process : processes_) count += process.leads(now_) ? 1U : 0U;
    return count;
  }
  int doubled = 0;
  int changes = 0;

 private:
  LeaderSettings settings() {
    LeaderSettings result;
    result.identity = "process-" + std::to_string(++named_);
    return result;
  }
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  bool chance(double p) { return !calm_ && unit() < p; }
  Nanoseconds milliseconds(unsigned most) { return std::chrono::milliseconds(1 + random_() % most); }
  Nanoseconds latency() { return chance(0.05) ? milliseconds(20'000) : milliseconds(200); }
  Nanoseconds pause() { return chance(0.03) ? milliseconds(40'000) : 0ns; }
  void at(Nanoseconds delay, std::function<void()> event) { events_.emplace(now_ + delay, std::move(event)); }

  void check() {
    if (leaders() > 1) ++doubled;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[i].leads(now_) && last_leader_ != i) {
        last_leader_ = i;
        ++changes;
      }
    }
  }

  void begin(std::size_t i) {
    auto& p = processes_[i];
    act(i, p.machine.wake(p.local(now_), wall(p)));
  }

  Time wall(const Process& p) const {
    return Time(std::chrono::seconds(1'750'000'000)) + p.skew + std::chrono::floor<Duration>(now_);
  }

  void act(std::size_t i, const LeaderMachine::Action& action) {
    auto& p = processes_[i];
    if (faults_.restarts && chance(0.005)) {
      ++p.life;
      p.machine = LeaderMachine(settings());
      return at(milliseconds(5000), [this, i] { begin(i); });
    }
    if (faults_.deletions && chance(0.02) && now_ - deleted_ > 120s && all_know()) {
      deleted_ = now_;
      server_.lease.reset();
    }
    if (const auto* sleep = std::get_if<LeaderMachine::Sleep>(&action)) {
      const auto real =
          Nanoseconds(static_cast<std::int64_t>(static_cast<double>(Nanoseconds(sleep->delay).count()) / p.rate));
      return at(real + pause(), [this, i] { begin(i); });
    }
    // The request is on its way (also after a pause: its `before` is from ahead of that).
    const auto before = p.local(now_);
    const auto way = pause() + latency();
    const bool request_lost = chance(0.1);
    const bool answer_lost = chance(0.1);
    if (request_lost || answer_lost) {
      if (!request_lost) at(way, [this, action] { static_cast<void>(write(action)); });
      const bool read = std::holds_alternative<LeaderMachine::Get>(action);
      const Error error{.code = ErrorCode::kTimeout, .message = "lost"};
      const auto input =
          read ? LeaderMachine::Input(LeaderMachine::ReadFailed{error}) : LeaderMachine::WriteFailed{error};
      return answer(i, milliseconds(3000), input);
    }
    at(way, [this, i, action, before] {
      if (std::holds_alternative<LeaderMachine::Get>(action)) {
        return answer(i, latency(), LeaderMachine::Read{server_.lease, before});
      }
      const auto written = write(action);
      if (written) return answer(i, latency(), LeaderMachine::Wrote{*written, before});
      answer(i, latency(), LeaderMachine::WriteFailed{written.error()});
    });
  }

  Result<LeaseRecord> write(const LeaderMachine::Action& action) {
    if (const auto* create = std::get_if<LeaderMachine::Create>(&action)) return server_.create(create->record);
    if (const auto* update = std::get_if<LeaderMachine::Update>(&action)) return server_.update(update->record);
    return fail(ErrorCode::kInternal, "no write");
  }

  void answer(std::size_t i, Nanoseconds after, LeaderMachine::Input input) {
    at(after + pause(), [this, i, input = std::move(input), life = processes_[i].life] {
      auto& p = processes_[i];
      if (p.life == life) act(i, p.machine.step(input, p.local(now_), wall(p)));
    });
  }

  bool all_know() const {
    for (const auto& p : processes_) {
      if (p.machine.holder().empty()) return false;
    }
    return true;
  }

  std::mt19937 random_;
  Faults faults_;
  bool calm_ = false;
  int named_ = 0;
  Nanoseconds now_{0};
  Nanoseconds deleted_{0};
  std::multimap<Nanoseconds, std::function<void()>> events_;
  LeaseServer server_;
  std::vector<Process> processes_;
  std::optional<std::size_t> last_leader_;
};

int run(std::size_t count, Faults faults) {
  int changes = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    Simulation simulation(seed, count, faults);
    simulation.run_until(1800s);
    simulation.end_faults();
    // The last pause, the last slow call, the old lease's time, and one round.
    simulation.run_until(1800s + 120s);
    INFO("seed " << seed);
    CHECK(simulation.doubled == 0);
    CHECK(simulation.leaders() == 1);
    changes += simulation.changes;
  }
  return changes;
}

}  // namespace

TEST_CASE("Two machines never lead at once, whatever goes wrong") { CHECK(run(2, {}) > 200); }

TEST_CASE("Machines that die and forget never lead beside others") { CHECK(run(3, {.restarts = true}) > 200); }

TEST_CASE("A deleted lease never makes two leaders out of machines that knew it") {
  CHECK(run(3, {.deletions = true}) > 200);
}

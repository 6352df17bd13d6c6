#include <catch2/catch.hpp>

#include "remint/runtime/leader.hpp"

using namespace remint;
using namespace std::chrono_literals;
using runtime::LeaderMachine;
using runtime::LeaderSettings;
using runtime::LeaseRecord;

namespace {

const Time kWall{std::chrono::seconds(1'750'000'000)};

LeaderSettings settings(const std::string& identity) {
  LeaderSettings result;
  result.identity = identity;
  return result;
}

LeaderMachine::WriteFailed refused(ErrorCode code) { return {Error{.code = code, .message = "x"}}; }

/// Another's lease.
LeaseRecord theirs(const std::string& version) {
  return {.holder = "other",
          .duration = 15s,
          .acquire_time = kWall,
          .renew_time = kWall,
          .transitions = 4,
          .resource_version = version};
}

std::chrono::milliseconds sleep_of(const LeaderMachine::Action& action) {
  REQUIRE(std::holds_alternative<LeaderMachine::Sleep>(action));
  return std::get<LeaderMachine::Sleep>(action).delay;
}
LeaseRecord update_of(const LeaderMachine::Action& action) {
  REQUIRE(std::holds_alternative<LeaderMachine::Update>(action));
  return std::get<LeaderMachine::Update>(action).record;
}
LeaseRecord create_of(const LeaderMachine::Action& action) {
  REQUIRE(std::holds_alternative<LeaderMachine::Create>(action));
  return std::get<LeaderMachine::Create>(action).record;
}
bool gets(const LeaderMachine::Action& action) { return std::holds_alternative<LeaderMachine::Get>(action); }

LeaseRecord stored(LeaseRecord record, const std::string& version) {
  record.resource_version = version;
  return record;
}

/// A machine that has made the lease, with version 1, by a call begun at `before`.
struct Leader {
  LeaderMachine machine{settings("me")};
  LeaseRecord record;
  explicit Leader(std::chrono::nanoseconds before) {
    CHECK(gets(machine.wake(before, kWall)));
    record = stored(create_of(machine.step(LeaderMachine::Read{std::nullopt, before}, before, kWall)), "1");
    CHECK(sleep_of(machine.step(LeaderMachine::Wrote{record, before}, before + 100ms, kWall)) == 5s);
  }
};

}  // namespace

TEST_CASE("A machine that finds no lease makes one and leads, counted from before the call") {
  LeaderMachine machine(settings("me"));
  CHECK(gets(machine.wake(100s, kWall)));
  const auto record = create_of(machine.step(LeaderMachine::Read{std::nullopt, 100s}, 100s, kWall));
  CHECK(record == LeaseRecord{.holder = "me", .duration = 15s, .acquire_time = kWall, .renew_time = kWall});
  CHECK_FALSE(machine.leads(101s));
  static_cast<void>(machine.step(LeaderMachine::Wrote{stored(record, "1"), 100s}, 104s, kWall));
  CHECK(machine.leads(104s));
  CHECK(machine.leads(113s - 1ns));
  CHECK_FALSE(machine.leads(113s));
  CHECK(machine.holder() == "me");
}

TEST_CASE("An answer that takes longer than the lease makes nobody a leader") {
  LeaderMachine machine(settings("me"));
  const auto record = create_of(machine.step(LeaderMachine::Read{std::nullopt, 100s}, 100s, kWall));
  static_cast<void>(machine.step(LeaderMachine::Wrote{stored(record, "1"), 100s}, 120s, kWall));
  CHECK_FALSE(machine.leads(120s));
}

TEST_CASE("A leader renews without reading, keeping the time of the first acquisition") {
  Leader leader(100s);
  const auto renewal = update_of(leader.machine.wake(105s, kWall + 5s));
  CHECK(renewal.resource_version == "1");
  CHECK(renewal.acquire_time == kWall);
  CHECK(renewal.renew_time == kWall + 5s);
  CHECK(renewal.transitions == 0);
  static_cast<void>(leader.machine.step(LeaderMachine::Wrote{stored(renewal, "2"), 105s}, 105s, kWall));
  CHECK(leader.machine.leads(118s - 1ns));
}

TEST_CASE("After a long pause the leader is none, at once, and looks before it writes") {
  Leader leader(100s);
  CHECK(leader.machine.leads(105s));
  CHECK_FALSE(leader.machine.leads(160s));
  CHECK(gets(leader.machine.wake(160s, kWall)));
  CHECK(leader.machine.step(LeaderMachine::Read{theirs("9"), 160s}, 160s, kWall).index() ==
        LeaderMachine::Action(LeaderMachine::Sleep{}).index());
  CHECK(leader.machine.holder() == "other");
}

TEST_CASE("Another's lease is left alone until it has not changed for its whole duration") {
  LeaderMachine machine(settings("me"));
  CHECK(sleep_of(machine.step(LeaderMachine::Read{theirs("7"), 100s}, 101s, kWall)) == 2s);
  CHECK(sleep_of(machine.step(LeaderMachine::Read{theirs("8"), 110s}, 110s, kWall)) == 2s);  // renewed
  CHECK(sleep_of(machine.step(LeaderMachine::Read{theirs("8"), 124s}, 124s, kWall)) == 1s);
  const auto taken = update_of(machine.step(LeaderMachine::Read{theirs("8"), 125s}, 125s, kWall + 30s));
  CHECK(taken.resource_version == "8");
  CHECK(taken.transitions == 5);
  CHECK(taken.holder == "me");
  CHECK(taken.acquire_time == kWall + 30s);
}

// The read was begun at 100 s and answered at 110 s. Its record may have been written at 109 s.
TEST_CASE("A slow read makes the record young, not old") {
  LeaderMachine machine(settings("me"));
  static_cast<void>(machine.step(LeaderMachine::Read{theirs("7"), 100s}, 110s, kWall));
  CHECK(sleep_of(machine.step(LeaderMachine::Read{theirs("7"), 124s}, 124s, kWall)) == 1s);
}

TEST_CASE("The wall clock decides nothing") {
  LeaderMachine machine(settings("me"));
  const auto far_away = kWall + std::chrono::hours(24 * 365);
  CHECK(sleep_of(machine.step(LeaderMachine::Read{theirs("7"), 100s}, 100s, far_away)) == 2s);
}

TEST_CASE("A lease that was given up is taken at once") {
  LeaderMachine machine(settings("me"));
  auto released = theirs("7");
  released.holder.clear();
  CHECK(update_of(machine.step(LeaderMachine::Read{released, 100s}, 100s, kWall)).holder == "me");
}

TEST_CASE("The holder's own duration counts, and ours when it wrote none") {
  auto record = theirs("7");
  record.duration = 60s;
  LeaderMachine patient(settings("me"));
  static_cast<void>(patient.step(LeaderMachine::Read{record, 100s}, 100s, kWall));
  CHECK(sleep_of(patient.step(LeaderMachine::Read{record, 159s}, 159s, kWall)) == 1s);
  record.duration = 0s;
  LeaderMachine guessing(settings("me"));
  static_cast<void>(guessing.step(LeaderMachine::Read{record, 100s}, 100s, kWall));
  CHECK(sleep_of(guessing.step(LeaderMachine::Read{record, 114s}, 114s, kWall)) == 1s);
}

TEST_CASE("A conflict is looked into at once, a second one in a row waits") {
  LeaderMachine machine(settings("me"));
  static_cast<void>(machine.step(LeaderMachine::Read{std::nullopt, 100s}, 100s, kWall));
  CHECK(gets(machine.step(refused(ErrorCode::kAlreadyExists), 101s, kWall)));
  CHECK(sleep_of(machine.step(refused(ErrorCode::kConflict), 102s, kWall)) == 2s);
}

TEST_CASE("A leader whose renewal conflicts leads on while the lease is still its own") {
  Leader leader(100s);
  static_cast<void>(leader.machine.wake(105s, kWall));
  CHECK(gets(leader.machine.step(refused(ErrorCode::kConflict), 105s, kWall)));
  CHECK(leader.machine.leads(105s));
  // Somebody put a label on it.
  CHECK(update_of(leader.machine.step(LeaderMachine::Read{stored(leader.record, "2"), 105s}, 105s, kWall))
            .resource_version == "2");
  CHECK(leader.machine.leads(105s));
}

TEST_CASE("A leader who finds another's name in the lease stops at once, before its time is up") {
  Leader leader(100s);
  static_cast<void>(leader.machine.wake(105s, kWall));
  static_cast<void>(leader.machine.step(refused(ErrorCode::kConflict), 105s, kWall));
  CHECK(leader.machine.leads(106s));
  static_cast<void>(leader.machine.step(LeaderMachine::Read{theirs("2"), 106s}, 106s, kWall));
  CHECK_FALSE(leader.machine.leads(106s));
}

TEST_CASE("A renewal whose answer was lost is recognized as our own, and a leader tries again sooner") {
  Leader leader(100s);
  const auto renewal = update_of(leader.machine.wake(105s, kWall + 5s));
  CHECK(sleep_of(leader.machine.step(refused(ErrorCode::kUnavailable), 106s, kWall)) == 500ms);
  CHECK(gets(leader.machine.wake(107s, kWall)));
  SECTION("it had arrived") {
    const auto again = update_of(leader.machine.step(LeaderMachine::Read{stored(renewal, "2"), 107s}, 107s, kWall));
    CHECK(again.resource_version == "2");
  }
  SECTION("it had not") {
    const auto again = update_of(leader.machine.step(LeaderMachine::Read{leader.record, 107s}, 107s, kWall));
    CHECK(again.resource_version == "1");
  }
  CHECK(leader.machine.leads(108s));
  CHECK_FALSE(leader.machine.leads(113s));
}

TEST_CASE("Another process of the same name is another") {
  auto twin = theirs("3");
  twin.holder = "me";
  LeaderMachine machine(settings("me"));
  CHECK(sleep_of(machine.step(LeaderMachine::Read{twin, 100s}, 100s, kWall)) == 2s);
  CHECK_FALSE(machine.leads(100s));
}

TEST_CASE("A lease deleted under its leader is made anew by the leader at once") {
  Leader leader(100s);
  static_cast<void>(leader.machine.wake(105s, kWall));
  CHECK(gets(leader.machine.step(refused(ErrorCode::kNotFound), 105s, kWall)));
  const auto record = create_of(leader.machine.step(LeaderMachine::Read{std::nullopt, 105s}, 105s, kWall));
  CHECK(record.resource_version.empty());
  CHECK(leader.machine.leads(105s));
}

TEST_CASE("A deleted lease is not made anew by one who waits before its holder's time is surely up") {
  LeaderMachine machine(settings("me"));
  static_cast<void>(machine.step(LeaderMachine::Read{theirs("7"), 100s}, 100s, kWall));
  // Paused; somebody may have taken the lease meanwhile, before it was deleted.
  CHECK(sleep_of(machine.step(LeaderMachine::Read{std::nullopt, 200s}, 200s, kWall)) == 2s);
  CHECK(sleep_of(machine.step(LeaderMachine::Read{std::nullopt, 214s}, 214s, kWall)) == 1s);
  CHECK(create_of(machine.step(LeaderMachine::Read{std::nullopt, 215s}, 215s, kWall)).transitions == 5);
}

TEST_CASE("A former leader that was paused does not make a deleted lease anew at once either") {
  Leader leader(100s);
  CHECK(gets(leader.machine.wake(160s, kWall)));
  CHECK(sleep_of(leader.machine.step(LeaderMachine::Read{std::nullopt, 160s}, 160s, kWall)) == 2s);
}

// It waited out one deletion, made the lease, and led; long after, paused, it finds the lease deleted again. The first
// deletion's time must not count for the second.
TEST_CASE("Every deletion is waited out anew") {
  LeaderMachine machine(settings("me"));
  static_cast<void>(machine.step(LeaderMachine::Read{theirs("7"), 100s}, 100s, kWall));
  static_cast<void>(machine.step(LeaderMachine::Read{std::nullopt, 200s}, 200s, kWall));
  const auto record = create_of(machine.step(LeaderMachine::Read{std::nullopt, 215s}, 215s, kWall));
  static_cast<void>(machine.step(LeaderMachine::Wrote{stored(record, "8"), 215s}, 215s, kWall));
  CHECK(gets(machine.wake(400s, kWall)));
  CHECK(sleep_of(machine.step(LeaderMachine::Read{std::nullopt, 400s}, 400s, kWall)) == 2s);
}

TEST_CASE("Only a lease of our own can be given up") {
  Leader leader(100s);
  const auto record = leader.machine.release_record(kWall + 9s);
  REQUIRE(record);
  CHECK(record->holder.empty());
  CHECK(record->resource_version == "1");
  CHECK(record->duration == 1s);
  LeaderMachine waits(settings("me"));
  CHECK_FALSE(waits.release_record(kWall));
  static_cast<void>(waits.step(LeaderMachine::Read{theirs("7"), 100s}, 100s, kWall));
  CHECK_FALSE(waits.release_record(kWall));
}

TEST_CASE("A read that fails is tried again later") {
  LeaderMachine machine(settings("me"));
  CHECK(sleep_of(machine.step(LeaderMachine::ReadFailed{Error{.code = ErrorCode::kForbidden, .message = "x"}}, 1s,
                              kWall)) == 2s);
  CHECK(gets(machine.wake(3s, kWall)));
}

TEST_CASE("Settings that do not fit together are refused by name") {
  CHECK(check(settings("me")));
  CHECK_FALSE(check(settings("")));
  auto bad = settings("me");
  bad.margin = bad.duration;
  CHECK_THAT(check(bad).error().message, Catch::Contains("margin"));
  bad = settings("me");
  bad.renew_every = 13s;
  CHECK_THAT(check(bad).error().message, Catch::Contains("renewed"));
  bad = settings("me");
  bad.retry_every = 0s;
  CHECK_THAT(check(bad).error().message, Catch::Contains("retry"));
}

#pragma once
// A small cluster for RollingReplace: the API server's checks, the replication controller manager, the kubelet and the
// garbage collector; and a replica of Remint that can stop after any of its stages. After every event the pods that a
// Service would send requests to are counted.

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "remint/restart/machine.hpp"

namespace remint::restart {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr const char* kOld = "cart";

[[nodiscard]] bool matches(const Json& selector, const Json& labels);

struct RollingPod {
  std::string uid, owner;
  Json labels;
  Time created{};
  std::optional<Time> ready_since;
  std::optional<Time> gone_at;  ///< terminating until then
  bool selected = false;        ///< by the Service
};

class RollingWorld {
 public:
  explicit RollingWorld(std::int64_t replicas = 3);

  Time now = parse_rfc3339("2026-07-01T10:28:00Z").value();
  std::map<std::string, Json> controllers;  ///< by name, as the API server would send them
  std::vector<RollingPod> pods;
  VerificationInput verification{3, 3, 0, 3};
  std::string autoscaler;
  bool namespace_deleting = false;
  // What goes wrong.
  std::function<std::optional<Answer>(const Effect&)> refuse;  ///< instead of carrying it out
  std::function<void(const Effect&)> before;                   ///< somebody was faster
  std::function<bool(const RollingPod&)> stays_unready;
  std::size_t pod_quota = 1000;
  bool collector_works = true;
  std::int64_t floor = 0;  ///< fewer serving pods than these fail the test

  [[nodiscard]] const Journal& journal() const { return journal_; }
  Journal& journal() { return journal_; }
  [[nodiscard]] bool over() const { return is_final(journal_.status.phase) && !journal_.held; }
  [[nodiscard]] std::string successor() const { return journal_.status.saved.successor; }
  [[nodiscard]] Json& old() { return controllers.at(kOld); }
  [[nodiscard]] const Json& original() const { return original_; }

  [[nodiscard]] Observation observe(const Needs& needs) const;
  /// Through JSON, as the real status goes, under the CRD's transition rules.
  bool write_status(Journal& based_on, const JournalStatus& status);
  Answer carry_out(const Effect& effect);
  void hold(bool on);

  /// Everybody else's turn: some time passes, pods start and end, controllers and the garbage collector work.
  void others_work(Duration passes);

  // What people do.
  void scale(const std::string& name, std::int64_t replicas);
  void edit(const std::string& name, const Json& patch);
  void remove(const std::string& name, const std::string& propagation);
  void create(Json object);

  [[nodiscard]] std::int64_t serving() const;
  [[nodiscard]] std::int64_t size_of(const std::string& name) const;

 private:
  void bump(Json& object);
  [[nodiscard]] TargetState state_of(const std::string& name) const;
  [[nodiscard]] std::vector<PodState> pods_of(const std::string& uid) const;
  Answer write(const Act& act);
  /// What a controller's status says: kept as numbers, too, because JSON is slow to compare.
  struct Counted {
    std::int64_t replicas = 0, ready = 0, available = 0;
    bool refused = false;
    std::string version;
    friend bool operator==(const Counted&, const Counted&) = default;
  };
  void replicate(Json& controller);
  void collect_garbage();
  void check_service() const;

  Journal journal_;
  Json original_;
  std::map<std::string, Counted> counted_;  ///< by name
  std::uint64_t version_ = 100;
  std::uint64_t collected_ = 0;  ///< the version at which the garbage collector was last here
  unsigned made_ = 0;
};

/// One replica of Remint: looks, thinks, writes the status, carries out one effect after the other.
class RollingReplica {
 public:
  void advance(RollingWorld& world);
  /// kill -9: what it knew is lost.
  void crash() { stage_ = Stage::kIdle; }
  [[nodiscard]] bool idle() const { return stage_ == Stage::kIdle; }

 private:
  enum class Stage : std::uint8_t { kIdle, kLooked, kThought, kWritten };
  void carry_out_one(RollingWorld& world);
  Stage stage_ = Stage::kIdle;
  Journal seen_;
  Observation observed_;
  Step planned_;
  std::size_t done_ = 0;
};

/// Until it is over or `events` have passed.
void run_on(RollingWorld& world, RollingReplica& replica, int events = 1500, Duration passes = seconds(1));
/// Until `there`; fails the test when that never comes.
void run_until(RollingWorld& world, RollingReplica& replica, const std::function<bool()>& there);
/// Two of three pods are moved.
void run_to_the_middle(RollingWorld& world, RollingReplica& replica);
/// As people do it: one that holds its finalizer stays until it is released.
void delete_journal(RollingWorld& world);
void run_to_step(RollingWorld& world, RollingReplica& replica, const std::string& step);

/// One controller, of the old name, as it was, with new pods only.
void check_replaced(RollingWorld& world);
/// The old controller with its UID, size, annotations and template; no second one.
void check_rolled_back(RollingWorld& world, std::int64_t replicas);
[[nodiscard]] std::string reason_of(const JournalStatus& status);
[[nodiscard]] bool said(const JournalStatus& status, const std::string& words);

}  // namespace remint::restart

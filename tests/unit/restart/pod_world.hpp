#pragma once
// A simulated API server with one journal, one workload, its pods and its controller, and replicas of Remint that work
// on it. Every write is checked as the real server does.

#include <deque>
#include <random>
#include <set>

#include "fixture.hpp"

namespace remint::restart {

class PodWorld {
 public:
  PodWorld(const std::string& kind, Strategy strategy, int size = 3);

  Time now = at("2026-07-01T10:28:00Z");
  bool target_gone = false;
  bool journal_gone = false;
  const void* leader = nullptr;        ///< when set, only this replica may write
  bool new_pods_fail = false;          ///< are rejected with 401 again
  bool silent = false;                 ///< new pods ask the API server for nothing
  bool grace = false;                  ///< terminating pods stay
  bool broken = false;                 ///< new pods never become Ready
  std::int64_t min_available = 0;      ///< of a PodDisruptionBudget
  std::optional<Answer> scale_answer;  ///< what a patch of the size is answered instead of being taken

  std::vector<std::int64_t> sizes;  ///< what Remint set it to
  std::vector<std::string> evicted;
  std::set<std::string> first_pods;  ///< UIDs
  unsigned status_writes = 0;

  [[nodiscard]] const Journal& journal() const { return journal_; }
  [[nodiscard]] JournalSpec& spec() { return journal_.spec; }
  [[nodiscard]] const TargetState& target() const { return target_; }
  [[nodiscard]] TargetState& edit() {
    bump(target_.resource_version);
    return target_;
  }
  [[nodiscard]] std::vector<PodState>& pods() { return pods_; }
  [[nodiscard]] Observation look(const Needs& needs) const;
  [[nodiscard]] std::int64_t ready() const;
  [[nodiscard]] bool over() const { return journal_gone || !unfinished(journal_); }

  /// The CRD's transition rules are checked, too.
  bool write_status(const Journal& based_on, const JournalStatus& status);
  Answer apply(const Act& act);
  void scale_by_hand(std::int64_t size);
  void delete_pod(const std::string& name);
  void delete_journal();
  /// One thing that the workload's controller or a kubelet does.
  void controller_works();

 private:
  static void bump(std::string& version) { version = std::to_string(std::stoul(version) + 1); }
  Answer apply_scale(const Patch& patch);
  Answer apply_evict(const Evict& evict);
  bool make_pod();
  Journal journal_;
  TargetState target_;
  std::vector<PodState> pods_;
  int made_ = 0;
  int worked_ = 0;
};

/// A pass is look, think and write the status, carry out one effect after the other, hear the answer.
class Replica {
 public:
  void advance(PodWorld& world);
  /// kill -9: what it knew is lost.
  void crash() { stage_ = Stage::kIdle; }

 private:
  enum class Stage { kIdle, kLooked, kActing };
  void think(PodWorld& world);
  Stage stage_ = Stage::kIdle;
  Journal seen_;
  Observation observed_;
  std::deque<Effect> left_;
};

/// Until there is nothing left to do, or for that many seconds.
void drive(PodWorld& world, Replica& replica, int seconds = 4000);

}  // namespace remint::restart

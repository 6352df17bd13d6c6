#pragma once
// An API server with one pod and one WorkloadRestart, the node under the pod, and replicas of Remint that may stop at
// any point, for ever or until they wake up with what they knew.

#include <algorithm>
#include <array>
#include <random>

#include "recreate_fixture.hpp"
#include "remint/restart/seal.hpp"

namespace remint::restart {

inline constexpr std::string_view kWorldKey = "key of the world";

/// Small: a thousand stories are told of it.
inline Json small_pod() {
  return Json::parse(R"({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "cart", "namespace": "shop", "uid": "uid-cart", "labels": {"app": "cart"}},
    "spec": {"containers": [{"name": "app", "image": "cart:7"}], "nodeName": "node-1"},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})");
}

class World {
 public:
  Time now = at("2026-07-01T10:28:00Z");
  int creations = 0;         ///< real ones
  int refuse_creations = 0;  ///< so many more are refused
  bool refuse_dry_runs = false;
  bool budget_is_used_up = false;  ///< a PodDisruptionBudget's answer to evictions
  bool through_json = true;        ///< store statuses as the API server does; costs most of a story's time
  std::optional<Json> pod = small_pod();
  std::optional<Journal> journal = recreate_journal();

  [[nodiscard]] bool over() const { return !journal || is_final(journal->status.phase); }
  [[nodiscard]] bool one_live_pod() const { return pod && !pod->at("metadata").contains("deletionTimestamp"); }

  [[nodiscard]] Observation look() const {
    Observation seen;
    if (needs(*journal).target) {
      seen = pod ? see(*pod) : see_nothing();
    }
    if (needs(*journal).verification) {
      seen.verification = VerificationInput{1, 1, 0, 1};
    }
    return seen;
  }

  /// Within the CRD's transition rules.
  bool write_status(const Journal& based_on, const JournalStatus& status) {
    if (!journal || based_on.resource_version != journal->resource_version) {
      return false;
    }
    REQUIRE((journal->status.saved == SavedState{} || status.saved == journal->status.saved));
    REQUIRE(!is_final(journal->status.phase));
    journal->status = through_json ? stored(status) : status;
    journal->status.seal = seal(*journal, journal->status, kWorldKey);
    bump();
    return true;
  }

  /// What the API server answers to one effect.
  Answer apply(const Effect& effect) {
    if (const auto* create = std::get_if<Create>(&effect.act)) {
      return apply(*create);
    }
    if (const auto* evict = std::get_if<Evict>(&effect.act)) {
      Answer answer = apply(*evict);
      answer.to_eviction = true;
      return answer;
    }
    if (std::holds_alternative<HoldJournal>(effect.act)) {
      if (!journal || (journal->deleting && !journal->held)) {
        return {false, ErrorCode::kForbidden, "no new finalizers can be added if the object is being deleted"};
      }
      journal->held = true;
      bump();
    } else if (std::holds_alternative<ReleaseJournal>(effect.act) && journal) {
      journal->held = false;
      bump();
      drop_journal();
    }
    return kTaken;
  }

  void delete_pod() {
    if (pod) {
      (*pod)["metadata"]["deletionTimestamp"] = "2026-07-01T10:29:00Z";
    }
  }

  void delete_journal() {
    if (journal) {
      journal->deleting = true;
      bump();
      drop_journal();
    }
  }

  void create_pod(Json object) {
    object["metadata"]["uid"] = "uid-" + std::to_string(++next_uid_);
    object["status"] = {{"phase", "Pending"}};
    pod = std::move(object);
  }

  void node_works() {
    if (!pod) {
      return;
    }
    if (!one_live_pod()) {
      pod.reset();
    } else if (pod->at("status").at("phase") == "Pending") {
      (*pod)["status"] = small_pod()["status"];
    }
  }

 private:
  [[nodiscard]] JournalStatus stored(const JournalStatus& status) const {
    Json object = to_object(*journal);
    object["status"] = status_patch(status)["status"];
    const auto parsed = parse_journal(Json::parse(dump_json(object)));
    REQUIRE(parsed);
    return parsed->status;
  }

  Answer apply(const Create& create) {
    if (create.dry_run) {
      REQUIRE_FALSE(Json::parse(create.object)["metadata"].contains("name"));
      return refuse_dry_runs ? kForbidden : kTaken;
    }
    if (refuse_creations > 0) {
      --refuse_creations;
      return kForbidden;
    }
    if (pod) {
      return {false, ErrorCode::kAlreadyExists, "pods \"cart\" already exists"};
    }
    ++creations;
    create_pod(Json::parse(create.object));
    return kTaken;
  }

  Answer apply(const Evict& evict) {
    if (!pod) {
      return {false, ErrorCode::kNotFound, "pods \"cart\" not found"};
    }
    if (pod->at("metadata").at("uid") != evict.uid) {
      return {false, ErrorCode::kConflict, "the UID in the precondition does not match"};
    }
    if (budget_is_used_up && one_live_pod() && pod->at("status").at("phase") != "Pending") {
      return kHeldBack;
    }
    delete_pod();
    return kTaken;
  }

  void drop_journal() {
    if (journal->deleting && !journal->held) {
      journal.reset();
    }
  }
  void bump() { journal->resource_version = std::to_string(std::stoul(journal->resource_version) + 1); }

  int next_uid_ = 0;
};

/// A pass is look, think and write, one effect after the other, think and write again at an answer. Each advance() is
/// one of these.
class Replica {
 public:
  void advance(World& world) {
    switch (stage_) {
      case Stage::kIdle:
        if (world.journal) {
          seen_ = *world.journal;
          REQUIRE(sealed(seen_, kWorldKey));
          observed_ = world.look();
          looked_ = world.now;
          stage_ = Stage::kLooked;
        }
        break;
      case Stage::kLooked:
        think(world);
        break;
      case Stage::kWritten:
        act(world);
        break;
    }
  }
  /// kill -9, or an answer that never came.
  void crash() { stage_ = Stage::kIdle; }

 private:
  enum class Stage { kIdle, kLooked, kWritten };

  void think(World& world) {
    Step next = step(seen_, observed_, {}, world.now);
    if (next.status != seen_.status) {
      if (!world.write_status(seen_, next.status)) {
        crash();  // the loser of a race looks again
        return;
      }
      seen_ = *world.journal;
    }
    effects_ = std::move(next.effects);
    stage_ = effects_.empty() ? Stage::kIdle : Stage::kWritten;
  }

  void act(World& world) {
    if (world.now - looked_ > kPassLives) {
      crash();  // the lease is lost, or the API server's own deadline over
      return;
    }
    const Effect effect = effects_.front();
    effects_.erase(effects_.begin());
    const Answer answer = world.apply(effect);
    if (std::holds_alternative<HoldJournal>(effect.act) && answer.taken) {
      seen_ = *world.journal;
    }
    if (effect.wants_answer) {
      observed_.answer = answer;
      stage_ = Stage::kLooked;
    } else if (!answer.taken || effects_.empty()) {
      crash();
    }
  }

  static constexpr Duration kPassLives = std::chrono::minutes(1);
  Stage stage_ = Stage::kIdle;
  Time looked_{};
  Journal seen_;
  Observation observed_;
  std::vector<Effect> effects_;
};

}  // namespace remint::restart

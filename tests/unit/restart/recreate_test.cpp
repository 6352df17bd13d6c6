// Recreate while the old pod runs and nothing is owed: what it begins with, what it refuses, what the dry run decides.

#include "recreate_fixture.hpp"

namespace remint::restart {
namespace {

const Time kNow = at("2026-07-01T10:28:00Z");

Step first_step(const Json& pod) { return step(recreate_journal(), see(pod), {}, kNow); }

Journal in_dry_run() {
  Journal journal = recreate_journal();
  journal.status = first_step(running_pod()).status;
  journal.held = true;
  return journal;
}

TEST_CASE("it begins by saving the manifest and asking whether the pod would be created") {
  const Step begun = first_step(running_pod());
  CHECK(begun.status.phase == Phase::kRunning);
  CHECK(begun.status.step == "DryRun");
  CHECK(begun.status.saved.uid == "uid-cart");
  REQUIRE(begun.effects.size() == 3);
  CHECK(std::holds_alternative<HoldJournal>(begun.effects[0].act));  // before anything can be owed
  CHECK(std::holds_alternative<Notify>(begun.effects[1].act));
  CHECK(begun.effects[2].wants_answer);
  const auto& asked = std::get<Create>(begun.effects[2].act);
  CHECK(asked.dry_run);
  CHECK(asked.kind == "Pod");
  CHECK(asked.ns == "shop");
  const Json pod = Json::parse(asked.object);
  CHECK_FALSE(pod["metadata"].contains("name"));
  CHECK(pod["metadata"]["generateName"] == "cart-");
  Json expected = written_pod();
  expected["metadata"]["annotations"]["remint.dev/restarted-by"] = "uid-journal";
  CHECK(Json::parse(begun.status.saved.manifest) == expected);
}

TEST_CASE("pods that must not be recreated are left alone, with the reason") {
  Json pod = running_pod();
  std::string reason;
  SECTION("one with a controller") {
    pod["metadata"]["ownerReferences"] =
        Json::array({Json{{"kind", "ReplicaSet"}, {"name", "cart-1"}, {"uid", "x"}, {"controller", true}}});
    reason = "StrategyUnfit";
  }
  SECTION("a mirror pod") {
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x";
    pod["metadata"]["ownerReferences"] =
        Json::array({Json{{"kind", "Node"}, {"name", "node-1"}, {"uid", "x"}, {"controller", true}}});
    reason = "MirrorPod";
  }
  SECTION("one that RollingReplace hands from one controller to the next") {
    pod["metadata"]["labels"]["remint.dev/restart"] = "0123456789";
    reason = "BetweenControllers";
  }
  SECTION("a finished one") {
    pod["status"]["phase"] = "Succeeded";
    reason = "PodFinished";
  }
  SECTION("a failed one") {
    pod["status"]["phase"] = "Failed";
    reason = "PodFinished";
  }
  SECTION("a terminating one") {
    pod["metadata"]["deletionTimestamp"] = "2026-07-01T10:27:00Z";
    reason = "TargetDeleting";
  }
  SECTION("another one of that name") {
    pod["metadata"]["uid"] = "uid-other";
    reason = "TargetReplaced";
  }
  SECTION("one too large for the journal") {
    pod["metadata"]["annotations"]["big"] = std::string(kMaxManifest, 'x');
    reason = "ManifestTooLarge";
  }
  SECTION("one in a namespace that its object does not name") {
    pod["metadata"].erase("namespace");
    reason = "ManifestUnreadable";
  }
  const Step refused = first_step(pod);
  CHECK(refused.status.phase == Phase::kCancelled);
  CHECK(progress_reason(refused.status) == reason);
  CHECK(act_of<Create>(refused) == nullptr);
  CHECK(act_of<Evict>(refused) == nullptr);
  // And the same when it became so after the dry run was asked for.
  if (reason != "ManifestTooLarge" && reason != "ManifestUnreadable") {
    const Step later = step(in_dry_run(), answered(see(pod), kTaken), {}, kNow);
    CHECK(later.status.phase == Phase::kCancelled);
    CHECK(act_of<Evict>(later) == nullptr);
  }
}

TEST_CASE("only a large manifest is refused, not a large pod") {
  Json pod = running_pod();
  pod["metadata"]["managedFields"][0]["fieldsV1"] = std::string(2 * kMaxManifest, 'x');
  CHECK(first_step(pod).status.step == "DryRun");
}

TEST_CASE("only pods of the core group can be recreated") {
  for (const auto& [version, kind] : {std::pair("v1", "ReplicationController"), std::pair("example.com/v1", "Pod")}) {
    Journal journal = recreate_journal();
    journal.spec.target.api_version = version;
    journal.spec.target.kind = kind;
    CHECK(progress_reason(step(journal, see(running_pod()), {}, kNow).status) == "StrategyUnfit");
  }
}

TEST_CASE("the dry run is taken: the pod is evicted by its UID, with its own grace period") {
  const Step deleting = step(in_dry_run(), answered(see(running_pod()), kTaken), {}, kNow);
  CHECK(deleting.status.step == "DeletePod");
  REQUIRE(act_of<Evict>(deleting) != nullptr);
  CHECK(*act_of<Evict>(deleting) == Evict{{"shop", "cart"}, "uid-cart"});
  CHECK(deleting.status.saved == in_dry_run().status.saved);
}

TEST_CASE("the dry run is refused: cancelled with the API server's words, and nothing touched") {
  const Step refused = step(in_dry_run(), answered(see(running_pod()), kForbidden), {}, kNow);
  CHECK(refused.status.phase == Phase::kCancelled);
  CHECK(refused.status.message == "recreating it would be refused: exceeded quota: pods");
  CHECK(act_of<Evict>(refused) == nullptr);
  CHECK(act_of<ReleaseJournal>(refused) != nullptr);
}

TEST_CASE("a refusal that may pass is tried again, until the deadline") {
  for (const ErrorCode code : {ErrorCode::kTooMany, ErrorCode::kConflict, ErrorCode::kAlreadyExists}) {
    const Observation seen = answered(see(running_pod()), {false, code, "later"});
    const Step waiting = step(in_dry_run(), seen, {}, kNow + seconds(5));
    CHECK(waiting.status == in_dry_run().status);
    CHECK(waiting.effects.empty());  // an effect that asks again at once would be answered at once
    CHECK(waiting.look_again == seconds(5));
    CHECK(step(in_dry_run(), seen, {}, kNow + hours(1)).status.phase == Phase::kCancelled);
  }
}

TEST_CASE("without an answer the dry run is asked for again, and given up after the deadline") {
  const Step again = step(in_dry_run(), see(running_pod()), {}, kNow + seconds(30));
  CHECK(again.status == in_dry_run().status);
  REQUIRE(act_of<Create>(again) != nullptr);
  CHECK(act_of<Create>(again)->dry_run);
  const Step over = step(in_dry_run(), see(running_pod()), {}, kNow + minutes(16));
  CHECK(over.status.phase == Phase::kCancelled);
  CHECK(over.effects.size() == 2);  // the Event, and the finalizer off
}

TEST_CASE("an edit between the saving and the deletion cancels: it would be lost") {
  Json pod = running_pod();
  pod["spec"]["containers"][0]["image"] = "cart:8";
  const Step cancelled = step(in_dry_run(), answered(see(pod), kTaken), {}, kNow);
  CHECK(cancelled.status.phase == Phase::kCancelled);
  CHECK(progress_reason(cancelled.status) == "TargetChanged");
}

TEST_CASE("a journal that is deleted during the dry run is cancelled") {
  Journal journal = in_dry_run();
  journal.deleting = true;
  const Step cancelled = step(journal, answered(see(running_pod()), kTaken), {}, kNow);
  CHECK(cancelled.status.phase == Phase::kCancelled);
  CHECK(act_of<Evict>(cancelled) == nullptr);
  CHECK(act_of<ReleaseJournal>(cancelled) != nullptr);
}

TEST_CASE("a forged journal ends at once, in every step, without touching anything") {
  for (const char* name : {"DryRun", "DeletePod", "CreatePod", "WaitReady"}) {
    for (int forgery = 0; forgery < 6; ++forgery) {
      CAPTURE(name, forgery);
      Journal journal = in_dry_run();
      journal.status.step = name;
      journal.status.successor_uid = "uid-new";
      Json pod = Json::parse(journal.status.saved.manifest);
      switch (forgery) {
        case 0:
          pod["metadata"]["name"] = "other";
          break;
        case 1:
          pod["kind"] = "Secret";
          break;
        case 2:
          pod["metadata"]["annotations"].erase("remint.dev/restarted-by");
          break;
        case 3:
          journal.status.saved.uid = "uid-other";
          break;
        case 4:
          journal.status.step = "Evict";
          break;
        default:
          pod = nullptr;
      }
      journal.status.saved.manifest = pod.dump();
      for (const Observation& seen : {see_nothing(), see(running_pod()), answered(see(running_pod()), kTaken)}) {
        const Step ended = step(journal, seen, {}, kNow);
        CHECK(ended.status.phase == Phase::kFailed);
        CHECK(progress_reason(ended.status) == "JournalInvalid");
        CHECK(act_of<Create>(ended) == nullptr);
        CHECK(act_of<Evict>(ended) == nullptr);
      }
    }
  }
}

TEST_CASE("an old status that is put back after the end brings no pod back: the finalizer is off") {
  for (const char* name : {"DeletePod", "CreatePod", "WaitReady"}) {
    Journal journal = in_dry_run();
    journal.status.step = name;
    journal.status.successor_uid = "uid-new";
    journal.held = false;
    const Step ended = step(journal, see_nothing(), {}, kNow);
    CHECK(progress_reason(ended.status) == "JournalInvalid");
    CHECK(act_of<Create>(ended) == nullptr);
  }
  Journal journal = in_dry_run();
  journal.held = false;
  CHECK(step(journal, see_nothing(), {}, kNow).status.phase == Phase::kCancelled);
}

}  // namespace
}  // namespace remint::restart

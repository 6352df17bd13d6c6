// Recreate from the deletion on: the pod is owed until one of its name is there again.

#include "recreate_fixture.hpp"

namespace remint::restart {
namespace {

const Time kNow = at("2026-07-01T10:28:00Z");

Journal in_step(const char* name) {
  Journal journal = recreate_journal();
  journal.status = step(journal, see(running_pod()), {}, kNow).status;
  journal.status.step = name;
  journal.held = true;
  if (journal.status.step == "WaitReady") {
    journal.status.successor_uid = "uid-new";
  }
  return journal;
}

Json our_pod(const char* uid = "uid-new") {
  Json pod = running_pod(uid);
  pod["metadata"]["annotations"]["remint.dev/restarted-by"] = "uid-journal";
  return pod;
}

Json unready(Json pod) {
  pod["status"] = Json::parse(R"({"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]})");
  return pod;
}

Json terminating(Json pod) {
  pod["metadata"]["deletionTimestamp"] = "2026-07-01T10:28:45Z";
  return pod;
}

/// The same journal as it is after this step.
Journal after(Journal journal, const Step& step) {
  journal.status = step.status;
  return journal;
}

TEST_CASE("DeletePod: the old pod terminates, and is waited for") {
  const Step waiting =
      step(in_step("DeletePod"), see(terminating(running_pod())), {}, kNow + minutes(15) + seconds(30));
  CHECK(waiting.status == in_step("DeletePod").status);
  CHECK(waiting.effects.empty());
}

TEST_CASE("DeletePod: a pod that does not end is told of once, never forced, and waited for as long as it takes") {
  const Observation seen = see(terminating(running_pod()));
  const Step stuck = step(in_step("DeletePod"), seen, {}, kNow + minutes(16));
  CHECK(stuck.status.phase == Phase::kRunning);
  CHECK(blocked_reason(stuck.status) == "PodStuckTerminating");
  CHECK(warns(stuck));
  CHECK(act_of<Evict>(stuck) == nullptr);
  const Journal later = after(in_step("DeletePod"), stuck);
  const Step still = step(later, seen, {}, kNow + hours(100));
  CHECK(still.status == later.status);
  CHECK(still.effects.empty());
  CHECK(still.look_again);
  const Step gone = step(later, see_nothing(), {}, kNow + hours(101));
  CHECK(gone.status.step == "CreatePod");
  CHECK(blocked_reason(gone.status).empty());
}

TEST_CASE("DeletePod: gone, so it is created again from the saved manifest") {
  const Step creating = step(in_step("DeletePod"), see_nothing(), {}, kNow);
  CHECK(creating.status.step == "CreatePod");
  REQUIRE(act_of<Create>(creating) != nullptr);
  CHECK(*act_of<Create>(creating) == Create{"Pod", "shop", in_step("DeletePod").status.saved.manifest, false});
  CHECK(creating.effects.back().wants_answer);
}

TEST_CASE("DeletePod: a pod that still runs is not evicted again without another dry run") {
  const Step asking = step(in_step("DeletePod"), see(running_pod()), {}, kNow + hours(20));
  CHECK(act_of<Evict>(asking) == nullptr);
  REQUIRE(act_of<Create>(asking) != nullptr);
  CHECK(act_of<Create>(asking)->dry_run);
  const Step deleting = step(in_step("DeletePod"), answered(see(running_pod()), kTaken), {}, kNow);
  CHECK(deleting.status == in_step("DeletePod").status);
  REQUIRE(act_of<Evict>(deleting) != nullptr);
  CHECK(act_of<Evict>(deleting)->uid == "uid-cart");
}

TEST_CASE("DeletePod: refused by the later dry run, the old pod runs on until it passes") {
  const Step refused = step(in_step("DeletePod"), answered(see(running_pod()), kForbidden), {}, kNow + hours(1));
  CHECK(refused.status.phase == Phase::kRunning);
  CHECK(blocked_reason(refused.status) == "RecreateRefused");
  CHECK(refused.look_again == minutes(5));
  CHECK(act_of<Evict>(refused) == nullptr);
  const Journal later = after(in_step("DeletePod"), refused);
  CHECK(step(later, see(running_pod()), {}, kNow + hours(2)).status == later.status);
  const Step passes = step(later, answered(see(running_pod()), kTaken), {}, kNow + hours(2));
  CHECK(act_of<Evict>(passes) != nullptr);
  CHECK(blocked_reason(passes.status).empty());
}

TEST_CASE("DeletePod: evictions that come to nothing are told of, once, and given up in the end") {
  const Step told = step(in_step("DeletePod"), see(running_pod()), {}, kNow + minutes(16));
  CHECK(blocked_reason(told.status) == "PodNotDeleted");
  const Journal later = after(in_step("DeletePod"), told);
  CHECK(step(later, answered(see(running_pod()), kTaken), {}, kNow + minutes(16)).status == later.status);
  CHECK(step(later, see(running_pod()), {}, kNow + minutes(17)).status == later.status);
  CHECK(step(later, see(running_pod()), {}, kNow + minutes(32)).status.step == "GiveUp");
}

TEST_CASE("DeletePod: a pod that finished by itself or was adopted by a controller is left alone") {
  Json pod = running_pod();
  SECTION("finished") { pod["status"]["phase"] = "Succeeded"; }
  SECTION("adopted") {
    pod["metadata"]["ownerReferences"] =
        Json::array({Json{{"kind", "ReplicaSet"}, {"name", "cart-1"}, {"uid", "x"}, {"controller", true}}});
  }
  const Step ended = step(in_step("DeletePod"), see(pod), {}, kNow);
  CHECK(ended.status.phase == Phase::kCancelled);
  CHECK(act_of<Evict>(ended) == nullptr);
  CHECK(act_of<ReleaseJournal>(ended) != nullptr);
}

TEST_CASE("somebody else's pod of that name stays, and ours is reported") {
  for (const char* name : {"DeletePod", "GiveUp", "CreatePod"}) {
    const Step ended = step(in_step(name), see(running_pod("uid-theirs")), {}, kNow);
    CHECK(ended.status.phase == Phase::kSucceeded);
    CHECK(ended.status.outcome == Outcome::kUnverified);
    CHECK(progress_reason(ended.status) == "ReplacedByOthers");
    CHECK(warns(ended));
    CHECK(act_of<Create>(ended) == nullptr);
    CHECK(act_of<Evict>(ended) == nullptr);
    CHECK(ended.status.message.find("status.saved.manifest") != std::string::npos);
  }
}

TEST_CASE("our own pod is known by its mark, whoever created it and crashed") {
  for (const char* name : {"DeletePod", "GiveUp", "CreatePod"}) {
    const Step found = step(in_step(name), see(our_pod()), {}, kNow);
    CHECK(found.status.step == "WaitReady");
    CHECK(found.status.successor_uid == "uid-new");
    CHECK(act_of<Create>(found) == nullptr);
  }
}

TEST_CASE("the mark of an earlier restart on the old pod does not make it the new one") {
  Json pod = running_pod();
  pod["metadata"]["annotations"]["remint.dev/restarted-by"] = "uid-journal";
  CHECK(step(in_step("DeletePod"), see(pod), {}, kNow).status.step == "DeletePod");
}

TEST_CASE("CreatePod: taken or already there, the next look tells whose it is") {
  for (const Answer& answer : {kTaken, Answer{false, ErrorCode::kAlreadyExists, "exists"}}) {
    const Step looking = step(in_step("CreatePod"), answered(see_nothing(), answer), {}, kNow + hours(1));
    CHECK(looking.status == in_step("CreatePod").status);
    CHECK(looking.effects.empty());
    CHECK(looking.look_again == seconds(2));
  }
}

TEST_CASE("CreatePod: refused, it is shouted about and tried for as long as it takes, at most 5 minutes apart") {
  const Observation refused = answered(see_nothing(), kForbidden);
  const Step first = step(in_step("CreatePod"), refused, {}, kNow + seconds(4));
  CHECK(blocked_reason(first.status) == "CreateRefused");
  CHECK(first.status.message.find("exceeded quota: pods") != std::string::npos);
  CHECK(first.look_again == seconds(4));
  CHECK(warns(first));
  const Journal later = after(in_step("CreatePod"), first);
  const Step again = step(later, refused, {}, kNow + hours(1000));
  CHECK(again.status == later.status);
  CHECK(again.look_again == minutes(5));
  const Step trying = step(later, see_nothing(), {}, kNow + hours(1000));
  CHECK(trying.status == later.status);
  REQUIRE(act_of<Create>(trying) != nullptr);
  CHECK(act_of<Create>(trying)->object == later.status.saved.manifest);
  CHECK(step(later, see(our_pod()), {}, kNow + hours(1001)).status.step == "WaitReady");
}

TEST_CASE("CreatePod: what may pass by itself is shouted about only when it lasts, and so is silence") {
  const Observation busy = answered(see_nothing(), {false, ErrorCode::kTooMany, "too many requests"});
  CHECK(blocked_reason(step(in_step("CreatePod"), busy, {}, kNow + seconds(30)).status).empty());
  CHECK(blocked_reason(step(in_step("CreatePod"), busy, {}, kNow + minutes(2)).status) == "CreateRefused");
  CHECK(blocked_reason(step(in_step("CreatePod"), see_nothing(), {}, kNow + seconds(30)).status).empty());
  const Step silence = step(in_step("CreatePod"), see_nothing(), {}, kNow + minutes(2));
  CHECK(blocked_reason(silence.status) == "CreateRefused");
  CHECK(act_of<Create>(silence) != nullptr);
}

TEST_CASE("CreatePod: the old pod is there again, so it is deleted first") {
  CHECK(step(in_step("CreatePod"), see(running_pod()), {}, kNow).status.step == "DeletePod");
}

TEST_CASE("WaitReady: Ready leads to the verification of the new pod") {
  const Journal journal = in_step("WaitReady");
  CHECK(step(journal, see(unready(our_pod())), {}, kNow).status == journal.status);
  const Step ready = step(journal, see(our_pod()), {}, kNow + seconds(20));
  CHECK(ready.status.phase == Phase::kVerifying);
  CHECK(act_of<ReleaseJournal>(ready) != nullptr);
  CHECK(verification_uid(after(journal, ready)) == "uid-new");
}

TEST_CASE("WaitReady: not Ready within the deadline fails, says why, and leaves the pod") {
  const Step late = step(in_step("WaitReady"), see(unready(our_pod())), {}, kNow + minutes(16));
  CHECK(late.status.phase == Phase::kFailed);
  CHECK(late.status.message.find("0/3 nodes are available") != std::string::npos);
  CHECK(act_of<Evict>(late) == nullptr);
}

TEST_CASE("WaitReady: a pod that finishes is no failure unless it failed") {
  Json pod = our_pod();
  pod["status"] = {{"phase", "Succeeded"}};
  CHECK(step(in_step("WaitReady"), see(pod), {}, kNow).status.phase == Phase::kSucceeded);
  pod["status"] = {{"phase", "Failed"}, {"message", "OutOfcpu"}};
  const Step failed = step(in_step("WaitReady"), see(pod), {}, kNow);
  CHECK(failed.status.phase == Phase::kFailed);
  CHECK(failed.status.message.find("OutOfcpu") != std::string::npos);
}

TEST_CASE("WaitReady: whoever deletes the new pod wants it gone") {
  for (const Observation& seen : {see_nothing(), see(terminating(our_pod())), see(running_pod("uid-theirs"))}) {
    const Step ended = step(in_step("WaitReady"), seen, {}, kNow);
    CHECK(ended.status.phase == Phase::kSucceeded);
    CHECK(ended.status.outcome == Outcome::kUnverified);
    CHECK(warns(ended));
    CHECK(act_of<Create>(ended) == nullptr);
  }
}

TEST_CASE("a journal that is being deleted brings the pod back first, and then lets go") {
  Journal journal = in_step("DeletePod");
  journal.deleting = true;
  CHECK(step(journal, see(terminating(running_pod())), {}, kNow).status.phase == Phase::kRunning);
  journal = after(journal, step(journal, see_nothing(), {}, kNow));
  CHECK(journal.status.step == "CreatePod");
  CHECK(step(journal, answered(see_nothing(), kForbidden), {}, kNow + hours(9)).status.phase == Phase::kRunning);
  journal = after(journal, step(journal, see(unready(our_pod())), {}, kNow));
  CHECK(journal.status.step == "WaitReady");
  const Step ended = step(journal, see(unready(our_pod())), {}, kNow);
  CHECK(is_final(ended.status.phase));
  CHECK(act_of<ReleaseJournal>(ended) != nullptr);
}

TEST_CASE("a journal that is being deleted lets an old pod go on that can be neither deleted nor recreated") {
  Journal journal = in_step("DeletePod");
  journal.deleting = true;
  CHECK(act_of<Create>(step(journal, see(running_pod()), {}, kNow)) != nullptr);
  for (const Step& given_up : {step(journal, see(running_pod()), {}, kNow + minutes(16)),
                               step(journal, answered(see(running_pod()), kForbidden), {}, kNow + minutes(16))}) {
    CHECK(given_up.status.step == "GiveUp");
    const Step ended = step(after(journal, given_up), see(running_pod()), {}, kNow + minutes(19));
    CHECK(ended.status.phase == Phase::kCancelled);
    CHECK_THAT(ended.status.message, Catch::EndsWith("The old pod still runs"));
  }
}

TEST_CASE("nothing is created in a namespace that is being deleted") {
  for (const char* name : {"DeletePod", "GiveUp", "CreatePod"}) {
    Journal journal = in_step(name);
    journal.deleting = true;
    Observation seen = see_nothing();
    seen.namespace_deleting = true;
    const Step ended = step(journal, seen, {}, kNow);
    CHECK(ended.status.phase == Phase::kCancelled);
    CHECK(act_of<Create>(ended) == nullptr);
    CHECK(act_of<ReleaseJournal>(ended) != nullptr);
  }
}

}  // namespace
}  // namespace remint::restart

#include "fixture.hpp"

namespace remint::restart {
namespace {

TEST_CASE("a Deployment is read") {
  const auto target = parse_target(R"({"kind": "Deployment",
    "metadata": {"uid": "u", "resourceVersion": "9", "generation": 3},
    "spec": {"paused": true, "template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "t0"}}}},
    "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 2,
      "conditions": [{"type": "Available", "reason": "x"}, {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}})");
  REQUIRE(target);
  CHECK(target->uid == "u");
  CHECK(target->resource_version == "9");
  CHECK(target->replicas == 1);  // the default
  CHECK(target->paused);
  CHECK(target->progress_deadline_exceeded);
  CHECK(target->restarted_at == "t0");
  CHECK(target->generation == 3);
  CHECK(target->observed_generation == 2);
  CHECK(target->current == 4);
  CHECK(target->updated == 1);
  CHECK(target->ready == 3);
  CHECK(target->available == 2);
  CHECK_FALSE(target->deleting);
}

TEST_CASE("a StatefulSet and a DaemonSet are read") {
  const auto set = parse_target(
      R"({"kind": "StatefulSet", "metadata": {"uid": "u", "deletionTimestamp": "2026-07-01T10:00:00Z"},
    "spec": {"replicas": 0, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}, "status": {"updateRevision": "b", "currentRevision": "a"}})");
  REQUIRE(set);
  CHECK(set->replicas == 0);
  CHECK(set->partition == 2);
  CHECK(set->deleting);
  CHECK(set->update_revision == "b");
  CHECK(set->restarted_at.empty());
  const auto daemons = parse_target(
      R"({"kind": "DaemonSet", "metadata": {"uid": "u"}, "spec": {"updateStrategy": {"type": "OnDelete"}},
    "status": {"desiredNumberScheduled": 5, "updatedNumberScheduled": 4, "numberReady": 3, "numberAvailable": 2, "currentNumberScheduled": 5}})");
  REQUIRE(daemons);
  CHECK(daemons->on_delete);
  CHECK(daemons->replicas == 5);
  CHECK(daemons->updated == 4);
  CHECK(daemons->available == 2);
}

TEST_CASE("a target that is not one is refused with the fields that are wrong") {
  CHECK_FALSE(parse_target(""));
  CHECK_FALSE(parse_target("[]"));
  const auto target =
      parse_target(R"({"kind": "Job", "metadata": {"uid": 3}, "spec": [], "status": {"observedGeneration": -1}})");
  REQUIRE_FALSE(target);
  CHECK_THAT(target.error().message, Catch::Contains("kind: must be Deployment"));
  CHECK_THAT(target.error().message, Catch::Contains("metadata.uid"));
  CHECK_THAT(target.error().message, Catch::Contains("status.observedGeneration"));
}

TEST_CASE("a pod is read, with the end of its grace period when it is on its way out") {
  const auto pod = parse_pod(R"({"kind": "Pod", "metadata": {"name": "cart-0", "uid": "u",
    "creationTimestamp": "2026-07-01T10:00:00Z", "deletionTimestamp": "2026-07-01T11:00:00Z",
    "ownerReferences": [{"kind": "ReplicaSet", "name": "cart-5f", "uid": "o", "controller": true}]},
    "status": {"phase": "Running",
      "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-07-01T10:00:09Z"}]}})");
  REQUIRE(pod);
  CHECK(pod->controller_uid == "o");
  CHECK(pod->ready_since == at("2026-07-01T10:00:09Z"));
  CHECK(pod->terminating);
  CHECK(pod->grace_over == at("2026-07-01T11:00:00Z"));
  CHECK_FALSE(pod->finished);
  CHECK_FALSE(parse_pod(R"({"kind": "Pod", "metadata": {"name": "cart-0"}})"));
}

struct Row {
  const char* what;
  const char* kind;
  void (*change)(TargetState&);
  bool done;
};

TEST_CASE("a rollout is done when kubectl rollout status says so") {
  const std::vector<Row> rows{
      {"Deployment settled", "Deployment", [](TargetState&) {}, true},
      {"not noticed", "Deployment", [](TargetState& t) { t.generation = 8; }, false},
      {"never noticed", "DaemonSet", [](TargetState& t) { t.generation = t.observed_generation = 0; }, false},
      {"too few updated", "Deployment", [](TargetState& t) { t.updated = 2; }, false},
      {"old ones left", "Deployment", [](TargetState& t) { t.current = 4; }, false},
      {"not available", "Deployment", [](TargetState& t) { t.available = 2; }, false},
      {"StatefulSet settled", "StatefulSet", [](TargetState&) {}, true},
      {"not ready", "StatefulSet", [](TargetState& t) { t.ready = 2; }, false},
      {"not updated", "StatefulSet", [](TargetState& t) { t.updated = 2; }, false},
      {"updated down to the partition", "StatefulSet",
       [](TargetState& t) {
         t.updated = 2;
         t.partition = 1;
       },
       true},
      {"partition beyond the size", "StatefulSet",
       [](TargetState& t) {
         t.updated = 0;
         t.partition = 9;
       },
       true},
      {"DaemonSet settled", "DaemonSet", [](TargetState&) {}, true},
      {"DaemonSet not updated", "DaemonSet", [](TargetState& t) { t.updated = 2; }, false},
      {"DaemonSet not available", "DaemonSet", [](TargetState& t) { t.available = 2; }, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    TargetState target = settled_target();
    row.change(target);
    const RolloutProgress progress = rollout_progress(row.kind, target);
    CHECK(progress.done == row.done);
    CHECK_FALSE(progress.text.empty());
  }
}

}  // namespace
}  // namespace remint::restart

"""ScaleToZero: down to nothing, and always back to the size that is wanted."""

import pytest
from kubernetes import client

from harness import holds_for, wait_until
from harness.expect import cured_by
from harness.following import PodHistory
from harness.hand_made import order
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

SLOW_TO_STOP = {"harness.remint.dev/stop-delay": "4s"}


@pytest.mark.parametrize("creator", ["replication_controller", "replica_set", "deployment", "stateful_set"])
def test_it_comes_back_to_its_size_with_new_pods(stand, creator):
    web = getattr(stand.space, creator)("web", replicas=3).wait_ready()
    history = stand.watch(PodHistory(stand.space))
    before, uid = web.pod_uids(), web.uid
    operator = stand.operator()
    restart = order(web, "ScaleToZero").wait_finished()
    assert restart["status"]["phase"] == "Succeeded", restart["status"]
    assert restart["status"]["saved"]["replicas"] == 3
    web.wait_ready()
    assert (web.uid, web.read().spec.replicas) == (uid, 3)
    assert not before & web.pod_uids()
    assert len(history.so_far()) == 6
    scaled = [w for w in operator.proxy.applied() if w.resource != "workloadrestarts"]
    assert {w.subresource for w in scaled} == {"scale"}, "only through the scale subresource"


def test_by_annotation_a_controller_is_cured_by_it(scene):
    web = scene.space.replication_controller("web", annotations={"remint.dev/strategy": "ScaleToZero"})
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        cured_by(web, "ScaleToZero")
        web.wait_ready()
    assert web.read().spec.replicas == 2


def test_it_waits_until_the_last_old_pod_is_gone(stand):
    web = stand.space.replication_controller("web", replicas=2, pod_annotations=SLOW_TO_STOP).wait_ready()
    before = web.pod_uids()
    stand.operator()
    restart = order(web, "ScaleToZero")
    wait_until(lambda: not web.live_pods(), 20, "it to be scaled down", interval=0.05)
    holds_for(lambda: not web.live_pods() or not before & {p.metadata.uid for p in web.pods()}, 3,
              "no new pod beside an old one", interval=0.05)  # fmt: skip
    assert restart.wait_finished()["status"]["phase"] == "Succeeded"
    web.wait_ready()


def test_the_size_that_a_person_gives_it_while_it_is_down_is_the_one_it_gets(stand):
    web = stand.space.replication_controller("web", replicas=2, pod_annotations=SLOW_TO_STOP).wait_ready()
    stand.operator()
    restart = order(web, "ScaleToZero")
    wait_until(lambda: web.read().spec.replicas == 0, 20, "it to be scaled down", interval=0.05)
    web.scale(5)
    status = restart.wait_finished()["status"]
    web.wait_ready()
    assert web.read().spec.replicas == 5
    told = " ".join([status["message"], *(event["note"] for event in stand.space.events_about(web))])
    assert "5" in told, f"that somebody else set the size is told: {told}"


def test_a_controller_of_size_zero_is_left_at_zero(stand):
    web = stand.space.replication_controller("web", replicas=1).wait_ready()
    web.scale(0)
    wait_until(lambda: not web.pods(), 20, "its pod to go")
    operator = stand.operator()
    status = order(web, "ScaleToZero").wait_finished()["status"]
    assert status["phase"] == "Cancelled"
    assert "0" in status["message"]
    assert {w.resource for w in operator.proxy.applied()} == {"workloadrestarts"}


def test_an_autoscaler_that_targets_it_is_told_of_and_finds_its_size_again(stand):
    web = stand.space.replication_controller("web", replicas=3).wait_ready()
    target = {"apiVersion": "v1", "kind": "ReplicationController", "name": "web"}
    client.AutoscalingV2Api(stand.cluster.api_client()).create_namespaced_horizontal_pod_autoscaler(
        stand.name,
        {"metadata": {"name": "scaler"}, "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}},
    )
    before = web.pod_uids()
    stand.operator()
    status = order(web, "ScaleToZero").wait_finished()["status"]
    web.wait_ready()
    assert web.read().spec.replicas == 3
    told = " ".join([status["message"], *(event["note"] for event in stand.space.events_about(web))])
    assert "scaler" in told, f"the autoscaler is named: {told}"
    assert bool(before & web.pod_uids()) == (status["phase"] == "Cancelled")

"""RollingReplace: a ReplicationController's pods made anew without a moment's loss, under the same name."""

import pytest

from harness import resources
from harness.expect import cured_by
from harness.following import EndpointWatcher, PodHistory
from harness.hand_made import order
from harness.simulator import WorkloadSimulator
from harness.subjects import controllers, look

pytestmark = pytest.mark.remint

AT_ONCE = {"updatePeriod": "0s"}
NEVER_READY = {"harness.remint.dev/hold-start": "true"}


def only_controller(space):
    (name,) = controllers(space)
    return name


def test_a_controller_is_cured_and_its_service_never_misses_an_endpoint(scene):
    scene.policies.put(scene.space.name, resources.short_spec(
        [scene.space.name],
        strategies={"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "1s"}]},
    ))  # fmt: skip
    space = scene.space
    web = space.replication_controller("web", replicas=3).wait_ready()
    space.service(web)
    endpoints = EndpointWatcher(space, "web").begin(3)
    before, uids, uid = look(web), web.pod_uids(), web.uid
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        cured_by(web, "RollingReplace", timeout=120, uid=uid)
        web.wait_ready()
    assert endpoints.fewest() >= 3
    endpoints.stop()
    assert look(web) == before, "name, labels, selector, template and size are what they were"
    assert not uids & web.pod_uids()
    assert only_controller(space) == "ReplicationController/web"


def test_pods_are_replaced_one_by_one_never_more_than_one_too_many(stand):
    web = stand.space.replication_controller("web", replicas=3).wait_ready()
    history = stand.watch(PodHistory(stand.space))
    before = look(web)
    stand.operator()
    status = order(web, "RollingReplace", options=AT_ONCE).wait_finished()["status"]
    assert status["phase"] == "Succeeded", status
    web.wait_ready()
    assert history.most == 4, "surge 1"
    assert len(history.so_far()) == 6
    assert look(web) == before


def test_new_pods_that_never_become_ready_are_taken_back(stand):
    space = stand.space
    web = space.replication_controller("web", replicas=2).wait_ready()
    uids, uid = web.pod_uids(), web.uid
    web.patch({"spec": {"template": {"metadata": {"annotations": NEVER_READY}}}})
    space.service(web)
    endpoints = stand.watch(EndpointWatcher(space, "web")).begin(2)
    before = look(web)
    stand.operator(flags=("--restart-deadline", "3s"))
    status = order(web, "RollingReplace", options=AT_ONCE).wait_finished()["status"]
    assert status["phase"] == "Failed", status
    web.wait_ready()
    assert (web.uid, web.pod_uids()) == (uid, uids), "the old ones, all of them"
    assert look(web) == before
    assert only_controller(space) == "ReplicationController/web"
    assert endpoints.fewest() == 2


def test_the_new_name_is_kept_where_that_is_asked_for(stand):
    web = stand.space.replication_controller("web", replicas=2).wait_ready()
    uids = web.pod_uids()
    stand.operator()
    restart = order(web, "RollingReplace", options=AT_ONCE | {"keepNewName": True}).wait_finished()
    assert restart["status"]["phase"] == "Succeeded", restart["status"]
    assert only_controller(stand.space) == f"ReplicationController/{restart['status']['saved']['successor']}"
    assert restart["status"]["saved"]["successor"] != "web"
    pods = web.live_pods()
    assert len(pods) == 2
    assert not uids & {pod.metadata.uid for pod in pods}


def test_min_ready_seconds_are_waited_for(stand):
    web = stand.space.replication_controller("web", replicas=2, spec={"minReadySeconds": 3}).wait_ready()
    history = stand.watch(PodHistory(stand.space))
    stand.operator()
    assert order(web, "RollingReplace", options=AT_ONCE).wait_finished()["status"]["phase"] == "Succeeded"
    web.wait_ready()
    history.so_far()
    first_new = next(uid for uid in history.names if uid not in history.listed)
    came, went = history.times[first_new][0], history.times[history.gone[0]][1]
    # Kubernetes reckons in whole seconds, so 3 of its seconds may be 2 of ours.
    assert went - came >= 2, "an old one goes only when the new one is available"

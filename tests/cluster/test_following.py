"""The watchers that other tests trust: each must notice what it is there to notice."""

import pytest

from harness import wait_until
from harness.following import EndpointWatcher, PodHistory


def test_the_endpoint_watcher_notices_a_moment_without_endpoints(space):
    web = space.replication_controller("web", replicas=3)
    space.service(web)
    web.wait_ready()
    endpoints = EndpointWatcher(space, "web").begin(3)
    assert endpoints.fewest() == 3
    web.scale(0)
    web.scale(3)
    wait_until(lambda: endpoints.now == 3 and web.ready(), 30, "all endpoints again")
    assert endpoints.fewest() < 3
    endpoints.stop()


def test_the_pod_history_knows_pods_that_came_and_went(space):
    pod = space.bare_pod("short-lived")
    history = PodHistory(space)
    first = pod.uid
    pod.delete(grace_period_seconds=0)
    space.wait_gone(pod)
    assert history.so_far() == {first}
    assert history.gone == [first]
    history.stop()


@pytest.mark.parametrize("kind", ["replica_set", "replication_controller"])
def test_a_controller_of_each_kind_becomes_ready(space, kind):
    web = getattr(space, kind)("web", replicas=2).wait_ready()
    assert len(web.live_pods()) == 2
    assert web.revisions() == 1

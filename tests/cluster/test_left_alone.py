"""Workloads that must not be touched, all at once beside one that must: and the reason is shown.

The scene is set once. When the control workload (which is also the attacker) has been restarted and
found cured, everybody else has failed at least as long, so "nothing happened" means something.
"""

import datetime
from types import SimpleNamespace

import pytest

from harness import resources, wait_until
from harness.expect import (
    IGNORED,
    PAUSED_DEPLOYMENT,
    PAUSED_UNTIL,
    REJECTIONS_EXTERNAL,
    REJECTIONS_IGNORED,
    REJECTIONS_UNATTRIBUTED,
    STUCK_ROLLOUT,
    cured_by_one_restart,
    untouched,
    wait_decided,
    wait_explained,
)
from harness.fake_client import FakeClient
from harness.remint import Operator, drop_lease
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

_NEVER_READY = {"harness.remint.dev/hold-start": "true"}
_SLOW_TO_STOP = {"harness.remint.dev/stop-delay": "300s"}


@pytest.fixture(scope="module")
def stage(remint_cluster):
    """The whole cast; torn down when the module's tests have looked at it."""
    cluster, expired = remint_cluster, remint_cluster.minter.expired
    space = Space.fresh(cluster)
    policies = resources.Policies(cluster)
    policies.put(space.name, resources.short_spec([space.name]))
    operator = Operator(cluster, name="remint-left-alone").start()
    programs = []

    def play(workload, token=expired, **options):
        programs.append(WorkloadSimulator(workload, token, **options).start())
        return workload

    try:
        cast = SimpleNamespace(cluster=cluster, space=space, operator=operator)
        # The victim says nothing at all, so that no success of its own could save it.
        cast.victim = space.deployment("victim").wait_ready()
        victim_address = cast.victim.pods()[0].status.pod_ip
        forged = {"X-Forwarded-For": victim_address, "X-Real-Ip": victim_address}

        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        cast.paused_until_time = later.strftime("%Y-%m-%dT%H:%M:%SZ")
        cast.ignored = play(space.deployment("ignored", annotations={"remint.dev/ignore": "true"}))
        cast.paused_until = play(
            space.deployment("paused-until", annotations={"remint.dev/paused-until": cast.paused_until_time})
        )
        cast.paused = _paused(space)
        play(cast.paused)
        cast.outsider = play(_other_namespace(cluster).deployment("outsider"))
        cast.recovered = _recovered(space, cluster)
        cast.stuck, stuck_client = _stuck(space, cluster)
        cast.terminating, terminating = _terminating(space, cluster)
        strangers = [_stranger(cluster, "127.0.0.1", forged), _stranger(cluster, _node_address(cluster), {})]
        for fake in [stuck_client, *strangers]:
            fake.start()
        programs += [stuck_client, terminating, *strangers]

        cast.attacker = play(space.deployment("attacker"), headers=forged)
        cast.restart = cured_by_one_restart(cast.attacker)
        yield cast
    finally:
        for each in programs:
            each.stop()
        operator.stop()
        drop_lease(cluster)
        policies.delete()
        space.delete()


def _paused(space):
    """A Deployment whose rollouts are paused: setting its annotation would only make it wait."""
    workload = space.deployment("paused").wait_ready()
    workload.patch({"spec": {"paused": True}})
    return workload


def _other_namespace(cluster):
    return Space.fresh(cluster)


def _recovered(space, cluster):
    """Three rejections in a moment, then a success: a client that re-read its token."""
    workload = space.deployment("recovered", replicas=1).wait_ready()
    pod = workload.pods()[0]
    holder = space.holder(pod)
    fake = _client(cluster, pod.status.pod_ip, cluster.minter.expired(holder), space.name)
    assert [fake.request().status for _ in range(4)] == [401] * 4
    fake.token = cluster.minter.valid(holder)
    assert fake.request().status == 200
    fake.disconnect()
    return workload


def _stuck(space, cluster):
    """An old pod with a dead token, and a rollout whose new pods never become ready."""
    workload = space.deployment(
        "stuck",
        replicas=1,
        spec={"progressDeadlineSeconds": 2, "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}},
    ).wait_ready()
    pod = workload.pods()[0]
    fake = _client(cluster, pod.status.pod_ip, cluster.minter.expired(space.holder(pod)), space.name)
    workload.patch({"spec": {"template": {"metadata": {"annotations": _NEVER_READY}}}})
    wait_until(lambda: _deadline_exceeded(workload), 30, "the rollout to be given up")
    return workload, fake


def _deadline_exceeded(workload):
    conditions = workload.read().status.conditions or []
    return any(c.reason == "ProgressDeadlineExceeded" for c in conditions)


def _terminating(space, cluster):
    """A pod that is being deleted, whose token is therefore not renewed any more: nothing is wrong."""
    workload = space.deployment("terminating", replicas=1, pod_annotations=_SLOW_TO_STOP)
    programs = WorkloadSimulator(workload, cluster.minter.valid).start()
    (old,) = workload.pods()
    space.core.delete_namespaced_pod(old.metadata.name, space.name, grace_period_seconds=300)
    wait_until(lambda: len(workload.live_pods()) == 1 and len(workload.pods()) == 2, 10, "its replacement")
    programs.clients[old.metadata.uid].token = cluster.minter.expired(space.holder(old))
    return workload, programs


def _node_address(cluster):
    return f"127.{cluster.octet}.255.1"


def _stranger(cluster, address, headers):
    return _client(cluster, address, "rubbish", "default", headers=headers, user_agent="stranger/1.0")


def _client(cluster, address, token, namespace, **options):
    path = f"/api/v1/namespaces/{namespace}/configmaps?limit=500"
    return FakeClient(cluster.apiserver.url, cluster.apiserver.root_ca, address, token, path=path, **options)


def test_who_forges_x_forwarded_for_is_restarted_and_its_victim_is_not(stage):
    assert stage.restart["spec"]["target"]["name"] == "attacker"
    untouched(stage.victim)
    assert stage.space.events_about(stage.victim) == []


def test_an_ignored_workload(stage):
    wait_explained(stage.ignored, IGNORED)
    untouched(stage.ignored)


def test_a_workload_that_is_paused_until_a_time(stage):
    event = wait_explained(stage.paused_until, PAUSED_UNTIL)
    assert stage.paused_until_time[:16] in event["note"], "the note says until when"
    untouched(stage.paused_until)


def test_a_paused_deployment(stage):
    wait_explained(stage.paused, PAUSED_DEPLOYMENT)
    untouched(stage.paused)


def test_a_deployment_whose_rollout_is_stuck(stage):
    wait_explained(stage.stuck, STUCK_ROLLOUT)
    assert stage.stuck.restarts() == []
    assert resources.restarts_of(stage.stuck) == []
    assert stage.stuck.revisions() == 2, "the two templates that the test itself made"


def test_terminating_pods(stage):
    assert stage.operator.metrics().sum(REJECTIONS_IGNORED) >= 3
    untouched(stage.terminating)


def test_a_pod_that_authenticates_again(stage):
    untouched(stage.recovered)


def test_a_namespace_that_no_policy_matches(stage):
    untouched(stage.outsider)


def test_callers_that_are_no_pods_are_counted_and_never_acted_on(stage):
    metrics = stage.operator.metrics()
    assert metrics.sum(REJECTIONS_EXTERNAL) >= 3
    assert metrics.sum(REJECTIONS_UNATTRIBUTED) >= 3


def test_what_was_not_done_is_counted_as_refused_or_waiting(stage):
    wait_decided(stage.operator, "Refuse", at_least=3)  # ignored, paused, OnDelete, ...
    wait_decided(stage.operator, "Wait")  # paused-until


def test_only_the_control_workload_was_restarted(stage):
    custom = stage.cluster.custom()
    restarts = custom.list_namespaced_custom_object(
        resources.GROUP, resources.VERSION, stage.space.name, resources.RESTART
    )["items"]
    assert [r["spec"]["target"]["name"] for r in restarts] == ["attacker"]

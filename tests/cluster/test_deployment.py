"""The main job: a Deployment whose tokens are rejected is restarted exactly once, and found cured."""

import pytest

from harness.expect import (
    COOLDOWN,
    cured_by_one_restart,
    not_cured_by_one_restart,
    stays_restarted_once,
    untouched,
    wait_decided,
    wait_explained,
)
from harness.resources import FINAL_PHASES, phase
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


def test_expired_tokens_are_cured_by_exactly_one_restart(scene):
    web = scene.space.deployment("web", replicas=3)
    with WorkloadSimulator(web, scene.cluster.minter.expired) as programs:
        old_pods = {pod.metadata.name for pod in web.pods()}
        restart = cured_by_one_restart(web)
        assert programs.answers(first=False).get(200, 0) > 0
        assert programs.answers(first=False).get(401, 0) == 0
        stays_restarted_once(web, 5)

    # The journal tells the whole story.
    spec, status = restart["spec"], restart["status"]
    assert restart["metadata"]["namespace"] == scene.space.name
    assert spec["target"]["kind"] == "Deployment"
    assert spec["target"]["name"] == "web"
    assert spec["target"]["uid"] == web.uid
    assert spec["strategy"] == "RolloutRestart"
    assert spec["policy"] == f"ClusterTokenRefreshPolicy/{scene.space.name}"
    assert set(spec["pods"]) and set(spec["pods"]) <= old_pods
    assert spec["evidence"] and spec["reason"]
    assert status["saved"]["restartedAt"] == web.restarts()[0]
    times = [status[key] for key in ("startedAt", "rolledOutAt", "finishedAt")]
    assert times == sorted(times)
    # ... and so do the Events on the workload, and the metrics.
    assert scene.space.events_about(web)
    wait_decided(scene.operator, "Restart")
    # Nobody is at risk any more.
    assert not scene.policies.get(scene.space.name)["status"].get("atRisk")


def test_a_restart_that_does_not_help_is_not_repeated_in_the_cooldown(scene):
    broken = scene.space.deployment("broken", replicas=2)
    expired = scene.cluster.minter.expired
    with WorkloadSimulator(broken, expired, later=expired):
        not_cured_by_one_restart(broken)
        wait_explained(broken, COOLDOWN)
        wait_decided(scene.operator, "Wait")
        stays_restarted_once(broken, 8)


def test_one_dead_pod_of_several_is_reason_enough(scene):
    mixed = scene.space.deployment("mixed", replicas=3)
    minter = scene.cluster.minter
    dead = []

    def one_is_dead(holder):
        if not dead:
            dead.append(holder.pod_name)
        return minter.expired(holder) if holder.pod_name == dead[0] else minter.valid(holder)

    with WorkloadSimulator(mixed, one_is_dead):
        restart = cured_by_one_restart(mixed)
        assert restart["spec"]["pods"] == dead


@pytest.mark.parametrize("kind", ["other_key", "wrong_account_uid", "wrong_pod_uid"])
def test_tokens_that_died_otherwise_are_cured_too(scene, kind):
    # The audit event does not say why a token was rejected: all of these look the same from outside.
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, getattr(scene.cluster.minter, kind)):
        cured_by_one_restart(web)


def test_a_workload_made_anew_under_the_same_name_is_another_one(scene):
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        cured_by_one_restart(web)
    scene.space.apps.delete_namespaced_deployment("web", scene.space.name, propagation_policy="Foreground")
    scene.space.wait_gone(web)
    scene.space.core.delete_namespaced_service_account("web", scene.space.name)
    again = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(again, scene.cluster.minter.expired):
        # The cooldown of the old one does not hold for the new one.
        restart = cured_by_one_restart(again)
        assert phase(restart) in FINAL_PHASES


def test_a_healthy_deployment_is_left_alone_beside_a_broken_one(scene):
    healthy, broken = scene.space.deployment("healthy"), scene.space.deployment("broken")
    with (
        WorkloadSimulator(healthy, scene.cluster.minter.valid),
        WorkloadSimulator(broken, scene.cluster.minter.expired),
    ):
        cured_by_one_restart(broken)
        untouched(healthy)

"""When a restart does not help: the next strategy, then the breaker; and when somebody takes it back: no fight."""

import re
import threading

import pytest

from harness import holds_for, wait_until
from harness.expect import wait_explained
from harness.resources import outcome, restarts_of, short_spec
from harness.simulator import WorkloadSimulator
from harness.workload import RESTARTED_AT

pytestmark = pytest.mark.remint

LADDER = {"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "0s"}, {"type": "ScaleToZero"}]}


def impatient(space, **overrides):
    spec = {
        "limits": {"cooldown": "3s", "maxPerHour": 20, "maxConcurrent": 10, "maxWorkloadsPercent": 100},
        "breaker": {"failures": 2, "openFor": "24h"},
        "verification": {"observe": "5s"},
    }
    return short_spec([space.name], **(spec | overrides))


def strategies_used(scene):
    restarts = scene.cluster.custom().list_namespaced_custom_object(
        "remint.dev", "v1alpha1", scene.space.name, "workloadrestarts"
    )["items"]
    restarts.sort(key=lambda item: item["metadata"]["creationTimestamp"])
    return [(item["spec"]["strategy"], outcome(item)) for item in restarts]


def test_what_does_not_help_is_followed_by_the_next_strategy_and_then_by_the_breaker(scene):
    scene.policies.put(scene.space.name, impatient(scene.space, strategies=LADDER))
    broken = scene.space.replication_controller("broken", replicas=2)
    expired = scene.cluster.minter.expired
    with WorkloadSimulator(broken, expired, later=expired):
        tried = [("RollingReplace", "NotCured"), ("ScaleToZero", "NotCured")]
        wait_until(lambda: strategies_used(scene) == tried, 180, f"{tried}; now {strategies_used(scene)}")
        event = wait_explained(broken, r"restarting does not help")
        assert re.search(r"breaker", event["note"], re.IGNORECASE) or "Breaker" in event["reason"], event
        # The cooldown is over many times, and still nothing more is done.
        holds_for(lambda: strategies_used(scene) == tried, 12, "the breaker stays open", interval=0.5)
    broken.wait_ready()
    assert broken.read().spec.replicas == 2


def test_the_open_breaker_is_shown_in_the_policy_and_survives_a_new_operator(scene):
    policy = scene.space.name
    spec = impatient(scene.space, strategies={"Deployment": [{"type": "RolloutRestart"}]})
    scene.policies.put(policy, spec | {"breaker": {"failures": 1, "openFor": "24h"}})
    broken = scene.space.deployment("broken", replicas=1)
    expired = scene.cluster.minter.expired
    with WorkloadSimulator(broken, expired, later=expired):
        wait_until(lambda: strategies_used(scene) == [("RolloutRestart", "NotCured")], 90, "the one restart")
        wait_explained(broken, r"restarting does not help")
        wait_until(lambda: "broken" in str(scene.policies.get(policy)["status"]), 40, "it in the policy's status")
        scene.operator.kill()
        scene.operators(scene.cluster)
        holds_for(lambda: len(restarts_of(broken)) == 1, 10, "the new operator knows of the breaker", interval=0.5)


def test_what_gitops_takes_back_is_noticed_counted_once_and_not_fought(scene):
    scene.policies.put(scene.space.name, impatient(scene.space))
    web = scene.space.deployment("web", replicas=2)
    stop = threading.Event()

    def take_back():
        """As a GitOps tool does whose repository says nothing of the annotation."""
        while not stop.wait(0.1):
            if (web.read().spec.template.metadata.annotations or {}).get(RESTARTED_AT):
                web.patch({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: None}}}}})

    web.wait_ready()
    before = web.pod_uids()
    tool = threading.Thread(target=take_back, daemon=True)
    tool.start()
    try:
        with WorkloadSimulator(web, scene.cluster.minter.expired):
            wait_until(lambda: len(restarts_of(web)) == 2, 90, "the next strategy")
            wait_until(lambda: strategies_used(scene)[1] == ("EvictPods", "Cured"), 90, "a cure that changes no object")
    finally:
        stop.set()
        tool.join()
    assert strategies_used(scene)[0][0] == "RolloutRestart"
    assert len(restarts_of(web)) == 2, "it was not fought"
    assert any(re.search(r"revert|taken? back|GitOps", e["note"]) for e in scene.space.events_about(web))
    assert not before & web.pod_uids()

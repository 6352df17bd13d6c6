"""Workloads whose pods one PodDisruptionBudget covers take turns, whatever else the limits allow."""

import pytest

from harness import wait_until
from harness.resources import outcome, phase, restarts_of, short_spec
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

LIMITS = {"cooldown": "30m", "maxPerHour": 20, "maxConcurrent": 10, "maxWorkloadsPercent": 100}
NAMES = ("front", "middle", "back")


def under_one_budget(space):
    """Three Deployments and a budget that covers the pods of all of them."""
    workloads = [space.deployment(name, replicas=1, pod_labels={"part-of": "shop"}).wait_ready() for name in NAMES]
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"part-of": "shop"}}}
    space.policy.create_namespaced_pod_disruption_budget(space.name, {"metadata": {"name": "shop"}, "spec": spec})
    return workloads


def times(restart):
    return restart["status"]["startedAt"], restart["status"]["finishedAt"]


def ended(workloads):
    restarts = [restart for workload in workloads for restart in restarts_of(workload)]
    return len(restarts) == len(workloads) and all(phase(r) == "Succeeded" for r in restarts) and restarts


def play(scene, workloads):
    programs = [WorkloadSimulator(workload, scene.cluster.minter.expired).start() for workload in workloads]
    try:
        restarts = wait_until(lambda: ended(workloads), 180, "all of them to be restarted")
    finally:
        for each in programs:
            each.stop()
    assert {outcome(r) for r in restarts} == {"Cured"}
    return sorted(restarts, key=times)


def overlapping(restarts):
    return [b for a, b in zip(restarts, restarts[1:], strict=False) if times(b)[0] < times(a)[1]]


def test_one_at_a_time_is_restarted_and_each_says_what_it_waits_for(scene):
    workloads = under_one_budget(scene.space)
    restarts = play(scene, workloads)
    assert not overlapping(restarts), [times(r) for r in restarts]
    assert all(r["status"]["budgets"] == ["shop"] for r in restarts)
    waited = [c["message"] for r in restarts[1:] for c in r["status"]["conditions"] if c["type"] == "Blocked"]
    assert len(waited) == len(restarts) - 1, "those that waited said so"


def test_more_at_a_time_when_the_policy_says_so(scene):
    scene.policies.put(scene.space.name, short_spec([scene.space.name], limits=LIMITS | {"maxConcurrentPerBudget": 3}))
    scene.policies.wait_observed(scene.space.name)
    restarts = play(scene, under_one_budget(scene.space))
    assert overlapping(restarts), [times(r) for r in restarts]

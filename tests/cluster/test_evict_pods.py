"""EvictPods: only the pods that are affected, one at a time, and never against a PodDisruptionBudget."""

import re

import pytest

from harness import holds_for, wait_until
from harness.expect import cured_by, wait_explained
from harness.following import EndpointWatcher, PodHistory
from harness.hand_made import order
from harness.resources import outcome, short_spec, wait_finished
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

# On a pod: it never becomes Ready.
NEVER_READY = {"harness.remint.dev/hold-start": "true"}


def test_one_of_ten_replicas_is_broken_and_only_that_one_is_evicted(scene):
    web = scene.space.deployment("web", replicas=10)
    minter, dead = scene.cluster.minter, []

    def one_is_dead(holder):
        dead.append(holder.pod_uid) if not dead else None
        return (minter.expired if holder.pod_uid == dead[0] else minter.valid)(holder)

    web.wait_ready()
    before = web.pod_uids()
    with WorkloadSimulator(web, one_is_dead):
        cured_by(web, "EvictPods")
        wait_until(web.ready, 30, f"{web} to be whole")
    assert before - web.pod_uids() == set(dead)
    assert web.revisions() == 1, "nothing was rolled out"


def test_a_disruption_budget_blocks_it_until_it_allows_one(stand):
    space = stand.space
    web = space.deployment("web", replicas=2).wait_ready()
    space.disruption_budget(web, minAvailable=2)
    before = web.pod_uids()
    operator = stand.operator()
    restart = order(web, "EvictPods")

    blocked = restart.wait_blocked()
    assert re.search(rf"{space.name}/web", blocked["message"]), blocked
    assert re.search(r"0 disruptions", blocked["message"]), blocked
    wait_explained(web, r"0 disruptions")
    assert operator.metrics().sum("remint_restarts_blocked") == 1
    written = len(operator.proxy.applied())
    holds_for(lambda: web.pod_uids() == before, 3, "nothing is evicted")
    assert len(operator.proxy.applied()) == written, "and nothing is written while it waits"

    space.policy.delete_namespaced_pod_disruption_budget("web", space.name)
    assert restart.wait_finished()["status"]["phase"] == "Succeeded"
    assert restart.condition("Blocked").get("status") == "False"
    wait_until(web.ready, 30, f"{web} to be whole")
    assert not before & web.pod_uids()


def test_a_restart_that_is_deleted_while_it_is_blocked_is_counted_no_more(stand):
    web = stand.space.deployment("web", replicas=2).wait_ready()
    stand.space.disruption_budget(web, minAvailable=2)
    operator = stand.operator()
    restart = order(web, "EvictPods")
    restart.wait_blocked()
    wait_until(lambda: operator.metrics().sum("remint_restarts_blocked") == 1, 10, "it to be counted")
    restart.delete()
    restart.wait_gone()
    wait_until(lambda: operator.metrics().sum("remint_restarts_blocked") == 0, 10, "it to be forgotten")


def test_a_budget_that_allows_one_at_a_time_is_kept_throughout(stand):
    space = stand.space
    web = space.replica_set("web", replicas=3).wait_ready()
    space.service(web)
    space.disruption_budget(web, maxUnavailable=1)
    endpoints = stand.watch(EndpointWatcher(space, "web")).begin(3)
    before = web.pod_uids()
    stand.operator()
    assert order(web, "EvictPods").wait_finished()["status"]["phase"] == "Succeeded"
    wait_until(web.ready, 30, f"{web} to be whole")
    assert not before & web.pod_uids()
    assert endpoints.fewest() >= 2


def test_a_stateful_set_is_evicted_from_the_highest_ordinal_down(stand):
    db = stand.space.stateful_set("db", replicas=3).wait_ready()
    history = stand.watch(PodHistory(stand.space))
    stand.operator()
    assert order(db, "EvictPods").wait_finished()["status"]["phase"] == "Succeeded"
    db.wait_ready()
    history.so_far()
    # Of the first pods: kwok deletes by name, and may take a successor of that name with it.
    assert [history.names[uid] for uid in history.gone if uid in history.listed] == ["db-2", "db-1", "db-0"]
    assert db.revisions() == 1


@pytest.mark.parametrize("creator", ["daemon_set", "stateful_set"])
def test_what_is_updated_by_hand_is_evicted(scene, creator):
    """A restart evicts the pods that were accused by then: on a busy machine the other one is the next restart's."""
    limits = {"cooldown": "1s", "maxPerHour": 20, "maxConcurrent": 10, "maxWorkloadsPercent": 100}
    scene.policies.put(scene.space.name, short_spec([scene.space.name], limits=limits))
    agent = getattr(scene.space, creator)("agent", spec={"updateStrategy": {"type": "OnDelete"}}).wait_ready()
    before = agent.pod_uids()
    with WorkloadSimulator(agent, scene.cluster.minter.expired):
        wait_until(lambda: not before & agent.pod_uids(), 150, "all the old pods to be gone")
        restarts = wait_finished(agent)
        agent.wait_ready()
    assert {(r["spec"]["strategy"], outcome(r)) for r in restarts} == {("EvictPods", "Cured")}, restarts
    assert len(restarts) <= len(before)
    assert agent.revisions() == 1


def test_only_the_pods_that_are_named_are_evicted(stand):
    web = stand.space.deployment("web", replicas=3).wait_ready()
    before = {pod.metadata.name: pod.metadata.uid for pod in web.live_pods()}
    chosen = sorted(before)[1]
    stand.operator()
    assert order(web, "EvictPods", pods=[chosen]).wait_finished()["status"]["phase"] == "Succeeded"
    web.wait_ready()
    assert set(before.values()) - web.pod_uids() == {before[chosen]}


def test_the_next_pod_waits_until_the_first_ones_replacement_is_ready(stand):
    web = stand.space.replica_set("web", replicas=3).wait_ready()
    before = web.pod_uids()
    # The pods that are there know nothing of it; those that come now never become ready.
    web.patch({"spec": {"template": {"metadata": {"annotations": NEVER_READY}}}})
    stand.operator(flags=("--restart-deadline", "4s"))
    restart = order(web, "EvictPods").wait_finished()
    assert restart["status"]["phase"] == "Failed", restart["status"]
    assert len(before & web.pod_uids()) == 2, "two of the old ones are still at work"


def test_a_pod_that_somebody_else_replaced_is_not_evicted_again(stand):
    db = stand.space.stateful_set("db", replicas=2).wait_ready()
    stand.space.disruption_budget(db, minAvailable=2)
    stand.operator()
    restart = order(db, "EvictPods")
    restart.wait_blocked()
    # A person deletes the pod whose turn it is: its successor has the same name, and is as good as new.
    old = {pod.metadata.name: pod.metadata.uid for pod in db.live_pods()}
    stand.space.core.delete_namespaced_pod("db-1", stand.space.name)
    wait_until(lambda: db.ready() and _uids(db).get("db-1") != old["db-1"], 30, "db-1 made anew")
    theirs = _uids(db)["db-1"]
    stand.space.policy.delete_namespaced_pod_disruption_budget("db", stand.space.name)
    assert restart.wait_finished()["status"]["phase"] == "Succeeded"
    db.wait_ready()
    assert _uids(db)["db-1"] == theirs
    assert _uids(db)["db-0"] != old["db-0"]


def _uids(workload):
    return {pod.metadata.name: pod.metadata.uid for pod in workload.live_pods()}

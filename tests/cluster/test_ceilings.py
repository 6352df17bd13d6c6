"""Which policy speaks: a namespace's own within the cluster's, and of two for the cluster the one that goes before."""

import json

import pytest
import yaml

from harness import holds_for, wait_until
from harness.commands import Commands, succeeded
from harness.expect import OBSERVE_ONLY, cured_by_one_restart, untouched, wait_explained
from harness.resources import (
    apply,
    condition_of,
    kubectl,
    namespaced_policy,
    read_policy,
    restarts_of,
    short_spec,
    wait_phase,
)
from harness.schedule import later, scheduled
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


@pytest.fixture
def two(scene):
    """`two(cluster, own)` puts a cluster policy and the namespace's own, and waits until both are in force."""

    def put(cluster, own):
        scene.policies.put(scene.space.name, short_spec([scene.space.name], **cluster))
        apply(scene.cluster, [namespaced_policy(scene.space, "ours", short_spec([], **own))])
        wait_until(lambda: condition_of(ours(scene), "Ready").get("status") == "True", 30, "ours to be in force")
        scene.policies.wait_condition(scene.space.name, "Ready", "True")
        return scene

    return put


def ours(scene):
    return read_policy(scene.space, "ours")


def narrowed(scene):
    """{field: (value in force, who said so, what ours had said)}, as its status shows it."""
    rows = ours(scene).get("status", {}).get("narrowed") or []
    return {row["field"]: (row["value"], row["from"], row["over"]) for row in rows}


def wait_narrowed(scene, *fields):
    wait_until(lambda: set(fields) <= narrowed(scene).keys(), 30, f"{fields} among what is narrowed; now {narrowed(scene)}")
    return narrowed(scene)


def test_under_a_cluster_policy_that_observes_a_namespace_cannot_enforce(two):
    scene = two({"mode": "Observe"}, {"mode": "Enforce"})
    cluster_policy = f"ClusterTokenRefreshPolicy/{scene.space.name}"
    assert wait_narrowed(scene, "mode")["mode"] == ("Observe", cluster_policy, "Enforce")
    condition = condition_of(ours(scene), "Narrowed")
    assert condition["status"] == "True" and cluster_policy in condition["message"], condition
    web = scene.space.deployment("web")
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        wait_explained(web, OBSERVE_ONLY)
        holds_for(lambda: not restarts_of(web), 6, "it is left alone")
        untouched(web)


def test_under_one_that_asks_a_namespace_is_asked(two):
    scene = two({"mode": "Approve"}, {"mode": "Enforce"})
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        wait_phase(web, "AwaitingApproval")
    assert web.revisions() == 1


def test_limits_meet_at_their_stricter_end_and_only_what_was_narrowed_is_shown(two):
    scene = two(
        {"limits": {"cooldown": "2h", "maxPerHour": 50, "maxConcurrent": 1, "maxWorkloadsPercent": 100}},
        {"limits": {"cooldown": "1h", "maxPerHour": 5, "maxConcurrent": 3, "maxWorkloadsPercent": 100}},
    )
    shown = wait_narrowed(scene, "limits.cooldown", "limits.maxConcurrent")
    cluster_policy = f"ClusterTokenRefreshPolicy/{scene.space.name}"
    assert shown["limits.cooldown"] == ("2h", cluster_policy, "1h")
    assert shown["limits.maxConcurrent"] == ("1", cluster_policy, "3")
    assert "limits.maxPerHour" not in shown, "its own is the stricter one"
    assert "mode" not in shown

    # The same, field by field, for one workload.
    web = scene.space.deployment("web", replicas=1).wait_ready()
    remint = Commands(scene.cluster, scene.space.name)
    lines = [line.split() for line in succeeded(remint("explain", "deploy/web")).splitlines()]
    said = {words[0]: words[1:] for words in lines if words and "." in words[0]}
    assert said["limits.cooldown"][0] == "2h" and cluster_policy in said["limits.cooldown"], said["limits.cooldown"]
    own = f"TokenRefreshPolicy/{scene.space.name}/ours"
    assert said["limits.maxPerHour"][0] == "5" and own in said["limits.maxPerHour"], said["limits.maxPerHour"]
    cured(scene, web)


def cured(scene, web):
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        restart = cured_by_one_restart(web)
    assert restart["spec"]["policy"] == f"TokenRefreshPolicy/{scene.space.name}/ours", "the namespace's policy speaks"


def test_windows_must_be_open_in_both(two):
    scene = two({"windows": [later()]}, {})
    assert "windows" in wait_narrowed(scene, "windows")
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.stale):
        scheduled(web)


def test_a_cluster_policys_limit_is_for_its_own_restarts_and_the_namespaces_together(two):
    """Two workloads break; one is spoken for by the namespace's policy, the other by the cluster's. One at a time."""
    limits = {"cooldown": "30m", "maxConcurrent": 1, "maxWorkloadsPercent": 100}
    scene = two({"limits": limits}, {"match": {"selector": {"matchLabels": {"team": "theirs"}}}})
    first = scene.space.deployment("first", replicas=1)
    second = scene.space.deployment("second", replicas=1)
    with (
        WorkloadSimulator(first, scene.cluster.minter.expired),
        WorkloadSimulator(second, scene.cluster.minter.expired),
    ):
        done = [cured_by_one_restart(first), cured_by_one_restart(second)]
    spans = sorted((r["status"]["startedAt"], r["status"]["finishedAt"]) for r in done)
    assert spans[0][1] <= spans[1][0], spans


def test_people_of_a_namespace_cannot_exceed_it_by_writing_more_policies(two):
    scene = two({"mode": "Observe"}, {"mode": "Observe"})
    role = ("create", "role", "ann", "--verb=create,update,patch", "--resource=tokenrefreshpolicies.remint.dev")
    kubectl(scene.cluster, *role, "-n", scene.space.name)
    kubectl(scene.cluster, "create", "rolebinding", "ann", "--role=ann", "--user=ann", "-n", scene.space.name)
    for name in ("aaa", "zzz"):
        bold = yaml.safe_dump(namespaced_policy(scene.space, name, short_spec([], mode="Enforce")))
        kubectl(scene.cluster, "create", "-f", "-", "--as=ann", stdin=bold)
    with pytest.raises(RuntimeError, match="forbidden"):
        kubectl(scene.cluster, "patch", "ctrp", scene.space.name, "--type=merge", "-p", '{"spec": {"mode": "Enforce"}}', "--as=ann")
    web = scene.space.deployment("web")
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        wait_explained(web, OBSERVE_ONLY)
        holds_for(lambda: not restarts_of(web), 6, "it is left alone")


@pytest.mark.parametrize("priorities, winner", [((0, 5), "b"), ((5, 0), "a"), ((0, 0), "a")], ids=["higher", "lower", "by name"])
def test_of_two_cluster_policies_the_higher_priority_speaks_and_then_the_name(scene, priorities, winner):
    names = [f"{scene.space.name}-{letter}" for letter in "ab"]
    scene.policies.put(scene.space.name, short_spec(["nobody-has-this-name"]))
    for name, priority in zip(names, priorities, strict=True):
        scene.policies.put(name, short_spec([scene.space.name], mode="Observe", priority=priority))
    speaks, behind = names if winner == "a" else reversed(names)
    web = scene.space.deployment("web")
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        scene.policies.wait_at_risk(speaks, "web")
        condition = scene.policies.wait_condition(behind, "Overridden", "True")
        assert f"ClusterTokenRefreshPolicy/{speaks}" in condition["message"], condition
        assert (scene.policies.condition(speaks, "Overridden") or {}).get("status") != "True"
        remint = Commands(scene.cluster, scene.space.name)
        would = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))
        assert f"ClusterTokenRefreshPolicy/{speaks}" in json.dumps(would), would
    assert not scene.policies.get(behind).get("status", {}).get("atRisk")

"""WorkloadRestarts that are wrong, by mistake or on purpose: each says what is wrong, and nothing is touched."""

import json

import pytest
from kubernetes.client.exceptions import ApiException

from harness import holds_for, wait_until
from harness.hand_made import order
from harness.stage import Stand
from harness.write_proxy import APPLIED

pytestmark = pytest.mark.remint

FINAL = ("Succeeded", "Failed", "Cancelled")
UNFIT = [
    ("deployment", "RollingReplace"),
    ("deployment", "Recreate"),
    ("stateful_set", "RollingReplace"),
    ("daemon_set", "ScaleToZero"),
    ("daemon_set", "Recreate"),
    ("replica_set", "RolloutRestart"),
    ("replication_controller", "RolloutRestart"),
    ("replication_controller", "Recreate"),
    ("bare_pod", "RolloutRestart"),
    ("bare_pod", "EvictPods"),
    ("bare_pod", "ScaleToZero"),
]


def refused(stand, restart, *words):
    """It ends as Cancelled or Failed, says why, and nothing but itself is written."""
    restart.wait_finished()
    condition = restart.condition("Progressing")
    assert restart.phase() in ("Cancelled", "Failed")
    assert condition["status"] == "False"
    for word in words:
        assert word in condition["message"], condition
    written = {write.resource for operator in stand.operators for write in operator.proxy.writes}
    assert written <= {"workloadrestarts"}, "nothing else was touched"
    assert not restart.read()["metadata"].get("finalizers")


def test_a_kind_that_does_not_exist(stand):
    web = stand.space.deployment("web", replicas=1).wait_ready()
    stand.operator()
    target = {"apiVersion": "example.com/v1", "kind": "Toaster"}
    refused(stand, order(web, "RolloutRestart", target=target), "Toaster")
    refused(stand, order(web, "EvictPods", target=target), "Toaster")


def test_a_target_that_does_not_exist(stand):
    web = stand.space.deployment("web", replicas=1).wait_ready()
    stand.operator()
    refused(stand, order(web, "RolloutRestart", target={"name": "nobody"}), "nobody")


@pytest.mark.parametrize("creator, strategy", [
    ("deployment", "RolloutRestart"), ("replica_set", "EvictPods"), ("replication_controller", "ScaleToZero"),
    ("replication_controller", "RollingReplace"), ("bare_pod", "Recreate"),
])  # fmt: skip
def test_a_uid_that_does_not_match(stand, creator, strategy):
    web = getattr(stand.space, creator)("web").wait_ready()
    pods = web.pod_uids()
    stand.operator()
    wrong = "11111111-2222-3333-4444-555555555555"
    refused(stand, order(web, strategy, target={"uid": wrong}), wrong)
    assert web.pod_uids() == pods


def test_strategies_that_do_not_fit_the_kind(stand):
    space = stand.space
    made = {creator: getattr(space, creator)(creator.replace("_", "-")) for creator in dict(UNFIT)}
    for workload in made.values():
        workload.wait_ready()
    pods = {pod.metadata.uid for pod in space.core.list_namespaced_pod(space.name).items}
    stand.operator()
    for creator, strategy in UNFIT:
        refused(stand, order(made[creator], strategy), made[creator].kind)
    assert {pod.metadata.uid for pod in space.core.list_namespaced_pod(space.name).items} == pods


def test_a_target_in_another_namespace(remint_cluster, stand):
    with Stand(remint_cluster) as elsewhere:
        web = elsewhere.space.deployment("web", replicas=1).wait_ready()
        # This operator may see every namespace, as one in production may.
        stand.operator().proxy.namespace = None
        restart = order(web, "RolloutRestart", target={"namespace": elsewhere.name}, space=stand.space)
        refused(stand, restart, "namespace")
        assert web.revisions() == 1


# What is in `status` is input too -----------------------------------------------------------------------------------


def begun(stand, then=1, flags=()):
    """A controller of 2, and a restart of it whose operator died when write `then` was applied: its journal is whole."""
    web = stand.space.replication_controller("web", replicas=2).wait_ready()
    operator = stand.operator(flags=flags)
    operator.proxy.at(then, APPLIED, lambda: (operator.kill(), operator.proxy.cut()))
    restart = order(web, "ScaleToZero")
    operator.proxy.wait_fired(30)
    return web, restart


@pytest.mark.parametrize("change", [{"replicas": 90}, {"replicas": None}, {"uid": "x"}])
def test_what_was_saved_can_never_be_changed(stand, change):
    _, restart = begun(stand)
    with pytest.raises(ApiException) as refusal:
        restart.patch_status({"saved": change})
    assert refusal.value.status == 422
    assert "saved state is written once" in refusal.value.body
    with pytest.raises(ApiException):
        restart.patch_status({"saved": None})


def test_a_finished_restart_does_not_begin_again(stand):
    web = stand.space.deployment("web", replicas=1).wait_ready()
    stand.operator()
    restart = order(web, "RolloutRestart")
    restart.wait_finished()
    for status in ({"phase": "Running"}, {"phase": "Pending"}, {"phase": None}):
        with pytest.raises(ApiException) as refusal:
            restart.patch_status(status)
        assert refusal.value.status == 422
        assert "does not begin again" in refusal.value.body
    assert web.revisions() == 2


def forged(stand, workload, strategy, **status):
    """A restart with a status that Remint never wrote, made while no operator runs."""
    restart = order(workload, strategy)
    now = "2026-01-01T00:00:00Z"
    restart.patch_status({"phase": "Running", "startedAt": now, "stepSince": now} | status)
    return restart


def test_a_forged_manifest_creates_nothing(stand, sealed):
    space = stand.space
    shell = space.bare_pod("shell").wait_ready()
    evil = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell", "namespace": space.name},
        "spec": {"containers": [{"name": "evil", "image": "registry.example/evil:1"}]},
    }  # fmt: skip
    uid = shell.uid
    shell.delete()
    space.wait_gone(shell)
    restart = forged(
        stand, shell, "Recreate", step="CreatePod", saved={"uid": uid, "manifest": json.dumps(evil)}
    )
    operator = stand.operator(flags=sealed)
    refused(stand, restart)
    assert space.core.list_namespaced_pod(space.name).items == []
    assert operator.process.running()


def test_a_forged_size_is_not_given(stand, sealed):
    web = stand.space.replication_controller("web", replicas=1).wait_ready()
    restart = forged(stand, web, "ScaleToZero", step="ScaleUp", saved={"uid": web.uid, "replicas": 500})
    stand.operator(flags=sealed)
    refused(stand, restart)
    assert web.read().spec.replicas == 1


def test_a_forged_list_of_pods_is_not_evicted(stand, sealed):
    space = stand.space
    web, other = space.replica_set("web", replicas=1).wait_ready(), space.replica_set("other", replicas=1).wait_ready()
    (victim,) = other.live_pods()
    saved = {"uid": web.uid, "pods": [{"name": victim.metadata.name, "uid": victim.metadata.uid}]}
    restart = forged(stand, web, "EvictPods", step="Evict", saved=saved)
    stand.operator(flags=sealed)
    refused(stand, restart)
    assert other.pod_uids() == {victim.metadata.uid}


def test_a_forged_successor_is_not_deleted(stand, sealed):
    space = stand.space
    web = space.replication_controller("web", replicas=1).wait_ready()
    bystander = space.replication_controller("bystander", replicas=1).wait_ready()
    saved = {"uid": web.uid, "replicas": 1, "successor": "bystander", "manifest": "{}"}
    restart = forged(stand, web, "RollingReplace", step="RollBack", saved=saved)
    stand.operator(flags=sealed)
    refused(stand, restart)
    assert bystander.ready() and web.ready()


def test_without_a_key_a_forged_manifest_still_creates_no_pod_of_another_name_or_namespace(stand):
    space = stand.space
    shell = space.bare_pod("shell").wait_ready()
    evil = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intruder", "namespace": "remint-system"},
        "spec": {"containers": [{"name": "evil", "image": "registry.example/evil:1"}]},
    }  # fmt: skip
    uid = shell.uid
    shell.delete()
    space.wait_gone(shell)
    restart = forged(
        stand, shell, "Recreate", step="CreatePod", saved={"uid": uid, "manifest": json.dumps(evil)}
    )
    operator = stand.operator()
    wait_until(lambda: restart.phase() in FINAL or restart.condition("Blocked"), 30, "it to be looked at")
    holds_for(lambda: not _pods(stand, "remint-system") and not _pods(stand, space.name), 2, "no pod is created")
    assert not [w for w in operator.proxy.applied() if w.resource == "pods"]


@pytest.fixture
def sealed(remint_cluster):
    """With a key, an operator carries on only what Remint itself wrote."""
    key = remint_cluster.folder / "journal.key"
    key.write_text("0123456789abcdef" * 4)
    return "--journal-key-file", key


def test_with_a_key_what_remint_wrote_is_carried_on(stand, sealed):
    web, restart = begun(stand, then=2, flags=sealed)
    stand.operator(flags=sealed)
    assert restart.wait_finished()["status"]["phase"] == "Succeeded"
    web.wait_ready()
    assert web.read().spec.replicas == 2


def test_a_key_is_replaced_while_a_restart_is_under_way(stand, sealed):
    web, restart = begun(stand, then=2, flags=sealed)
    _, old = sealed
    both = old.with_name("replaced.key")
    both.write_text("fedcba9876543210" * 4 + "\n" + old.read_text() + "\n")
    stand.operator(flags=("--journal-key-file", both))
    assert restart.wait_finished()["status"]["phase"] == "Succeeded"
    web.wait_ready()
    assert web.read().spec.replicas == 2


def test_with_a_key_what_was_changed_afterwards_is_not_carried_on(stand, sealed):
    web, restart = begun(stand, flags=sealed)
    restart.patch_status({"step": "ScaleUp"})
    stand.operator(flags=sealed)
    refused(stand, restart)
    assert web.read().spec.replicas == 2


def _pods(stand, namespace):
    return stand.space.core.list_namespaced_pod(namespace).items

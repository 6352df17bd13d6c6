"""Recreate: a bare pod is never lost. What would keep it from coming back is found while it still runs."""

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from harness import holds_for, wait_until
from harness.expect import cured_by, wait_explained
from harness.hand_made import order
from harness.simulator import WorkloadSimulator
from harness.subjects import look
from harness.write_proxy import HELD

pytestmark = pytest.mark.remint

FULL_OF_THINGS = {
    "restartPolicy": "OnFailure",
    "terminationGracePeriodSeconds": 7,
    "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "settings", "configMap": {"name": "settings", "optional": True}}],
    "containers": [
        {
            "name": "main",
            "image": "registry.example/shell:1",
            "env": [{"name": "LANGUAGE", "value": "de"}, {"name": "EMPTY", "value": ""}],
            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
            "resources": {"requests": {"cpu": "10m"}},
        }
    ],
}


def pod(space, **extra):
    return space.bare_pod("shell", labels={"team": "a"}, annotations={"example.com/note": "kept"}, **extra).wait_ready()


def is_creation(write):
    return write.method == "POST" and write.resource == "pods" and not write.dry_run and not write.subresource


def is_deletion(write):
    return write.method == "POST" and write.subresource == "eviction" and not write.dry_run


def exists(workload):
    try:
        return workload.read()
    except ApiException as error:
        if error.status == 404:
            return None
        raise


def test_a_bare_pod_is_cured_and_is_what_it_was(scene):
    shell = pod(scene.space, spec=FULL_OF_THINGS)
    before, uid = look(shell), shell.uid
    with WorkloadSimulator(shell, scene.cluster.minter.expired):
        cured_by(shell, "Recreate", uid=uid)
        shell.wait_ready()
    assert look(shell) == before
    assert shell.uid != uid


def refused_before_anything_is_deleted(stand, shell, pattern):
    uid = shell.uid
    operator = stand.operator()
    restart = order(shell, "Recreate")
    wait_until(lambda: any(w.dry_run and w.code and w.code >= 400 for w in operator.proxy.writes), 30, "a dry run")
    wait_explained(shell, pattern)
    holds_for(lambda: exists(shell) and shell.uid == uid, 2, "the old pod runs on")
    assert not any(is_deletion(write) for write in operator.proxy.writes)
    return restart


def test_a_full_quota_is_found_by_the_dry_run(stand):
    shell = pod(stand.space)
    stand.space.quota("full", pods="0")
    refused_before_anything_is_deleted(stand, shell, "exceeded quota|quota.*full")


def test_a_vanished_account_is_found_by_the_dry_run(stand):
    shell = pod(stand.space)
    stand.space.core.delete_namespaced_service_account("shell", stand.name)
    refused_before_anything_is_deleted(stand, shell, "service ?account")


def test_a_vanished_priority_class_is_found_by_the_dry_run(stand):
    classes = client.SchedulingV1Api(stand.cluster.api_client())
    classes.create_priority_class({"metadata": {"name": stand.name}, "value": 5})
    shell = pod(stand.space, spec={"priorityClassName": stand.name})
    classes.delete_priority_class(stand.name)
    refused_before_anything_is_deleted(stand, shell, stand.name)


def guarded(stand):
    """A bare pod under a PodDisruptionBudget that allows nothing."""
    shell = pod(stand.space)
    stand.space.disruption_budget(shell, minAvailable=1)
    return shell


def assert_blocked_by_budget(stand, restart):
    blocked = restart.wait_blocked()
    assert blocked["reason"] == "DisruptionBudget", blocked
    assert f"{stand.name}/shell: 0 disruptions" in blocked["message"], blocked


def test_a_guarded_pod_stays_until_its_budget_is_gone(stand):
    shell = guarded(stand)
    before, uid = look(shell), shell.uid
    operator = stand.operator()
    restart = order(shell, "Recreate")

    assert_blocked_by_budget(stand, restart)
    wait_explained(shell, "0 disruptions")
    assert operator.metrics().sum("remint_restarts_blocked") == 1
    written = len(operator.proxy.applied())
    holds_for(lambda: exists(shell) and shell.uid == uid, 3, "the old pod runs on")
    # What may be tried again is no write: a dry run, and an eviction that is refused.
    assert len(operator.proxy.applied()) == written
    assert not any(write.method == "DELETE" and write.resource == "pods" for write in operator.proxy.writes)

    stand.space.policy.delete_namespaced_pod_disruption_budget("shell", stand.name)
    assert restart.wait_finished(90)["status"]["phase"] == "Succeeded"
    shell.wait_ready()
    assert look(shell) == before
    assert shell.uid != uid


def test_a_guarded_pod_is_left_alone_when_the_deadline_is_over(stand):
    shell = guarded(stand)
    uid = shell.uid
    operator = stand.operator(flags=("--restart-deadline", "4s"))
    restart = order(shell, "Recreate")
    assert_blocked_by_budget(stand, restart)
    restart.wait_step("GiveUp", 60)
    asked = len([write for write in operator.proxy.writes if is_deletion(write)])
    # Requests of somebody who crashed have their time to come to an end: two minutes.
    ended = restart.wait_finished(180)
    assert ended["status"]["phase"] == "Failed", ended["status"]
    assert f"{stand.name}/shell" in ended["status"]["message"]
    wait_until(lambda: not restart.read()["metadata"].get("finalizers"), 10, "the restart to be let go of")
    assert len([write for write in operator.proxy.writes if is_deletion(write)]) == asked
    assert shell.uid == uid


def test_what_is_refused_after_the_deletion_is_kept_and_tried_until_it_succeeds(stand):
    shell = pod(stand.space, spec=FULL_OF_THINGS)
    before, uid = look(shell), shell.uid
    operator = stand.operator()
    operator.proxy.at(is_creation, HELD, lambda: stand.space.quota("too-late", pods="0"))
    restart = order(shell, "Recreate")

    # The worst moment: the old pod is gone, and the new one is refused.
    blocked = restart.wait_blocked()
    assert exists(shell) is None
    assert "too-late" in blocked["message"], blocked
    status = restart.status()
    assert status["phase"] == "Running" and '"shell"' in status["saved"]["manifest"]
    assert restart.read()["metadata"]["finalizers"], "who deletes the restart must not lose the pod"
    assert operator.metrics().sum("remint_restarts_blocked") == 1
    tries = len([w for w in operator.proxy.writes if is_creation(w)])
    wait_until(
        lambda: len([w for w in operator.proxy.writes if is_creation(w)]) >= tries + 2, 60, "it to be tried again"
    )

    stand.space.core.delete_namespaced_resource_quota("too-late", stand.name)
    assert restart.wait_finished(90)["status"]["phase"] == "Succeeded"
    shell.wait_ready()
    assert look(shell) == before
    assert shell.uid != uid
    assert not restart.read()["metadata"].get("finalizers")


def test_a_pod_that_somebody_else_made_meanwhile_stays_and_is_reported(stand):
    shell = pod(stand.space)
    theirs = {"metadata": {"name": "shell"}, "spec": {"containers": [{"name": "theirs", "image": "registry.example/x:1"}]}}
    operator = stand.operator()
    operator.proxy.at(is_creation, HELD, lambda: stand.space.core.create_namespaced_pod(stand.name, theirs))
    status = order(shell, "Recreate").wait_finished()["status"]
    assert (status["phase"], status["outcome"]) == ("Succeeded", "Unverified"), status
    assert "somebody else" in status["message"]
    assert shell.read().spec.containers[0].name == "theirs"
    assert len(stand.space.core.list_namespaced_pod(stand.name).items) == 1


def test_a_pod_that_was_made_anew_before_the_deletion_is_not_deleted(stand):
    shell = pod(stand.space)
    operator = stand.operator()

    def replace():
        shell.delete()
        stand.space.wait_gone(shell)
        stand.space.core.delete_namespaced_service_account("shell", stand.name)
        pod(stand.space)

    operator.proxy.at(is_deletion, HELD, replace)
    restart = order(shell, "Recreate")
    operator.proxy.wait_fired(60)
    theirs = shell.uid
    restart.wait_finished()
    assert shell.uid == theirs, "the precondition held"


def never(stand, shell, pattern):
    uid = shell.uid
    operator = stand.operator()
    status = order(shell, "Recreate").wait_finished()["status"]
    assert status["phase"] == "Cancelled", status
    assert pattern in status["message"], status
    assert shell.uid == uid
    assert {write.resource for write in operator.proxy.writes} == {"workloadrestarts"}


def test_a_mirror_pod_is_left_alone(stand):
    # Mirror pods may not have an account.
    without = {"serviceAccountName": None, "automountServiceAccountToken": False, "nodeName": stand.cluster.core().list_node().items[0].metadata.name}
    shell = stand.space.bare_pod("shell", annotations={"kubernetes.io/config.mirror": "x"}, spec=without)
    never(stand, shell, "mirror")


def test_a_pod_of_a_controller_is_left_alone(stand):
    web = stand.space.deployment("web", replicas=1).wait_ready()
    (mine,) = web.live_pods()
    shell = type(web)(stand.space, "Pod", mine.metadata.name)
    never(stand, shell, "belongs to ReplicaSet")


def test_a_finished_pod_is_left_alone(stand):
    shell = pod(stand.space)
    stand.space.core.patch_namespaced_pod_status("shell", stand.name, {"status": {"phase": "Succeeded"}})
    never(stand, shell, "has finished")


def test_a_terminating_pod_is_left_alone(stand):
    shell = pod(stand.space, pod_annotations={}, spec={})
    shell.patch({"metadata": {"finalizers": ["example.com/slow"]}})
    shell.delete()
    never(stand, shell, "delet")
    shell.patch({"metadata": {"finalizers": None}})

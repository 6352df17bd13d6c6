"""Mode Approve: a person is asked, and what they say is done, once, by whom and when on record."""

import datetime

import pytest
import yaml

from harness import holds_for, wait_until
from harness.commands import FAILED, Commands, refused, succeeded
from harness.expect import cured_by_one_restart, wait_explained
from harness.folders import DEPLOY
from harness.resources import GROUP, VERSION, approval, kubectl, phase, restarts_of, short_spec, wait_phase
from harness.simulator import WorkloadSimulator
from harness.workload import RESTARTED_AT

pytestmark = pytest.mark.remint

ADMIN = "harness-admin"  # whom the harness's own kubeconfig speaks for
IN_OWN_NAME = "in your own name only"


def asking(space, **overrides):
    """It asks again soon after a question has lapsed."""
    quick = {"limits": {"cooldown": "3s", "maxPerHour": 20, "maxConcurrent": 10, "maxWorkloadsPercent": 100}}
    return short_spec([space.name], mode="Approve", **(quick | overrides))


@pytest.fixture
def asked(scene):
    """A broken workload whose restart waits for a person: the scene, the workload, its programs, the commands."""
    scene.policies.put(scene.space.name, asking(scene.space))
    scene.policies.wait_observed(scene.space.name)
    scene.web = scene.space.deployment("web", replicas=1)
    scene.remint = Commands(scene.cluster, scene.space.name)
    with WorkloadSimulator(scene.web, scene.cluster.minter.expired) as programs:
        scene.programs = programs
        scene.question = wait_phase(scene.web, "AwaitingApproval")
        scene.name = scene.question["metadata"]["name"]
        scene.policies.wait_at_risk(scene.space.name, "web")  # so that its absence later says something
        yield scene


def wait_well(scene):
    """Until the operator has heard that nobody is broken any more."""
    policy = scene.space.name
    wait_until(lambda: not scene.policies.get(policy)["status"].get("atRisk"), 60, "nobody to be at risk")


def not_begun(web):
    return not web.restarts() and web.revisions() == 1


def test_nothing_is_done_until_somebody_approves_and_then_it_is_cured(asked):
    assert approval(asked.question)["required"] is True
    assert datetime.datetime.fromisoformat(approval(asked.question)["expiresAt"]) > datetime.datetime.now(datetime.UTC)
    wait_explained(asked.web, r"approv")
    holds_for(lambda: not_begun(asked.web), 5, "nothing is begun while it is asked")
    assert len(restarts_of(asked.web)) == 1, "and it is asked once"

    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2)
    succeeded(asked.remint("approve", asked.name, "--comment", "go ahead"))
    restart = cured_by_one_restart(asked.web)
    said = approval(restart)
    assert (said["decision"], said["by"], said["comment"]) == ("Approved", ADMIN, "go ahead")
    assert before <= datetime.datetime.fromisoformat(said["at"]) <= datetime.datetime.now(datetime.UTC)


def test_what_is_denied_is_left_alone_and_not_asked_again(asked):
    succeeded(asked.remint("deny", asked.name, "--comment", "not today"))
    restart = wait_phase(asked.web, "Cancelled")
    assert (approval(restart)["decision"], approval(restart)["by"]) == ("Denied", ADMIN)
    wait_explained(asked.web, rf"denied|{ADMIN}")
    # The cooldown is over many times, and the programs still fail.
    holds_for(lambda: len(restarts_of(asked.web)) == 1 and not_begun(asked.web), 10, "it is left alone", interval=0.5)


def test_a_question_that_nobody_answers_lapses_and_is_asked_again_after_the_cooldown(scene):
    scene.policies.put(scene.space.name, asking(scene.space, approval={"expiresAfter": "60s"}))
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        first = wait_phase(web, "AwaitingApproval")
        wait_until(lambda: phase(restarts_of(web)[0]) == "Cancelled", 90, "the question to lapse")
        assert "decision" not in approval(first)
        wait_until(lambda: len(restarts_of(web)) == 2, 40, "it to be asked again")
        again = wait_phase(web, "AwaitingApproval")
    assert again["metadata"]["uid"] != first["metadata"]["uid"]
    assert not_begun(web)


def test_approval_of_a_case_that_no_longer_stands_does_nothing_to_the_workload(asked):
    """The programs have got new tokens by themselves; whoever approves has not noticed."""
    asked.programs.replace_tokens(asked.cluster.minter.valid)
    wait_well(asked)
    asked.remint("approve", asked.name)  # it may have been withdrawn by then, and say so
    restart = wait_phase(asked.web, "Cancelled", timeout=120)
    assert restart["status"]["message"], "it says why"
    assert not_begun(asked.web)


def test_approval_of_a_workload_that_somebody_restarted_meanwhile_does_nothing(asked):
    stamp = {"metadata": {"annotations": {RESTARTED_AT: "2026-01-01T00:00:00Z"}}}
    asked.web.patch({"spec": {"template": stamp}})
    asked.web.wait_ready()
    wait_well(asked)
    asked.remint("approve", asked.name)  # it may have been withdrawn by then, and say so
    wait_phase(asked.web, "Cancelled", timeout=120)
    assert asked.web.restarts() == ["2026-01-01T00:00:00Z"], "theirs alone"


def test_an_operator_that_is_started_anew_keeps_the_question_and_takes_the_answer(asked):
    asked.operator.kill()
    succeeded(asked.remint("approve", asked.name))
    asked.operators(asked.cluster)
    restart = cured_by_one_restart(asked.web, timeout=120)
    assert restart["metadata"]["uid"] == asked.question["metadata"]["uid"]


def test_switching_back_to_observe_withdraws_it_and_switching_on_asks_again(asked):
    asked.policies.put(asked.space.name, asking(asked.space) | {"mode": "Observe"})
    wait_phase(asked.web, "Cancelled")
    assert not_begun(asked.web)
    asked.policies.put(asked.space.name, asking(asked.space))
    again = wait_phase(asked.web, "AwaitingApproval")
    assert again["metadata"]["uid"] != asked.question["metadata"]["uid"]


def test_what_is_answered_or_was_never_asked_is_not_answered(asked):
    succeeded(asked.remint("deny", asked.name))
    refused(asked.remint("approve", asked.name), FAILED, asked.name)
    refused(asked.remint("approve", "no-such-restart"), FAILED, "no-such-restart", "not found")


@pytest.fixture
def admission(remint_cluster):
    """The chart's admission policies, in force."""
    manifest = DEPLOY / "manifests" / "admission.yaml"
    kubectl(remint_cluster, "apply", "--server-side", "-f", manifest)
    signed = {"required": True, "decision": "Approved", "by": "nobody", "at": "2026-11-22T03:00:00Z"}
    target = {"kind": "Deployment", "name": "x"}
    about = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "WorkloadRestart", "metadata": {"name": "probe"}}
    probe = yaml.safe_dump(about | {"spec": {"target": target, "approval": signed}})

    def in_force():
        try:
            kubectl(remint_cluster, "create", "-n", "default", "--dry-run=server", "-f", "-", stdin=probe)
        except RuntimeError as error:
            return IN_OWN_NAME in str(error)
        return False

    wait_until(in_force, 20, "the admission policies to be in force")
    yield
    kubectl(remint_cluster, "delete", "-f", manifest)


def test_who_has_not_the_verb_is_refused_and_who_has_it_is_recorded(admission, asked):
    """Both may patch a WorkloadRestart; one of them may approve."""
    give(asked, "ann", ["get", "patch", "approve"])
    give(asked, "bob", ["get", "patch"])
    kubeconfigs = [asked.cluster.kubeconfig_for(name, name) for name in ("ann", "bob")]
    ann, bob = (Commands(asked.cluster, asked.space.name, kubeconfig) for kubeconfig in kubeconfigs)
    refused(bob("approve", asked.name), FAILED, "bob", "verb approve")
    assert phase(restarts_of(asked.web)[0]) == "AwaitingApproval" and not_begun(asked.web)

    forged = '{"spec": {"approval": {"decision": "Approved", "by": "somebody", "at": "2026-11-22T03:00:00Z"}}}'
    with pytest.raises(RuntimeError, match=IN_OWN_NAME):
        kubectl(asked.cluster, "patch", f"wr/{asked.name}", "-n", asked.space.name, "--type=merge", "-p", forged, "--as=ann")

    succeeded(ann("approve", asked.name))
    assert approval(cured_by_one_restart(asked.web))["by"] == "ann"


def give(scene, user, verbs):
    role = ("create", "role", user, f"--verb={','.join(verbs)}", "--resource=workloadrestarts.remint.dev")
    kubectl(scene.cluster, *role, "-n", scene.space.name)
    kubectl(scene.cluster, "create", "rolebinding", user, f"--role={user}", f"--user={user}", "-n", scene.space.name)

"""`remint restart` and `remint explain` as people use them: what they do, what they say, and their exit codes."""

import json

import pytest
import yaml

from harness.commands import FAILED, USAGE, Commands, refused, succeeded
from harness.expect import wait_explained
from harness.hand_made import order
from harness.resources import restarts_of
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint


@pytest.fixture
def observed(scene):
    """The policy only observes, so that nothing happens but by hand."""
    scene.policies.put(scene.space.name, scene.policies.get(scene.space.name)["spec"] | {"mode": "Observe"})
    scene.policies.wait_observed(scene.space.name)
    return scene


@pytest.fixture
def remint(stand):
    """The commands, in a namespace where an operator is at work."""
    stand.operator()
    return Commands(stand.cluster, stand.name)


def test_a_broken_workload_is_cured_by_hand_and_explained(observed):
    remint = Commands(observed.cluster, observed.space.name)
    web = observed.space.deployment("web")
    with WorkloadSimulator(web, observed.cluster.minter.expired):
        wait_explained(web, "observe")
        observed.policies.wait_at_risk(observed.space.name, "web")
        before = succeeded(remint("explain", "deployment/web"))
        assert "mode Observe" in before and "-> Observe" in before, before
        assert "none is on record" in before
        open_case = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))["now"]
        assert open_case["decision"] == "Observe" and open_case["diagnosis"], open_case

        said = succeeded(remint("restart", "deployment/web", "--wait", "--observe", "60s", "--timeout", "2m"))
        assert "workloadrestart.remint.dev/" in said and "Running" in said, said
        assert said.endswith("Succeeded, Cured\n")
    assert web.revisions() == 2
    after = succeeded(remint("explain", "deployment/web"))
    assert "RolloutRestart: Succeeded, Cured" in after and "by hand: remint restart" in after, after
    assert "RestartCured" in after, "its Events"
    report = json.loads(succeeded(remint("explain", "deployments/web", "-o", "json")))
    (restart,) = report["restarts"]
    assert (restart["phase"], restart["outcome"], restart["blocked"]) == ("Succeeded", "Cured", None)
    assert restart["finished"] and report["now"] is None, report
    assert report["workload"]["uid"] == web.uid and report["mode"] == "Observe"


def test_a_strategy_can_be_named(stand, remint):
    web = stand.space.deployment("web", replicas=2).wait_ready()
    before = web.pod_uids()
    why = ("--strategy", "EvictPods", "--reason", "key rotated", "--observe", "1s")
    last = json.loads(succeeded(remint("restart", "deploy/web", *why, "--wait", "-o", "json")))
    assert (last["spec"]["strategy"], last["spec"]["reason"]) == ("EvictPods", "key rotated")
    assert last["status"]["phase"] == "Succeeded", last
    web.wait_ready()
    assert web.revisions() == 1, "nothing was rolled out"
    assert not before & web.pod_uids()


def test_without_wait_what_was_created_is_printed(stand):
    remint = Commands(stand.cluster, stand.name)
    shell = stand.space.bare_pod("shell").wait_ready()
    made = json.loads(succeeded(remint("restart", "pod/shell", "-o", "json")))
    assert made["kind"] == "WorkloadRestart" and made["metadata"]["namespace"] == stand.name
    target = made["spec"]["target"]
    assert (target["kind"], target["name"], target["uid"]) == ("Pod", "shell", shell.uid)
    assert made["spec"]["strategy"] == "Recreate"
    named = succeeded(remint("restart", "pod/shell"))
    assert named.startswith("workloadrestart.remint.dev/pod-shell-by-hand-") and named.endswith(" created\n"), named


def test_what_nobody_carries_out_in_time_fails_and_stays(stand):
    remint = Commands(stand.cluster, stand.name)
    stand.space.bare_pod("shell").wait_ready()
    late = remint("restart", "pod/shell", "--wait", "--timeout", "1s")
    assert late.returncode == FAILED
    assert "not finished within 1s" in late.stderr and "kubectl get wr" in late.stderr, late.stderr
    assert len(stand.restarts()) == 1


def test_what_is_cancelled_says_why_and_fails(stand, remint):
    web = stand.space.deployment("web", replicas=1).wait_ready()
    (pod,) = web.live_pods()
    done = remint("restart", f"pod/{pod.metadata.name}", "--wait")
    assert done.returncode == FAILED
    assert "belongs to ReplicaSet" in done.stdout and "Cancelled" in done.stdout, done.stdout
    assert {each.metadata.uid for each in web.live_pods()} == {pod.metadata.uid}


@pytest.mark.parametrize("command", ["restart", "explain"])
def test_what_names_no_workload_is_a_mistake_of_usage(stand, command):
    remint = Commands(stand.cluster, stand.name)
    for wrong in ("cronjob/web", "web", "deploy/", "deploy/a/b"):
        refused(remint(command, wrong), USAGE, f'"{wrong}" does not name a workload', "deploy/cart")


@pytest.mark.parametrize("command", ["restart", "explain"])
def test_a_workload_that_is_not_there_is_told(stand, command):
    remint = Commands(stand.cluster, stand.name)
    refused(remint(command, "deploy/missing"), FAILED, f"remint {command}:", "missing", "not found")
    assert stand.restarts() == []


def test_a_strategy_that_does_not_fit_is_refused_before_anything_is_created(stand):
    remint = Commands(stand.cluster, stand.name)
    stand.space.deployment("web", replicas=1)
    refused(remint("restart", "deploy/web", "--strategy", "Recreate"), USAGE, "Recreate works on", "RolloutRestart")
    refused(remint("restart", "deploy/web", "--strategy", "Reboot"), USAGE, "Reboot")
    assert stand.restarts() == []


@pytest.mark.parametrize("command", ["restart", "explain"])
def test_who_may_not_is_told_what_is_missing(stand, command):
    stand.space.deployment("web", replicas=1)
    nobody = Commands(stand.cluster, stand.name, stand.cluster.kubeconfig_for("nobody", "nobody"))
    refused(nobody(command, "deploy/web"), FAILED, "forbidden", '"nobody"', "deployments")


@pytest.mark.parametrize("command", ["restart", "explain"])
def test_the_context_says_which_cluster(stand, command, tmp_path):
    stand.space.deployment("web", replicas=1)
    config = yaml.safe_load(stand.cluster.kubeconfig.read_text())
    config["clusters"].append({"name": "other", "cluster": {"server": "http://127.0.0.1:1"}})
    config["contexts"].append({"name": "other", "context": {"cluster": "other", "user": "test"}})
    config["current-context"] = "other"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    remint = Commands(stand.cluster, stand.name, path)
    succeeded(remint(command, "deploy/web", "--context", "test"))
    refused(remint(command, "deploy/web"), FAILED, "127.0.0.1:1")
    refused(remint(command, "deploy/web", "--context", "third"), USAGE, "third")


def test_what_is_ignored_or_blocked_is_explained(stand, remint):
    web = stand.space.deployment("web", replicas=2).wait_ready()
    stand.space.disruption_budget(web, minAvailable=2)
    web.annotate({"remint.dev/ignore": "true"})
    order(web, "EvictPods")
    wait_explained(web, "0 disruptions")
    told = succeeded(remint("explain", "deploy/web"))
    assert "remint.dev/ignore: true" in told and "BLOCKED: blocked by PodDisruptionBudget" in told, told
    (restart,) = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))["restarts"]
    assert "0 disruptions allowed" in restart["blocked"] and restart["finished"] is None, restart


def test_what_a_policy_refuses_is_explained(scene):
    remint = Commands(scene.cluster, scene.space.name)
    web = scene.space.deployment("web", replicas=1).wait_ready()
    would = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))["ifItFailed"]
    assert (would["decision"], would["strategy"]) == ("Restart", "RolloutRestart"), would
    web.annotate({"remint.dev/ignore": "true"})
    would = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))["ifItFailed"]
    assert would["decision"] == "Refuse" and "remint.dev/ignore" in would["reason"], would
    assert "if it failed   Refuse" in succeeded(remint("explain", "deploy/web"))
    assert restarts_of(web) == []


def test_without_the_crds_it_says_so(private_cluster):
    with_nothing = Space.fresh(private_cluster)
    remint = Commands(private_cluster, with_nothing.name)
    with_nothing.deployment("web", replicas=1)
    refused(remint("restart", "deploy/web"), FAILED, "are Remint's CRDs installed")
    told = succeeded(remint("explain", "deploy/web"))
    assert "clustertokenrefreshpolicies" in told and "workloadrestarts" in told, told

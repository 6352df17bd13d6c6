"""The life of a release on a real API server: install, what works then, upgrade, roll back, uninstall, and what is left.

The pods are fake: they become ready and run nothing. That the program does its work in them is the node tier's to show.
"""

import base64
import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
import yaml
from chart import CHART, NAMESPACE, REPOSITORY, Helm, HelmError
from harness import Cluster, resources, wait_until



class Release:
    """`remint` in remint-system, on a cluster of its own."""

    def __init__(self, helm, cluster):
        self.helm = helm
        self.cluster = cluster

    def kubectl(self, *arguments, **options):
        return resources.kubectl(self.cluster, *arguments, **options)

    def install(self, chart=CHART, **values):
        self._helm("install", chart, values, "--create-namespace")

    def upgrade(self, chart=CHART, reuse="--reset-then-reuse-values", **values):
        """With these values on top of the former ones, as the pages say; returns what helm says."""
        return self._helm("upgrade", chart, values, reuse)

    def _helm(self, verb, chart, values, *more):
        arguments = (verb, "remint", chart, "-n", NAMESPACE, "--wait", "--timeout=120s", *more, "--values", "-")
        return self.helm.run(*arguments, stdin=yaml.safe_dump(values))

    def paste(self, commands, folder=None):
        """Runs a block of a page, from the top of the repository or from a folder with a link to deploy/."""
        tools = tempfile.mkdtemp(dir=self.cluster.folder)
        Path(tools, "kubectl").symlink_to(self.cluster.binaries / "kubectl")
        Path(tools, "helm").symlink_to(self.helm.program)
        if folder and not (folder / "deploy").exists():
            (folder / "deploy").symlink_to(resources.DEPLOY)
        environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "KUBECONFIG": str(self.cluster.kubeconfig)}
        shell = ["bash", "-euo", "pipefail", "-c", commands]
        subprocess.run(shell, cwd=folder or REPOSITORY, check=True, env=environment, capture_output=True)

    def get(self, *what):
        """One object, or the items of a list."""
        answer = json.loads(self.kubectl("get", *what, "-o", "json"))
        return answer.get("items", answer) if answer["kind"] == "List" else answer

    def secret(self, name):
        data = self.get("secret", name, "-n", NAMESPACE)["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}

    def left(self):
        """KIND/NAME of everything in the cluster that bears the release's label."""
        kinds = self.kubectl("api-resources", "--verbs=list", "-o", "name").split()
        kinds = [kind for kind in kinds if not kind.startswith(("events", "endpoints"))]
        found = self.kubectl("get", ",".join(kinds), "-A", "-l", "app.kubernetes.io/instance=remint", "-o", "name", "--ignore-not-found")
        return {line for line in found.split() if not line.startswith(("pod/", "replicaset.apps/", "endpointslice"))}


@pytest.fixture(scope="module")
def release(helm_program, pytestconfig, cluster, tmp_path_factory):
    """On a control plane of its own, since a release is of the whole cluster."""
    with Cluster(cluster.binaries) as own:
        yield Release(Helm(helm_program, tmp_path_factory.mktemp("helm"), own.kubeconfig), own)


def order(name):
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "remint.dev/v1alpha1", "kind": "WorkloadRestart", "metadata": metadata,
            "spec": {"target": {"kind": "Deployment", "name": name}}}  # fmt: skip


def next_version(chart):
    """A chart one version on: its CRD of restarts has one more field, and its values one more section."""
    about = yaml.safe_load((chart / "Chart.yaml").read_text()) | {"version": "0.2.0", "appVersion": "0.2.0"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    path = chart / "files" / "crds" / "workloadrestarts.remint.dev.yaml"
    crd = yaml.safe_load(path.read_text())
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["note"] = {"type": "string"}
    crd["metadata"] = {"name": crd["metadata"]["name"]}
    head = {key: crd[key] for key in ("apiVersion", "kind", "metadata")}
    path.write_text(yaml.safe_dump(head) + yaml.safe_dump({"spec": crd["spec"]}))
    with (chart / "values.yaml").open("a") as values:
        values.write("newcomer: {greeting: hello}\n")
    schema = json.loads((chart / "values.schema.json").read_text())
    schema["properties"]["newcomer"] = {"type": "object"}
    (chart / "values.schema.json").write_text(json.dumps(schema))
    with (chart / "templates" / "memory.yaml").open("a") as template:
        template.write("data: {greeting: {{ .Values.newcomer.greeting }}}\n")
    return chart


def test_a_release_lives(release, copied_chart, tmp_path):
    """One story, told in steps: each step stands on the one before."""
    _first_installation(release)
    _the_audit_service_follows_the_leader(release)
    _from_the_trial_to_the_act(release)
    release.kubectl("patch", "ctrp", "default", "--type=merge", "-p", '{"spec": {"priority": 7}}')
    release.kubectl("create", "-f", "-", stdin=yaml.safe_dump(order("before")))
    made = _what_must_stay(release)

    new = next_version(copied_chart)
    with pytest.raises(HelmError, match="nil pointer"):
        release.upgrade(new, reuse="--reuse-values")
    release.upgrade(new)
    assert release.get("deployment", "remint", "-n", NAMESPACE)["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":0.2.0")
    release.kubectl("create", "-f", "-", stdin=yaml.safe_dump(_noted("after")))
    assert release.get("wr", "after", "-n", "default")["spec"]["note"] == "new in 0.2.0"
    assert _what_must_stay(release) == made

    release.helm.run("rollback", "remint", "2", "-n", NAMESPACE, "--wait", "--timeout=120s")
    assert release.get("deployment", "remint", "-n", NAMESPACE)["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":0.1.0")
    assert _what_must_stay(release) == made
    release.kubectl("create", "-f", "-", stdin=yaml.safe_dump(order("rolled-back")))

    assert "NOT CHANGED" not in release.upgrade()
    said = release.upgrade(defaultPolicy={"mode": "Approve"})
    assert 'NOT CHANGED: the policy "default".' in said, "the values ask for something else, but it is somebody's work"
    spec = release.get("ctrp", "default")["spec"]
    assert (spec["mode"], spec["priority"]) == ("Enforce", 7)
    assert _what_must_stay(release) == made

    release.helm.run("uninstall", "remint", "-n", NAMESPACE, "--wait")
    assert release.left() == {
        "customresourcedefinition.apiextensions.k8s.io/clustertokenrefreshpolicies.remint.dev",
        "customresourcedefinition.apiextensions.k8s.io/tokenrefreshpolicies.remint.dev",
        "customresourcedefinition.apiextensions.k8s.io/workloadrestarts.remint.dev",
        "clustertokenrefreshpolicy.remint.dev/default",
        "secret/remint-journal-key",
    }
    release.kubectl("delete", "wr", "-n", "default", "after")  # nobody's admission policy is in the way any more

    release.install(defaultPolicy={"mode": "Enforce"})
    assert _what_must_stay(release, but="certificates") == _but(made, "certificates"), "what was kept is taken up again"
    release.paste(block(CHART / "README.md", "helm uninstall"))
    assert not release.get("wr", "-A")
    _what_waits_for_remint_is_let_go(release, tmp_path)
    wait_until(lambda: not release.left(), 60, "nothing to be left after what the README says")


def test_a_default_policy_that_nobody_edited_follows_the_values_and_no_rollback_touches_it(release):
    release.install(crds={"keep": False}, journalKey={"keep": False})
    assert "NOT CHANGED" not in release.upgrade(defaultPolicy={"mode": "Enforce"})
    assert release.get("ctrp", "default")["spec"]["mode"] == "Enforce"
    release.helm.run("rollback", "remint", "1", "-n", NAMESPACE, "--wait", "--timeout=120s")
    assert release.get("ctrp", "default")["spec"]["mode"] == "Enforce", "NOTES and README say so"
    release.helm.run("uninstall", "remint", "-n", NAMESPACE, "--wait")
    wait_until(lambda: not release.left(), 60, "nothing to be left")


def test_the_readme_s_commands_work_from_the_trial_to_the_end(release):
    release.paste(block(REPOSITORY / "README.md", "--install"))
    assert release.get("ctrp", "default")["spec"]["mode"] == "Observe"
    release.kubectl("create", "deployment", "x", "--image=x")
    release.paste(block(REPOSITORY / "README.md", "kubectl get ctrp"))
    assert release.get("deployment", "x")["metadata"]["annotations"]["remint.dev/ignore"] == "true"
    upgrade, patch, uninstall = block(REPOSITORY / "README.md", "helm uninstall").splitlines()
    release.paste(upgrade)
    _until_taken(release, patch)
    assert release.get("ctrp", "default")["spec"]["mode"] == "Enforce"
    release.paste(uninstall)
    release.kubectl("delete", "deployment", "x")
    release.paste(block(CHART / "README.md", "delete crd"))
    wait_until(lambda: not release.left(), 60, "nothing to be left")


def test_with_keep_off_nothing_is_left(release):
    release.install(crds={"keep": False}, journalKey={"keep": False})
    release.helm.run("uninstall", "remint", "-n", NAMESPACE, "--wait")
    wait_until(lambda: not release.left(), 60, "nothing to be left")


def test_the_manifests_can_be_applied_as_their_page_says(release, tmp_path):
    for block in blocks(resources.DEPLOY / "manifests.md"):
        release.paste(block, tmp_path)
    ready = ("wait", "deployment/remint", "-n", NAMESPACE, "--for=condition=Available", "--timeout=60s")
    release.kubectl(*ready)
    assert release.get("ctrp", "default")["spec"]["mode"] == "Observe"
    # The second time, all is there already.
    release.kubectl("apply", "--server-side", "-f", resources.DEPLOY / "manifests")


def blocks(page):
    """What a page has in ```sh."""
    return re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.M | re.S)


def block(page, words):
    """The one that has these words."""
    (found,) = [text for text in blocks(page) if words in text]
    return found


def _first_installation(release):
    release.paste(block(CHART / "README.md", "--install"))
    assert release.get("deployment", "remint", "-n", NAMESPACE)["status"]["availableReplicas"] == 2
    assert release.get("ctrp", "default")["spec"]["mode"] == "Observe"


def _until_taken(release, commands):
    """The API server forgets a deleted admission policy a moment later."""

    def taken():
        try:
            release.paste(commands)
        except subprocess.CalledProcessError as error:
            assert b"modeCeiling Observe" in error.stderr, error.stderr
            return False
        return True

    wait_until(taken, 30, "the policy to be taken")


def _from_the_trial_to_the_act(release):
    patch = block(CHART / "README.md", "kubectl patch ctrp")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        release.paste(patch)
    assert b"installed with modeCeiling Observe" in refused.value.stderr
    release.paste(block(CHART / "README.md", "modeCeiling=Enforce"))
    _until_taken(release, patch)
    assert release.get("ctrp", "default")["spec"]["mode"] == "Enforce"


def _what_waits_for_remint_is_let_go(release, folder):
    """A restart was under way when Remint went, and the CRDs are deleted."""
    stuck = order("stuck")
    stuck["metadata"]["finalizers"] = ["remint.dev/restore"]
    release.kubectl("create", "-f", "-", stdin=yaml.safe_dump(stuck))
    deletion = threading.Thread(target=release.paste, args=(block(CHART / "README.md", "delete crd"),), daemon=True)
    deletion.start()
    wait_until(lambda: "deletionTimestamp" in release.get("wr", "stuck", "-n", "default")["metadata"], 60, "the deletion to have begun")
    release.paste(block(CHART / "README.md", "finalizers"), folder)
    assert "stuck" in (folder / "restarts.yaml").read_text()
    deletion.join(60)
    assert not deletion.is_alive()


def _the_audit_service_follows_the_leader(release):
    """Whom the Service selects is asked, not its endpoints: the fake pods have loopback addresses, which no EndpointSlice takes.
    """
    remint = f"--as=system:serviceaccount:{NAMESPACE}:remint"
    first, second = (pod["metadata"]["name"] for pod in release.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=remint"))

    def addressed():
        selector = release.get("service", "remint-audit", "-n", NAMESPACE)["spec"]["selector"]
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        return {pod["metadata"]["name"] for pod in release.get("pods", "-n", NAMESPACE, "-l", labels)}

    assert addressed() == set(), "nobody leads yet"
    # By an administrator, since kubectl reads what it labels; that Remint may list and patch, it is asked.
    release.kubectl("label", "pod", first, "-n", NAMESPACE, "remint.dev/role=leader")
    assert addressed() == {first}
    release.kubectl("label", "pod", first, "-n", NAMESPACE, "remint.dev/role-")
    release.kubectl("label", "pod", second, "-n", NAMESPACE, "remint.dev/role=leader")
    assert addressed() == {second}
    for verb in ("list", "patch"):
        assert release.kubectl("auth", "can-i", verb, "pods", "-n", NAMESPACE, remint).strip() == "yes"


def _what_must_stay(release, but=None):
    """UIDs of what people made, and keys."""
    restarts = {wr["metadata"]["name"]: wr["metadata"]["uid"] for wr in release.get("wr", "-A") if wr["metadata"]["name"] in ("before",)}
    policy = release.get("ctrp", "default")
    client = release.secret("remint-audit-client")
    return _but({
        **restarts,
        "policy": (policy["metadata"]["uid"], policy["spec"]["priority"]),
        "journal key": release.secret("remint-journal-key"),
        "certificates": (client, release.secret("remint-audit-tls")),
    }, but)  # fmt: skip


def _but(made, name):
    # The Secrets with certificates go with a release that is uninstalled.
    return {key: value for key, value in made.items() if name is None or key not in (name, "certificates")}


def _noted(name):
    document = order(name)
    document["spec"]["note"] = "new in 0.2.0"
    return document

"""The end of the installation, and another one that may see and touch one namespace only. Told after all other stories."""

from harness.resources import kubectl, restarts_of
from harness.wait import holds_for
from rig.install import Remint
from rig.party import Party

# What is the cluster's (an APIService comes with each CRD) or belongs to objects that are gone in a moment.
_PASSING = ("events", "events.events.k8s.io", "endpointslices.discovery.k8s.io", "pods", "replicasets.apps",
            "controllerrevisions.apps", "endpoints", "apiservices.apiregistration.k8s.io")  # fmt: skip


def named_remint(node):
    """{kind/name of every object, in Remint's namespace or in none, with its name in its own}"""
    kinds = kubectl(node, "api-resources", "--verbs=list", "-o", "name").split()
    kinds = [kind for kind in kinds if kind not in _PASSING and "metrics.k8s.io" not in kind]
    output = kubectl(node, "get", ",".join(kinds), "-A", "-o", "name", "--ignore-not-found")
    return {name for name in output.split() if "remint" in name and not name.startswith("namespace/")}


def test_uninstalled_nothing_is_left_but_what_is_kept(node, sources):
    before = named_remint(node)
    assert any(name.startswith("deployment.apps/") for name in before)
    assert "role.rbac.authorization.k8s.io/remint-apiserver-logs" in before, "in another namespace than Remint's"
    sources.helm("uninstall", sources.release, "--wait")
    left = {name for name in named_remint(node) if not name.startswith("workloadrestart.")}
    kept = {name for name in left if name.startswith("customresourcedefinition.")}
    assert len(kept) == 3, "the CRDs, and with them the policies and restarts"
    lease = "lease.coordination.k8s.io/remint"  # Remint itself made it
    assert left - kept == {"secret/remint-journal-key", "clustertokenrefreshpolicy.remint.dev/default", lease}


def test_installed_for_one_namespace_it_acts_there_and_nowhere_else(node, remint, logs):
    scoped = Remint(node, remint.image, {"scope.namespaces[0]": "inside"})
    with Party(node, logs, "inside", ("Deployment",)) as inside, Party(node, logs, "outside", ("Deployment",)) as outside:
        scoped.install()
        scoped.wire()
        for party in (inside, outside):
            party.wait_listing()
            party.recreate_account()
            party.wait_rejected(180)
        inside.wait_cured(300)
        (broken,) = outside.broken
        holds_for(lambda: not restarts_of(broken.workload, broken.uid), 20, f"{broken.workload} is not restarted")
        assert broken.workload.pod_uids() == broken.pods
        granted = kubectl(node, "get", "clusterrolebindings", "-o", "name")
        assert "remint" not in granted, "no right that reaches beyond the namespace"

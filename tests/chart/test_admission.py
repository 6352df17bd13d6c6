"""What the ValidatingAdmissionPolicies keep out, on a real API server."""

import json
import secrets

import pytest
import yaml
from chart import NAMESPACE
from harness import resources, wait_until

ALICE = "--as=alice", "--as-group=system:masters"  # may do everything that RBAC can give
REMINT = (f"--as=system:serviceaccount:{NAMESPACE}:remint", "--as-group=system:masters")
CEILINGS = {"maxMode": "Observe", "maxPerHour": 5, "maxConcurrent": 1, "minCooldown": "1h", "minConfidence": 0.95}
WITHIN = {"mode": "Observe", "limits": {"maxPerHour": 5, "maxConcurrent": 1, "cooldown": "2h"}, "minConfidence": 0.95}


class Ground:
    """A namespace under the admission policies of one set of values."""

    def __init__(self, helm, cluster, values, scoped=False):
        self.cluster = cluster
        self.name = f"under-{secrets.token_hex(3)}"
        self.elsewhere = f"{self.name}-not"
        names = (self.name, self.elsewhere)
        resources.apply(cluster, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in names])
        scope = {"scope": {"namespaces": [self.name]}, "fullnameOverride": self.name} if scoped else {"fullnameOverride": self.name}
        rendered = helm.template({"serviceAccount": {"name": "remint"}} | scope | values)
        self.objects = rendered.all("ValidatingAdmissionPolicy") + rendered.all("ValidatingAdmissionPolicyBinding")
        self.objects += self._last()
        resources.apply(cluster, self.objects)
        self._wait_in_force()
        self.restarts = not any(o["metadata"]["name"].endswith("-observe-only") for o in self.objects)
        if self.restarts:
            self.take("create", self.restart("probe"))

    def _last(self):
        """A policy that is written after the others: when it is in force, so are they."""
        metadata = {"name": f"zz-{self.name}"}
        constraints = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.name}},
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        }
        about = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": metadata}
        validations = [{"expression": "false", "message": "in force"}]
        return [
            about | {"kind": "ValidatingAdmissionPolicy", "spec": {"matchConstraints": constraints, "validations": validations}},
            about | {"kind": "ValidatingAdmissionPolicyBinding", "spec": {"policyName": metadata["name"], "validationActions": ["Deny"]}},
        ]

    def _wait_in_force(self):
        probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "probe-", "namespace": self.name}}
        wait_until(lambda: "in force" in self.refusal("create", probe), 20, "the policies to be in force")

    def policy(self, name, spec, namespace=None):
        metadata = {"name": name, "namespace": namespace or self.name}
        return {"apiVersion": "remint.dev/v1alpha1", "kind": "TokenRefreshPolicy", "metadata": metadata, "spec": spec}

    def restart(self, name):
        metadata = {"name": name, "namespace": self.name}
        target = {"target": {"kind": "Deployment", "name": "x"}}
        return {"apiVersion": "remint.dev/v1alpha1", "kind": "WorkloadRestart", "metadata": metadata, "spec": target}

    def take(self, verb, document, who=ALICE):
        resources.kubectl(self.cluster, verb, "-f", "-", *who, stdin=yaml.safe_dump(document))

    def refusal(self, verb, document, who=ALICE):
        """What the API server says; "" when it takes it."""
        try:
            self.take(verb, document, who)
        except RuntimeError as error:
            return str(error)
        return ""

    def status_refusal(self, what, who=ALICE, namespace=None):
        """Of a harmless write to the status of an object."""
        patch = json.dumps({"status": {"observedGeneration": 1}})
        command = ("patch", what, "-n", namespace or self.name, "--subresource=status", "--type=merge", "-p", patch)
        try:
            resources.kubectl(self.cluster, *command, *who)
        except RuntimeError as error:
            return str(error)
        return ""

    def close(self):
        resources.kubectl(self.cluster, "delete", "-f", "-", stdin=yaml.safe_dump_all(self.objects))
        resources.kubectl(self.cluster, "delete", "namespace", self.name, self.elsewhere, "--wait=false")


@pytest.fixture
def ground(helm, crds):
    """A factory."""
    made = []

    def make(values=None, **options):
        made.append(Ground(helm, crds, values or {}, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_nobody_but_remint_writes_status(ground):
    here = ground()
    here.take("create", here.policy("ours", {}))
    for what in ("workloadrestart/probe", "tokenrefreshpolicy/ours"):
        assert "status is written by Remint alone, not by alice" in here.status_refusal(what)
        assert here.status_refusal(what, who=REMINT) == ""


def test_the_status_of_cluster_policies_is_remints_too(ground):
    here = ground()
    metadata = {"name": here.name}
    here.take("create", {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": metadata, "spec": {}})
    assert "Remint alone" in here.status_refusal(f"clustertokenrefreshpolicy/{here.name}")
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)


def test_who_is_named_may_write_status_too(ground):
    here = ground({"admission": {"statusWriters": ["alice"]}})
    assert here.status_refusal("workloadrestart/probe") == ""
    assert "not by bob" in here.status_refusal("workloadrestart/probe", who=("--as=bob", "--as-group=system:masters"))


def test_what_is_no_status_is_for_people(ground):
    here = ground()
    here.take("create", here.policy("ours", {"mode": "Enforce"}))
    here.take("apply", here.policy("ours", {"mode": "Observe"}))


def test_a_policy_within_the_ceilings_is_taken(ground):
    here = ground({"admission": {"ceilings": CEILINGS}})
    assert here.refusal("create", here.policy("ours", WITHIN)) == ""


@pytest.mark.parametrize("bolder, told", [
    ({"mode": "Enforce"}, "spec.mode: the cluster allows Observe"),
    ({"limits": WITHIN["limits"] | {"maxPerHour": 6}}, "spec.limits.maxPerHour: the cluster allows 5 at most"),
    ({"limits": WITHIN["limits"] | {"maxConcurrent": 2}}, "spec.limits.maxConcurrent: the cluster allows 1 at most"),
    ({"limits": WITHIN["limits"] | {"cooldown": "59m"}}, "spec.limits.cooldown: the cluster asks for 1h at least"),
    ({"minConfidence": 0.9}, "spec.minConfidence: the cluster asks for 0.95 at least"),
    ({"limits": {}}, "the cluster allows"),  # the CRD's defaults count as well
], ids=lambda value: "-".join(value) if isinstance(value, dict) else None)  # fmt: skip
def test_a_policy_above_a_ceiling_is_refused_and_told_which(ceilinged, bolder, told):
    assert told in ceilinged.refusal("create", ceilinged.policy("bold", WITHIN | bolder))


def test_a_policy_cannot_be_raised_above_a_ceiling_later(ceilinged):
    ceilinged.take("apply", ceilinged.policy("grows", WITHIN))
    assert "spec.mode" in ceilinged.refusal("apply", ceilinged.policy("grows", WITHIN | {"mode": "Enforce"}))


@pytest.fixture(scope="module")
def ceilinged(helm, crds):
    here = Ground(helm, crds, {"admission": {"ceilings": CEILINGS}}, scoped=True)
    yield here
    here.close()


def test_a_strategy_that_is_off_cannot_be_asked_for(ground):
    here = ground({"strategies": {"ScaleToZero": False}})
    listed = lambda *types: {"strategies": {"ReplicaSet": [{"type": t} for t in types]}}  # noqa: E731
    assert here.refusal("create", here.policy("fits", listed("EvictPods"))) == ""
    assert "spec.strategies: the cluster allows" in here.refusal("create", here.policy("not", listed("EvictPods", "ScaleToZero")))


def test_where_remint_may_only_look_nothing_bolder_can_be_written(ground):
    here = ground({"modeCeiling": "Observe"})
    assert "restarts nothing" in here.refusal("create", here.restart("by-hand"))
    assert "spec.mode" in here.refusal("create", here.policy("bold", {"mode": "Enforce"}))
    metadata = {"name": here.name}
    bold = {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": metadata}
    assert "modeCeiling Observe" in here.refusal("create", bold | {"spec": {"mode": "Enforce"}})
    assert here.refusal("create", bold | {"spec": {"mode": "Observe"}}) == ""
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)


def test_a_scoped_release_rules_its_own_namespaces_only(ground):
    here = ground({"admission": {"ceilings": {"maxMode": "Observe"}}}, scoped=True)
    bold = {"mode": "Enforce"}
    assert "spec.mode" in here.refusal("create", here.policy("bold", bold))
    assert here.refusal("create", here.policy("bold", bold, namespace=here.elsewhere)) == ""
    assert here.status_refusal("tokenrefreshpolicy/bold", namespace=here.elsewhere) == ""

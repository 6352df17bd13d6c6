"""Remint's own custom resources, as a user would handle them."""

import subprocess

import yaml
from kubernetes.client.exceptions import ApiException

from .folders import DEPLOY
from .wait import wait_until

GROUP, VERSION = "remint.dev", "v1alpha1"
CLUSTER_POLICY, POLICY, RESTART = "clustertokenrefreshpolicies", "tokenrefreshpolicies", "workloadrestarts"
CRDS = DEPLOY / "crds"
RBAC = DEPLOY / "manifests" / "rbac.yaml"
FINAL_PHASES = ("Succeeded", "Failed", "Cancelled")


def kubectl(cluster, *arguments, stdin=None):
    """Runs kubectl as administrator; returns what it printed, raises with its error text."""
    command = [cluster.binaries / "kubectl", "--kubeconfig", cluster.kubeconfig, *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"kubectl {' '.join(map(str, arguments))}: {result.stderr.strip()}")
    return result.stdout


def apply(cluster, documents):
    """Applies objects (dicts) as `kubectl apply --server-side` does."""
    return kubectl(cluster, "apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(documents))


def install(cluster, folder=CRDS):
    """Applies the CRDs and waits until the API serves them; then Remint's own account and rights."""
    kubectl(cluster, "apply", "--server-side", "-f", folder)
    kubectl(cluster, "wait", "--for=condition=Established", "--timeout=30s", "-f", folder)
    kubectl(cluster, "apply", "--server-side", "-f", RBAC)


def allow_more_leases(cluster):
    """Tests in which several operators lead at once, each in a namespace of its own, need a lease for each."""
    metadata = {"name": "remint-test-leases", "namespace": "remint-system"}
    rules = [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"]}
    account = {"kind": "ServiceAccount", "name": "remint", "namespace": "remint-system"}
    about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
    apply(cluster, [
        about | {"kind": "Role", "rules": rules},
        about | {"kind": "RoleBinding", "roleRef": role, "subjects": [account]},
    ])


def allow_source(cluster, name, **rule):
    """The right that the chart gives when a source is enabled that is off by default: `rule` of a ClusterRole."""
    about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": f"remint-test-{name}"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"remint-test-{name}"}
    account = {"kind": "ServiceAccount", "name": "remint", "namespace": "remint-system"}
    apply(cluster, [
        about | {"kind": "ClusterRole", "rules": [rule]},
        about | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": [account]},
    ])


def short_spec(namespaces, mode="Enforce", **overrides):
    """A policy's spec with values for impatient tests; `overrides` replace whole sections.

    What holds back many at once is off: in a test's small namespace two workloads are a storm, and one is more than a tenth.
    """
    spec = {
        "mode": mode,
        "match": {"namespaces": {"include": list(namespaces)}},
        "signals": {
            "staleToken": {"enabled": True, "after": "1h"},
            "rejectedToken": {"enabled": True, "count": 3, "within": "30s", "for": "2s"},
        },
        "limits": {"cooldown": "30m", "maxPerHour": 20, "maxConcurrent": 10, "maxWorkloadsPercent": 100},
        "storm": {"percent": 0},
        "verification": {"observe": "10s"},
    }
    return spec | overrides


def cluster_policy(name, spec):
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "ClusterTokenRefreshPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def namespaced_policy(space, name, spec):
    """A namespace's own policy; what only a cluster policy may say is left out of a `short_spec`."""
    spec = {key: value for key, value in spec.items() if key != "priority"}
    spec["match"] = {key: value for key, value in spec.get("match", {}).items() if not key.startswith("namespace")}
    metadata = {"name": name, "namespace": space.name}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "TokenRefreshPolicy", "metadata": metadata, "spec": spec}


def read_policy(space, name):
    return space.cluster.custom().get_namespaced_custom_object(GROUP, VERSION, space.name, POLICY, name)


def condition_of(item, kind):
    """The condition of that type, or an empty dict."""
    return next((c for c in item.get("status", {}).get("conditions") or [] if c["type"] == kind), {})


def approval(restart):
    return restart["spec"].get("approval", {})


class Policies:
    """The cluster policies of one test; `delete()` removes what it made."""

    def __init__(self, cluster):
        self.cluster = cluster
        self._names = set()

    def put(self, name, spec):
        """Creates the policy, or replaces its whole spec."""
        custom = self.cluster.custom()

        def put_once():
            try:
                present = custom.get_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, name)
            except ApiException as error:
                if error.status != 404:
                    raise
                custom.create_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, cluster_policy(name, spec))
                return True
            present["spec"] = spec
            try:
                custom.replace_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, name, present)
            except ApiException as error:
                if error.status != 409:  # the operator has just written its status
                    raise
                return False
            return True

        wait_until(put_once, 20, f"policy {name} to be written")
        self._names.add(name)

    def get(self, name):
        return self.cluster.custom().get_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, name)

    def condition(self, name, kind):
        """The policy's condition of that type, or None."""
        return condition_of(self.get(name), kind) or None

    def wait_observed(self, name, timeout=40):
        """Waits until the operator has taken notice of the newest spec."""

        def observed():
            policy = self.get(name)
            return policy.get("status", {}).get("observedGeneration") == policy["metadata"]["generation"]

        wait_until(observed, timeout, f"the policy {name} to be observed")

    def wait_condition(self, name, kind, status, timeout=40):
        """Waits until the condition has that status for the newest spec; returns it."""

        def reached():
            self.wait_observed(name, timeout)
            condition = self.condition(name, kind)
            return condition if condition and condition["status"] == status else None

        return wait_until(reached, timeout, f"{name}'s condition {kind}={status}")

    def wait_at_risk(self, name, workload_name, timeout=40):
        """Waits until the policy's status lists the workload among those at risk; returns the entry."""

        def listed():
            entries = self.get(name).get("status", {}).get("atRisk", [])
            return next((entry for entry in entries if entry["name"] == workload_name), None)

        return wait_until(listed, timeout, f"{workload_name} among those at risk of {name}")

    def delete(self):
        for name in self._names:
            try:
                self.cluster.custom().delete_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, name)
            except ApiException as error:
                if error.status != 404:
                    raise


def restarts_of(workload, uid=None):
    """The WorkloadRestart objects about one workload (or what had that UID), oldest first."""
    cluster = workload.space.cluster
    items = cluster.custom().list_cluster_custom_object(GROUP, VERSION, RESTART)["items"]
    uid = uid or workload.uid
    mine = [item for item in items if item["spec"]["target"].get("uid") == uid]
    return sorted(mine, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))


def outcome(restart):
    return restart.get("status", {}).get("outcome", "")


def phase(restart):
    return restart.get("status", {}).get("phase", "")


def wait_begun(workload, timeout=60):
    """Waits until there is a WorkloadRestart of the workload: looks often, to catch it in the act."""
    return wait_until(lambda: restarts_of(workload), timeout, f"a restart of {workload}", interval=0.02)


def wait_phase(workload, wanted, timeout=60):
    """Waits until the workload's newest restart is in that phase; returns it."""

    def reached():
        found = restarts_of(workload)
        return found[-1] if found and phase(found[-1]) == wanted else None

    try:
        return wait_until(reached, timeout, f"a restart of {workload} in phase {wanted}", swallow=(OSError,))
    except AssertionError as error:
        raise AssertionError(f"{error}; its restarts: {[r.get('status') for r in restarts_of(workload)]}") from error


def wait_finished(workload, count=1, timeout=90, uid=None):
    """Waits until the workload has `count` restarts and all are in a final phase; returns them."""

    def finished():
        found = restarts_of(workload, uid)
        return found if len(found) >= count and all(phase(r) in FINAL_PHASES for r in found) else None

    return wait_until(finished, timeout, f"{count} finished restart(s) of {workload}", swallow=(ApiException, OSError))

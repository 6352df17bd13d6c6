"""A namespace under the chart's ValidatingAdmissionPolicies, on a real API server, and people who try things there."""

import json
import secrets

import yaml
from chart import NAMESPACE
from harness import resources, wait_until

ALICE = "--as=alice", "--as-group=system:masters"  # may do everything that RBAC can give
REMINT = (f"--as=system:serviceaccount:{NAMESPACE}:remint", "--as-group=system:masters")


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
        if values.get("modeCeiling") != "Observe":
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

"""Remint on the node, as a user installs it; and looking at its pods."""

import base64
from pathlib import Path

from harness import resources
from harness.kubeconfig import write_kubeconfig
from harness.remint import lease_holder
from harness.wait import wait_until
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

AUDIT_ADDRESS = "10.96.0.50"  # fixed, since the API server cannot resolve Service names
_LABELS = {"app.kubernetes.io/name": "remint"}


class Remint:
    """`install()`, then `wire()`: two steps, as the API server's flags are an administrator's, not the chart's."""

    namespace = "remint-system"

    def __init__(self, node, image):
        self.node = node
        self.image = image

    def pods(self):
        selector = ",".join(f"{key}={value}" for key, value in _LABELS.items())
        pods = self.node.core().list_namespaced_pod(self.namespace, label_selector=selector).items
        return [pod for pod in pods if pod.metadata.deletion_timestamp is None]

    def leader(self):
        """The name of the pod that holds the lease."""
        return lease_holder(self.node, self.namespace)

    def wait_leading(self, timeout=60):
        def leads():
            names = {pod.metadata.name for pod in self.pods() if _ready(pod)}
            return self.leader() in names and len(names) == self.replicas

        wait_until(leads, timeout, "all replicas of Remint to be ready and one to lead", 0.5, (ApiException, HTTPError, OSError))


class PlainRemint(Remint):
    """From deploy/'s manifests and a Deployment of the tests' own: one replica."""

    replicas = 1

    def install(self):
        resources.install(self.node)
        authority = self.node.authority
        serving = authority.server("remint", (AUDIT_ADDRESS,))
        data = {"tls.crt": serving.cert, "tls.key": serving.key, "ca.crt": authority.cert}
        data = {name: base64.b64encode(Path(path).read_bytes()).decode() for name, path in data.items()}
        metadata = {"name": "remint", "namespace": self.namespace, "labels": _LABELS}
        ports = [{"name": "audit", "port": 8443}]
        resources.apply(self.node, [
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data},
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata,
             "spec": {"clusterIP": AUDIT_ADDRESS, "selector": _LABELS, "ports": ports}},
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
             "spec": {"replicas": self.replicas, "selector": {"matchLabels": _LABELS},
                      "template": {"metadata": {"labels": _LABELS}, "spec": self._pod()}}},
        ])  # fmt: skip
        resources.kubectl(self.node, "apply", "-f", resources.DEPLOY / "examples" / "policy-enforce.yaml")

    def wire(self):
        pair = self.node.authority.client("apiserver-audit", "kube-apiserver-audit")
        config = write_kubeconfig(
            self.node.folder / "audit-webhook.kubeconfig",
            f"https://{AUDIT_ADDRESS}:8443/audit", self.node.authority.cert, pair,
        )  # fmt: skip
        self.node.wire_audit(config)
        self.wait_leading()

    def _pod(self):
        names = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}
        container = {
            "name": "remint",
            "image": self.image,
            "imagePullPolicy": "Never",
            "args": ["run", "--audit-tls-cert=/tls/tls.crt", "--audit-tls-key=/tls/tls.key",
                     "--audit-client-ca=/tls/ca.crt"],
            "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in names.items()],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"memory": "256Mi"}},
            "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
            "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "runAsNonRoot": True,
                                "capabilities": {"drop": ["ALL"]}},
        }  # fmt: skip
        place = "/var/run/secrets/kubernetes.io/serviceaccount"
        container["volumeMounts"].append({"name": "token", "mountPath": place, "readOnly": True})
        # Short: after a change of the signing key Remint's own token is dead until the kubelet renews it.
        token = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}, {"configMap": {"name": "kube-root-ca.crt"}}]
        return {
            "serviceAccountName": "remint",
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [
                {"name": "tls", "secret": {"secretName": "remint"}},
                {"name": "token", "projected": {"sources": token}},
            ],
        }


def _ready(pod):
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])



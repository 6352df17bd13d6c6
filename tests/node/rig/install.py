"""Remint on the node, as a user installs it: by `helm install`, and the API server wired by the commands that the chart prints."""

import os
import re
import ssl
import subprocess
import urllib.request

from harness.folders import REPOSITORY
from harness.metrics import Metrics
from harness.remint import lease_holder
from harness.resources import kubectl
from harness.wait import wait_until
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

CHART = REPOSITORY / "charts" / "remint"
AUDIT_ADDRESS = "10.96.0.50"  # fixed, since the API server cannot resolve Service names
AUDIT_PORT = 8443  # of the Service
METRICS_PORT = 8080
_UNREACHABLE = (ApiException, HTTPError, OSError)


class Remint:
    """The chart's defaults, but for the image, the fixed address, and a policy that acts.

    `install()`, then `wire()`: two steps, as the API server's flags are an administrator's, not the chart's.
    """

    namespace = release = "remint"
    replicas = 2

    def __init__(self, node, image, values=None):
        self.node = node
        self.image = image
        self._values = values or {}

    def install(self):
        registry, _, rest = self.image.partition("/")
        repository, _, tag = rest.rpartition(":")
        values = {
            "image.registry": registry,
            "image.repository": repository,
            "image.tag": tag,
            "audit.service.clusterIP": AUDIT_ADDRESS,
            "defaultPolicy.mode": "Enforce",
            # On one node a few workloads are more than a tenth of all, and those that break together a storm.
            "defaultPolicy.spec.limits.maxWorkloadsPercent": 100,
            "defaultPolicy.spec.storm.percent": 0,
        } | self._values
        words = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        self.helm("install", self.release, CHART, "--create-namespace", "--wait", "--timeout", "3m", *words)
        self.wait_leading()

    def wire(self):
        """Runs what the chart's notes say, word by word, and gives the API server the files that come of it."""
        notes = self.helm("get", "notes", self.release)
        # Two files, each `cat > FILE <<EOF` to its EOF, with prose and other commands between them.
        script = "\n".join(re.findall(r"^(?:install [^\n]*\n)?cat > .*?^EOF$", notes, re.M | re.S))
        place = self.node.folder / "etc-kubernetes-remint"
        place.mkdir(mode=0o700, exist_ok=True)
        environment = os.environ | {
            "KUBECONFIG": str(self.node.kubeconfig),
            "PATH": f"{self.node.binaries}:{os.environ['PATH']}",
        }
        subprocess.run(["bash", "-euc", script], cwd=place, env=environment, check=True)
        self.node.wire_audit(place / "audit-webhook.kubeconfig", place / "audit-policy.yaml")
        self.wait_leading()

    def upgrade(self, values):
        words = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        self.helm("upgrade", self.release, CHART, "--reset-then-reuse-values", *words)

    def roll_out(self, values):
        """An upgrade that makes new pods; returns when one of them leads."""
        self.upgrade(values)
        kubectl(self.node, "-n", self.namespace, "rollout", "status", f"deployment/{self.release}", "--timeout=400s")
        self.wait_leading()

    def metrics(self):
        """The leader's."""
        pod = self.node.core().read_namespaced_pod(self.leader(), self.namespace)
        with urllib.request.urlopen(f"http://{pod.status.pod_ip}:{METRICS_PORT}/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def audit_certificate(self):
        """What the leader's audit endpoint shows now, as PEM."""
        return ssl.get_server_certificate((AUDIT_ADDRESS, AUDIT_PORT), timeout=10)

    def runs(self):
        """The replicas, and how often their containers were started."""
        return {pod.metadata.uid: [status.restart_count for status in pod.status.container_statuses] for pod in self.pods()}

    def helm(self, *words):
        command = [os.environ["HELM"], "--kubeconfig", self.node.kubeconfig, "--namespace", self.namespace, *words]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"helm {words[0]}: {result.stderr.strip()}")
        return result.stdout

    def pods(self):
        selector = f"app.kubernetes.io/name=remint,app.kubernetes.io/instance={self.release}"
        pods = self.node.core().list_namespaced_pod(self.namespace, label_selector=selector).items
        return [pod for pod in pods if pod.metadata.deletion_timestamp is None]

    def leader(self):
        """The name of the pod that holds the lease."""
        return lease_holder(self.node, self.namespace)

    def kept_callers(self):
        """What the leader keeps for the next one, of callers at addresses that pods share."""
        memory = self.node.core().read_namespaced_config_map("remint-memory", self.namespace)
        return (memory.data or {}).get("callers", "")

    def wait_leading(self, timeout=180):
        def leads():
            names = {pod.metadata.name for pod in self.pods() if _ready(pod)}
            return self.leader() in names and len(names) == self.replicas

        wait_until(leads, timeout, "all replicas of Remint to be ready and one to lead", 0.5, _UNREACHABLE)


def _ready(pod):
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])

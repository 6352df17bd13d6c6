"""The harness's control plane, with a real node instead of kwok's fake ones."""

import os
from pathlib import Path

from harness.apiserver import ApiServer
from harness.cluster import Cluster, ClusterOptions
from harness import components
from harness.wait import wait_until

from . import kubelet, network
from .containerd import Containerd


class NodeCluster(Cluster):
    """`start()` brings up everything but the audit webhook, which `wire_audit()` adds as soon as there is somebody to hear."""

    def __init__(self, binaries, node_binaries, folder, cgroup):
        super().__init__(binaries, ClusterOptions(nodes=0), folder / "cluster")
        serving = self.authority.server(
            "apiserver-on-node", ("127.0.0.1", network.NODE, "10.96.0.1", "kubernetes.default.svc")
        )
        kubelet_client = self.authority.client("apiserver-kubelet", "kube-apiserver", ["system:masters"])
        self.options.apiserver_flags = [
            # The later of two equal flags counts.
            "--bind-address=0.0.0.0",
            f"--advertise-address={network.NODE}",
            "--endpoint-reconciler-type=master-count",  # pods find the API server by its Service
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            f"--kubelet-client-certificate={kubelet_client.cert}",
            f"--kubelet-client-key={kubelet_client.key}",
        ]
        self.cgroup = cgroup
        self.pod_logs = folder / "pod-logs"
        self.static_pods = folder / "static-pods"
        self.static_pods.mkdir()
        self.node_binaries = Path(node_binaries)
        self.containerd = Containerd(folder, self.logs)
        self.kubelet = kubelet.kubelet(self.node_binaries / "kubelet", folder, self, self.containerd, cgroup)
        self.kube_proxy = kubelet.kube_proxy(self.node_binaries / "kube-proxy", self)

    def start(self):
        network.start()
        self.containerd.start()
        for program in ("client", "pause", "teller"):
            self.containerd.import_image(self.node_binaries / f"{program}.tar")
        super().start()
        self.kubelet.start()
        self.kube_proxy.start()
        wait_until(self._ready, 180, "the node to be ready")
        return self

    def stop(self, keep=False):
        """The pods' processes end with the namespaces, a moment later."""
        for process in (self.kubelet, self.kube_proxy, self.containerd.process):
            process.stop(grace=3)
        super().stop(keep=True)

    def wire_audit(self, kubeconfig, policy=None):
        """What an administrator does after the installation: flags for the API server, and its restart."""
        self.options.apiserver_flags += [
            f"--audit-webhook-config-file={kubeconfig}",
            "--audit-webhook-batch-max-wait=1s",
            "--audit-webhook-initial-backoff=1s",
            *([f"--audit-policy-file={policy}"] if policy else []),
        ]
        self.restart_apiserver(while_down=self._forget_flags)

    def _forget_flags(self):
        self.apiserver.process = None  # the flags of a process are fixed: it is made anew

    def _ready(self):
        nodes = self.core().list_node().items
        return any(c.type == "Ready" and c.status == "True" for node in nodes for c in node.status.conditions or [])

    def _own_webhook(self):
        return None

    def _start_components(self):
        arguments = (self.folder, self.claims, self.kubeconfig)
        self._components = [
            components.controller_manager(self.binaries / "kube-controller-manager", *arguments, self.apiserver),
            components.scheduler(self.binaries / "kube-scheduler", *arguments),
        ]
        for _, process in self._components:
            process.start()
        for port, process in self._components:
            process.wait_ready(lambda port=port: components.listening(port), 60, f"listening on {port}")

    def _bind_kwok(self):
        """There is none."""

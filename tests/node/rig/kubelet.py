"""The node's two Kubernetes processes: kubelet and kube-proxy."""

import yaml
from harness.process import Process

from . import network

NAME = "node-0"
LOG_SIZE = "1Mi"


def kubelet(binary, folder, cluster, containerd, cgroup):
    kubeconfig = cluster.kubeconfig_for("kubelet", f"system:node:{NAME}", ["system:nodes"])
    config = folder / "kubelet.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(cluster.authority.cert)},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{containerd.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,  # it may not protect itself where the tests run inside a container
        "podLogsDir": str(cluster.pod_logs),
        # Rotated while a test writes, and never what the stories' clients print in all their time: the tests' reader of logs
        # keeps the file that it opened. The interval is the shortest that the kubelet takes.
        "containerLogMaxSize": LOG_SIZE,
        "containerLogMonitorInterval": "3s",
        "staticPodPath": str(cluster.static_pods),
        "resolvConf": "",
        # A full disk of the developer's is none of the tests' business.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }))  # fmt: skip
    return Process(
        "kubelet",
        [
            binary,
            f"--config={config}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={folder / 'kubelet'}",
            f"--cert-dir={folder / 'kubelet-pki'}",
            f"--hostname-override={NAME}",
            f"--node-ip={network.NODE}",
            "-v=2",
        ],
        cluster.logs / "kubelet.log",
    )


def kube_proxy(binary, cluster):
    kubeconfig = cluster.kubeconfig_for("kube-proxy", "system:kube-proxy")
    return Process(
        "kube-proxy",
        [
            binary,
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NAME}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={network.POD_RANGE}",
            # The size of the kernel's table cannot be set from inside a network namespace.
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
            "-v=2",
        ],
        cluster.logs / "kube-proxy.log",
    )

"""The rest of the control plane: controller manager, scheduler, and kwok as all nodes' kubelet."""

import socket

from .process import Process

# Only what the tests need: each controller left out is CPU time for the tests.
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
)


def controller_manager(binary, folder, claims, kubeconfig, apiserver):
    port = claims.port()
    return port, Process(
        "kube-controller-manager",
        [
            binary,
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'pki'}",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={apiserver.private_key}",
            f"--root-ca-file={apiserver.root_ca}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ],
        folder / "logs" / "kube-controller-manager.log",
    )


def scheduler(binary, folder, claims, kubeconfig):
    port = claims.port()
    return port, Process(
        "kube-scheduler",
        [
            binary,
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'pki'}",
            "--leader-elect=false",
        ],
        folder / "logs" / "kube-scheduler.log",
    )


def kwok(binary, folder, claims, kubeconfig, stages, octet):
    port = claims.port()
    return port, Process(
        "kwok",
        [
            binary,
            f"--kubeconfig={kubeconfig}",
            f"--config={stages}",
            "--manage-all-nodes=true",
            # Pods live in 127.N.0.0/17, nodes in 127.N.128.0/17 (nodes bring their own address).
            f"--cidr=127.{octet}.0.1/17",
            f"--node-ip=127.{octet}.255.254",
            f"--server-address=127.0.0.1:{port}",
            "--node-lease-duration-seconds=40",
        ],
        folder / "logs" / "kwok.log",
        env={"HOME": str(folder)},  # it would read and write ~/.kwok
    )


def listening(port):
    """Whether somebody accepts connections on 127.0.0.1:`port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False

"""A real client library inside a fake pod: it calls from the pod's address and reads the pod's token folder."""

import shutil
import tempfile
from pathlib import Path

from .process import Process
from .relay import Relay
from .simulator import WorkloadSimulator
from .token_folder import TokenFolder

# The libraries know one place of the token only. /var/run becomes an empty folder, for this process and its children.
_IN_A_POD = """set -e
run=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$run"
mkdir -p "$run/secrets/kubernetes.io/serviceaccount"
mount --bind "$1" "$run/secrets/kubernetes.io/serviceaccount"
shift
exec "$@"
"""


class RealClient:
    """One program for the life of one pod; started again when it ends, as the kubelet does, is not needed here."""

    def __init__(self, cluster, kind, builds, pod, token):
        self.namespace = pod.metadata.namespace
        self.pod_name = pod.metadata.name
        self.address = pod.status.pod_ip
        self.first_token = token
        self._folder = Path(tempfile.mkdtemp(prefix="remint-client-"))
        self.tokens = TokenFolder(
            self._folder / "serviceaccount", cluster.apiserver.root_ca, pod.metadata.namespace, token
        )
        self.relay = Relay(cluster.apiserver.url, self.address)
        self.answers = {}  # nobody sees them from here: the audit log tells
        environment = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.relay.port),
            "POD_NAMESPACE": pod.metadata.namespace,
            "NO_PROXY": "127.0.0.1",
        }
        self.process = Process(
            f"{kind} in {self.pod_name}",
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _IN_A_POD, "sh",
             self.tokens.path, *kind.command_in(builds)],
            cluster.logs / f"{pod.metadata.namespace}-{self.pod_name}.log",
            env=environment | kind.env_in(builds),
        )

    def start(self):
        self.process.start()
        return self

    def wind_down(self):
        self.relay.close()

    def stop(self):
        self.process.stop(grace=1)
        self.relay.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self):
        return self.process.log.read_text(errors="replace")


class RealWorkload(WorkloadSimulator):
    """Each pod of the workload runs the client, with a good token when the pod is new."""

    def __init__(self, workload, kind, builds):
        super().__init__(workload, workload.space.cluster.minter.valid)
        self._kind = kind
        self._builds = builds

    def client(self):
        """Of the one pod that there is now."""
        (client,) = self.clients.values()
        return client

    def _client_for(self, pod, token):
        return RealClient(self.cluster, self._kind, self._builds, pod, token)

"""The `remint run` program as a child: its certificates, flags, readiness, metrics, logs, and its death."""

import json
import os
import signal
import urllib.request
from pathlib import Path

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .folders import REPOSITORY
from .kubeconfig import write_kubeconfig
from .metrics import Metrics
from .pki import write_private
from .process import Process
from .tokens import Holder
from .wait import wait_until

ACCOUNT = "remint"  # of deploy/manifests/rbac.yaml, in the lease's namespace; also the usual name of the Lease


def default_binary():
    """REMINT_BINARY, or what the release preset builds."""
    return Path(os.environ.get("REMINT_BINARY") or REPOSITORY / "build" / "release" / "remint")


class Operator:
    """One replica. `name` is its identity in the Lease and the name of its log.

    Its audit endpoint becomes a target of the cluster's switch while it runs: the first operator
    gets the API server's events until `cluster.audit_switch.prefer(other)`. With `server`, the URL of a
    write proxy, it speaks to that instead of the API server. With `hears` off it is told no audit events.
    """

    def __init__(self, cluster, name="remint-0", lease_namespace="remint-system", binary=None,
                 kubeconfig=None, env=None, flags=(), server=None, lease_name=ACCOUNT, hears=True):
        self.cluster = cluster
        self.name = name
        self.server = server or cluster.apiserver.url
        self.lease_namespace = lease_namespace
        self.lease_name = lease_name
        self.hears = hears
        self.audit_port = cluster.claims.port()
        self.port = cluster.claims.port()
        self.url = f"http://127.0.0.1:{self.port}"
        serving = cluster.authority.server(f"operator-{name}")
        command = [
            binary or default_binary(),
            "run",
            "--kubeconfig", kubeconfig or self._own_kubeconfig(),
            "--audit-listen", f"127.0.0.1:{self.audit_port}",
            "--audit-tls-cert", serving.cert,
            "--audit-tls-key", serving.key,
            "--audit-client-ca", cluster.authority.cert,
        ]
        if cluster.options.audit_token:
            token_file = cluster.folder / f"{name}.audit-token"
            token_file.write_text(cluster.options.audit_token)
            command += ["--audit-token-file", token_file]
        command += [
            "--listen", f"127.0.0.1:{self.port}",
            "--leader-elect",
            "--lease-namespace", lease_namespace,
            "--lease-name", lease_name,
            "--identity", name,
            "--log-format", "json",
            "--log-level", "debug",
            *flags,
        ]
        self.process = Process(f"remint ({name})", command, cluster.logs / f"{name}.log", env=env)

    def _own_kubeconfig(self):
        """As a pod of deploy/manifests/rbac.yaml's ServiceAccount has it: a CA and a token in files."""
        self.token_file = self.cluster.folder / f"{self.name}.token"
        self.renew_token()
        self.ca_file = self.cluster.folder / f"{self.name}.ca.crt"
        write_private(self.ca_file, self.cluster.apiserver.root_ca.read_bytes())
        return write_kubeconfig(
            self.cluster.folder / f"{self.name}.kubeconfig",
            self.server,
            self.ca_file if self.server.startswith("https:") else None,
            token_file=self.token_file,
        )

    def renew_token(self, lifetime=24 * 3600):
        """Writes a new token to the operator's file, as the kubelet does; it is to notice by itself."""
        account = self.cluster.core().read_namespaced_service_account(ACCOUNT, self.lease_namespace)
        holder = Holder(self.lease_namespace, ACCOUNT, account.metadata.uid)
        write_private(self.token_file, self.cluster.minter.valid(holder, lifetime).encode())

    def renew_ca(self):
        """Writes the CA that is published now to the operator's file, as the kubelet does."""
        published = self.cluster.core().read_namespaced_config_map("kube-root-ca.crt", self.lease_namespace)
        write_private(self.ca_file, published.data["ca.crt"].encode())

    # Life --------------------------------------------------------------------------------------

    def start(self, ready=True, timeout=60):
        """Waits for /readyz, or only for /healthz. A sanitized build is slow, hence the long timeout."""
        self.process.start()
        if ready:
            self.process.wait_ready(self.ready, timeout, "ready")
        else:
            self.process.wait_ready(self.alive, timeout, "alive")
        if self.hears:
            self.cluster.audit_switch.add(self.name, self.audit_port)
        return self

    def stop(self, grace=30):
        """SIGTERM; returns the exit code (negative: killed by that signal)."""
        self.cluster.audit_switch.remove(self.name)
        code = self.process.stop(grace)
        if self.hears:
            self.cluster.audit_switch.cut()
        return code

    def kill(self):
        self.stop(grace=0)

    def pause(self):
        """SIGSTOP: as a node that hangs. It accepts connections and answers nothing."""
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def wait_killed_itself(self, timeout=60):
        """For REMINT_FAULT_POINT: waits for the SIGKILL that the program sends to itself."""
        code = self.process.wait_exit(timeout)
        self.cluster.audit_switch.remove(self.name)
        assert code == -signal.SIGKILL, f"{self.name} ended with {code}, not by its fault point"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # Looking in --------------------------------------------------------------------------------

    def ready(self):
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
            return answer.status == 200

    def alive(self):
        """Whether it serves at all: a replica that does not lead may choose not to be ready."""
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
            return answer.status == 200

    def metrics(self):
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def log_lines(self):
        """The JSON log lines so far. Lines that are no JSON (a sanitizer's report) are `{"raw": line}`."""
        lines = []
        for line in self.process.log.read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"raw": line})
        return lines

    def sanitizer_reports(self):
        marks = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "runtime error:", "LeakSanitizer")
        return [line["raw"] for line in self.log_lines() if any(m in line.get("raw", "") for m in marks)]

    # The lease ---------------------------------------------------------------------------------

    def holder(self):
        """Whose identity is in the Lease now; None when nobody's."""
        return lease_holder(self.cluster, self.lease_namespace, self.lease_name)

    def wait_leading(self, timeout=60):
        wait_until(lambda: self.holder() == self.name, timeout, f"{self.name} to hold the lease")


def lease_holder(cluster, namespace, name=ACCOUNT):
    """Who is in the Lease; None when nobody is, or there is none yet."""
    try:
        lease = client.CoordinationV1Api(cluster.api_client()).read_namespaced_lease(name, namespace)
    except ApiException as error:
        if error.status == 404:
            return None
        raise
    return lease.spec.holder_identity or None


def drop_lease(cluster, namespace="remint-system", name=ACCOUNT):
    """Between tests: a killed operator's lease would keep the next one waiting for 15 s."""
    try:
        client.CoordinationV1Api(cluster.api_client()).delete_namespaced_lease(name, namespace)
    except ApiException as error:
        if error.status != 404:
            raise

"""The `remint run` program as a child: its certificates, flags, readiness, metrics, logs, and its death."""

import json
import os
import signal
import urllib.request
from pathlib import Path

from .metrics import Metrics
from .process import Process
from .wait import wait_until

REPOSITORY = Path(__file__).resolve().parents[3]


def default_binary():
    """REMINT_BINARY, or what the release preset builds."""
    return Path(os.environ.get("REMINT_BINARY") or REPOSITORY / "build" / "release" / "remint")


class Operator:
    """One replica. `name` is its identity in the Lease and the name of its log.

    Its audit endpoint becomes a target of the cluster's switch while it runs: the first operator
    gets the API server's events until `cluster.audit_switch.prefer(other)`.
    """

    def __init__(self, cluster, name="remint-0", lease_namespace="remint-system", binary=None,
                 kubeconfig=None, env=None, flags=()):
        self.cluster = cluster
        self.name = name
        self.lease_namespace = lease_namespace
        self.audit_port = cluster.claims.port()
        self.port = cluster.claims.port()
        self.url = f"http://127.0.0.1:{self.port}"
        serving = cluster.authority.server(f"operator-{name}")
        command = [
            binary or default_binary(),
            "run",
            "--kubeconfig", kubeconfig or cluster.kubeconfig_for(f"operator-{name}", "remint", ["remint"]),
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
            "--identity", name,
            "--log-format", "json",
            "--log-level", "debug",
            *flags,
        ]
        self.process = Process(f"remint ({name})", command, cluster.logs / f"{name}.log", env=env)

    # Life --------------------------------------------------------------------------------------

    def start(self, wait=True, timeout=60):
        """`wait`: until /readyz answers 200. A sanitized build is slow, hence the long timeout."""
        self.process.start()
        if wait:
            self.process.wait_ready(self.ready, timeout, "ready")
        self.cluster.audit_switch.add(self.name, self.audit_port)
        return self

    def stop(self, grace=20):
        """SIGTERM; returns the exit code (negative: killed by that signal)."""
        self.cluster.audit_switch.remove(self.name)
        code = self.process.stop(grace)
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
        return lease_holder(self.cluster, self.lease_namespace)

    def wait_leading(self, timeout=60):
        wait_until(lambda: self.holder() == self.name, timeout, f"{self.name} to hold the lease")


def lease_holder(cluster, namespace):
    """The holder of the one Lease in the operators' namespace."""
    from kubernetes import client

    leases = client.CoordinationV1Api(cluster.api_client()).list_namespaced_lease(namespace).items
    holders = [lease.spec.holder_identity for lease in leases if lease.spec and lease.spec.holder_identity]
    assert len(holders) <= 1, f"more than one lease in {namespace}: {holders}"
    return holders[0] if holders else None

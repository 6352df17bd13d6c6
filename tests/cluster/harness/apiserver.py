"""kube-apiserver: its flags, its audit log and webhook, its restart on the same port and data."""

import itertools
import shutil
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .kubeconfig import write_kubeconfig
from .pki import Authority, KeyPair, write_private
from .process import Process
from .tokens import ISSUER


_HOSTS = ("127.0.0.1", "localhost", "kubernetes.default.svc")


@dataclass
class AuditWebhook:
    """Where audit events are posted, and what the API server shows to be let in there."""

    url: str
    ca: Path
    client: KeyPair | None = None
    token: str | None = None


class ApiServer:
    """`root_ca`: a file with what its clients have to trust; `authority` is whose client certificates it trusts."""

    def __init__(self, binary, folder, claims, authority, etcd_url, options):
        self._binary = binary
        self._folder = folder
        self._authority = authority
        self._etcd_url = etcd_url
        self._options = options
        self.port = claims.port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.audit_log = folder / "logs" / "audit.log"
        self._serving = authority.server("apiserver", _HOSTS)
        self.root_ca = folder / "pki" / "root-ca.crt"
        self.root_ca.write_bytes(authority.cert.read_bytes())
        self._probe = authority.client("apiserver-probe", "harness", ["system:masters"])
        self.private_key = folder / "pki" / "sa.key"
        self.public_key = folder / "pki" / "sa.pub"
        self.process = None
        self._successors = itertools.count(1)

    def start(self, webhook):
        """Starts and waits until /readyz; `webhook` is an AuditWebhook or None."""
        if self.process is None:
            policy = self._folder / "audit-policy.yaml"
            shutil.copyfile(self._options.audit_policy, policy)
            command = [self._binary, *self._flags(policy)]
            if webhook:
                command += self._webhook_flags(webhook)
            command += self._options.apiserver_flags
            self.process = Process("kube-apiserver", command, self._folder / "logs" / "kube-apiserver.log")
        self.process.start()
        self.process.wait_ready(self._ready, 180, "ready")  # on a machine that compiles meanwhile

    def stop(self, grace=1):
        # It would drain watches for up to a minute; a crash is an equally real end.
        if self.process:
            self.process.stop(grace)

    def replace_ca(self):
        """From its next start on it shows a certificate of another CA, and that alone is in `root_ca`."""
        successor = Authority(self._folder / "pki" / f"serving-{next(self._successors)}", "remint-test-next-ca")
        pair = successor.server("apiserver", _HOSTS)
        write_private(self._serving.cert, pair.cert.read_bytes())
        write_private(self._serving.key, pair.key.read_bytes())
        write_private(self.root_ca, successor.cert.read_bytes())

    def _ready(self):
        context = ssl.create_default_context(cafile=self.root_ca)
        context.load_cert_chain(self._probe.cert, self._probe.key)
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=2, context=context) as answer:
            return answer.status == 200

    def _flags(self, policy):
        return [
            f"--etcd-servers={self._etcd_url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={self._serving.cert}",
            f"--tls-private-key-file={self._serving.key}",
            f"--client-ca-file={self._authority.cert}",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
            "--endpoint-reconciler-type=none",  # nothing here needs the kubernetes Service
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={self.public_key}",
            f"--service-account-signing-key-file={self.private_key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-mode=blocking",
            f"-v={self._options.verbosity}",
        ]

    def _webhook_flags(self, webhook):
        config = write_kubeconfig(
            self._folder / "audit-webhook.kubeconfig", webhook.url, webhook.ca, webhook.client, webhook.token
        )
        return [
            f"--audit-webhook-config-file={config}",
            "--audit-webhook-batch-max-wait=1s",
            # The default of 10 s would make every test of a hand-over wait so long.
            "--audit-webhook-initial-backoff=1s",
        ]

"""One real Kubernetes in one temporary folder: everything but the kubelets, which kwok fakes.

    with Cluster(binaries.folder()) as cluster:
        cluster.core().list_node()

Several may run at once. Its audit webhook always points at `cluster.audit_switch`; add a target
there (an operator, an AuditSink) whenever one is up.
"""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import kubernetes

from . import asked, components
from .apiserver import ApiServer, AuditWebhook
from .etcd import Etcd
from .folders import DEPLOY
from .kubeconfig import write_kubeconfig
from .pki import Authority
from .ports import Claims
from .switch import Switch
from .tokens import Minter, SigningKey

_STAGES = Path(__file__).resolve().parent / "manifests" / "kwok-stages.yaml"
_KWOK = "harness-kwok"
_AUDIT_POLICY = DEPLOY / "audit" / "policy.yaml"  # the one that users are given


@dataclass
class ClusterOptions:
    """What differs between clusters. `audit_webhook`: None means the cluster's own switch."""

    nodes: int = 2
    audit_policy: Path = _AUDIT_POLICY
    stages: Path = _STAGES
    audit_webhook: AuditWebhook | None = None
    audit_token: str | None = None  # sent by the API server to its webhook, beside the certificate
    signing_algorithm: str = "RS256"
    verbosity: int = 2  # 3 adds the line with audit-ID, srcIP and resp=401
    apiserver_flags: list = field(default_factory=list)


class Cluster:
    def __init__(self, binaries, options=None, folder=None):
        self.options = options or ClusterOptions()
        self.binaries = Path(binaries)
        self.folder = Path(folder or tempfile.mkdtemp(prefix="remint-cluster-"))
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self.claims = Claims()
        self.authority = Authority(self.folder / "pki")
        self.signing_key = SigningKey(self.options.signing_algorithm)
        self.minter = Minter(self.signing_key)
        self.octet = self.claims.octet()
        self.audit_switch = Switch(self.claims.port())
        self.etcd = Etcd(self.binaries / "etcd", self.folder, self.claims)
        self.apiserver = ApiServer(
            self.binaries / "kube-apiserver",
            self.folder,
            self.claims,
            self.authority,
            self.etcd.url,
            self.options,
        )
        self._components = []
        self._api_client = None
        self.kubeconfig = self.kubeconfig_for("admin", "harness-admin", ["system:masters"])

    # Life ---------------------------------------------------------------------------------------

    def start(self):
        """From nothing to an API server, running controllers and Ready nodes; some seconds."""
        try:
            self.signing_key.write(self.apiserver.private_key, self.apiserver.public_key)
            self.etcd.start()
            self.apiserver.start(self.options.audit_webhook or self._own_webhook())
            self._start_components()
            self._bind_kwok()
            for index in range(self.options.nodes):
                self._add_node(index)
        except BaseException:
            self.stop(keep=True)
            raise
        return self

    def stop(self, keep=False):
        """Stops everything. The folder (logs, etcd data, keys) is removed unless `keep`."""
        processes = [process for _, process in self._components]
        with ThreadPoolExecutor(len(processes) + 1) as pool:
            list(pool.map(lambda process: process.stop(grace=2), processes))
        self.apiserver.stop(grace=1)
        self.etcd.stop()
        self.audit_switch.close()
        asked.note(self)
        if self._api_client:
            self._api_client.close()
        self.claims.release()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        self.stop(keep=kind is not None)
        if kind is not None:
            print(f"the cluster's logs are kept in {self.logs}")

    # What tests do to it --------------------------------------------------------------------------

    def restart_apiserver(self, while_down=None, new_signing_key=False, new_ca=False):
        """Stops the API server and starts it on the same port and data.

        `while_down` is called in between. `new_signing_key`: tokens signed so far are no longer
        known to it (`invalid signature, no keys found`); `minter` then signs with the new key. `new_ca`: it shows a
        certificate of another CA, which alone is published then (kube-root-ca.crt); who trusts the old one cannot connect.
        """
        self.apiserver.stop()
        if while_down:
            while_down()
        if new_signing_key:
            self.signing_key = SigningKey(self.options.signing_algorithm)
            self.minter.key = self.signing_key
            self.signing_key.write(self.apiserver.private_key, self.apiserver.public_key)
        if new_ca:
            self.apiserver.replace_ca()
        self.apiserver.start(None)
        (_, controller_manager), (_, scheduler) = self._components[:2]
        # What it had cached of the pods can disagree with the restarted server; it then ends itself ("Scheduler cache is
        # corrupted"), and no new pod is ever scheduled.
        again = [scheduler]
        if new_signing_key:
            # The controller manager's own tokens are dead as well, and it keeps them until they expire.
            again.append(controller_manager)
        if new_ca:
            # All of them have read theirs at their start, and the controller manager the one that it publishes, too.
            again = [process for _, process in self._components]
        for process in again:
            process.stop(grace=1)
            process.start()

    # Clients ---------------------------------------------------------------------------------------

    def kubeconfig_for(self, name, user, groups=()):
        """A kubeconfig with a client certificate for a user; what it may do is RBAC's business."""
        pair = self.authority.client(f"user-{name}", user, groups)
        return write_kubeconfig(
            self.folder / f"{name}.kubeconfig", self.apiserver.url, self.apiserver.root_ca, pair
        )

    def api_client(self):
        """The official Python client, as cluster administrator."""
        if self._api_client is None:
            self._api_client = kubernetes.config.new_client_from_config(str(self.kubeconfig))
        return self._api_client

    def core(self):
        return kubernetes.client.CoreV1Api(self.api_client())

    def apps(self):
        return kubernetes.client.AppsV1Api(self.api_client())

    def custom(self):
        return kubernetes.client.CustomObjectsApi(self.api_client())

    @property
    def logs(self):
        return self.folder / "logs"

    @property
    def processes(self):
        """Every process of the control plane, for those who want to look or to hurt it."""
        return [self.etcd.process, self.apiserver.process, *(process for _, process in self._components)]

    # ------------------------------------------------------------------------------------------------

    def _own_webhook(self):
        return AuditWebhook(
            f"https://127.0.0.1:{self.audit_switch.port}/audit",
            self.authority.cert,
            self.authority.client("apiserver-audit", "kube-apiserver-audit"),
            self.options.audit_token,
        )

    def _start_components(self):
        arguments = (self.folder, self.claims, self.kubeconfig)
        kwok = (self.folder, self.claims, self.kubeconfig_for("kwok", _KWOK, ["system:masters"]))
        self._components = [
            components.controller_manager(self.binaries / "kube-controller-manager", *arguments, self.apiserver),
            components.scheduler(self.binaries / "kube-scheduler", *arguments),
            components.kwok(self.binaries / "kwok", *kwok, self.options.stages, self.octet),
        ]
        for _, process in self._components:
            process.start()
        for port, process in self._components:
            process.wait_ready(lambda port=port: components.listening(port), 60, f"listening on {port}")

    def _bind_kwok(self):
        """A kubelet removes pods by UID; kwok does so by name, and now and then removes the next pod of that name."""
        admission = kubernetes.client.AdmissionregistrationV1Api(self.api_client())
        metadata = {"name": "kwok-removes-what-is-terminating"}
        rules = [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["DELETE"]}]
        admission.create_validating_admission_policy(
            {
                "metadata": metadata,
                "spec": {
                    "matchConstraints": {"resourceRules": rules},
                    "matchConditions": [{"name": "kwok", "expression": f"request.userInfo.username == '{_KWOK}'"}],
                    "validations": [{"expression": "has(oldObject.metadata.deletionTimestamp)"}],
                },
            }
        )
        admission.create_validating_admission_policy_binding(
            {"metadata": metadata, "spec": {"policyName": metadata["name"], "validationActions": ["Deny"]}}
        )

    def _add_node(self, index):
        # Each node has an address of its own, so that a hostNetwork client can be told from a pod.
        self.core().create_node(
            {
                "metadata": {"name": f"node-{index}", "labels": {"kubernetes.io/hostname": f"node-{index}"}},
                "status": {
                    "addresses": [
                        {"type": "InternalIP", "address": f"127.{self.octet}.255.{index + 1}"},
                        {"type": "Hostname", "address": f"node-{index}"},
                    ]
                },
            }
        )
